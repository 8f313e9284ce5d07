"""`plan` of 1,000,000 rows that share 1,000 pictures whose hashes are known: seconds and memory.

The job has a template with four placeholders; everything that `plan` says is worked out, keys included, in a process
of its own. Beside it, in turns, the least that any plan must do with the libraries used here: read the rows as text,
fill in the prompts, hash a text for each.

    .venv/bin/python -m tests.benchmarks.bench_plan

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import polars as pl
from PIL import Image

ROWS = 1_000_000
PICTURES = 1_000
ROUNDS = 3
KINDS = ("parquet", "csv")
_JOB = """\
name: bench
manifest: {path: manifest.%s}
provider: {name: simulator}
defaults:
  prompt: "The {title} in {colour} turns slowly. {description} Sound: {sound|room tone}."
  duration: 8
  aspect_ratio: "16:9"
"""


def prepare(folder: Path) -> None:
    """Draw the pictures, and write the manifest in each kind."""
    (folder / "images").mkdir()
    for shade in range(PICTURES):
        path = folder / "images" / f"{shade}.jpg"
        Image.new("RGB", (320, 320), (shade % 256, shade // 256 * 40, 50)).save(path)
        os.utime(path, (1e9, 1e9))
    number = pl.col("number")
    rows = pl.select(number=pl.int_range(ROWS)).select(
        sku=pl.format("SKU-{}", number.cast(pl.String).str.zfill(8)),
        image=pl.format("images/{}.jpg", number % PICTURES),
        title=pl.format("product number {} of the catalogue", number),
        colour=pl.lit("deep teal"),
        description=pl.format("Made by hand, in {} hours, to last.", number % 97),
        sound=pl.when(number % 3 == 0).then(pl.lit("a soft clink")),
    )
    rows.write_parquet(folder / "manifest.parquet")
    rows.write_csv(folder / "manifest.csv")
    for kind in KINDS:
        (folder / f"{kind}.yaml").write_text(_JOB % kind)


def plan(folder: Path, kind: str) -> None:
    """Do what `plan` does; say how long it took and how much memory the process needed."""
    start = time.perf_counter()
    from batch.inputs.jobfile import read_job  # noqa: PLC0415 - the imports are part of what is measured
    from batch.inputs.manifest import open_manifest  # noqa: PLC0415 - the same
    from batch.models import profile_for  # noqa: PLC0415 - the same
    from batch.planning import make_plan, open_book  # noqa: PLC0415 - the same
    from batch.planning.describe import plan_text  # noqa: PLC0415 - the same
    from batch.planning.forecast import Caps  # noqa: PLC0415 - the same
    from batch.planning.survey import known_items, view_plan  # noqa: PLC0415 - the same

    loaded = read_job(folder / f"{kind}.yaml")
    profile = profile_for(loaded)
    with (
        open_manifest(loaded.job.manifest, loaded.folder, io.BytesIO()) as manifest,
        open_book(folder / "cache") as book,
    ):
        made = make_plan(loaded.job, profile, manifest, book)
        view = view_plan(made, loaded.job, profile, known=known_items([]), caps=Caps())
    lines = plan_text(view)
    assert (view.totals.items, view.totals.rejected) == (ROWS, 0), lines
    told(time.perf_counter() - start)


def bare(folder: Path, kind: str) -> None:
    """Do the least: rows as text, prompts, a hash each."""
    start = time.perf_counter()
    path = folder / f"manifest.{kind}"
    table = pl.scan_parquet(path) if kind == "parquet" else pl.scan_csv(path, infer_schema=False)
    prompt = pl.format(
        "The {} in {} turns slowly. {} Sound: {}.", "title", "colour", "description", pl.col("sound").fill_null("tone")
    )
    for batch in table.with_columns(prompt.alias("prompt")).collect_batches(chunk_size=50_000):
        texts = batch.select(pl.concat_str("sku", "image", "prompt", separator="|").cast(pl.Binary)).to_series()
        assert len([sha256(text).hexdigest() for text in texts.to_list()]) == batch.height
    told(time.perf_counter() - start)


def told(seconds: float) -> None:
    """Tell the process that measures."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    sys.stdout.write(json.dumps({"seconds": seconds, "megabytes": peak}) + "\n")


def measured(folder: Path, what: str, kind: str) -> dict[str, float]:
    """Run one of the two in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_plan", what, str(folder), kind],
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def figure(name: str, value: float, unit: str, aim: float | None) -> None:
    """One JSON line."""
    sys.stdout.write(json.dumps({"name": name, "value": round(value, 2), "unit": unit, "aim": aim}) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure in turns; the first plan of all learns the hashes and does not count."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        measured(folder, "plan", "parquet")
        for kind in KINDS:
            plans, bares = [], []
            for _ in range(ROUNDS):
                plans.append(measured(folder, "plan", kind))
                bares.append(measured(folder, "bare", kind))
            seconds = statistics.median(each["seconds"] for each in plans)
            ratios = [one["seconds"] / other["seconds"] for one, other in zip(plans, bares, strict=True)]
            figure(f"plan: 1,000,000 rows of {kind}", seconds, "s", 10)
            figure(f"plan: {kind}, peak memory", max(each["megabytes"] for each in plans), "MB", 700)
            figure(f"plan: {kind}, beside reading, filling in and hashing alone", statistics.median(ratios), "x", None)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        {"plan": plan, "bare": bare}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
    else:
        main()
