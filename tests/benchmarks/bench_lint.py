"""`lint` of 100,000 rows with the same template and titles that all differ: seconds of the processor.

Titles are put together from words of a catalogue; many have a word that a finding looks at (`pan`, `premium`).

    .venv/bin/python -m tests.benchmarks.bench_lint

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS = 100_000
ROUNDS = 3
_WORDS = (
    "mug cup tote bag perfume lamp desk chair ring pan oak linen classic modern set of four large small premium 350 ml"
    " with handle blue green stoneware glass"
)
_CATEGORIES = ("Rings", "Shoes", "Mugs", "Sofas", "Apparel & Accessories > Clothing > Dresses")
_JOB = "name: bench\nmanifest: {path: m.csv}\nprovider: {name: simulator}\nprompt: {library: auto}\n"


def prepare(folder: Path) -> None:
    """Write the job and its manifest."""
    chance = random.Random(1)
    words = _WORDS.split()
    rows = (
        f"{number:06},a.png,{' '.join(chance.choices(words, k=6))} {number},{chance.choice(_CATEGORIES)}"
        for number in range(ROWS)
    )
    (folder / "m.csv").write_text("\n".join(["sku,image,title,category", *rows]), "utf-8")
    (folder / "job.yaml").write_text(_JOB, "utf-8")


def once(folder: Path) -> float:
    """Seconds of the processor that the whole command takes."""
    before = os.times()
    command = [sys.executable, "-m", "batch", "lint", str(folder / "job.yaml")]
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Measure, and print the figure."""
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        value = statistics.median(once(Path(name)) for _ in range(ROUNDS))
    figure = {"name": "`lint`, 100,000 rows whose titles all differ: CPU", "value": value, "unit": "s", "aim": 10}
    sys.stdout.write(json.dumps(figure) + "\n")


if __name__ == "__main__":
    main()
