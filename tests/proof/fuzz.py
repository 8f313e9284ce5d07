"""Hostile and broken files against every reader: only our own errors come out, in a second and 512 MB.

Each reader gets its own process, so that one that dies, by a signal too, is told and its last input is kept below
`out/fuzz`. A second is one of the processor, where the machine is busy with other things.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.hostile.bombs import LARGEST, bombs
from tests.hostile.pictures import png, zeros
from tests.hostile.readers import READERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.readers import Reader

EXAMPLES = 10_000
SECONDS = 1.0
MEGABYTES = 512
BOMBS = "bombs"
_KEPT = Path("out") / "fuzz"


@dataclass(slots=True)
class Worst:
    """The most that any input took."""

    seconds: float = 0.0
    megabytes: float = 0.0
    examples: int = 0


class Broken(AssertionError):
    """A reader did what it must not do."""


def hunt(
    reader: Reader, examples: int, *, number: int | None = None, keep: Callable[[bytes], object] = lambda _: None
) -> Worst:
    """Give a reader many inputs; raises `Broken`, with the smallest input that does it found, where one does.

    Args:
        examples: How many.
        number: The seed; None for the same inputs every time.
        keep: Told of each input before it is read.
    """
    worst = Worst()
    with tempfile.TemporaryDirectory(prefix="sora-batch-fuzz-") as folder:
        read = reader.prepare(Path(folder))
        read(b"")  # what is loaded and built at the first time is no input's fault

        def one(data: bytes) -> None:
            keep(data)
            worst.examples += 1
            _measured(read, data, worst)

        trial = given(reader.inputs())(one)
        trial = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=number is None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )(trial)
        (trial if number is None else seed(number)(trial))()
    return worst


def _measured(read: Callable[[bytes], None], data: bytes, worst: Worst) -> None:
    _forget_peak()
    wall, processor = time.perf_counter(), time.process_time()
    read(data)
    spent = min(time.perf_counter() - wall, time.process_time() - processor)
    worst.seconds = max(worst.seconds, spent)
    worst.megabytes = max(worst.megabytes, peak := _peak())
    if spent > SECONDS:
        raise Broken(f"{len(data)} bytes took {spent:.1f} s")
    if peak > MEGABYTES:
        raise Broken(f"{len(data)} bytes took {peak:.0f} MB")


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak begins anew


def _peak() -> float:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _bombs() -> int:
    """Read the largest picture of each kind that is let through; each in a process of its own, for it leaves a mark."""
    failed = 0
    for kind, data in bombs(LARGEST):
        path = _KEPT / f"{BOMBS}.last"
        path.write_bytes(data)
        command = [sys.executable, "-m", "tests.proof.fuzz", "--inside", "--only", BOMBS, "--file", str(path)]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        failed += ended.returncode != 0
        print(f"{BOMBS}: {kind}: {(ended.stdout or ended.stderr).strip().splitlines()[-1]}", flush=True)  # noqa: T201
    return failed


def _one(path: Path) -> int:
    worst = Worst()
    read = READERS["frame"].prepare(path.parent)
    read(png(2, 2, packed=zeros(14)))
    _measured(read, path.read_bytes(), worst)
    print(f"{worst.seconds:.2f} s and {worst.megabytes:.0f} MB")  # noqa: T201
    return 0


def _inside(name: str, examples: int, number: int) -> int:
    last = _KEPT / f"{name}.last"
    try:
        worst = hunt(READERS[name], examples, number=number, keep=last.write_bytes)
    except BaseException as error:
        data = last.read_bytes()
        kept = _KEPT / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
        kept.write_bytes(data)
        print(f"{name}: {type(error).__name__}: {error}\n  {kept}: {data[:80]!r}", flush=True)  # noqa: T201
        raise
    print(f"{name}: {worst.examples} inputs, at most {worst.seconds:.2f} s and {worst.megabytes:.0f} MB", flush=True)  # noqa: T201
    return 0


def main() -> int:
    """Do it for all readers or one."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.fuzz", description=__doc__)
    parser.add_argument("--only", choices=sorted([*READERS, BOMBS]))
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    _KEPT.mkdir(parents=True, exist_ok=True)
    if options.file:
        return _one(options.file)
    if options.inside:
        return _inside(options.only, options.examples, options.seed)
    failed = 0
    if options.only in {None, BOMBS}:
        failed += _bombs()
    for name in [options.only] if options.only in READERS else READERS if not options.only else ():
        command = [sys.executable, "-m", "tests.proof.fuzz", "--inside", "--only", name]
        command += ["--examples", str(options.examples), "--seed", str(options.seed)]
        # A panic's way through the code takes seconds to be written out.
        ended = subprocess.run(command, check=False, env={**os.environ, "RUST_BACKTRACE": "0"})
        if ended.returncode:
            failed += 1
            print(f"{name}: ended with {ended.returncode}; its last input is {_KEPT / name}.last", flush=True)  # noqa: T201
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
