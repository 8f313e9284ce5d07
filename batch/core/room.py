"""How much room clips need on a disk: an estimate, made before they are bought."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BYTES_PER_SECOND = 1_000_000
"""Of a clip, where this job has made none yet: 8 Mbit/s, what such models deliver at 720p, and some more."""

BESIDE_A_CLIP = 1_000_000
"""Bytes for what is kept with each clip: its frame, the note beside it, its rows in the state and the report."""

_UNKNOWN_SECONDS = Decimal(10)
_MARGIN = Decimal("1.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """Clips of one length that are still to be fetched; `seconds` is None where the model decides."""

    seconds: Decimal | None
    clips: int


def bytes_per_second(*, made_bytes: int, made_seconds: float) -> int:
    """Give what a second of a clip takes: as this job's own clips did, with a margin, or what is usual."""
    if made_bytes <= 0 or made_seconds <= 0:
        return BYTES_PER_SECOND
    return int(_MARGIN * made_bytes / Decimal(made_seconds)) + 1


def room_needed(coming: Iterable[Coming], *, per_second: int, most: int | None = None) -> int:
    """Give the bytes that clips will take.

    Args:
        per_second: From `bytes_per_second`.
        most: How many clips can be bought at most; the largest are counted.
    """
    left = most
    needed = 0
    for one in sorted(coming, key=_seconds, reverse=True):
        clips = one.clips if left is None else min(one.clips, left)
        left = None if left is None else left - clips
        needed += clips * (int(_seconds(one) * per_second) + BESIDE_A_CLIP)
    return needed


def _seconds(one: Coming) -> Decimal:
    return _UNKNOWN_SECONDS if one.seconds is None else one.seconds


def lacking(*, free: int, needed: int, floor: int) -> int:
    """Give the bytes that are missing for what is to come; 0 where there is room, or where the floor is 0: no check."""
    return max(0, needed + floor - free) if floor else 0
