"""A month's predictions, to be held against the invoice."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

from batch.core.summary import PredictionView
from batch.report import MonthTotals, write_month_csv, write_month_json

PREDICTIONS = (
    PredictionView(id="p1", sku="00152", day="2026-11-03", estimate=Decimal("0.80"), settled=Decimal("0.0565")),
    PredictionView(id="p2", sku="=cmd", day="2026-11-04", estimate=Decimal("0.40"), settled=None),
)
TOTALS = MonthTotals(
    predictions=2,
    estimated=Decimal("1.20"),
    settled=Decimal("0.0565"),
    unsettled=1,
    unsettled_estimate=Decimal("0.40"),
)


def test_csv_has_a_line_for_each_prediction() -> None:
    """One line each, nothing else, so that a sum over the column is the sum; formulas are harmless."""
    stream = io.StringIO()
    assert write_month_csv(stream, iter(PREDICTIONS)) == TOTALS
    assert list(csv.reader(io.StringIO(stream.getvalue()))) == [
        ["id", "sku", "day", "estimate_usd", "settled_usd"],
        ["p1", "00152", "2026-11-03", "0.80", "0.0565"],
        ["p2", "'=cmd", "2026-11-04", "0.40", ""],
    ]


def test_json_has_the_documented_keys() -> None:
    """Unknown is null, never zero, and the totals stand beside the lines."""
    stream = io.StringIO()
    assert write_month_json(stream, "2026-11", iter(PREDICTIONS)) == TOTALS
    told = json.loads(stream.getvalue())
    assert told["month"] == "2026-11"
    assert told["predictions"][1] == {
        "id": "p2",
        "sku": "=cmd",
        "day": "2026-11-04",
        "estimate_usd": "0.40",
        "settled_usd": None,
    }
    assert told["totals"] == {
        "predictions": 2,
        "estimated_usd": "1.20",
        "settled_usd": "0.0565",
        "unsettled": 1,
        "unsettled_estimate_usd": "0.40",
    }


def test_a_month_without_predictions() -> None:
    """An empty month is a table with a header and an object with an empty list."""
    table, document = io.StringIO(), io.StringIO()
    assert write_month_csv(table, ()) == write_month_json(document, "2026-10", ()) == MonthTotals()
    assert table.getvalue().count("\n") == 1
    assert json.loads(document.getvalue())["predictions"] == []
