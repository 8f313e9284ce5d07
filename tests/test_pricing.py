"""What a clip costs, by every kind of rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from batch.core.pricing import (
    BasePlusRule,
    ExactPrice,
    PerSecondRule,
    PriceRange,
    PriceRow,
    Span,
    TableRule,
    UnknownPrice,
    UnknownRule,
    price_of,
    upper,
)

AUDIO_TABLE = TableRule(
    kind="table",
    rows=[
        PriceRow(when={"duration": 4, "generate_audio": False}, usd=Decimal("0.80")),
        PriceRow(when={"duration": 4, "generate_audio": True}, usd=Decimal("1.60")),
    ],
)


@pytest.mark.parametrize(("audio", "usd"), [(False, "0.80"), (True, "1.60")])
def test_a_table_is_keyed_by_any_of_the_inputs(audio: bool, usd: str) -> None:
    """The row fits that names exactly the inputs' values."""
    price = price_of(AUDIO_TABLE, {"duration": 4, "generate_audio": audio}, seconds=Decimal(4))
    assert price == ExactPrice(usd=Decimal(usd))


@pytest.mark.parametrize(
    "inputs",
    [
        {"duration": 6, "generate_audio": True},
        {"duration": 4},
        {"duration": "4", "generate_audio": True},
        {"duration": 4, "generate_audio": 1},
    ],
)
def test_inputs_that_no_row_fits_have_an_unknown_price(inputs: dict[str, Any]) -> None:
    """Neither zero nor the nearest row; and 1 is not true, "4" is not 4."""
    assert isinstance(price_of(AUDIO_TABLE, inputs, seconds=Decimal(4)), UnknownPrice)


def test_a_price_per_second_may_depend_on_an_input() -> None:
    """Seconds times the row of the resolution, to the last digit."""
    rule = PerSecondRule(
        kind="per_second",
        rows=[
            PriceRow(when={"resolution": "480p"}, usd=Decimal("0.1412")),
            PriceRow(when={"resolution": "720p"}, usd=Decimal("0.3024")),
        ],
    )
    assert price_of(rule, {"resolution": "480p"}, seconds=Decimal(7)) == ExactPrice(usd=Decimal("0.9884"))


@pytest.mark.parametrize(("seconds", "usd"), [(4, "0.28"), (5, "0.28"), (10, "0.560")])
def test_a_base_covers_its_seconds_and_each_further_one_is_added(seconds: int, usd: str) -> None:
    """A clip shorter than the base costs the base."""
    rule = BasePlusRule(kind="base_plus", base_seconds=5, base_usd=Decimal("0.28"), further_second_usd=Decimal("0.056"))
    assert price_of(rule, {}, seconds=Decimal(seconds)) == ExactPrice(usd=Decimal(usd))


def test_a_range_counts_with_its_upper_end() -> None:
    """Caps have to hold in the worst case."""
    rule = PerSecondRule(kind="per_second", rows=[PriceRow(usd=Span(low=Decimal("0.05"), high=Decimal("0.20")))])
    price = price_of(rule, {}, seconds=Decimal(5))
    assert price == PriceRange(low=Decimal("0.25"), high=Decimal("1.00"))
    assert isinstance(price, PriceRange)
    assert upper(price) == 1
    assert str(price) == "$0.25 to $1.00"


def test_an_unknown_price_is_no_amount() -> None:
    """It says why instead."""
    price = price_of(UnknownRule(kind="unknown"), {}, seconds=Decimal(4))
    assert isinstance(price, UnknownPrice)
    assert price.reason


@pytest.mark.parametrize(
    "rule",
    [
        PerSecondRule(kind="per_second", rows=[PriceRow(usd=Decimal("0.045"))]),
        BasePlusRule(kind="base_plus", base_seconds=5, base_usd=Decimal(1), further_second_usd=Decimal(1)),
    ],
)
def test_a_price_by_the_second_needs_a_length(rule: PerSecondRule | BasePlusRule) -> None:
    """Where the model decides how long the clip is, nobody knows what it costs."""
    price = price_of(rule, {"duration": "auto"}, seconds=None)
    assert isinstance(price, UnknownPrice)
    assert "length" in price.reason
