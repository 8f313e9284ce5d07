"""The state's attempts held against the provider's executions: pure, one window of time at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from batch.core.money import to_micros
from batch.core.phases import AttemptState
from batch.core.prediction import Execution, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST_WINDOW = 6 * 3600.0
"""Seconds after which a window is cut: what is held in memory at a time stays bounded."""

_APART = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """An attempt as the state has it.

    Attributes:
        settled: Micro-dollars; None where the provider has not said.
    """

    item_id: int
    sku: str
    number: int
    state: AttemptState
    intent_at: float
    prediction_id: str | None
    settled: int | None
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostDiffers:
    """A prediction whose cost the two sides tell differently, in micro-dollars; None is unknown to the state."""

    prediction_id: str
    sku: str
    state: int | None
    provider: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a window came to.

    Attributes:
        unknown: Executions that no attempt has.
        unlisted: Attempts with an id that the provider's listing does not show.
        listed: How many executions are ours.
        cost: Micro-dollars that the provider charged for those, where it says.
    """

    unknown: tuple[Execution, ...] = ()
    unlisted: tuple[Booked, ...] = ()
    costs: tuple[CostDiffers, ...] = ()
    listed: int = 0
    cost: int = 0
    duplicates: tuple[tuple[Execution, Booked], ...] = field(default=())


def windows(intents: Iterable[float]) -> list[tuple[float, float]]:
    """Gather ascending moments into spans without long gaps, none much longer than `LONGEST_WINDOW`."""
    spans: list[tuple[float, float]] = []
    for at in intents:
        if spans and at - spans[-1][1] <= _APART and at - spans[-1][0] <= LONGEST_WINDOW:
            spans[-1] = (spans[-1][0], at)
        else:
            spans.append((at, at))
    return spans


def compare(booked: Sequence[Booked], rows: Iterable[Execution], known: Mapping[str, Booked]) -> Compared:
    """Hold a window's attempts against the executions that were listed for it.

    Args:
        booked: Attempts whose intent lies in the window.
        rows: What the provider lists around it.
        known: Attempts by prediction id, for all of the rows that the state knows, duplicates included.
    """
    listed = {row.id: row for row in rows}
    own = {one.prediction_id: one for one in booked if one.prediction_id}
    mine = [(row, known[id_]) for id_, row in listed.items() if id_ in known and known[id_].prediction_id == id_]
    counted = [(row, one) for row, one in mine if row.id in own]  # each in the window of its own intent, once
    return Compared(
        unknown=tuple(row for id_, row in listed.items() if id_ not in known),
        unlisted=tuple(one for id_, one in own.items() if id_ not in listed),
        costs=tuple(differs for row, one in counted if (differs := _cost(row, one)) is not None),
        listed=len(counted),
        cost=sum(_micros(row) or 0 for row, _ in counted),
        duplicates=tuple((row, known[id_]) for id_, row in listed.items() if id_ in known and _is_extra(row, known)),
    )


def _is_extra(row: Execution, known: Mapping[str, Booked]) -> bool:
    return known[row.id].prediction_id != row.id


def _micros(row: Execution) -> int | None:
    return None if row.cost is None else to_micros(row.cost)


def _cost(row: Execution, one: Booked) -> CostDiffers | None:
    """Compare what has ended on both sides; a cost that neither side knows is no difference."""
    if row.status is Status.RUNNING or one.state in {AttemptState.ACCEPTED, AttemptState.MISSING}:
        return None
    cost = _micros(row)
    if cost is None or cost == (one.settled or 0):
        return None
    return CostDiffers(prediction_id=row.id, sku=one.sku, state=one.settled, provider=cost)
