"""One line for each prediction of a month, to be held against the provider's invoice.

The CSV has the columns `id, sku, day, estimate_usd, settled_usd`; `settled_usd` is empty where the provider did not say
what it charged. It holds predictions and nothing else, so that a sum over a column is the sum; the totals are returned.

The JSON is one object:

    {"month": "2026-11",
     "predictions": [{"id", "sku", "day", "estimate_usd", "settled_usd"}],      amounts are texts; settled may be null
     "totals": {"predictions", "estimated_usd", "settled_usd", "unsettled", "unsettled_estimate_usd"}}
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from batch.core.money import ZERO, format_usd
from batch.report.cells import encodable, safe_cell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from batch.core.summary import PredictionView


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthTotals:
    """What a month's predictions sum up to.

    Attributes:
        predictions: How many there were.
        estimated: Dollars they should have cost.
        settled: Dollars the provider said it charged.
        unsettled: Of how many the provider did not say what they cost.
        unsettled_estimate: Dollars those should have cost.
    """

    predictions: int = 0
    estimated: Decimal = ZERO
    settled: Decimal = ZERO
    unsettled: int = 0
    unsettled_estimate: Decimal = ZERO

    def plus(self, view: PredictionView) -> MonthTotals:
        """Count one more prediction."""
        open_ = view.settled is None
        return MonthTotals(
            predictions=self.predictions + 1,
            estimated=self.estimated + view.estimate,
            settled=self.settled + (view.settled or ZERO),
            unsettled=self.unsettled + open_,
            unsettled_estimate=self.unsettled_estimate + (view.estimate if open_ else ZERO),
        )

    def as_json(self) -> dict[str, str | int]:
        """Give the documented keys; amounts are texts with decimals."""
        return {
            "predictions": self.predictions,
            "estimated_usd": format_usd(self.estimated),
            "settled_usd": format_usd(self.settled),
            "unsettled": self.unsettled,
            "unsettled_estimate_usd": format_usd(self.unsettled_estimate),
        }


def write_month_csv(stream: TextIO, predictions: Iterable[PredictionView]) -> MonthTotals:
    """Write a month as CSV, line by line, and give its totals."""
    totals = MonthTotals()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("id", "sku", "day", "estimate_usd", "settled_usd"))
    for view in predictions:
        settled = "" if view.settled is None else format_usd(view.settled)
        texts = (safe_cell(encodable(text)) for text in (view.id, view.sku, view.day))
        writer.writerow((*texts, format_usd(view.estimate), settled))
        totals = totals.plus(view)
    return totals


def write_month_json(stream: TextIO, month: str, predictions: Iterable[PredictionView]) -> MonthTotals:
    """Write a month (`2026-11`) as one JSON object, line by line, and give its totals."""
    totals = MonthTotals()
    stream.write(f'{{"month": {json.dumps(month)},\n"predictions": [')
    for view in predictions:
        stream.write(",\n" if totals.predictions else "\n")
        stream.write(json.dumps(_line(view)))
        totals = totals.plus(view)
    stream.write(f'],\n"totals": {json.dumps(totals.as_json())}}}\n')
    return totals


def _line(view: PredictionView) -> dict[str, str | None]:
    return {
        "id": view.id,
        "sku": view.sku,
        "day": view.day,
        "estimate_usd": format_usd(view.estimate),
        "settled_usd": None if view.settled is None else format_usd(view.settled),
    }
