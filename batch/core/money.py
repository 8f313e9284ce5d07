"""Money: dollars as `Decimal` in code, whole micro-dollars on disk, never a float."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

MICROS_PER_USD = 1_000_000
ZERO = Decimal(0)


def to_micros(usd: Decimal) -> int:
    """Give dollars as whole micro-dollars, rounded up: a reservation must never be too small."""
    scaled = usd * MICROS_PER_USD
    return int(scaled.to_integral_value(rounding="ROUND_CEILING"))


def from_micros(micros: int) -> Decimal:
    """Give micro-dollars as dollars, exactly."""
    return Decimal(micros) / MICROS_PER_USD


def format_usd(usd: Decimal) -> str:
    """Write dollars with two decimals, and with more (up to six) only where they are not zero.

    >>> format_usd(Decimal("0.4")), format_usd(Decimal("0.0565")), format_usd(Decimal("-3"))
    ('0.40', '0.0565', '-3.00')
    """
    text = f"{usd:.6f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def read_usd(value: object) -> Decimal | None:
    """Read an amount from JSON; None for everything that is not a finite, non-negative number.

    Args:
        value: What stood in the JSON. A float is read by its shortest decimal text, so `0.8` is 0.80.
            Booleans and texts are not amounts: a provider that sends them has not said what it charged.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
