"""One point: a small run is struck at one call, the same command goes on, and the books are held against each other."""

from __future__ import annotations

import errno
import random
import shutil
import signal
import sqlite3
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from tests.proof.books import Ledger, State
from tests.proof.checker import TERMINAL, WITH_PERSON, Terms, held_though_bought, new_exposure, violations
from tests.proof.forks import run_forked, simulator_forked
from tests.proof.image import Image
from tests.proof.shim import Orders, read_trace
from tests.proof.shop import Ended, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.proof.shim import Call

SKUS = ("A-1", "A-2")
SPEED = 4000
CONCURRENCY = 2
RESTARTS = 3
RUN = ("run", "--yes", "--json")

KILLS = {"kill": "kill", "sent": "sent", "power": "kill", "power-torn": "kill"}
"""What is killed, and how; after the latter two, what a power cut leaves is put in the place of the files."""

FAILURES = ("full-once", "full-ever", "broken-once", "broken-ever")
"""The disk is full or broken: for one call, or from one on for the rest of the run."""

MODES = (*KILLS, *FAILURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where to strike: the number of the call, among those that the mode counts."""

    mode: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a point.

    Attributes:
        reached: Whether the run came to that call.
        kind: Of the call.
        file: What it touched, without what differs from run to run.
        exit: Of the run that was struck.
        bought: Predictions that were accepted in the end.
        held: Attempts that wait for a person in the end, since nobody can know.
        seen: Every kind of call and file of a run that nothing struck; empty for the others.
        found: What breaks a promise.
    """

    point: Point
    reached: bool
    kind: str
    file: str
    exit: int
    restarts: int
    bought: int
    held: int
    seconds: float
    found: list[str]
    seen: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Give one level of plain values."""
        values = asdict(self)
        return {**values.pop("point"), **values}


def set_up(shop: Shop) -> None:
    """Make the shop: two pictures, and a clip for the simulator."""
    shop.folder.mkdir(parents=True)
    shop.rows(*SKUS)
    shop.seed_clips()


def set_job(shop: Shop, url: str) -> None:
    """Write the job: fast, and with both items at once."""
    limits = {"submit_per_minute": 6000, "in_flight": CONCURRENCY, "submit_concurrency": CONCURRENCY}
    shop.job(provider={"base_url": url, "speed": SPEED}, limits=limits)


class Trial:
    """One point in a folder of its own; `play` may be called once.

    Args:
        folder: Made; holds the shop, the provider's folder, the trace, and what the commands said.
        template: A clip.
    """

    def __init__(self, point: Point, folder: Path, template: bytes) -> None:
        self._point = point
        self._folder = folder
        self._shop = Shop(folder=folder / "shop", template=template, provider_folder=folder / "provider")
        self._trace = folder / "trace"
        self._data = folder / "data"
        self._found: list[str] = []
        self._restarts = 0

    def play(self) -> Result:
        """Strike, go on until all is over, and look; what was found nothing wrong with is removed."""
        start = time.monotonic()
        reached, struck = False, Ended(exit=0, out="", err="")
        try:
            set_up(self._shop)
            with simulator_forked(self._shop, speed=SPEED) as url:
                set_job(self._shop, url)
                struck = run_forked(self._shop, *RUN, orders=self._orders())
                reached = _reached(self._point, read_trace(self._trace), struck)
                self._look_at(struck, reached=reached)
                last = self._go_on() if reached or struck.exit else struck
            self._found += violations(self._shop, last, Terms())
        except Exception as error:  # noqa: BLE001 - a point that cannot go on is a finding, not the end of the proof
            self._found.append(f"it broke off: {error!r}")
        result = self._result(struck, reached=reached, seconds=time.monotonic() - start)
        if not self._found:
            shutil.rmtree(self._folder)
        return result

    def _orders(self) -> Orders:
        mode = KILLS.get(self._point.mode, self._point.mode)
        data = self._data if self._point.mode.startswith("power") else None
        return Orders(trace=self._trace, roots=(self._shop.folder,), mode=mode, at=self._point.at, data=data)

    def _look_at(self, struck: Ended, *, reached: bool) -> None:
        """Look at what the strike alone has left, and cut the power where that is asked for."""
        calls = read_trace(self._trace)
        if self._point.mode in FAILURES:
            self._found += failure_violations(struck, calls, self._shop)
        elif not reached and struck.exit:
            self._found.append(f"nothing struck, and the exit code is {struck.exit}: {struck.err[-500:]}")
        if reached and self._point.mode.startswith("power"):
            self._cut_power(calls)
        self._found += self._exposure()

    def _cut_power(self, calls: list[Call]) -> None:
        image = Image(self._shop.folder, self._data.read_bytes() if self._data.exists() else b"")
        for call in calls:
            image.take(call)
        image.lay_out(random.Random(self._point.at) if self._point.mode == "power-torn" else None)

    def _exposure(self) -> list[str]:
        """Read a copy of the state, so that reading it mends nothing that the next run would have to."""
        copy = self._folder / "copy"
        copy.mkdir()
        for file in self._shop.out.glob("state.sqlite*"):
            shutil.copy(file, copy)
        path = copy / "state.sqlite"
        accepted = len(self._shop.ledger().accepted)
        if not path.exists() or not path.stat().st_size:
            return [f"2: {accepted} were bought, and there is no state"] if accepted else []
        try:
            state = State.read(path)
        except sqlite3.Error as error:  # struck while the schema was being written
            return [f"2: {accepted} were bought, and the state cannot be read: {error}"] if accepted else []
        finally:
            shutil.rmtree(copy)
        return new_exposure(None, state, concurrency=CONCURRENCY)

    def _go_on(self) -> Ended:
        """Give the same command again until nothing is left for it to do."""
        for _ in range(RESTARTS):
            last = run_forked(self._shop, *RUN)
            self._restarts += 1
            left = list(self._unfinished())
            if not left:
                return last
        self._found += [f"8: after {RESTARTS} restarts {what}" for what in left]
        return last

    def _unfinished(self) -> Iterator[str]:
        if not self._shop.state.exists():
            yield "there is no state"
            return
        state, ledger = State.read(self._shop.state), Ledger.read(self._shop.provider_folder)
        for item in state.items:
            if item["phase"] not in TERMINAL | WITH_PERSON:
                yield f"{item['sku']} is {item['phase']}"
        if held := held_though_bought(ledger, state):
            yield f"{held} attempts are held though bought"
        done = sum(item["phase"] == "done" for item in state.items)
        if done != len(ledger.accepted):  # nothing here fails at the provider
            yield f"{done} clips are here of {len(ledger.accepted)} that were bought"

    def _held(self) -> int:
        try:
            return len(State.read(self._shop.state).lost)
        except sqlite3.Error:  # there is none
            return 0

    def _result(self, struck: Ended, *, reached: bool, seconds: float) -> Result:
        calls = read_trace(self._trace)
        call = _struck(self._point, calls) if reached else None
        root = self._shop.folder
        return Result(
            point=self._point,
            reached=reached,
            kind=call.kind if call else "",
            file=name_of(call, root) if call else "",
            exit=struck.exit,
            restarts=self._restarts,
            bought=len(self._shop.ledger().accepted),
            held=self._held(),
            seconds=round(seconds, 2),
            found=self._found,
            seen=[] if reached else sorted({f"{one.kind} {name_of(one, root)}" for one in calls}),
        )


def _struck(point: Point, calls: list[Call]) -> Call | None:
    if point.mode in FAILURES:
        return next((call for call in calls if call.file_number == point.at), None)
    return calls[-1] if calls else None


def _reached(point: Point, calls: list[Call], struck: Ended) -> bool:
    if point.mode in FAILURES:
        return _struck(point, calls) is not None
    return struck.exit == -signal.SIGKILL


def name_of(call: Call, root: Path) -> str:
    """Name what a call touches, the same in every run: hashes and numbers of threads are left out."""
    if not call.file_number:
        return "socket"
    path = call.path.removeprefix(str(root)).removesuffix(" (deleted)")
    parts = []
    for part in path.strip("/").split("/"):
        digits = sum(character in "0123456789abcdef" for character in part.lstrip(".").split(".")[0])
        parts.append(f"*.{part.rsplit('.', 1)[-1]}" if digits >= 16 else part)
    return "/".join(parts).replace("A-1", "SKU").replace("A-2", "SKU")


def failure_violations(struck: Ended, calls: list[Call], shop: Shop) -> Iterator[str]:
    """Hold a run whose disk failed to what it owes: the right code, and words instead of a traceback."""
    failed = [call for call in calls if call.failed and call.error in {errno.ENOSPC, errno.EIO}]
    where = "; ".join(sorted({f"{call.kind} {name_of(call, shop.folder)}" for call in failed})[:8])
    if "Traceback" in struck.err or "defect of sora-batch" in struck.err:
        yield f"it broke down instead of saying what is wrong ({where}): {struck.err[-1500:]}"
    matters = [call for call in failed if not _is_harmless(call, calls, shop)]
    if struck.exit not in _owed(matters, shop):
        yield f"10: the disk failed ({where}), and the exit code is {struck.exit}: {struck.err[-800:]}"


def _owed(failed: list[Call], shop: Shop) -> set[int]:
    """Give the exit codes that fit.

    SQLite tells no errno of a file that it cannot open, so that may be called 73; and one that it needs only for
    reading it opens once more for that.
    """
    if not failed:
        return {0}
    first = failed[0]
    of_state = first.path.startswith(str(shop.state))
    return {0, 73, 74} if of_state and first.kind == "open" else {74}


def _is_harmless(call: Call, calls: list[Call], shop: Shop) -> bool:
    """Tell what a run may get over.

    The cache saves time, and nothing in it is needed. What a report was put together from is swept by the next one.
    The state's copy is for the day on which the state is damaged: a run without a new one says so, and is a good run.
    Once the report stands, all is committed: what is left is SQLite copying its log into the state and removing it,
    and the seal. A log that stays is read by whoever opens the state next, and an open seal has the state searched.
    """
    copy = f"{shop.state}.copy"
    copied = any(one.path.startswith(copy) and one.number < call.number for one in calls)
    if str(shop.out / "cache") in call.path or call.path.startswith(copy):
        return True
    if copied and call.kind == "fsync" and call.path == str(shop.out):
        return True  # for the names of the copy, and of the seals
    if ".chunks.part" in call.path and call.kind in {"unlink", "rmdir"}:
        return True
    if call.kind == "fdatasync" and call.path == str(shop.out):
        return True  # SQLite's own sync of the folder, whose failure it swallows: ours follows, and is an fsync
    if (
        call.kind == "unlink"
        and call.path.endswith(".part")
        and any(one.kind == "rename" and one.path == call.path and one.number < call.number for one in calls)
    ):
        return True  # making sure that nothing is left of a file that has its name by now
    report = [one.number for one in calls if one.kind == "fsync" and one.path == str(shop.out / "report")]
    return call.path.startswith(str(shop.state)) and len(report) >= 4 and call.number > report[-1]
