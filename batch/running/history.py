"""The provider's history: read to its end or said not to be, and what its rows echo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from batch.core.prediction import Execution, NoAnswer, Seen

if TYPE_CHECKING:
    from batch.core.prediction import Prediction
    from batch.providers.base import Provider

BEFORE = 120.0
"""Seconds before an intent from which on its prediction may be listed: two clocks never agree."""

MOST_PAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the provider lists of a time, each row once.

    Attributes:
        complete: Whether it was read to its end; otherwise what is absent proves nothing.
        trouble: Why it was not read to its end; None where it was, or was only too long.
    """

    rows: tuple[Execution, ...]
    complete: bool
    trouble: NoAnswer | None = None


async def read_history(
    provider: Provider, model: str, *, since: float, until: float, most_pages: int = MOST_PAGES
) -> History:
    """List a model's executions between two moments of the provider's clock.

    Args:
        since: Unix seconds; the caller allows for what a clock is known to be off by.
        until: Likewise.
        most_pages: Pages of a hundred rows after which the reading ends.
    """
    first, last = datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)
    rows: dict[str, Execution] = {}
    cursor: str | None = None
    for _ in range(most_pages):
        page = await provider.executions(model, since=first, until=last, cursor=cursor)
        if isinstance(page, NoAnswer):
            return History(rows=tuple(rows.values()), complete=False, trouble=page)
        rows.update((row.id, row) for row in page.rows)
        cursor = page.next_cursor
        if cursor is None:
            return History(rows=tuple(rows.values()), complete=True)
    return History(rows=tuple(rows.values()), complete=False)


def nearest_first(rows: tuple[Execution, ...], moment: float) -> list[Execution]:
    """Sort rows by their distance from a moment of the provider's clock; those without a time come first."""

    def distance(row: Execution) -> float:
        return abs(row.created_at.timestamp() - moment) if row.created_at else 0.0

    return sorted(rows, key=distance)


async def look_at(provider: Provider, prediction_id: str) -> Prediction | None:
    """Look at a prediction once; None where that told nothing, or the provider does not know it."""
    outcome = await provider.poll(prediction_id)
    return outcome.prediction if isinstance(outcome, Seen) else None


async def learn_clock(provider: Provider) -> None:
    """Ask for something cheap whose answer carries the provider's time, before windows are cut by it."""
    await provider.balance()
