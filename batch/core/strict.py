"""The base of everything that is read from YAML: frozen, no unknown keys, no silent conversions."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 366 * 86_400
_MOST_USD = 1_000_000  # far over any catalogue's price, far under what micro-dollars can count
_BYTES = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}


class Strict(BaseModel):
    """A frozen value whose unknown keys and wrong types are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def read_seconds(value: Any) -> Any:
    """Turn `5`, `5s`, `15m`, `3h`, `1d` into seconds.

    Raises:
        ValueError: If it is text of another form, negative, or longer than a year.
    """
    if isinstance(value, bool):
        raise ValueError("expected a duration such as 90, 90s, 15m or 3h")
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", value.strip())
        if match is None:
            raise ValueError("expected a duration such as 90, 90s, 15m or 3h")
        value = Decimal(match[1]) * _UNITS[match[2]]
    if isinstance(value, int | float | Decimal):
        if value < 0:
            raise ValueError("a duration cannot be negative")
        if value > _LONGEST:
            raise ValueError("expected a duration of at most 366d")
        return float(value)
    return value


def read_bytes(value: Any) -> Any:
    """Turn `50MB`, `500 kB` or a plain number into bytes (decimal units).

    Raises:
        ValueError: If it is text of another form.
    """
    if isinstance(value, str):
        match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)\s*([kmg]?b)", value.strip().lower())
        if match is None:
            raise ValueError("expected a size such as 50MB, 500kB or a number of bytes")
        return int(Decimal(match[1]) * _BYTES[match[2]])
    return value


def read_money(value: Any) -> Any:
    """Turn a YAML number, or the same as text, into dollars; refuse floats, which have lost digits already.

    Raises:
        ValueError: If it is no finite amount from zero to a million.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError("expected an amount in dollars such as 0.80")
    try:
        amount = Decimal(value)
    except ArithmeticError:
        raise ValueError("expected an amount in dollars such as 0.80") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("expected an amount in dollars of zero or more")
    if amount > _MOST_USD:
        raise ValueError(f"expected an amount in dollars of at most {_MOST_USD:,}")
    return amount


def read_number(value: Any) -> Any:
    """Turn the reader's Decimal into the float that a ratio is."""
    return float(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else value


def read_texts(value: Any) -> Any:
    """Put a list whose parts may be lists into one list."""
    if not isinstance(value, list):
        return value
    return [word for part in value for word in (part if isinstance(part, list) else [part])]


Texts = Annotated[tuple[str, ...], BeforeValidator(read_texts), Field(strict=False)]
"""Texts; in YAML a list, or a list of lists, which keeps many short words readable."""

Seconds = Annotated[
    float,
    BeforeValidator(read_seconds),
    WithJsonSchema(
        {
            "description": "seconds, or a number with s, m, h or d",
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$"},
            ],
        }
    ),
]
"""Seconds as a float; in YAML also `5s`, `15m`, `3h`."""

ByteSize = Annotated[
    int,
    BeforeValidator(read_bytes),
    WithJsonSchema(
        {
            "description": "bytes, or a number with kB, MB or GB",
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^\d+(\.\d+)?\s*[kKmMgG]?[bB]$"},
            ],
        }
    ),
]
"""Bytes as an int; in YAML also `50MB`."""

Usd = Annotated[
    Decimal,
    BeforeValidator(read_money),
    WithJsonSchema({"description": "US dollars", "type": ["number", "string"], "minimum": 0}),
]
"""Dollars; in YAML a number or the same as text, kept exactly as written."""

Ratio = Annotated[float, BeforeValidator(read_number), WithJsonSchema({"type": "number"})]
"""A plain number that is not money."""
