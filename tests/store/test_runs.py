"""When a call goes on with the last run, and when it begins a new one with caps of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batch.store.changes import DIED, SIGNALLED, begin_run, end_run
from batch.store.queries import newest_run
from tests.store.conftest import NOW, all_rows

if TYPE_CHECKING:
    import sqlite3

HOUR = 3600.0


def test_the_first_run_is_new(connection: sqlite3.Connection) -> None:
    """It begins now, and nothing has ended it."""
    run = begin_run(connection, NOW)
    assert (run.id, run.started_at, run.resumed) == (1, NOW, False)
    row = newest_run(connection)
    assert row is not None
    assert (row.started_at, row.ended_at, row.ended, row.done) == (NOW, None, "", 0)


@pytest.mark.parametrize("later", [0.0, HOUR, 24 * HOUR - 1])
@pytest.mark.parametrize("signalled", [True, False])
def test_a_run_that_was_interrupted_goes_on_within_a_day(
    connection: sqlite3.Connection, later: float, *, signalled: bool
) -> None:
    """Its process died or got a signal: the same number, the same beginning, and open again."""
    begin_run(connection, NOW)
    if signalled:
        end_run(connection, 1, NOW + 10, SIGNALLED)
    run = begin_run(connection, NOW + later)
    assert (run.id, run.started_at, run.resumed) == (1, NOW, True)
    row = newest_run(connection)
    assert row is not None
    assert (row.ended_at, row.ended) == (None, "")


@pytest.mark.parametrize("signalled", [True, False])
def test_an_interrupted_run_is_over_after_a_day_from_its_beginning(
    connection: sqlite3.Connection, *, signalled: bool
) -> None:
    """However late it was interrupted, and however often it went on."""
    begin_run(connection, NOW)
    begin_run(connection, NOW + 23 * HOUR)
    if signalled:
        end_run(connection, 1, NOW + 23.5 * HOUR, SIGNALLED)
    run = begin_run(connection, NOW + 24 * HOUR)
    assert (run.id, run.started_at, run.resumed) == (2, NOW + 24 * HOUR, False)
    ended = all_rows(connection, "SELECT ended FROM run WHERE id = 1")
    assert ended == [(SIGNALLED if signalled else DIED,)]


@pytest.mark.parametrize("why", ["done", "budget.per_run_usd (50.00) is reached", "max_runtime is reached", DIED])
def test_a_run_that_ended_by_itself_never_goes_on(connection: sqlite3.Connection, why: str) -> None:
    """Done, capped, out of time, stopped by the breaker or the key: the next call is a new run."""
    begin_run(connection, NOW)
    end_run(connection, 1, NOW + 10, why)
    run = begin_run(connection, NOW + 11)
    assert (run.id, run.resumed) == (2, False)


def test_a_clock_that_was_set_back_gives_no_second_cap(connection: sqlite3.Connection) -> None:
    """An interrupted run from the future goes on."""
    begin_run(connection, NOW)
    run = begin_run(connection, NOW - 48 * HOUR)
    assert (run.id, run.resumed) == (1, True)


def test_only_the_newest_run_counts(connection: sqlite3.Connection) -> None:
    """An older one that was interrupted stays so."""
    begin_run(connection, NOW)
    begin_run(connection, NOW + 25 * HOUR)
    end_run(connection, 2, NOW + 26 * HOUR, "done")
    assert begin_run(connection, NOW + 27 * HOUR).id == 3
