"""How long `sora-batch --help` and `status` take, beside a Python that does nothing; and a `run` that is turned away.

    .venv/bin/python -m tests.benchmarks.bench_startup [--rounds 30]

prints one JSON line a figure: name, value, unit, aim. All three in turns; the median of the ratios counts.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import closing
from pathlib import Path

from batch.errors import Exit
from batch.store.lock import RunLock, lock_path
from batch.store.state import Binding, open_state
from tests.benchmarks.figures import told

AIM = 3
AWAY_AIM = 1_000
_COMMAND = Path(sysconfig.get_path("scripts"), "sora-batch")


def prepare(folder: Path) -> Path:
    """Write a job and an empty state for `status` to look at."""
    path = folder / "job.yaml"
    (folder / "m.csv").write_text("sku,image,prompt\n" + "".join(f"A-{n},a-{n}.png,turn\n" for n in range(1_000)))
    path.write_text("name: bench\nmanifest: {path: m.csv}\nprovider: {name: simulator}\noutput: {dir: out}\n")
    (folder / "out").mkdir()
    binding = Binding(job="bench", provider="simulator", host="built-in")
    with closing(open_state(folder / "out" / "state.sqlite", binding)):
        return path


def timed(command: list[str], *, code: int = 0) -> float:
    """Run a process to its end, which has to have this exit code; give the seconds."""
    start = time.perf_counter()
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds = time.perf_counter() - start
    if done.returncode != code:
        raise SystemExit(f"{command} ended with {done.returncode}: {done.stderr.decode()}")
    return seconds


def turned_away(job: Path, rounds: int) -> list[float]:
    """Run the job, of 1,000 rows, while another process has its lock; give the seconds of each."""
    command = [str(_COMMAND), "run", "--yes", str(job)]
    lock = RunLock(lock_path(job.parent / "out" / "state.sqlite"))
    try:
        return [timed(command, code=int(Exit.TRY_LATER)) for _ in range(rounds)]
    finally:
        lock.release()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        job = prepare(Path(name).resolve())
        ours = {"--help": [str(_COMMAND), "--help"], "status": [str(_COMMAND), "status", str(job)]}
        nothing = [sys.executable, "-c", "pass"]
        seconds: dict[str, list[float]] = {"nothing": [], **{what: [] for what in ours}}
        for _ in range(rounds):
            seconds["nothing"].append(timed(nothing))
            for what, command in ours.items():
                seconds[what].append(timed(command))
        away = turned_away(job, rounds)
    for what in ours:
        ratios = [one / bare for one, bare in zip(seconds[what], seconds["nothing"], strict=True)]
        told(f"start-up: {what}", statistics.median(seconds[what]) * 1000, "ms", None)
        told(f"start-up: {what} beside `python -c pass`", statistics.median(ratios), "x", AIM)
    told("start-up: `run` while another has the lock, until exit 75", statistics.median(away) * 1000, "ms", AWAY_AIM)
    told("start-up: the slowest of them", max(away) * 1000, "ms", AWAY_AIM)


if __name__ == "__main__":
    main()
