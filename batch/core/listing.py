"""What the provider's catalogue asks for an order, as far as it can be told."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batch.core.prediction import Listing

_PER_SECOND = re.compile(r"(usd)?\W*(per[ _-]?)?(s|sec|second)s?", re.IGNORECASE)
_PER_CLIP = re.compile(
    r"(usd)?\W*(per[ _-]?)?(video|clip|generation|request|run|prediction|execution|output|item|call)s?", re.IGNORECASE
)


def listed_price(listing: Listing, seconds: Decimal | None) -> Decimal | None:
    """Give the dollars that the catalogue asks for one clip of a length; None where it does not say.

    A price table's line counts where its label names that length and no other;
    an amount counts as it is where its unit is a clip or nothing, and times the seconds where it is a second. What is
    only likely is no answer (another unit, the lower end of a range): this is held against the plan to stop a run, and
    a wrong stop would cost a night.
    """
    cost = listing.cost
    if cost is None:
        return None
    if cost.rows and seconds is not None:
        matching = [usd for label, usd in cost.rows if _names(label, seconds)]
        return min(matching) if matching else None
    if cost.amount is None or (cost.maximum is not None and cost.maximum != cost.amount):
        return None
    unit = (cost.unit or "").strip()
    if _PER_SECOND.fullmatch(unit):
        return None if seconds is None else cost.amount * seconds
    return cost.amount if not unit or _PER_CLIP.fullmatch(unit) else None


def _names(label: str, seconds: Decimal) -> bool:
    lengths = re.findall(r"(\d+(?:\.\d+)?)[\s-]*(?:s\b|sec)", label, re.IGNORECASE)
    lengths += re.findall(r"duration\W{1,3}(\d+(?:\.\d+)?)", label, re.IGNORECASE)
    if not lengths and re.fullmatch(r"\s*\d+\s*", label):
        lengths = [label.strip()]
    return {Decimal(length) for length in lengths} == {seconds}
