"""Strikes a small run at every call that touches its files or the network, and holds the books against each other.

    .venv/bin/python -m tests.proof.points                   every point; well under 90 minutes with two workers
    .venv/bin/python -m tests.proof.points --short           25 of them, spread over all kinds
    .venv/bin/python -m tests.proof.points --resume FOLDER   go on where a stopped proof was
    .venv/bin/python -m tests.proof.points --modes power     some modes only, by commas

A point is a mode and the number of a call, counted over all threads of the run (see shim.c):

    kill         SIGKILL before each call that creates, writes, cuts, syncs, renames or removes under the job's folder,
                 or sends to or receives from the provider
    sent         SIGKILL right after each call that sends: the provider has it, and nothing else has happened yet
    power        the same as kill, and then only what was synced is still there
    power-torn   the same, and some of what was not synced is there too, in pieces and in any order
    full-once    each call to a file fails once with "no space left on device"
    full-ever    the same, and so does every one after it
    broken-*     the same with an input-output error

After each strike the same command goes on, at most three times, and everything has to be as if nothing had happened,
but for attempts whose fate nobody can know. The number of calls differs a little from run to run, so each mode goes on
until its number is no longer reached. A point that broke a promise keeps its folder, which is named.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proof.shim import NoShimError, build_shim
from tests.proof.shop import clip_template
from tests.proof.trial import MODES, SKUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.proof.books import Row

PROGRESS = "progress.jsonl"


def results(folder: Path) -> list[Row]:
    """Read what the workers have written down."""
    path = folder / PROGRESS
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]


def prepare(folder: Path) -> None:
    """Make the library and the clip that the workers need.

    Raises:
        NoShimError: If the library cannot be made on this machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    build_shim(folder)
    if not (folder / "clip.mp4").exists():
        clip_template(folder)


def start_worker(folder: Path, share: int, workers: int, modes: Sequence[str], *, short: bool) -> subprocess.Popen[str]:
    """Start a worker on its share of the points."""
    words = ["--share", str(share), "--workers", str(workers), "--modes", ",".join(modes)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.proof.worker", str(folder), *words, *(["--short"] if short else [])],
        env=os.environ | {"LD_PRELOAD": str(folder / "shim.so")},
        stdin=subprocess.DEVNULL,
        text=True,
    )


def prove(folder: Path, *, workers: int, modes: Sequence[str], short: bool) -> list[Row]:
    """Play all points that are not written down yet, and tell on standard error how far it is.

    Raises:
        NoShimError: If calls cannot be counted on this machine.
        ChildProcessError: If a worker died.
    """
    prepare(folder)
    start, told = time.monotonic(), 0
    processes = [start_worker(folder, share, workers, modes, short=short) for share in range(workers)]
    try:
        while any(process.poll() is None for process in processes):
            time.sleep(2)
            told = _tell(results(folder), told, time.monotonic() - start)
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    _tell(results(folder), told, time.monotonic() - start)
    sys.stderr.write("\n")
    if any(process.returncode for process in processes):
        raise ChildProcessError(f"a worker died; its folder is kept: {folder}")
    return results(folder)


def _tell(done: list[Row], told: int, seconds: float) -> int:
    broken = [row for row in done if row["found"]]
    for row in done[told:]:
        for what in row["found"]:
            sys.stderr.write(f"\n{row['mode']} {row['at']} ({row['kind']} {row['file']}), {row['folder']}: {what}\n")
    sys.stderr.write(f"\r{len(done)} points, {len(broken)} broke a promise, {seconds:.0f} s ")
    sys.stderr.flush()
    return len(done)


def table(done: list[Row], *, short: bool) -> str:
    """Count the points by call and file, a column for each mode, and name what a whole proof has never struck."""
    reached = [row for row in done if row["reached"]]
    modes = [mode for mode in MODES if any(row["mode"] == mode for row in reached)]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in reached:
        counts[f"{row['kind']} {row['file']}"][row["mode"]] += 1
    width = max((len(what) for what in counts), default=0)
    lines = [f"{'call and file':{width}}  " + "  ".join(f"{mode:>11}" for mode in modes)]
    lines += [
        f"{what:{width}}  " + "  ".join(f"{counts[what][mode] or '-':>11}" for mode in modes) for what in sorted(counts)
    ]
    sums = Counter(row["mode"] for row in reached)
    lines.append(f"{'all':{width}}  " + "  ".join(f"{sums[mode]:>11}" for mode in modes))
    missed = {what for row in done for what in row["seen"]} - counts.keys() if not short else set()
    return "\n".join([*lines, *(f"never struck: {what}" for what in sorted(missed))])


def summary(done: list[Row]) -> str:
    """Say what the points came to."""
    reached = [row for row in done if row["reached"]]
    broken = [row for row in reached if row["found"]]
    exits = Counter(row["exit"] for row in reached)
    bought = sum(row["bought"] for row in reached)
    ended = f"{bought} clips bought for {len(SKUS) * len(reached)} items, {sum(row['held'] for row in reached)} held"
    codes = ", ".join(f"{code}: {count}" for code, count in sorted(exits.items()))
    return f"{len(reached)} points, {len(broken)} broke a promise; {ended}; exit codes of the struck runs: {codes}"


def main(argv: Sequence[str] | None = None) -> int:
    """Prove it; 1 if a promise was broken, 2 if it cannot be tried here."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="25 points instead of all")
    parser.add_argument("--resume", type=Path, metavar="FOLDER", help="go on with a proof that was stopped")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--modes", default=",".join(MODES), help="which modes, by commas")
    arguments = parser.parse_args(argv)
    folder = (arguments.resume or Path(tempfile.mkdtemp(prefix="points-"))).absolute()
    sys.stderr.write(f"go on after a stop with: --resume {folder}\n")
    try:
        modes = arguments.modes.split(",")
        done = prove(folder, workers=arguments.workers, modes=modes, short=arguments.short)
    except NoShimError as missing:
        sys.stderr.write(f"skipped: {missing}\n")
        return 2
    sys.stdout.write(f"{table(done, short=arguments.short)}\n{summary(done)}\n")
    broken = any(row["found"] for row in done)
    if not broken:
        shutil.rmtree(folder)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
