"""The one thread that writes. Whatever waits is committed together, with one sync for all of it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from batch.store.problems import storage_problem

T = TypeVar("T")

Work = Callable[[sqlite3.Connection], T]
"""Something to do inside a transaction. What it returns reaches the caller after the commit, never before."""


@dataclass(slots=True)
class _Waiting:
    work: Work[Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Does work on one connection, in order, many pieces to a commit.

    A piece that raises is undone alone; the others of its commit stand. When the commit itself fails (disk full), all
    of them fail with a `StorageProblem`, and nothing of them is on disk.

    Args:
        connection: Made with `check_same_thread=False`; used by this thread alone from now on.
        path: Named in errors.
    """

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="state-writer", daemon=True)
        self._thread.start()

    def post(self, work: Work[T]) -> asyncio.Future[T]:
        """Hand work over at once, without waiting; the future resolves after its commit.

        Must be called on the event loop's thread. The work is done even if nobody waits for the future any more.
        """
        if self._closing:
            raise RuntimeError("the state is closed: nothing can be written to it any more")
        future: asyncio.Future[T] = self._loop.create_future()
        self._queue.append(_Waiting(work, future))
        self._wake.set()
        return future

    async def do(self, work: Work[T]) -> T:
        """Hand work over and wait for its commit. A cancelled caller stops waiting; the work is done all the same.

        Raises:
            StorageProblem: If the disk did not take it.
        """
        return await asyncio.shield(self.post(work))

    async def close(self) -> None:
        """Finish what waits and end the thread."""
        self._closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(len(self._queue))]
                self._commit(batch)
                self._deliver(batch)
            if self._closing and not self._queue:
                return

    def _commit(self, batch: list[_Waiting]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for waiting in batch:
                self._do_one(waiting)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            problem = storage_problem(error, self._path)
            for waiting in batch:
                waiting.error = waiting.error or problem

    def _do_one(self, waiting: _Waiting) -> None:
        connection = self._connection
        connection.execute("SAVEPOINT piece")
        try:
            waiting.result = waiting.work(connection)
        except Exception as error:
            if _of_the_file(error):
                raise  # the disk's trouble is everybody's
            waiting.error = error
            connection.execute("ROLLBACK TO piece")
        connection.execute("RELEASE piece")

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                return  # SQLite has rolled back by itself, as it does when the disk is full

    def _deliver(self, batch: list[_Waiting]) -> None:
        def deliver() -> None:
            for waiting in batch:
                if waiting.future.done():
                    continue
                if waiting.error is not None:
                    waiting.future.set_exception(waiting.error)
                    waiting.future.exception()  # seen: nobody may be waiting any more
                else:
                    waiting.future.set_result(waiting.result)

        try:
            self._loop.call_soon_threadsafe(deliver)
        except RuntimeError:
            return  # the loop is closed: the work is on disk, and nobody is left to be told


def _of_the_file(error: Exception) -> bool:
    """Tell trouble with the file or its disk from a broken rule of the schema, which is one piece's own defect."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError
