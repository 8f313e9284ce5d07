"""Putting items that ended without a clip back into the plan, because a person wants them bought again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from batch.core import events as ev
from batch.core.item import fit_rules
from batch.core.phases import RETRYABLE, Phase
from batch.errors import UsageProblem
from batch.running.person import this_person
from batch.running.reviewing import UNKNOWN_FIT
from batch.running.rewording import Rewording
from batch.store import changes, lookups, queries, takes
from batch.store.state import Binding
from batch.store.store import open_store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Mapping

    from batch.inputs.jobfile import LoadedJob
    from batch.running.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """An item that is planned again.

    Attributes:
        was: The phase that it ended in.
        reason: Why it ended.
        estimate: Micro-dollars of the new attempt.
        take: Of a new take, with another prompt; None for a further attempt at the same item.
    """

    sku: str
    was: Phase
    reason: str
    estimate: int
    take: int | None = None


async def retry_items(
    loaded: LoadedJob,
    phases: Collection[Phase],
    skus: Collection[str],
    reason: str,
    clock: Clock,
    *,
    prompt: str | None = None,
) -> tuple[Retried, ...]:
    """Plan items again that ended in some phases, or those of some SKUs; nothing is bought yet.

    Only items that the newest plan still wants; all of them in one transaction.

    Args:
        prompt: A template of other words, for a new take of each; None: the same once more.

    Raises:
        Busy: If a run is at work on this job.
        UsageProblem: If one of the SKUs has nothing that could be bought again, or the prompt does not suit an item;
            nothing is changed then.
    """
    location = loaded.location
    rewording = None if prompt is None else Rewording(loaded, prompt)
    store = await open_store(location.state, Binding.of(location), now=clock.now())
    try:
        chosen = list(_chosen(store.reader, phases, skus))
        asked = takes.Asked(by=this_person(), at=clock.now(), note=reason)
        event = ev.Retried(at=asked.at, by=asked.by, reason=asked.note)

        def write(connection: sqlite3.Connection) -> tuple[Retried, ...]:
            if rewording is not None:
                retake = partial(_retake, connection, rewording, fit=fit_rules(loaded.job.image), asked=asked)
                return tuple(retake(*one) for one in chosen)
            for item_id, _ in chosen:
                changes.apply(connection, item_id, event)
            return tuple(retried for _, retried in chosen)

        return await store.do(write)
    finally:
        await store.close()


def _retake(
    connection: sqlite3.Connection,
    rewording: Rewording,
    item_id: int,
    retried: Retried,
    *,
    fit: Mapping[str, Any],
    asked: takes.Asked,
) -> Retried:
    """Let a new take with other words have an item's place."""
    item = queries.article(connection, item_id)
    prompt = rewording.prompt_of(connection, item)
    try:
        made = takes.plan_take(connection, item, prompt=prompt, fit=fit, asked=asked)
    except takes.UnknownFitError:
        raise UsageProblem(f"{item.sku}: {UNKNOWN_FIT}; nothing was changed") from None
    return replace(retried, take=made.take)


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
