"""Which clip is handed over, after what persons decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batch.export.choosing import choose
from tests.export.making import item

if TYPE_CHECKING:
    from batch.core.summary import ItemView

_OLD = item(take=0, hour=1, decided="approve", after="x")


@pytest.mark.parametrize(
    ("views", "anyway", "approved"),
    [
        ([item()], 0, "undecided"),
        ([item(decided="open")], 0, "undecided"),
        ([item(decided="approve")], 0, 0),
        ([item(decided="reject")], "rejected", "rejected"),
        ([item(decided="redo", after="x"), item(take=1, clip=None)], "redo", "redo"),
        ([item(after="x"), item(take=1, clip=None)], "redo", "redo"),
        ([item(clip=None)], "no clip", "no clip"),
        ([item(gone=True, decided="approve")], "gone", "gone"),
        # An approved take stays until a newer one is approved.
        ([_OLD, item(take=1, hour=2)], 0, 0),
        ([_OLD, item(take=1, hour=2, decided="reject")], 0, 0),
        ([_OLD, item(take=1, hour=2, decided="approve")], 1, 1),
        ([_OLD, item(take=1, clip=None)], 0, 0),
        ([item(decided="redo", after="x"), item(take=1, hour=2)], 1, "undecided"),
        ([item(line=0, hour=1, duration="4", decided="approve"), item(hour=2)], 0, 0),  # a trial, and the full clip
        # Of clips that nobody decided about, what the plan asks for now is the newest, whenever it was made.
        ([item(line=0, hour=5, prompt="Other words."), item(hour=1)], 1, "undecided"),
        ([item(line=0, hour=1, prompt="Other words."), item(line=0, hour=5)], 1, "undecided"),
    ],
)
def test_one_clip_of_a_product(views: list[ItemView], anyway: int | str, approved: int | str) -> None:
    """The number says which item's clip it is; a word, why there is none."""
    for approved_only, expected in ((False, anyway), (True, approved)):
        choice = choose(views, approved_only=approved_only)
        if isinstance(expected, int):
            assert choice.chosen == (views[expected],)
            newer = approved == 0 and any(one.clip and not one.decision for one in views[1:])
            assert [one.why.value for one in choice.left_out] == ["newer"] * newer
        else:
            assert choice.chosen == ()
            assert [one.why.value for one in choice.left_out] == [expected]


def test_order() -> None:
    """Products as in the manifest, their clips by variant and from wide to tall, whenever they were made."""
    views = [
        item("B", aspect="9:16"),
        item("A", variant=2),
        item("A", aspect="9:16"),
        item("A", aspect="1:1"),
        item("A"),
        item("B"),
    ]
    chosen = choose(views, approved_only=False).chosen
    assert [(view.sku, view.variant, view.aspect) for view in chosen] == [
        ("B", 1, "16:9"), ("B", 1, "9:16"),
        ("A", 1, "16:9"), ("A", 1, "1:1"), ("A", 1, "9:16"), ("A", 2, "16:9"),
    ]  # fmt: skip
