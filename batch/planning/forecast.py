"""How long a plan takes, and how much of it the caps let through: plain arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from batch.core.money import ZERO, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal


def expected_seconds(items: int, *, eta: float, in_flight: int, per_minute: int) -> float:
    """Say how long items take from the first submit to the last clip, if each takes `eta`.

    Args:
        items: To be made.
        eta: Seconds for one.
        in_flight: Most that render at once.
        per_minute: Most that are submitted in a minute.
    """
    if items <= 0:
        return 0.0
    by_places = (items + in_flight - 1) // in_flight * eta
    by_rate = (items - 1) / per_minute * 60 + eta
    return max(by_places, by_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What may still be spent, in dollars; None where there is no cap.

    Attributes:
        run_left: In the run that would be begun, or gone on with.
        day_left: On this UTC day.
        per_item: Over all attempts of an item.
        max_items: Most items that one run submits.
        reserved: Held for what is on its way or unconfirmed, of all runs.
    """

    run_left: Decimal | None = None
    day_left: Decimal | None = None
    per_item: Decimal | None = None
    max_items: int | None = None
    reserved: Decimal = ZERO

    @property
    def room(self) -> Decimal | None:
        """The smaller of what is left for the run and for the day."""
        left = [amount for amount in (self.run_left, self.day_left) if amount is not None]
        return min(left) if left else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What the caps let through, in the manifest's order.

    Attributes:
        items: That fit.
        usd: What they cost at most.
        too_dear: Items that alone cost more than `per_item` allows.
        beyond: Further items, for which nothing is left.
    """

    items: int
    usd: Decimal
    too_dear: int
    beyond: int


class Fitting:
    """Fits items into caps, a batch at a time.

    Args:
        prices: Dollars of each order, at most.
        caps: What is left.
    """

    def __init__(self, prices: Sequence[Decimal], caps: Caps) -> None:
        self._prices = pl.Series([to_micros(price) for price in prices], dtype=pl.Int64)
        self._per_item = None if caps.per_item is None else to_micros(caps.per_item)
        self._room = None if caps.room is None else to_micros(max(caps.room, ZERO))
        self._places = caps.max_items
        self._items = self._spent = self._too_dear = self._beyond = 0

    def add(self, orders: pl.Series) -> None:
        """Fit further items in.

        Args:
            orders: Index of the order of each.
        """
        prices = self._prices.gather(orders.cast(pl.UInt32))
        if self._per_item is not None:
            affordable = prices.filter(prices <= self._per_item)
            self._too_dear += len(prices) - len(affordable)
            prices = affordable
        taken = len(prices)
        if self._room is not None:
            taken = int((prices.cum_sum() + self._spent <= self._room).sum()) if not self._beyond else 0
        if self._places is not None:
            taken = min(taken, self._places - self._items)
        self._items += taken
        self._spent += int(prices.head(taken).sum())
        self._beyond += len(prices) - taken

    @property
    def fit(self) -> Fit:
        """What has come of it so far."""
        return Fit(items=self._items, usd=from_micros(self._spent), too_dear=self._too_dear, beyond=self._beyond)
