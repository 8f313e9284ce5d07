"""What the run asks the state: lists and numbers that decisions are made from."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from batch.core import events as ev
from batch.core.lifecycle import Phase
from batch.store import queries, views
from batch.store.changes import apply, begin_run, remember_strangers, upload_gone
from tests.store.conftest import DAY, NOW, all_rows, intent, items, load

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

UNCLEAR = ev.SubmitUnclear(at=NOW, message="timeout")
NOT_SENT = ev.SubmitNotSent(at=NOW, message="no connection")


def accepted(prediction_id: str, *, at: float = NOW) -> ev.SubmitAccepted:
    """Give an answer."""
    return ev.SubmitAccepted(at=at, prediction_id=prediction_id, request_id="r1")


@pytest.fixture
def filled(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Give a state of five planned items and one run."""
    load(connection, items(list("abcde")))
    begin_run(connection, NOW)
    return connection


def bought(connection: sqlite3.Connection, item_id: int, *answers: ev.Event, wish: ev.Intended | None = None) -> None:
    """Let an item be bought."""
    for event in (wish or intent(), *answers):
        apply(connection, item_id, event)


def test_the_rate_remembers_what_the_last_minute_sent(filled: sqlite3.Connection) -> None:
    """By when it was answered, whatever the answer was; None where no answer was written down."""
    bought(filled, 1, accepted("p1", at=NOW - 61), wish=intent(at=NOW - 62))
    bought(filled, 2, accepted("p2", at=NOW - 10), wish=intent(at=NOW - 90))
    bought(filled, 3, NOT_SENT, wish=intent(at=NOW - 5))
    bought(filled, 4, wish=intent(at=NOW - 1))
    recent = queries.recent_submits(filled, NOW - 60)
    assert sorted(recent, key=str) == sorted([NOW - 10, NOW, None], key=str)


def plan_of(connection: sqlite3.Connection, ask: Callable[[], object]) -> str:
    """Say how SQLite finds what is asked for, in its own words."""
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    ask()
    connection.set_trace_callback(None)
    steps = [row for statement in statements for row in all_rows(connection, f"EXPLAIN QUERY PLAN {statement}")]
    return "; ".join(str(step[-1]) for step in steps)


def test_the_rate_does_not_read_the_whole_history(filled: sqlite3.Connection) -> None:
    """With a million attempts, a run still begins at once."""
    plan = plan_of(filled, lambda: queries.recent_submits(filled, NOW - 60))
    assert "SEARCH attempt USING INDEX attempt_intent" in plan
    assert "SCAN" not in plan


def test_the_next_items_are_found_by_their_phase(filled: sqlite3.Connection) -> None:
    """With a million done ones before them, too: no table is read to its end."""
    plan = plan_of(filled, lambda: queries.planned(filled, after=0, limit=10))
    assert "SEARCH item USING INDEX item_phase" in plan
    assert "SCAN" not in plan


def test_attempts_of_a_run_count_unless_proven_free(filled: sqlite3.Connection) -> None:
    """For `max_items`: accepted and unconfirmed ones count, unsent ones do not, other runs' neither."""
    bought(filled, 1, accepted("p1"))
    bought(filled, 2, UNCLEAR)
    bought(filled, 3, NOT_SENT)
    bought(filled, 4, accepted("p4"), wish=intent(run_id=2))
    assert queries.submitted_in(filled, 1) == 2
    assert queries.submitted_in(filled, 2) == 1


def test_places_in_flight_are_counted_from_the_state(filled: sqlite3.Connection) -> None:
    """Submitting, unconfirmed and running; not what is held, missing or rendered."""
    bought(filled, 1)
    bought(filled, 2, UNCLEAR)
    bought(filled, 3, accepted("p3"))
    bought(filled, 4, UNCLEAR, ev.Held(at=NOW, message=""))
    bought(filled, 5, accepted("p5"), ev.Rendered(at=NOW, cost=1, render_seconds=None))
    assert queries.in_flight(filled) == 3


def test_the_first_prediction_is_noticed(filled: sqlite3.Connection) -> None:
    """The canary goes alone until the job has had one."""
    bought(filled, 1, UNCLEAR)
    assert not queries.anything_accepted(filled)
    bought(filled, 2, accepted("p2"))
    assert queries.anything_accepted(filled)


def test_our_predictions_and_strangers_are_known(filled: sqlite3.Connection) -> None:
    """Among any number of ids."""
    bought(filled, 1, accepted("p1"))
    remember_strangers(filled, ["s1", "s2"])
    remember_strangers(filled, ["s2", "s3"])
    asked = [f"x{number}" for number in range(1_500)] + ["p1", "s1", "s3"]
    assert queries.our_predictions(filled, asked) == {"p1", "s1", "s3"}
    assert queries.our_predictions(filled, []) == set()


def test_items_of_a_sku_are_found_with_their_records(filled: sqlite3.Connection) -> None:
    """For `cancel --sku`."""
    bought(filled, 2, accepted("p2"))
    (record,) = queries.records_of(filled, "b")
    assert (record.item_id, record.phase, record.prediction_id) == (2, Phase.RUNNING, "p2")
    assert queries.records_of(filled, "B") == []


def test_an_upload_that_is_gone_is_remembered(filled: sqlite3.Connection) -> None:
    """And only that of the attempt."""
    bought(filled, 1, NOT_SENT)
    bought(filled, 1)
    upload_gone(filled, 1, 1)
    assert all_rows(filled, "SELECT number, upload_gone FROM attempt ORDER BY number") == [(1, 1), (2, 0)]


def test_a_month_lists_its_predictions_by_intent(filled: sqlite3.Connection) -> None:
    """One line each, in the UTC month of the intent, settled or not; attempts without an id are not on the invoice."""
    bought(filled, 1, accepted("p1"), wish=intent(day="2026-10-31", at=NOW - 2_000_000))
    bought(filled, 2, accepted("p2"), ev.Rendered(at=NOW, cost=410_000, render_seconds=None), wish=intent(at=NOW + 1))
    bought(filled, 3, accepted("p3"), wish=intent(at=NOW))
    bought(filled, 4, NOT_SENT)
    found = [
        (view.id, view.sku, view.day, view.estimate, view.settled) for view in views.predictions(filled, "2026-11")
    ]
    assert found == [
        ("p3", "c", DAY, Decimal("0.40"), None),
        ("p2", "b", DAY, Decimal("0.40"), Decimal("0.41")),
    ]
    assert [view.id for view in views.predictions(filled, "2026-10")] == ["p1"]


def test_a_duplicate_is_shown_and_calls_for_a_person(filled: sqlite3.Connection) -> None:
    """With the ids that may be charged too."""
    bought(filled, 1, UNCLEAR, ev.Adopted(at=NOW, prediction_id="p1", duplicates=("p2", "p3")))
    view = next(iter(views.items(filled)))
    assert "p2, p3" in view.warnings[0]
    assert views.with_person(filled, since=NOW) == 1


def test_a_duplicate_of_an_earlier_run_calls_for_nobody_again(filled: sqlite3.Connection) -> None:
    """A nightly job must not end with the same alarm for ever; the report goes on to show it."""
    rendered = ev.Rendered(at=NOW + 60, cost=400_000, render_seconds=None)
    bought(filled, 1, UNCLEAR, ev.Adopted(at=NOW, prediction_id="p1", duplicates=("p2",)), rendered)
    assert views.with_person(filled, since=NOW) == 1
    assert views.with_person(filled, since=NOW + 3600) == 0
    assert "p2" in next(iter(views.items(filled))).warnings[0]
