"""A model's input schema: what the catalogue publishes of it, and the check of an order against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batch.simulator.models import BasePlus, PerSecond, Table, Undisclosed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from batch.simulator.models import Field, Model


def problems(model: Model, inputs: Mapping[str, Any]) -> list[str]:
    """Name everything in `inputs` that the schema of `model` does not allow; empty when all is well."""
    known = {field.name: field for field in model.fields}
    found = [f"unknown field '{name}'" for name in inputs if name not in known]
    for field in model.fields:
        if field.name not in inputs:
            if field.required:
                found.append(f"field '{field.name}' is required")
        elif (problem := _problem(field, inputs[field.name])) is not None:
            found.append(f"field '{field.name}' {problem}")
    image = inputs.get(model.image_field)
    if isinstance(image, str) and not image.startswith(("http://", "https://")):
        found.append(f"field '{model.image_field}' is an Invalid URL")
    return found


def _problem(field: Field, value: Any) -> str | None:
    if not any(_is_kind(value, kind) for kind in field.kinds):
        return f"must be of type {' or '.join(field.kinds)}"
    if field.choices and value not in field.choices:
        return f"must be one of {', '.join(map(str, field.choices))}"
    if isinstance(value, str):
        if field.required and not value.strip():
            return "must not be empty"
        if field.longest is not None and len(value) > field.longest:
            return f"must have at most {field.longest} characters"
        return None
    if field.minimum is not None and value < field.minimum:
        return f"must be at least {field.minimum}"
    if field.maximum is not None and value > field.maximum:
        return f"must be at most {field.maximum}"
    return None


def _is_kind(value: Any, kind: str) -> bool:
    if kind == "auto":
        return bool(value == "auto")
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind == "integer":
        return isinstance(value, int)
    return isinstance(value, (int, float) if kind == "number" else str)


def request_schema(model: Model) -> dict[str, Any]:
    """Give the JSON Schema of the model's input as the catalogue's detail page publishes it."""
    return {
        "type": "object",
        "required": [field.name for field in model.fields if field.required],
        "properties": {field.name: _property(field) for field in model.fields},
        "additionalProperties": False,
    }


def _property(field: Field) -> dict[str, Any]:
    kinds = [kind for kind in field.kinds if kind != "auto"]
    shown: dict[str, Any] = {"type": kinds[0]}
    if "auto" in field.kinds:
        shown = {"anyOf": [{"type": kinds[0]}, {"type": "string", "enum": ["auto"]}]}
    options = {
        "enum": list(field.choices) or None,
        "default": field.default,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "maxLength": field.longest,
    }
    return shown | {key: value for key, value in options.items() if value is not None}


def cost(model: Model) -> dict[str, Any] | None:
    """Give the catalogue's `cost` of the model: None where the price is not known beforehand."""
    price = model.price
    if isinstance(price, Undisclosed):
        return None
    if isinstance(price, BasePlus):
        rows = [
            {"label": f"{price.base_seconds} s", "value": _number(price.base)},
            {"label": "each further second", "value": _number(price.each_further)},
        ]
        return _cost("usage_based", price.base, "second", ("duration",), rows)
    amounts = list(price.rows.values())
    rows = [
        {
            "label": ", ".join(f"{name}={value}" for name, value in zip(price.by, key, strict=True)),
            "value": _number(amount),
        }
        for key, amount in price.rows.items()
    ]
    if isinstance(price, PerSecond):
        depends = (*price.by, "duration")
        return _cost("usage_based", amounts[0], "second", depends, rows) | _range(amounts)
    assert isinstance(price, Table)
    return _cost("usage_based", amounts[0], "video", price.by, rows) | _range(amounts)


def _cost(
    kind: str, amount: Decimal, unit: str, depends: tuple[str, ...], rows: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "currency": "USD",
        "type": kind,
        "amount": _number(amount),
        "unit": unit,
        "estimate": _number(amount),
        "description": f"Price by {' and '.join(depends)}, per {unit}",
        "min": _number(amount),
        "max": _number(amount),
        "depends_on": list(depends),
        "rows": rows,
    }


def _range(amounts: list[Decimal]) -> dict[str, Any]:
    return {"min": _number(min(amounts)), "max": _number(max(amounts))}


def _number(amount: Decimal) -> float:
    """Write money as the JSON number that the contract shows; only here, at the edge."""
    return float(amount)
