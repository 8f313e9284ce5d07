"""The thread that writes: in order, together, and nobody pays for another's mistake."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from batch.core import events as ev
from batch.core.lifecycle import IllegalEventError, Phase
from batch.errors import StorageProblem
from batch.store import changes, queries
from tests.store.conftest import NOW, all_rows, intent

if TYPE_CHECKING:
    from tests.store.conftest import States


async def test_what_was_handed_over_first_is_done_first(states: States) -> None:
    """However many pieces share a commit."""
    store = await states.open()
    done: list[int] = []

    def work(number: int, _: sqlite3.Connection) -> int:
        done.append(number)
        return number

    futures = [store._writer.post(partial(work, number)) for number in range(500)]
    assert await asyncio.gather(*futures) == list(range(500)) == done


async def test_many_pieces_share_few_commits(states: States) -> None:
    """A thousand waiters do not need a thousand syncs."""
    store = await states.open()
    statements: list[str] = []
    store._connection.set_trace_callback(statements.append)
    hold = threading.Event()
    first: asyncio.Future[Any] = store._writer.post(lambda _: hold.wait(10))
    rest: list[asyncio.Future[Any]] = [
        store._writer.post(lambda connection: changes.set_meta(connection, "k", "v")) for _ in range(1_000)
    ]
    hold.set()
    await asyncio.gather(first, *rest)
    store._connection.set_trace_callback(None)
    assert statements.count("COMMIT") <= 3


async def test_a_result_is_given_after_the_commit_and_readers_see_it(states: States) -> None:
    """What a caller was told is on disk, for every other connection."""
    store = await states.open()
    for number in range(50):
        await store.do(partial(changes.set_meta, key="k", value=str(number)))
        assert queries.meta(store.reader, "k") == str(number)


async def test_a_piece_that_raises_is_undone_alone(states: States) -> None:
    """Its own half-done work is gone, its caller gets the error, and the others of its commit stand."""
    store = await states.open()
    hold = threading.Event()

    def broken(connection: sqlite3.Connection) -> None:
        changes.set_meta(connection, "broken", "half")
        raise LookupError("a defect")

    def against_the_schema(connection: sqlite3.Connection) -> None:
        changes.set_meta(connection, "constraint", "half")
        connection.execute("INSERT INTO meta (key, value) VALUES ('job', 'twice')")

    pieces: list[asyncio.Future[Any]] = [
        store._writer.post(lambda _: hold.wait(10)),
        store._writer.post(lambda connection: changes.set_meta(connection, "before", "there")),
        store._writer.post(broken),
        store._writer.post(against_the_schema),
        store._writer.post(lambda connection: changes.set_meta(connection, "after", "there")),
    ]
    hold.set()
    results = await asyncio.gather(*pieces, return_exceptions=True)
    assert [type(result) for result in results] == [bool, type(None), LookupError, sqlite3.IntegrityError, type(None)]
    found = {key: queries.meta(store.reader, key) for key in ("before", "broken", "constraint", "after", "job")}
    assert found == {"before": "there", "broken": None, "constraint": None, "after": "there", "job": "spring"}


async def test_an_illegal_event_changes_nothing(states: States) -> None:
    """Neither record, log nor money; the next event is written as if nothing had been."""
    store = await states.filled("a")
    with pytest.raises(IllegalEventError):
        await store.apply(1, ev.Found(at=NOW))
    assert all_rows(store.reader, "SELECT count(*) FROM event") == [(0,)]
    record = await store.apply(1, intent())
    assert record.phase is Phase.SUBMITTING


async def test_who_stops_waiting_stops_nothing(states: States) -> None:
    """An event that was handed over is written, whatever becomes of the one who waits for it."""
    store = await states.filled("a")
    await store.apply(1, intent())
    hold = threading.Event()
    blocked = store._writer.post(lambda _: hold.wait(10))
    waiter = asyncio.create_task(store.apply(1, ev.SubmitAccepted(at=NOW, prediction_id="p1", request_id="r1")))
    await asyncio.sleep(0)
    waiter.cancel()
    hold.set()
    await blocked
    assert (await asyncio.gather(waiter, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    await states.close()
    store = await states.open()
    (record,) = queries.records_in(store.reader, Phase.RUNNING)
    assert record.prediction_id == "p1"


async def test_a_piece_is_handed_over_in_the_very_step_of_the_call(states: States) -> None:
    """No await lies between parsing an id and the writer's having it."""
    store = await states.filled("a")
    await store.apply(1, intent())
    future = store.post(1, ev.SubmitAccepted(at=NOW, prediction_id="p1", request_id="r1"))
    await states.close()  # finishes what was handed over
    assert future.done()
    store = await states.open()
    assert queries.count_in(store.reader, Phase.RUNNING) == 1


async def test_after_the_close_nothing_is_taken(states: States) -> None:
    """An error, and not a future that never ends."""
    store = await states.open()
    await states.close()
    with pytest.raises(RuntimeError, match="closed"):
        store.post(1, ev.SubmitUnclear(at=NOW, message="timeout"))


async def test_trouble_with_the_file_is_everybodys(states: States) -> None:
    """When the commit cannot be made, nobody is told that anything was written, and nothing was."""
    store = await states.open()
    hold = threading.Event()

    def failing(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    pieces: list[asyncio.Future[Any]] = [
        store._writer.post(lambda _: hold.wait(10)),
        store._writer.post(lambda connection: changes.set_meta(connection, "k", "v")),
        store._writer.post(failing),
        store._writer.post(lambda connection: changes.set_meta(connection, "k", "w")),
    ]
    hold.set()
    results = await asyncio.gather(*pieces, return_exceptions=True)
    problems = [result for result in results if isinstance(result, StorageProblem)]
    assert len(problems) >= 3
    assert "make room" in problems[0].hint
    assert queries.meta(store.reader, "k") is None
    await store.do(lambda connection: changes.set_meta(connection, "k", "later"))
    assert queries.meta(store.reader, "k") == "later"
