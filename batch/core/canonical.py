"""One text for equal inputs, whatever order and form they were written in: what item keys are hashed from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def canonical(value: Any) -> str:
    """Write JSON with sorted keys, no spaces, ASCII only, and numbers in their shortest plain form.

    Args:
        value: Mappings with text keys, lists, tuples, texts, whole numbers, Decimals, booleans and None.

    Raises:
        TypeError: If it holds a float, which has no exact text, or anything that JSON does not know.

    >>> canonical({"b": Decimal("0.50"), "a": [True, 8]})
    '{"a":[true,8],"b":0.5}'
    """
    if value is None or isinstance(value, bool | int | str):
        return json.dumps(value)
    if isinstance(value, Decimal) and value.is_finite():
        return _plain(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    raise TypeError(f"no canonical form for {value!r}")


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text
