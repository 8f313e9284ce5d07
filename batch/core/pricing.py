"""What a clip costs: a profile's rule and an item's inputs give a price, a range, or a reason why it is unknown.

Unknown is unknown, never zero. A range counts with its upper end wherever money is capped.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from batch.core.money import format_usd
from batch.core.strict import Strict, Usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactPrice:
    """A price in dollars."""

    usd: Decimal

    def __str__(self) -> str:
        return f"${format_usd(self.usd)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRange:
    """A price somewhere between two amounts in dollars."""

    low: Decimal
    high: Decimal

    def __str__(self) -> str:
        return f"${format_usd(self.low)} to ${format_usd(self.high)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPrice:
    """Nobody knows the price beforehand; `reason` says why, as a clause."""

    reason: str


KnownPrice: TypeAlias = ExactPrice | PriceRange
Price: TypeAlias = KnownPrice | UnknownPrice


def upper(price: KnownPrice) -> Decimal:
    """Give the amount in dollars that counts against caps."""
    return price.usd if isinstance(price, ExactPrice) else price.high


class Span(Strict):
    """Two amounts in dollars, where the source gives no single one."""

    low: Usd
    high: Usd

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("`low` is larger than `high`")
        return self


class PriceRow(Strict):
    """An amount, and the inputs that it holds for; `when` left out: for all."""

    when: dict[str, bool | int | str | Decimal] = Field(default_factory=dict)
    usd: Usd | Span

    def fits(self, inputs: Mapping[str, Any]) -> bool:
        """Tell whether every input that is named has exactly the value that is named."""
        return all(name in inputs and _same(inputs[name], value) for name, value in self.when.items())


class TableRule(Strict):
    """A price for each combination of inputs."""

    kind: Literal["table"]
    rows: list[PriceRow] = Field(min_length=1)


class PerSecondRule(Strict):
    """A price for each second of the clip, which may depend on inputs."""

    kind: Literal["per_second"]
    rows: list[PriceRow] = Field(min_length=1)


class BasePlusRule(Strict):
    """A price for the first seconds, and one for each further second."""

    kind: Literal["base_plus"]
    base_seconds: int = Field(ge=1)
    base_usd: Usd
    further_second_usd: Usd


class UnknownRule(Strict):
    """No source gives a price."""

    kind: Literal["unknown"]


PriceRule: TypeAlias = Annotated[TableRule | PerSecondRule | BasePlusRule | UnknownRule, Field(discriminator="kind")]


def price_of(rule: PriceRule, inputs: Mapping[str, Any], *, seconds: Decimal | None) -> Price:
    """Price one clip.

    Args:
        rule: The profile's.
        inputs: The complete input, in the types of the wire.
        seconds: Length of the clip; None where the model decides it.
    """
    match rule:
        case UnknownRule():
            return UnknownPrice(reason="no source gives a price for this model")
        case TableRule():
            return _from_table(rule.rows, inputs)
        case PerSecondRule():
            price = _from_table(rule.rows, inputs)
            return _times(price, seconds) if seconds is not None else _LENGTH_UNKNOWN
        case BasePlusRule():
            if seconds is None:
                return _LENGTH_UNKNOWN
            further = max(Decimal(0), seconds - rule.base_seconds)
            return ExactPrice(usd=rule.base_usd + rule.further_second_usd * further)


_LENGTH_UNKNOWN = UnknownPrice(reason="it goes by the second, and the model decides the length of the clip")


def _same(value: Any, named: Any) -> bool:
    # True equals 1 in Python, and is another input on the wire.
    return bool(value == named) and isinstance(value, bool) == isinstance(named, bool)


def _from_table(rows: Iterable[PriceRow], inputs: Mapping[str, Any]) -> Price:
    row = next((row for row in rows if row.fits(inputs)), None)
    if row is None:
        return UnknownPrice(reason="the profile's price table has no row for these inputs")
    if isinstance(row.usd, Span):
        return PriceRange(low=row.usd.low, high=row.usd.high)
    return ExactPrice(usd=row.usd)


def _times(price: Price, seconds: Decimal) -> Price:
    match price:
        case ExactPrice():
            return ExactPrice(usd=price.usd * seconds)
        case PriceRange():
            return PriceRange(low=price.low * seconds, high=price.high * seconds)
        case UnknownPrice():
            return price
