"""The sums that the state keeps, held against what they are sums of, after whatever may happen."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.core import events as ev
from batch.core.lifecycle import UNPAID, IllegalEventError, Phase
from batch.core.money import from_micros
from batch.store import queries, views
from batch.store.changes import SIGNALLED, apply, begin_run, end_run, finish, read_one, reserve
from batch.store.state import Binding
from tests.store.conftest import DAY, NO_CAPS, NOW, all_rows, clip, intent, items, load, writing

if TYPE_CHECKING:
    import sqlite3

BINDING = Binding(job="spring", provider="simulator", host="localhost")
FAILED = ev.Failed(at=NOW, code="X", message="no", refused=False, cost=0, render_seconds=None, retry_at=None)
ACCEPTED = ev.SubmitAccepted(at=NOW, prediction_id="p1", request_id="r1")
UNCLEAR = ev.SubmitUnclear(at=NOW, message="timeout")
RENDERED = ev.Rendered(at=NOW, cost=410_000, render_seconds=200.0)
DOWNLOADED = ev.Downloaded(at=NOW, clip=clip())

WAYS: dict[Phase, tuple[ev.Event, ...]] = {
    Phase.PLANNED: (),
    Phase.SUBMITTING: (intent(),),
    Phase.UNCONFIRMED: (intent(), UNCLEAR),
    Phase.HELD: (intent(), UNCLEAR, ev.Held(at=NOW, message="not found")),
    Phase.RUNNING: (intent(), ACCEPTED),
    Phase.MISSING: (intent(), ACCEPTED, ev.Missed(at=NOW, message="404")),
    Phase.RENDERED: (intent(), ACCEPTED, RENDERED),
    Phase.UNCOLLECTED: (intent(), ACCEPTED, RENDERED, ev.DownloadFailed(at=NOW, reason="gone")),
    Phase.DONE: (intent(), ACCEPTED, RENDERED, DOWNLOADED),
    Phase.FAILED: (intent(), ACCEPTED, FAILED),
    Phase.REFUSED: (intent(), ACCEPTED, replace(FAILED, refused=True)),
    Phase.CANCELLED: (intent(), ACCEPTED, ev.Cancelled(at=NOW, cost=0, message="cancelled")),
    Phase.REJECTED: (ev.PictureRejected(at=NOW, reason="half a picture"),),
    Phase.ABANDONED: (intent(), UNCLEAR, ev.Abandoned(at=NOW, by="ann", reason="not worth it")),
}

EVENTS = st.one_of(
    st.builds(
        intent,
        run_id=st.integers(1, 3),
        day=st.sampled_from([DAY, "2026-11-24"]),
        estimate=st.integers(0, 10**7),
    ),
    st.sampled_from(
        [
            *(event for way in WAYS.values() for event in way),
            ev.SubmitNotSent(at=NOW, message="no connection"),
            ev.SubmitDenied(at=NOW, code="too_many", message="429", permanent=False),
            ev.SubmitDenied(at=NOW, code="bad_input", message="400", permanent=True),
            ev.Adopted(at=NOW, prediction_id="p2", duplicates=("p3",)),
            ev.LookedUp(at=NOW, message="not there"),
            ev.Found(at=NOW),
            replace(RENDERED, cost=None),
            ev.CostSettled(at=NOW, cost=390_000),
            ev.CostUnknown(at=NOW),
            replace(FAILED, retry_at=NOW),
            replace(FAILED, cost=None),
            replace(FAILED, cost=None, retry_at=NOW),
            ACCEPTED,
            ACCEPTED,
            replace(FAILED, cost=100_000, retry_at=NOW),
        ]
    ),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.integers(1, 5), EVENTS),
        st.sampled_from([("plan", "abcde"), ("plan", "ab"), ("plan", "cdef"), ("run", "done"), ("run", SIGNALLED)]),
    ),
    max_size=80,
)


def happen(connection: sqlite3.Connection, item_id: int, event: ev.Event, run_id: int) -> None:
    """Let an event happen as the run would."""
    if isinstance(event, ev.Intended):
        reserve(connection, item_id, event, NO_CAPS, [f"{item_id}.mp4"])
    elif isinstance(event, ev.Downloaded):
        finish(connection, item_id, event, run_id)
    else:
        apply(connection, item_id, event)


def happen_if_it_can(connection: sqlite3.Connection, item_id: int, event: ev.Event, run_id: int) -> None:
    """Let an event happen as the writer would: one that cannot leaves nothing behind."""
    connection.execute("SAVEPOINT piece")
    try:
        happen(connection, item_id, event, run_id)
    except IllegalEventError:
        connection.execute("ROLLBACK TO piece")
    connection.execute("RELEASE piece")


@given(steps=STEPS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_sum_is_the_sum_of_its_parts(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[object, object]]
) -> None:
    """Purses, tallies, counts and views, over random events of random items under changing plans and runs."""
    with writing(tmp_path_factory.mktemp("books") / "state.sqlite", BINDING) as connection:
        connection.execute("BEGIN")  # nothing of this has to outlive the test
        load(connection, items(list("abcde")))
        run = begin_run(connection, NOW)
        for what, how in steps:
            if what == "plan":
                load(connection, items(list(str(how))))
            elif what == "run":
                end_run(connection, run.id, NOW, str(how))
                run = begin_run(connection, NOW)
            elif isinstance(what, int) and isinstance(how, ev.Event):
                happen_if_it_can(connection, what, how, run.id)
        assert_purses(connection)
        assert_records(connection)
        assert_counts(connection)
        assert_views(connection)
        connection.execute("ROLLBACK")


def assert_purses(connection: sqlite3.Connection) -> None:
    """Hold the purses against the attempts."""
    unpaid = ", ".join(f"'{state.value}'" for state in UNPAID)
    for scope, where in (
        ("all", "1"),
        *((f"run:{number}", f"run_id = {number}") for number in (1, 2, 3)),
        *((f"day:{day}", f"day = '{day}'") for day in (DAY, "2026-11-24")),
    ):
        (expected,) = all_rows(
            connection,
            f"SELECT total(estimate * (state NOT IN ({unpaid}))),"
            f" total(estimate * (settled IS NULL AND NOT unsettled AND state NOT IN ({unpaid}))),"
            f" total(settled), total(estimate * (settled IS NULL AND unsettled)) FROM attempt WHERE {where}",
        )
        cost = queries.cost(connection, scope)
        told = (cost.estimated, cost.reserved, cost.settled, cost.possibly_charged)
        assert told == tuple(from_micros(int(micros)) for micros in expected)


def assert_records(connection: sqlite3.Connection) -> None:
    """Hold what an item has committed against its attempts, and its number of attempts against the rows."""
    for item_id, attempts, estimates in all_rows(
        connection, "SELECT id, attempts, (SELECT count(*) FROM attempt WHERE item_id = item.id) FROM item"
    ):
        assert attempts == estimates
        (committed,) = all_rows(
            connection,
            "SELECT total(CASE WHEN settled IS NOT NULL THEN settled WHEN state IN ('not_accepted', 'not_sent') THEN 0"
            " ELSE estimate END) FROM attempt WHERE item_id = ?",
            item_id,
        )
        assert read_one(connection, item_id).committed == committed[0]


def assert_counts(connection: sqlite3.Connection) -> None:
    """Hold the tally and the counts against the items of the newest plan."""
    grouped = dict(
        all_rows(
            connection,
            "SELECT phase, count(*) FROM item WHERE plan = ? GROUP BY phase",
            queries.newest_plan(connection),
        )
    )
    tally = {phase: number for phase, number in all_rows(connection, "SELECT phase, items FROM tally") if number}
    assert tally == grouped
    assert queries.counts(connection).total == sum(grouped.values())


def assert_views(connection: sqlite3.Connection) -> None:
    """Hold the report's view of the items against the counts and the money."""
    shown = list(views.items(connection))
    in_plan = [view.state for view in shown if view.line] + ["rejected" for _ in views.rejected(connection)]
    counts = queries.counts(connection).as_json()
    assert {state: in_plan.count(state) for state in counts if state != "total"} == {
        state: number for state, number in counts.items() if state != "total"
    }
    cost = queries.cost(connection)
    assert sum((view.cost.settled for view in shown), Decimal(0)) == cost.settled
    assert sum((view.cost.reserved for view in shown), Decimal(0)) == cost.reserved
    assert sum((view.cost.estimated for view in shown), Decimal(0)) == cost.estimated
    assert sum((view.cost.possibly_charged for view in shown), Decimal(0)) == cost.possibly_charged


