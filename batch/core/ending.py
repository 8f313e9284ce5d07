"""Why a run ends, and which exit code says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from batch.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from batch.core.summary import ItemCounts


class Cause(Enum):
    """Why submitting, or everything, stopped before all was done. The value is the exit code's place in the order."""

    SIGINT = 0
    SIGTERM = 1
    KEY_REFUSED = 2  # 401, 403, or the key of another account
    MODEL_GONE = 3  # the provider no longer has the model, asks more than the profile says, or does not tell
    UNREACHABLE = 4  # the provider cannot be reached
    DEFECT = 5  # the provider calls our request malformed
    BREAKER = 6  # too many failures; or the canary failed
    STORAGE = 7  # the disk is full or failing
    NO_ROOM = 8  # the disk has too little room for what would be bought; what was bought is still fetched
    OVERLOADED = 9  # the provider would not take anything for too long
    UNACCOUNTED = 10  # a rebuilt state does not know which items some predictions belong to
    MONEY_CAP = 11  # a cap of the job's budget
    BALANCE = 12  # the account's balance
    TIME_CAP = 13  # `max_runtime`
    ITEM_CAP = 14  # `max_items`


HALTS = frozenset({Cause.SIGTERM, Cause.SIGINT, Cause.KEY_REFUSED, Cause.UNREACHABLE, Cause.STORAGE, Cause.TIME_CAP})
"""Causes that end polling and downloading too; all others only end submitting."""

EXITS = {
    Cause.SIGTERM: Exit.SIGTERM,
    Cause.SIGINT: Exit.SIGINT,
    Cause.KEY_REFUSED: Exit.KEY_REFUSED,
    Cause.MODEL_GONE: Exit.UNAVAILABLE,
    Cause.UNREACHABLE: Exit.UNAVAILABLE,
    Cause.DEFECT: Exit.UNAVAILABLE,
    Cause.BREAKER: Exit.UNAVAILABLE,
    Cause.STORAGE: Exit.STORAGE,
    Cause.NO_ROOM: Exit.STORAGE,
    Cause.OVERLOADED: Exit.TRY_LATER,
    Cause.UNACCOUNTED: Exit.NEEDS_PERSON,
    Cause.MONEY_CAP: Exit.MONEY_CAP,
    Cause.BALANCE: Exit.MONEY_CAP,
    Cause.TIME_CAP: Exit.TIME_CAP,
    Cause.ITEM_CAP: Exit.TIME_CAP,
}
"""What each cause tells the shell."""

_ORDER = (
    Exit.SIGINT,
    Exit.SIGTERM,
    Exit.KEY_REFUSED,
    Exit.UNAVAILABLE,
    Exit.STORAGE,
    Exit.TRY_LATER,
    Exit.NEEDS_PERSON,
    Exit.MONEY_CAP,
    Exit.TIME_CAP,
    Exit.SOME_FAILED,
    Exit.DONE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A reason to stop, for the log, the report and the exit code.

    Attributes:
        message: What happened, in one sentence.
        hint: What to do about it.
    """

    cause: Cause
    message: str
    hint: str = ""


def exit_code(stops: Iterable[Stop], counts: ItemCounts, *, with_person: int) -> Exit:
    """Give the first exit code, in the documented order, that applies.

    Args:
        with_person: Items that need a person: unconfirmed at the end, missing, not collected, overdue, duplicates.
    """
    found = {EXITS[stop.cause] for stop in stops}
    if with_person:
        found.add(Exit.NEEDS_PERSON)
    if counts.failed or counts.refused or counts.rejected:
        found.add(Exit.SOME_FAILED)
    found.add(Exit.DONE)
    return next(code for code in _ORDER if code in found)
