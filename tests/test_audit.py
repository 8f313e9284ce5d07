"""The comparison itself, without a provider: windows, sums, and what each side lacks."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from batch.core.audit import LONGEST_WINDOW, Booked, compare, windows
from batch.core.phases import AttemptState
from batch.core.prediction import Execution, Status

OURS = Booked(
    item_id=1, sku="A", number=1, state=AttemptState.SUCCEEDED, intent_at=10.0, prediction_id="p1", settled=400_000
)
ROW = Execution(id="p1", model="m", status=Status.SUCCEEDED, created_at=None, cost=Decimal("0.40"))


def test_what_agrees_is_only_counted() -> None:
    """One prediction, one cost, nothing to say."""
    compared = compare([OURS], [ROW], {"p1": OURS})
    assert (compared.listed, compared.cost) == (1, 400_000)
    assert (compared.unknown, compared.unlisted, compared.costs, compared.duplicates) == ((), (), (), ())


def test_each_side_may_lack_what_the_other_has() -> None:
    """An execution without an attempt, an attempt without an execution, and an extra one that the state names."""
    other = replace(ROW, id="p9")
    twin = replace(ROW, id="p2")
    doubled = replace(OURS, duplicates=("p2",))
    compared = compare([doubled], [other, twin], {"p2": doubled})
    assert compared.unknown == (other,)
    assert compared.unlisted == (doubled,)
    assert compared.duplicates == ((twin, doubled),)
    assert compared.listed == 0


def test_only_what_has_ended_on_both_sides_is_held_against_its_cost() -> None:
    """A running one costs nothing yet; what neither side knows is no difference; what one side knows is."""
    cheaper = replace(OURS, settled=300_000)
    assert [one.state for one in compare([cheaper], [ROW], {"p1": cheaper}).costs] == [300_000]
    silent = replace(OURS, settled=None)
    assert [one.provider for one in compare([silent], [ROW], {"p1": silent}).costs] == [400_000]
    assert compare([silent], [replace(ROW, cost=None)], {"p1": silent}).costs == ()
    assert compare([silent], [replace(ROW, cost=Decimal(0))], {"p1": silent}).costs == ()
    assert compare([cheaper], [replace(ROW, status=Status.RUNNING)], {"p1": cheaper}).costs == ()


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_windows_hold_every_intent_once_and_none_is_long(moments: list[float]) -> None:
    """They follow each other, and no intent lies between them."""
    ordered = sorted(moments)
    spans = windows(ordered)
    for at in ordered:
        assert sum(first <= at <= last for first, last in spans) == 1
    assert all(last - first <= LONGEST_WINDOW for first, last in spans)
    assert spans == sorted(spans)
