"""The whole run against what is possible: 1,000 items, 50 in flight, 200 s (spread 40 s) of rendering each.

    .venv/bin/python -m tests.benchmarks.bench_whole_run [--items 1000] [--rounds 3]

The simulator's time is compressed a hundredfold, so that every lost hundredth of a second of ours counts as one second.
The bound is the larger of what the predictions take with every place filled, and what the rate allows. Measured from
the first intent to the last verified clip, and as a whole process, whose start-up and report are not compressed.

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from PIL import Image

from tests.benchmarks.figures import told

SPEED = 100
IN_FLIGHT = 50
PER_MINUTE = 6_000
AIM = 95
_JOB = f"""\
name: bench
manifest: {{path: manifest.csv}}
provider: {{name: simulator, speed: {SPEED}, clips: cached}}
defaults: {{prompt: "The {{sku}} turns slowly on white marble.", duration: 4, aspect_ratio: "16:9"}}
limits: {{submit_per_minute: {PER_MINUTE}, in_flight: {IN_FLIGHT}}}
output: {{dir: out}}
quality: {{look: false}}
"""


def run(folder: Path, items: int) -> float:
    """Run the job in a new folder; give the seconds of the whole process."""
    folder.mkdir()
    Image.new("RGB", (1280, 720), (30, 120, 90)).save(folder / "frame.jpg", quality=97, subsampling=0)
    rows = "".join(f"SKU-{number:06d},frame.jpg\n" for number in range(items))
    (folder / "manifest.csv").write_text("sku,image\n" + rows)
    (folder / "job.yaml").write_text(_JOB)
    command = [sys.executable, "-m", "batch", "run", str(folder / "job.yaml"), "--yes", "--json"]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout)["items"]["done"] == items
    return taken


def read(out: Path, items: int) -> tuple[float, float]:
    """Give the seconds from the first intent to the last clip, and the least that they could have been."""
    with closing(sqlite3.connect(out / "state.sqlite")) as connection:
        (first,) = connection.execute("SELECT min(intent_at) FROM attempt").fetchone()
        (last,) = connection.execute("SELECT max(at) FROM event WHERE kind = 'Downloaded'").fetchone()
    ledger = (out / "simulator" / "ledger.jsonl").read_text().splitlines()
    accepted = [record for record in map(json.loads, ledger) if record["event"] == "accepted"]
    assert len(accepted) == items
    busy = sum(record["finishes_at"] - record["time"] for record in accepted)
    return last - first, max(busy / IN_FLIGHT, items / PER_MINUTE * 60)


def main() -> None:
    """Run some times, and tell the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    shares, whole = [], []
    with tempfile.TemporaryDirectory() as name:
        for number in range(chosen.rounds):
            folder = Path(name, str(number))
            process = run(folder, chosen.items)
            seconds, least = read(folder / "out", chosen.items)
            shares.append(100 * least / seconds)
            whole.append(100 * least / process)
    told("whole run: bound beside the time from first intent to last clip", statistics.median(shares), "%", AIM)
    told("whole run: bound beside the whole process", statistics.median(whole), "%", None)


if __name__ == "__main__":
    main()
