"""The same shell on a state that nothing survives: what its protections cost is measured against this.

    .venv/bin/python -m tests.benchmarks.memory_store JOB

does `sora-batch run JOB --yes --json` with `MemoryStore` in the store's place. It leaves out

* the write-ahead log and its sync before every POST and after every answer, the writer's thread, and the run lock;
* the event log, the sums that are kept with every event, the look at the caps, and each item's row: records are values
  in a dictionary, which become rows once, for the report at the end;
* the fsync of every clip, of every note beside one, of the report, and of their folders.

Everything else is the same code: plan, frames, uploads, fresh connections, polls, checked and hashed clips, report.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar
from unittest.mock import patch

from batch import cli
from batch.core.lifecycle import advance
from batch.store import changes, state
from batch.store.migrations import migrate
from batch.store.rows import WRITE_ATTEMPT, write_attempt, write_clip

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from batch.core.events import Event, Intended
    from batch.core.lifecycle import Record
    from batch.store.state import Binding
    from batch.store.writer import Work

T = TypeVar("T")

_RECORDS: dict[int, Record] = {}
_OPENED: list[sqlite3.Connection] = []
_READ_ONE = changes.read_one
_END_RUN = changes.end_run


class MemoryStore:
    """Has the interface of `batch.store.store.Store` and does its work at once, in the event loop's own thread.

    The plan lies in an SQLite database in memory, because the shell asks for it in SQL.
    """

    unsearched = False

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.reader = connection

    def post(self, item_id: int, event: Event) -> asyncio.Future[Record]:
        """Let an event happen."""
        future: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        future.set_result(changes.apply(self.reader, item_id, event))
        return future

    async def apply(self, item_id: int, event: Event) -> Record:
        """Let an event happen."""
        return changes.apply(self.reader, item_id, event)

    async def reserve(self, item_id: int, intent: Intended, caps: changes.Caps, names: Iterable[str]) -> Record:
        """Let an attempt begin, whatever the caps."""
        del caps
        self.reader.execute("UPDATE item SET name = coalesce(name, ?) WHERE id = ?", (next(iter(names)), item_id))
        return changes.apply(self.reader, item_id, intent)

    async def do(self, work: Work[T]) -> T:
        """Do other work."""
        return work(self.reader)

    async def search(self) -> None:
        """Find nothing."""

    async def keep_copy(self) -> str:
        """Keep nothing."""
        return ""

    async def close(self) -> None:
        """Forget everything."""
        self.reader.close()


def apply(connection: sqlite3.Connection, item_id: int, event: Event) -> Record:
    """Take the place of `changes.apply`."""
    after = advance(read_one(connection, item_id), event)
    _RECORDS[item_id] = after
    return after


def read_one(connection: sqlite3.Connection, item_id: int) -> Record:
    """Take the place of `changes.read_one`."""
    known = _RECORDS.get(item_id)
    return _READ_ONE(connection, item_id) if known is None else known


def end_run(connection: sqlite3.Connection, run_id: int, now: float, why: str) -> None:
    """Take the place of `changes.end_run`, and write the rows that the report reads."""
    connection.execute("BEGIN")
    connection.executemany(
        "UPDATE item SET phase = ?, attempts = ?, accepted = ?, clip = ? WHERE id = ?",
        [
            (
                record.phase.value,
                record.attempt.number if record.attempt else 0,
                record.accepted,
                None if record.clip is None else write_clip(record.clip),
                record.item_id,
            )
            for record in _RECORDS.values()
        ],
    )
    attempts = [write_attempt(r.item_id, r.attempt) for r in _RECORDS.values() if r.attempt is not None]
    connection.executemany(WRITE_ATTEMPT, attempts)
    connection.execute("UPDATE tally SET items = 0")
    connection.execute(
        "INSERT INTO tally (phase, items) SELECT phase, count(*) FROM item WHERE true GROUP BY phase"
        " ON CONFLICT (phase) DO UPDATE SET items = excluded.items"
    )
    connection.execute("COMMIT")
    _END_RUN(connection, run_id, now, why)


async def open_store(path: Path, binding: Binding, *, now: float) -> MemoryStore:
    """Take the place of `batch.store.store.open_store`."""
    del now
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    state._create(connection, binding)
    migrate(connection)
    _OPENED.append(connection)
    return MemoryStore(path, connection)


def read_state(path: Path, binding: Binding) -> sqlite3.Connection:
    """Take the place of `batch.store.state.read_state`; the report's thread closes what it is given."""
    del path, binding
    opened = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _OPENED[-1].backup(opened)
    return opened


def main() -> int:
    """Run a job without protection."""
    with ExitStack() as stack:
        for name, replacement in (
            ("batch.store.changes.apply", apply),
            ("batch.store.changes.read_one", read_one),
            ("batch.store.changes.end_run", end_run),
            ("batch.running.session.open_store", open_store),
            ("batch.running.reporting.read_state", read_state),
            ("os.fsync", lambda _: None),
        ):
            stack.enter_context(patch(name, replacement))
        return cli.main(["run", sys.argv[1], "--yes", "--json"])


if __name__ == "__main__":
    sys.exit(main())
