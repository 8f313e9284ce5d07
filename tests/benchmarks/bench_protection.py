"""What the protections cost: the whole path, beside the same shell on a state that nothing survives.

    .venv/bin/python -m tests.benchmarks.bench_protection [--items 1000] [--rounds 7]

Both are processes of their own against a server that answers at once, measured from their start to their end, in turns
that begin now with the one and now with the other; the median of the rounds' ratios counts. What the other side leaves
out stands in `memory_store.py`. A server that answers at once shows the worst: real clips take minutes, not
milliseconds.

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.figures import told
from tests.benchmarks.instant import prepare, serving

AIM = 0.8
_HERE = Path(__file__).resolve().parent
_OURS = (sys.executable, "-m", "batch", "run", "{job}", "--yes", "--json")
_UNPROTECTED = (sys.executable, str(_HERE / "memory_store.py"), "{job}")


def run(command: tuple[str, ...], folder: Path, base: str, items: int) -> float:
    """Run the job in a new folder; give the seconds."""
    prepare(folder, base, items)
    start = time.perf_counter()
    words = [word.format(job=folder / "job.yaml") for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout)["items"]["done"] == len(list((folder / "out").rglob("*.mp4"))) == items
    return taken


def measure(work: Path, base: str, items: int, rounds: int) -> None:
    """Run both sides in turns, after a first round that warms the disk's caches and does not count."""
    pairs = []
    for number in range(rounds + 1):
        sides = [("ours", _OURS), ("unprotected", _UNPROTECTED)]
        taken = {
            name: run(command, work / f"{name}{number}", base, items)
            for name, command in (sides if number % 2 else reversed(sides))
        }
        pairs.append((taken["ours"], taken["unprotected"]))
    del pairs[0]
    told("protection: items a second, ours", items / statistics.median(ours for ours, _ in pairs), "1/s", None)
    told("protection: items a second, memory store", items / statistics.median(bare for _, bare in pairs), "1/s", None)
    told("protection: ours beside the memory store", statistics.median(bare / ours for ours, bare in pairs), "x", AIM)


def main() -> None:
    """Serve, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    with serving() as base, tempfile.TemporaryDirectory() as name:
        measure(Path(name), base, chosen.items, chosen.rounds)


if __name__ == "__main__":
    main()
