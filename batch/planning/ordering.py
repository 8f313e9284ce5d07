"""Orders for a manifest: made once for each duration and aspect that its rows ask for, not once for each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from batch.core.order import aspects_of, place_order
from batch.errors import RowProblem
from batch.planning.overview import ASPECT, DURATION

if TYPE_CHECKING:
    from batch.core.job import Job
    from batch.core.order import Order
    from batch.core.profile import ModelProfile

ORDERS = "orders"
ORDER_PROBLEM = "order_problem"
ORDER_COLUMN = "order_column"
ORDER_VALUE = "order_value"

_SCHEMA: dict[str, Any] = {
    DURATION: pl.String,
    ASPECT: pl.String,
    ORDERS: pl.List(pl.Int32),
    ORDER_COLUMN: pl.String,
    ORDER_VALUE: pl.String,
    ORDER_PROBLEM: pl.String,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBook:
    """All orders of a plan.

    Attributes:
        orders: Each once.
        table: For each pair of `duration` and `aspect` as rows have them: `orders` (indexes, an item each), or
            `order_problem` with `order_column` (our name) and `order_value`.
    """

    orders: tuple[Order, ...]
    table: pl.DataFrame


def take_orders(profile: ModelProfile, job: Job, wishes: pl.DataFrame) -> OrderBook:
    """Place the orders that rows ask for.

    Raises:
        JobProblem: If the model cannot be bought, or does not offer what the job asks for.
    """
    known: list[Order] = []
    rows: list[tuple[Any, ...]] = []
    forced = job.trial is not None and job.trial.duration is not None

    def own(duration: str | None) -> str | None:
        return None if forced else duration

    for duration, aspect in wishes.select(DURATION, ASPECT).iter_rows():
        try:
            places = [_place(known, order) for order in _orders(profile, job, own(duration), aspect)]
            rows.append((duration, aspect, list(dict.fromkeys(places)), None, None, None))
        except RowProblem as problem:
            rows.append((duration, aspect, None, problem.column, problem.value, problem.reason))
    return OrderBook(orders=tuple(known), table=pl.DataFrame(rows, schema=_SCHEMA, orient="row"))


def _orders(profile: ModelProfile, job: Job, duration: str | None, aspect: str | None) -> list[Order]:
    if aspect is None:
        return [place_order(profile, job, duration=duration, aspect=one) for one in aspects_of(profile, job)]
    asked = [text.strip() for text in aspect.replace("|", ",").split(",") if text.strip()]
    if not asked:
        raise RowProblem("expected an aspect ratio such as 16:9", column="aspect_ratio", value=aspect)
    return [place_order(profile, job, duration=duration, aspect=one) for one in asked]


def _place(known: list[Order], order: Order) -> int:
    if order not in known:
        known.append(order)
    return known.index(order)
