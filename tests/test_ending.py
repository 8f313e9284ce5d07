"""Why a run ends, and which exit code the shell sees: the documented order, over every pair of reasons."""

from __future__ import annotations

import itertools

import pytest

from batch.core.ending import EXITS, HALTS, Cause, Stop, exit_code
from batch.core.summary import ItemCounts
from batch.errors import Exit

CODES = {
    Cause.SIGINT: 130,
    Cause.SIGTERM: 143,
    Cause.KEY_REFUSED: 77,
    Cause.MODEL_GONE: 69,
    Cause.UNREACHABLE: 69,
    Cause.DEFECT: 69,
    Cause.BREAKER: 69,
    Cause.STORAGE: 74,
    Cause.NO_ROOM: 74,
    Cause.OVERLOADED: 75,
    Cause.UNACCOUNTED: 4,
    Cause.MONEY_CAP: 8,
    Cause.BALANCE: 8,
    Cause.TIME_CAP: 10,
    Cause.ITEM_CAP: 10,
}
PRECEDENCE = [130, 143, 77, 69, 74, 75, 4, 8, 10, 1, 0]
UNDISTURBED = ItemCounts(done=3, skipped=2, pending=1)
SPOILED = [ItemCounts(done=3, failed=1), ItemCounts(done=3, refused=1), ItemCounts(done=3, rejected=1)]


def code(*causes: Cause, counts: ItemCounts = UNDISTURBED, with_person: int = 0) -> int:
    """Give the exit code of a run that stopped for these causes."""
    stops = [Stop(cause=cause, message=cause.name) for cause in causes]
    return int(exit_code(stops, counts, with_person=with_person))


def first_of(*codes: int) -> int:
    """Give the code that comes first in the documented order."""
    return min(codes, key=PRECEDENCE.index)


def test_every_cause_has_its_code() -> None:
    """What the table of exit codes promises."""
    assert {cause: int(exit_) for cause, exit_ in EXITS.items()} == CODES
    assert set(CODES) == set(Cause)


@pytest.mark.parametrize("cause", Cause)
def test_a_single_cause_gives_its_code(cause: Cause) -> None:
    """Also where items failed beside it, and also where a person is needed if the cause weighs more."""
    assert code(cause) == CODES[cause]
    for counts in SPOILED:
        assert code(cause, counts=counts) == first_of(CODES[cause], 1)
    assert code(cause, with_person=1) == first_of(CODES[cause], 4)
    assert code(cause, counts=SPOILED[0], with_person=2) == first_of(CODES[cause], 4)


@pytest.mark.parametrize(("one", "other"), list(itertools.product(Cause, repeat=2)))
def test_of_two_causes_the_first_in_the_order_counts(one: Cause, other: Cause) -> None:
    """Whichever was noticed first."""
    assert code(one, other) == code(other, one) == first_of(CODES[one], CODES[other])


def test_the_causes_stand_in_the_order_of_their_codes() -> None:
    """A cause's value is its place, as its docstring says."""
    by_place = sorted(Cause, key=lambda cause: cause.value)
    assert [CODES[cause] for cause in by_place] == sorted(CODES.values(), key=PRECEDENCE.index)


@pytest.mark.parametrize("counts", SPOILED)
def test_items_that_ended_badly_show(counts: ItemCounts) -> None:
    """Failed, refused and rejected ones; a person comes before them."""
    assert code(counts=counts) == Exit.SOME_FAILED
    assert code(counts=counts, with_person=1) == Exit.NEEDS_PERSON


def test_all_done_or_on_its_way_is_zero() -> None:
    """Pending items without a reason to stop are what `submit` leaves behind."""
    assert code() == code(counts=ItemCounts()) == code(counts=ItemCounts(pending=9)) == Exit.DONE


def test_only_submitting_ends_where_money_or_the_model_is_the_reason() -> None:
    """What was paid for is still fetched, unless nothing can be."""
    assert {Cause.MONEY_CAP, Cause.BALANCE, Cause.BREAKER, Cause.MODEL_GONE, Cause.ITEM_CAP}.isdisjoint(HALTS)
    assert {Cause.SIGINT, Cause.SIGTERM, Cause.KEY_REFUSED, Cause.STORAGE, Cause.TIME_CAP} <= HALTS
