"""What a plan comes to, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from batch.core.money import ZERO
from batch.core.pricing import ExactPrice, upper

if TYPE_CHECKING:
    from decimal import Decimal

    import polars as pl

    from batch.core.order import Order


SAMPLES = 3
"""How many prompts a person is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSample:
    """An item's words, as they will be sent."""

    sku: str
    prompt: str
    negative_prompt: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Items that another SKU's item equals in picture, prompt and settings: they would be paid for all the same.

    Attributes:
        items: How many could be spared.
        usd: What they cost, ranges by their upper end.
        examples: A few groups of SKUs.
    """

    items: int = 0
    usd: Decimal = ZERO
    examples: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTotals:
    """What a whole plan comes to, whatever was done of it before.

    Attributes:
        rows: Of the manifest, empty lines not counted.
        repeated: Rows that repeat another of their SKU; they count once, and are in no other number.
        rejected: Rows that cannot become items.
        checked: Items whose picture is known, for each order.
        unchecked: Items whose picture was not fetched yet, for each order; some may turn out to be rejected.
        orders: What `checked` and `unchecked` count by.
        twins: Of the checked items.
        samples: The first three prompts.
        small_pictures: Pictures that will be enlarged: how many.
        small_example: One of them.
        case_twins: A few groups of SKUs that differ only in upper and lower case.
        braced: Items in whose prompt something stands in braces, as in a placeholder that nobody fills in.
        braced_example: The SKU of one of them.
    """

    rows: int
    repeated: int
    rejected: int
    checked: tuple[int, ...]
    unchecked: tuple[int, ...]
    orders: tuple[Order, ...]
    twins: Twins = field(default_factory=Twins)
    samples: tuple[PromptSample, ...] = ()
    small_pictures: int = 0
    small_example: str = ""
    case_twins: tuple[tuple[str, ...], ...] = ()
    braced: int = 0
    braced_example: str = ""

    @property
    def items(self) -> int:
        """Items in all, with those whose picture is unchecked."""
        return sum(self.checked) + sum(self.unchecked)

    @property
    def by_order(self) -> tuple[tuple[Order, int], ...]:
        """Each order with how many items it has, the unchecked among them."""
        counts = zip(self.orders, self.checked, self.unchecked, strict=True)
        return tuple((order, checked + unchecked) for order, checked, unchecked in counts)

    @property
    def low(self) -> Decimal:
        """Dollars that the checked items cost at least."""
        return sum((low_of(order) * count for order, count in zip(self.orders, self.checked, strict=True)), ZERO)

    @property
    def high(self) -> Decimal:
        """Dollars that all items, with the unchecked, cost at most."""
        counts = zip(self.orders, self.checked, self.unchecked, strict=True)
        return sum((high_of(order) * (checked + unchecked) for order, checked, unchecked in counts), ZERO)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the orders have to say that items were made of, each sentence once."""
        used = zip(self.orders, self.checked, self.unchecked, strict=True)
        return tuple(dict.fromkeys(text for order, *counts in used if any(counts) for text in order.warnings))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOutcome:
    """What a complete pass over a plan gives beside the items: totals, and the rejected rows."""

    totals: PlanTotals
    rejected: pl.DataFrame


def low_of(order: Order) -> Decimal:
    """Give the dollars that an attempt costs at least."""
    price = order.price
    return price.usd if isinstance(price, ExactPrice) else price.low


def high_of(order: Order) -> Decimal:
    """Give the dollars that an attempt costs at most: what counts against caps."""
    return upper(order.price)


def first_samples(items: pl.DataFrame) -> list[PromptSample]:
    """Give the first prompts of items, each once for a SKU, at most `SAMPLES`."""
    words = items.select("sku", "prompt", "negative_prompt").unique(maintain_order=True).head(SAMPLES)
    return [
        PromptSample(sku=sku, prompt=prompt, negative_prompt=negative) for sku, prompt, negative in words.iter_rows()
    ]
