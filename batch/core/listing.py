"""What the provider's catalogue asks for an order, as far as it can be told."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batch.core.prediction import Listing

_PER_SECOND = re.compile(r"(per[ _-]?)?sec(ond)?s?\b|/s\b", re.IGNORECASE)


def listed_price(listing: Listing, seconds: Decimal | None) -> Decimal | None:
    """Give the dollars that the catalogue asks for one clip of a length; None where it does not say.

    A price table's line counts where its label names that length and no other;
    an amount counts as it is, or times the seconds where its unit is a second. What is only likely is no answer: this
    is held against the plan to stop a run, and a wrong stop would cost a night.
    """
    cost = listing.cost
    if cost is None:
        return None
    if cost.rows and seconds is not None:
        matching = [usd for label, usd in cost.rows if _names(label, seconds)]
        return min(matching) if matching else None
    if cost.amount is None:
        return None
    if cost.unit and _PER_SECOND.search(cost.unit):
        return None if seconds is None else cost.amount * seconds
    return cost.amount if not cost.unit or cost.maximum is None else None


def _names(label: str, seconds: Decimal) -> bool:
    lengths = re.findall(r"(\d+(?:\.\d+)?)\s*(?:s\b|sec)", label, re.IGNORECASE)
    if not lengths and re.fullmatch(r"\s*\d+\s*", label):
        lengths = [label.strip()]
    return len(lengths) == 1 and Decimal(lengths[0]) == seconds
