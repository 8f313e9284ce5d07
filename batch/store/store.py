"""The state as the run sees it: one writer, one reader, one lock."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from batch.errors import StorageProblem
from batch.files import disk_problem, settle_folder, sync_folder
from batch.store import changes
from batch.store.copying import copy_is_current, make_copy
from batch.store.filesystem import check_local
from batch.store.lock import RunLock, lock_path
from batch.store.problems import storage_problem
from batch.store.seal import close_seal, is_sealed, open_seal
from batch.store.state import Binding, open_state, read_state, search_state
from batch.store.writer import Work, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from batch.core.events import Event, Intended, SubmitEvent
    from batch.core.lifecycle import Record

T = TypeVar("T")

SEARCHED_AT_ONCE = 64_000_000
"""Bytes of a state that is searched for contradictions before anything else; a larger one while clips are fetched."""


class Store:
    """An open, locked, recovered state. Made by `open_store`.

    Attributes:
        reader: A read-only connection of the event loop's thread; it sees what was committed.
        unsearched: Whether a killed command left it, and it is so large that nobody has yet looked whether it
            contradicts itself: nothing must be bought from it before `search`, and it is neither sealed nor copied.
    """

    def __init__(
        self, path: Path, binding: Binding, connection: sqlite3.Connection, lock: RunLock, *, unsearched: bool = False
    ) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock
        self.unsearched = unsearched
        self.reader = read_state(path, binding)
        self._writer = Writer(connection, str(path))

    def post(self, item_id: int, event: SubmitEvent) -> asyncio.Future[Record]:
        """Hand a submit's outcome to the writer in this very step; the future gives the record after the commit."""
        return self._writer.post(lambda connection: changes.answered(connection, item_id, event))

    async def apply(self, item_id: int, event: Event) -> Record:
        """Write an event and wait for its commit, even when cancelled meanwhile.

        Raises:
            StorageProblem: If the disk did not take it.
            IllegalEventError: If it cannot happen to the item now.
        """
        return await self.do(lambda connection: changes.apply(connection, item_id, event))

    async def reserve(
        self, item_id: int, intent: Intended, caps: changes.Caps, names: Iterable[str]
    ) -> Record | changes.CapReached:
        """Reserve an attempt's price and write its intent in one transaction."""
        return await self.do(lambda connection: changes.reserve(connection, item_id, intent, caps, names))

    async def do(self, work: Work[T]) -> T:
        """Do other work in a transaction and wait for its commit."""
        return await self._writer.do(work)

    async def keep_copy(self) -> str:
        """Make a copy of what is committed, unless the last one knows as much; says why there is none."""
        if self.unsearched or copy_is_current(self.path, self.reader):
            return ""
        return await asyncio.to_thread(make_copy, self.path)

    async def search(self) -> None:
        """Search a large state that a killed command left for contradictions; until then, nothing may be bought.

        Raises:
            StateDamaged: If it contradicts itself.
        """
        if self.unsearched:
            await asyncio.to_thread(search_state, self.path)
            self.unsearched = False

    async def close(self) -> None:
        """Finish what is being written, fold the log into the file, seal it and free the lock."""
        await self._writer.close()
        self.reader.close()
        await asyncio.to_thread(self._fold)
        self._lock.release()

    def _fold(self) -> None:
        """Put everything into the one file; where that cannot be (somebody reads, the disk is full) the log stays."""
        folded = False
        try:
            (busy, _, _) = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            folded = not busy
        except sqlite3.Error:
            folded = False
        self._connection.close()
        if folded and not self.unsearched:
            with suppress(OSError):  # unsealed, the next command looks for contradictions instead
                close_seal(self.path)


def _open_seal(path: Path) -> None:
    try:
        open_seal(path)
    except OSError as error:
        raise StorageProblem(
            f"the state's seal cannot be opened: {error.strerror}", where=str(path), hint="make room, then run again"
        ) from error


async def open_store(path: Path, binding: Binding, *, now: float) -> Store:
    """Lock, open and recover a state; make it where there is none.

    Raises:
        Busy: If another run holds the lock.
        Problem: See `open_state`.
    """
    try:
        settle_folder(path.parent)
    except OSError as error:
        what = "the state's folder cannot be made"
        raise disk_problem(error, path.parent, what=what, hint="name another under `state:`") from error
    check_local(path)
    lock = RunLock(lock_path(path))
    unsearched = _searched_later(path)
    try:
        connection = open_state(path, binding, search=not unsearched)
        try:
            _open_seal(path)
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                changes.recover(connection, now)
            _keep_names(path)
            return Store(path, binding, connection, lock, unsearched=unsearched)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        lock.release()
        raise storage_problem(error, str(path)) from error
    except BaseException:
        lock.release()
        raise


def _searched_later(path: Path) -> bool:
    return path.exists() and path.stat().st_size > SEARCHED_AT_ONCE and not is_sealed(path)


def _keep_names(path: Path) -> None:
    """Make the names of the state and its log durable: SQLite tries to, and tells nobody when it cannot.

    Raises:
        StorageProblem: If the disk fails.
    """
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise disk_problem(error, path.parent) from error
