"""Plays a share of the points; started by `tests.proof.points` with the shim preloaded, which is idle in it.

It forks every run and every simulator from itself, so it must stay a process of one thread.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proof.forks import get_ready, run_forked, simulator_forked
from tests.proof.points import PROGRESS, results
from tests.proof.shim import Orders, read_trace
from tests.proof.shop import Shop
from tests.proof.trial import FAILURES, KILLS, RUN, SPEED, Point, Trial, set_job, set_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.proof.shim import Call
    from tests.proof.trial import Result

_MISSES = 2
"""So many numbers in a row that are not reached end a mode: two runs are seldom the same to the call."""


class Worker:
    """Plays points in a folder and writes down what came of each."""

    def __init__(self, folder: Path, share: int, workers: int) -> None:
        self._folder = folder
        self._share = share
        self._workers = workers
        self._template = (folder / "clip.mp4").read_bytes()
        self._done = {(row["mode"], row["at"]): row["reached"] for row in results(folder)}

    def long(self, modes: Sequence[str]) -> None:
        """Play every point of the share, mode by mode, until the numbers are no longer reached."""
        for mode in modes:
            at, misses = 1 + self._share, 0
            while misses < _MISSES:
                misses = 0 if self._reaches(Point(mode=mode, at=at)) else misses + 1
                at += self._workers

    def short(self, modes: Sequence[str]) -> None:
        """Play a few points of each mode."""
        for number, point in enumerate(dict.fromkeys(spread(self._record(), modes))):
            if number % self._workers == self._share:
                self._reaches(point)

    def _reaches(self, point: Point) -> bool:
        known = self._done.get((point.mode, point.at))
        return self._play(point).reached if known is None else known

    def _play(self, point: Point) -> Result:
        place = self._folder / f"{point.mode}-{point.at}-{self._share}"
        shutil.rmtree(place, ignore_errors=True)  # begun by a proof that was stopped
        result = Trial(point, place, self._template).play()
        with (self._folder / PROGRESS).open("a", encoding="utf-8") as progress:
            progress.write(json.dumps(result.as_json() | {"folder": str(place)}) + "\n")
        return result

    def _record(self) -> list[Call]:
        """Run once and write down every call."""
        place = self._folder / f"record-{self._share}"
        shop = Shop(folder=place / "shop", template=self._template, provider_folder=place / "provider")
        set_up(shop)
        with simulator_forked(shop, speed=SPEED) as url:
            set_job(shop, url)
            ended = run_forked(shop, *RUN, orders=Orders(trace=place / "trace", roots=(shop.folder,)))
        assert ended.exit == 0, ended.err
        return read_trace(place / "trace")


def spread(calls: list[Call], modes: Sequence[str]) -> Iterator[Point]:
    """Choose points from a run's calls: one for each kind of call, and every mode at about three of them."""
    kinds = sorted({call.kind for call in calls})
    for number, kind in enumerate(kinds):
        of_kind = [call for call in calls if call.kind == kind]
        call = of_kind[len(of_kind) // 2]
        for mode in (modes[number % len(modes)], modes[(number + len(modes) // 2) % len(modes)]):
            yield from _at(mode, call, calls)
    sends = [call for call in calls if call.kind == "send"]
    yield from (Point(mode="sent", at=len(sends) * third // 4) for third in (1, 2, 3) if "sent" in modes)


def _at(mode: str, call: Call, calls: list[Call]) -> Iterator[Point]:
    if mode in FAILURES and call.file_number:
        yield Point(mode=mode, at=call.file_number)
    elif mode in KILLS and mode != "sent":
        yield Point(mode=mode, at=call.number)
    else:  # a socket's call does not fail here, and one that sends is struck anyway
        yield Point(mode="kill", at=min(call.number + 1, len(calls)))


def main(argv: Sequence[str] | None = None) -> int:
    """Play the share that the command line gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--share", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--modes", required=True)
    parser.add_argument("--short", action="store_true")
    arguments = parser.parse_args(argv)
    get_ready()
    worker = Worker(arguments.folder, arguments.share, arguments.workers)
    modes = arguments.modes.split(",")
    if arguments.short:
        worker.short(modes)
    else:
        worker.long(modes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
