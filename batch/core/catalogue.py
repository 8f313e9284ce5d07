"""What the provider's catalogue says of a model, held against its profile: each difference in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batch.core.listing import listed_price
from batch.core.money import format_usd
from batch.core.pricing import upper

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from batch.core.order import Order
    from batch.core.prediction import Listing
    from batch.core.profile import ModelProfile

_TYPES = {"integer": {"integer", "number"}, "string": {"string"}, "integer_or_auto": {"integer", "number", "string"}}


def schema_differences(profile: ModelProfile, schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Name where a served JSON Schema of a model's input is not what the profile says; nothing where there is none."""
    fields = schema.get("properties")
    if not isinstance(fields, dict) or not fields:
        return ()
    known = _fields_of(profile)
    required = schema.get("required")
    wanted = {str(name) for name in required} if isinstance(required, list) else set()
    return (
        *(f"the profile sends {name!r}, which the provider does not take" for name in sorted(known - set(fields))),
        *(f"the provider wants {name!r}, which the profile does not know" for name in sorted(wanted - known)),
        *(f"the provider also takes {name!r}" for name in sorted(set(fields) - known - wanted)),
        *_choices(profile, fields),
    )


def _fields_of(profile: ModelProfile) -> set[str]:
    specs = (profile.duration, profile.aspect)
    named = {profile.prompt.field, profile.image.field, *(spec.field for spec in specs if spec is not None)}
    named |= {profile.negative_prompt} if profile.negative_prompt else set()
    return named | set(profile.inputs) | set(profile.fixed)


def _choices(profile: ModelProfile, fields: Mapping[str, Any]) -> Iterator[str]:
    duration, aspect = profile.duration, profile.aspect
    if duration is not None:
        field = fields.get(duration.field)
        kind = field.get("type") if isinstance(field, dict) else None
        if isinstance(kind, str) and kind not in _TYPES[duration.type]:
            yield f"{duration.field!r} is of the type {kind} at the provider, and {duration.type} in the profile"
        if duration.from_second is None:
            yield from _values(duration.field, duration.values, field)
    if aspect is not None and aspect.values is not None:
        yield from _values(aspect.field, aspect.values, fields.get(aspect.field))
    for name, option in profile.inputs.items():
        if option.values:
            yield from _values(name, option.values, fields.get(name))


def _values(name: str, ours: Iterable[Any], field: Any) -> Iterator[str]:
    theirs = field.get("enum") if isinstance(field, dict) else None
    if isinstance(theirs, list) and {str(one) for one in theirs} != {str(one) for one in ours}:
        told = ", ".join(str(one) for one in theirs)
        yield f"{name!r} may be {told} at the provider, and {', '.join(str(one) for one in ours)} in the profile"


def price_differences(listing: Listing, orders: Iterable[Order]) -> tuple[str, ...]:
    """Name where the catalogue's price of an order is not the one that is planned with."""
    found: dict[str, None] = {}
    for order in orders:
        planned, listed = upper(order.price), listed_price(listing, order.duration_seconds)
        if listed is not None and listed != planned:
            length = "" if order.duration is None else f" for {order.duration} s"
            found[f"the provider asks ${format_usd(listed)}{length}, and ${format_usd(planned)} is planned"] = None
    return tuple(found)
