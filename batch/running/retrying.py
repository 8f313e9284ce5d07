"""Putting items that ended without a clip back into the plan, because a person wants them bought again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.phases import RETRYABLE, Phase
from batch.errors import UsageProblem
from batch.running.person import this_person
from batch.store import changes, lookups, queries
from batch.store.state import Binding
from batch.store.store import open_store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator

    from batch.inputs.jobfile import LoadedJob
    from batch.running.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """An item that is planned again.

    Attributes:
        was: The phase that it ended in.
        reason: Why it ended.
        estimate: Micro-dollars of the new attempt.
    """

    sku: str
    was: Phase
    reason: str
    estimate: int


async def retry_items(
    loaded: LoadedJob, phases: Collection[Phase], skus: Collection[str], reason: str, clock: Clock
) -> tuple[Retried, ...]:
    """Plan items again that ended in some phases, or those of some SKUs; nothing is bought yet.

    Only items that the newest plan still wants; all of them in one transaction.

    Raises:
        Busy: If a run is at work on this job.
        UsageProblem: If one of the SKUs has nothing that could be bought again; nothing is changed then.
    """
    location = loaded.location
    store = await open_store(location.state, Binding.of(location), now=clock.now())
    try:
        chosen = list(_chosen(store.reader, phases, skus))
        event = ev.Retried(at=clock.now(), by=this_person(), reason=reason)

        def write(connection: sqlite3.Connection) -> None:
            for item_id, _ in chosen:
                changes.apply(connection, item_id, event)

        await store.do(write)
        return tuple(retried for _, retried in chosen)
    finally:
        await store.close()


def _chosen(
    connection: sqlite3.Connection, phases: Collection[Phase], skus: Collection[str]
) -> Iterator[tuple[int, Retried]]:
    wanted = set(phases or RETRYABLE)
    missing = set(skus)
    for record in queries.records_in(connection, *sorted(wanted)):
        article = queries.article(connection, record.item_id)
        if (skus and article.sku not in skus) or not queries.is_planned_for(connection, record.item_id):
            continue
        missing.discard(article.sku)
        was = Retried(sku=article.sku, was=record.phase, reason=record.reason, estimate=article.estimate)
        yield record.item_id, was
    for sku in sorted(missing):
        raise UsageProblem(f"{sku}: {_why_not(connection, sku)}; nothing was changed", hint=_HINT)


_HINT = "`sora-batch retry JOB --failed` takes all that failed; the report says where each item stands"


def _why_not(connection: sqlite3.Connection, sku: str) -> str:
    items = lookups.items_named(connection, sku)
    if not items:
        return "no item has this SKU"
    words = ", ".join(sorted({item.phase.value for item in items}))
    return f"it is {words}: nothing of it, in the plan as it is now, could be bought again"
