"""Dollars, exactly."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.core.money import format_usd, from_micros, read_usd, to_micros


@pytest.mark.parametrize(
    ("usd", "micros"),
    [
        ("0", 0),
        ("0.40", 400_000),
        ("0.000001", 1),
        ("0.0000001", 1),
        ("0.4000001", 400_001),
        ("1234567.890123", 1_234_567_890_123),
    ],
)
def test_dollars_become_whole_micros_rounded_up(usd: str, micros: int) -> None:
    """A reservation is never too small, not by a millionth of a dollar."""
    assert to_micros(Decimal(usd)) == micros


@given(st.integers(-(10**15), 10**15))
def test_micros_survive_the_way_to_dollars_and_back(micros: int) -> None:
    """No digit is lost either way."""
    assert to_micros(from_micros(micros)) == micros


@given(st.decimals(min_value=0, max_value=10**6, allow_nan=False, places=9))
def test_rounding_up_adds_less_than_a_micro(usd: Decimal) -> None:
    """And never takes anything away."""
    assert Decimal(0) <= from_micros(to_micros(usd)) - usd < Decimal("0.000001")


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("0", "0.00"),
        ("0.4", "0.40"),
        ("0.4000000", "0.40"),
        ("0.0565", "0.0565"),
        ("1234567", "1234567.00"),
        ("0.000001", "0.000001"),
        ("-3", "-3.00"),
        ("1E+3", "1000.00"),
    ],
)
def test_amounts_are_written_with_two_decimals_or_as_many_as_they_need(usd: str, text: str) -> None:
    """Scripts read them as decimals; no exponent, no thousands separator."""
    assert format_usd(Decimal(usd)) == text


@given(st.integers(0, 10**15))
def test_a_written_amount_is_the_amount(micros: int) -> None:
    """Six decimals are enough for every micro-dollar."""
    assert Decimal(format_usd(from_micros(micros))) == from_micros(micros)


@pytest.mark.parametrize(
    ("value", "usd"), [(0, "0"), (2, "2"), (0.8, "0.8"), (0.1, "0.1"), (Decimal("0.4000"), "0.4"), (-0.0, "0")]
)
def test_json_numbers_are_read_by_their_shortest_text(value: object, usd: str) -> None:
    """The float 0.8 is eighty cents, and not a hair less."""
    assert read_usd(value) == Decimal(usd)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        "0.40",
        "",
        [],
        {},
        -1,
        -0.01,
        math.nan,
        math.inf,
        -math.inf,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
    ],
)
def test_anything_else_is_no_amount(value: Any) -> None:
    """The provider has then not said what it charged."""
    assert read_usd(value) is None