COUNTED: dict[Phase, str] = {
    Phase.PLANNED: "pending",
    Phase.SUBMITTING: "pending",
    Phase.RUNNING: "pending",
    Phase.RENDERED: "pending",
    Phase.UNCONFIRMED: "unconfirmed",
    Phase.HELD: "unconfirmed",
    Phase.MISSING: "unconfirmed",
    Phase.UNCOLLECTED: "failed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "failed",
    Phase.ABANDONED: "failed",
    Phase.REFUSED: "refused",
    Phase.REJECTED: "rejected",
    Phase.DONE: "done",
}


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_counts_exactly_once(connection: sqlite3.Connection, phase: Phase) -> None:
    """Under the documented word, in the counts and in the view of the item."""
    load(connection, items(["a"]))
    begin_run(connection, NOW)
    for event in WAYS[phase]:
        happen(connection, 1, event, 1)
    assert read_one(connection, 1).phase is phase
    counts = queries.counts(connection).as_json()
    assert {key for key, number in counts.items() if number} == {"total", COUNTED[phase]}
    assert counts["total"] == 1
    shown = [(view.state, view.phase) for view in views.items(connection)]
    rejected = [view.sku for view in views.rejected(connection)]
    if phase is Phase.REJECTED:
        assert (shown, rejected) == ([], ["a"])
    else:
        assert (shown, rejected) == ([(COUNTED[phase], phase.value)], [])


@pytest.mark.parametrize("phase", Phase)
def test_a_record_survives_the_way_to_disk_and_back(connection: sqlite3.Connection, phase: Phase) -> None:
    """What the state machine said is what is read, and its events are in the log in their order."""
    load(connection, items(["a"]))
    for event in WAYS[phase]:
        after = (
            reserve(connection, 1, event, NO_CAPS, ["a.mp4"])
            if isinstance(event, ev.Intended)
            else apply(connection, 1, event)
        )
        assert read_one(connection, 1) == after
    kinds = [kind for (kind,) in all_rows(connection, "SELECT kind FROM event ORDER BY id")]
    assert kinds == [type(event).__name__ for event in WAYS[phase]]


@pytest.mark.parametrize("phase", Phase)
def test_only_lost_money_calls_for_a_person(connection: sqlite3.Connection, phase: Phase) -> None:
    """Unconfirmed, held, missing and not collected."""
    load(connection, items(["a"]))
    begin_run(connection, NOW)
    for event in WAYS[phase]:
        happen(connection, 1, event, 1)
    lost = {Phase.UNCONFIRMED, Phase.HELD, Phase.MISSING, Phase.UNCOLLECTED}
    assert views.with_person(connection, since=NOW) == int(phase in lost)
