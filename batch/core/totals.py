"""The two sets of numbers that every summary begins with; light, since `status` shows nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.money import ZERO, format_usd

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCounts:
    """How many items stand where; every item is counted once.

    Attributes:
        done: Clips made and verified by this run.
        failed: Ended without a clip, and not because of their content.
        refused: The provider would not make them.
        unconfirmed: May have been paid for; the provider has to be asked, or a person.
        pending: Not begun, or on their way.
        rejected: Rows that could not become an item.
        skipped: Done by an earlier run.
    """

    done: int = 0
    failed: int = 0
    refused: int = 0
    unconfirmed: int = 0
    pending: int = 0
    rejected: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """The sum of all others."""
        return self.done + self.failed + self.refused + self.unconfirmed + self.pending + self.rejected + self.skipped

    def as_json(self) -> dict[str, int]:
        """Give the documented keys."""
        return {
            "total": self.total,
            "done": self.done,
            "failed": self.failed,
            "refused": self.refused,
            "unconfirmed": self.unconfirmed,
            "pending": self.pending,
            "rejected": self.rejected,
            "skipped": self.skipped,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Four numbers in dollars that are never added up into one.

    Attributes:
        estimated: What everything that was submitted should cost.
        settled: What the provider said it charged.
        reserved: Held for what is on its way or unconfirmed.
        possibly_charged: Estimates of what ended without the provider saying what it cost.
    """

    estimated: Decimal = ZERO
    settled: Decimal = ZERO
    reserved: Decimal = ZERO
    possibly_charged: Decimal = ZERO

    def as_json(self) -> dict[str, str]:
        """Give the documented keys; amounts are texts with decimals."""
        return {
            "estimated_usd": format_usd(self.estimated),
            "settled_usd": format_usd(self.settled),
            "reserved_usd": format_usd(self.reserved),
            "possibly_charged_usd": format_usd(self.possibly_charged),
        }
