"""What a person decided about a clip, as the page, `decisions.csv` and the state hold it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

COLUMNS: Final = ("key", "sku", "decision", "prompt", "note", "by", "at")
"""Of `decisions.csv`, in order. `key` names the item in hex, `sku` is for the reader, `at` is ISO 8601 with a zone."""


class Judgement(StrEnum):
    """What is to become of a clip, in the words of `decisions.csv`."""

    APPROVE = "approve"  # it may be handed over
    REJECT = "reject"  # it is not handed over, and nothing is made in its place
    REDO = "redo"  # a new take is made in its place
    OPEN = "open"  # an earlier decision is taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's word on one clip; the newest holds.

    Attributes:
        by: Who decided.
        at: Unix seconds.
        note: Why, in that person's own words; may be empty.
        prompt: What a new take is asked for with; None: the same words once more, or no new take.
    """

    judgement: Judgement
    by: str
    at: float
    note: str = ""
    prompt: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Give the documented keys."""
        return {
            "decision": self.judgement.value,
            "by": self.by,
            "at": moment_text(self.at),
            "note": self.note,
            "prompt": self.prompt,
        }


def moment_text(at: float) -> str:
    """Write a moment as `decisions.csv` and the notes beside clips do: ISO 8601 in UTC.

    >>> moment_text(1764300000.25)
    '2025-11-28T03:20:00.250000Z'
    """
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def read_moment(text: str) -> float:
    """Read a moment; gives Unix seconds.

    Raises:
        ValueError: If it is none, or has no zone: nobody could say which of two came later.

    >>> read_moment("2025-11-28T04:20:00.250+01:00")
    1764300000.25
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.timestamp()
