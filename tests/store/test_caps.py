"""Reserving money: exact to the micro-dollar, under every cap, however many ask at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from batch.core import events as ev
from batch.core.lifecycle import IllegalEventError, Phase, Record
from batch.store import changes, queries
from batch.store.changes import CapReached, Caps
from tests.store.conftest import DAY, NO_CAPS, NOW, PRICE, all_rows, clip, intent

if TYPE_CHECKING:
    from batch.store.store import Store
    from tests.store.conftest import States

ACCEPTED = ev.SubmitAccepted(at=NOW, prediction_id="p1", request_id="r1")


def caps(scope: str, micros: int) -> Caps:
    """Give a single cap."""
    return Caps(**{"run": None, "day": None, "item": None, scope: micros})


async def reserved(store: Store, item_id: int, limits: Caps, wish: ev.Intended | None = None) -> Record | CapReached:
    """Reserve an attempt's price."""
    return await store.reserve(item_id, wish or intent(), limits, [f"{item_id}.mp4"])


@pytest.mark.parametrize("scope", ["run", "day", "item"])
async def test_a_cap_is_exact_to_the_micro_dollar(states: States, scope: str) -> None:
    """What fits exactly is bought; a millionth of a dollar more is not, and leaves nothing behind."""
    store = await states.filled("a")
    short = await reserved(store, 1, caps(scope, PRICE - 1))
    assert short == CapReached(scope=scope, cap=PRICE - 1, committed=0)
    assert all_rows(store.reader, "SELECT phase, name FROM item") == [("planned", None)]
    assert all_rows(store.reader, "SELECT count(*) FROM attempt") == [(0,)]
    assert all_rows(store.reader, "SELECT count(*) FROM event") == [(0,)]
    fits = await reserved(store, 1, caps(scope, PRICE))
    assert isinstance(fits, Record)
    assert fits.phase is Phase.SUBMITTING


@pytest.mark.parametrize("scope", ["run", "day"])
async def test_a_cap_counts_what_all_items_hold_and_cost(states: States, scope: str) -> None:
    """Reserved, settled and possibly charged money count alike; freed money does not."""
    store = await states.filled("held", "settled", "silent", "free", "next")
    for item_id in range(1, 5):
        await reserved(store, item_id, NO_CAPS)
    rendered = ev.Rendered(at=NOW, cost=500_000, render_seconds=None)
    await states.happened(store, 2, ACCEPTED, rendered)
    failed = ev.Failed(at=NOW, code=None, message="", refused=False, cost=None, render_seconds=None, retry_at=None)
    await states.happened(store, 3, ACCEPTED, failed)
    await states.happened(store, 4, ev.SubmitNotSent(at=NOW, message="no connection"))
    committed = PRICE + 500_000 + PRICE
    short = await reserved(store, 5, caps(scope, committed + PRICE - 1))
    assert short == CapReached(scope=scope, cap=committed + PRICE - 1, committed=committed)
    assert isinstance(await reserved(store, 5, caps(scope, committed + PRICE)), Record)


async def test_runs_and_days_have_purses_of_their_own(states: States) -> None:
    """Money counts under the run and the UTC day of its intent, and under no other."""
    store = await states.filled("a", "b", "c", "d")
    await reserved(store, 1, NO_CAPS, intent(run_id=1, day=DAY))
    both = Caps(run=PRICE, day=PRICE, item=None)
    assert isinstance(await reserved(store, 2, both, intent(run_id=2, day="2026-11-24")), Record)
    same_run = await reserved(store, 3, both, intent(run_id=2, day="2026-11-25"))
    assert isinstance(same_run, CapReached)
    assert same_run.scope == "run"
    same_day = await reserved(store, 3, both, intent(run_id=3, day=DAY))
    assert isinstance(same_day, CapReached)
    assert same_day.scope == "day"


async def test_an_items_cap_sums_all_its_attempts(states: States) -> None:
    """Over runs and days; a failed attempt that was charged leaves less for the next."""
    store = await states.filled("a", "b")
    await reserved(store, 1, NO_CAPS)
    again = ev.Failed(at=NOW, code="X", message="", refused=False, cost=250_000, render_seconds=None, retry_at=NOW)
    await states.happened(store, 1, ACCEPTED, again)
    other_day = intent(run_id=2, day="2026-11-24")
    short = await reserved(store, 1, caps("item", 250_000 + PRICE - 1), other_day)
    assert short == CapReached(scope="item", cap=250_000 + PRICE - 1, committed=250_000)
    assert isinstance(await reserved(store, 2, caps("item", PRICE), other_day), Record)
    assert isinstance(await reserved(store, 1, caps("item", 250_000 + PRICE), other_day), Record)


@pytest.mark.parametrize("scope", ["run", "day"])
async def test_many_at_once_never_exceed_a_cap(states: States, scope: str) -> None:
    """A hundred ask in the same moment for room that is left for seven."""
    store = await states.filled(*(f"sku{number}" for number in range(100)))
    limits = caps(scope, 7 * PRICE + PRICE // 2)
    results = await asyncio.gather(*(reserved(store, item_id, limits) for item_id in range(1, 101)))
    assert sum(isinstance(result, Record) for result in results) == 7
    assert queries.count_in(store.reader, Phase.SUBMITTING) == 7
    assert all_rows(store.reader, "SELECT reserved FROM purse WHERE scope = 'all'") == [(7 * PRICE,)]


async def test_one_item_is_never_intended_twice(states: States) -> None:
    """Of two who ask for the same item, one is told that this cannot be, and reserves nothing."""
    store = await states.filled("a")
    results = await asyncio.gather(*(reserved(store, 1, NO_CAPS) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, Record) for result in results) == 1
    assert sum(isinstance(result, IllegalEventError) for result in results) == 4
    assert all_rows(store.reader, "SELECT reserved FROM purse WHERE scope = 'run:1'") == [(PRICE,)]


async def test_a_look_beforehand_says_the_same_as_the_reservation(states: States) -> None:
    """It only spares an upload; what decides is the look in the intent's transaction."""
    store = await states.filled("a", "b")
    await reserved(store, 1, NO_CAPS)
    purpose = changes.Purpose(run_id=1, day=DAY, estimate=PRICE)
    for limits in (caps("run", PRICE), caps("day", 2 * PRICE - 1), caps("item", PRICE - 1), caps("run", 2 * PRICE)):
        looked = changes.cap_reached(store.reader, 2, purpose, limits)
        got = await reserved(store, 2, limits)
        assert looked == (got if isinstance(got, CapReached) else None)


async def test_an_items_name_is_given_once(states: States) -> None:
    """A second attempt keeps it, whatever the template would now say."""
    store = await states.filled("a")
    await store.reserve(1, intent(), NO_CAPS, ["first.mp4"])
    await states.happened(store, 1, ev.SubmitNotSent(at=NOW, message=""))
    await store.reserve(1, intent(), NO_CAPS, ["second.mp4"])
    assert queries.article(store.reader, 1).name == "first.mp4"
    await states.happened(store, 1, ACCEPTED, ev.Rendered(at=NOW, cost=1, render_seconds=None))
    await store.do(lambda connection: changes.finish(connection, 1, ev.Downloaded(at=NOW, clip=clip()), 1))
    assert queries.article(store.reader, 1).name == "first.mp4"
