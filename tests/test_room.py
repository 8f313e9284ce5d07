"""How much room clips need: the pure estimate and decision."""

from __future__ import annotations

from decimal import Decimal

from batch.core.room import BESIDE_A_CLIP, BYTES_PER_SECOND, Coming, bytes_per_second, lacking, room_needed

FOUR = Coming(seconds=Decimal(4), clips=3)
TWELVE = Coming(seconds=Decimal(12), clips=2)
UNKNOWN = Coming(seconds=None, clips=1)


def test_clips_to_come_are_added_up_with_what_lies_beside_them() -> None:
    """Each by its length; where the model decides, ten seconds."""
    assert room_needed([], per_second=100) == 0
    assert room_needed([FOUR], per_second=100) == 3 * (400 + BESIDE_A_CLIP)
    assert room_needed([UNKNOWN], per_second=100) == 1000 + BESIDE_A_CLIP


def test_only_as_many_count_as_can_be_bought_and_the_longest_first() -> None:
    """`max_items` bounds a run, and nobody knows which items it will be."""
    assert room_needed([FOUR, TWELVE], per_second=100, most=3) == 2 * 1200 + 400 + 3 * BESIDE_A_CLIP
    assert room_needed([FOUR], per_second=100, most=9) == room_needed([FOUR], per_second=100)


def test_a_jobs_own_clips_say_best_what_the_next_ones_take() -> None:
    """With a margin; before the first, what is usual."""
    assert bytes_per_second(made_bytes=0, made_seconds=0.0) == BYTES_PER_SECOND
    assert bytes_per_second(made_bytes=1000, made_seconds=10.0) == 121


def test_the_floor_stays_free_and_a_floor_of_zero_asks_nothing() -> None:
    """What is missing is said in bytes."""
    assert lacking(free=1_000, needed=600, floor=400) == 0
    assert lacking(free=999, needed=600, floor=400) == 1
    assert lacking(free=0, needed=600, floor=0) == 0
