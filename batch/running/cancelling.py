"""Cancelling what is queued or rendering at the provider; each::labs does not bill a cancelled prediction."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.lifecycle import Phase, Record
from batch.core.money import to_micros
from batch.core.prediction import NoAnswer, Seen, Status
from batch.core.timing import timing_of
from batch.errors import UsageProblem
from batch.models import profile_for
from batch.running.desking import provider_for
from batch.store import queries
from batch.store.state import Binding
from batch.store.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from batch.inputs.jobfile import LoadedJob
    from batch.providers.base import Provider
    from batch.running.clock import Clock

_LOOKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """What cancelling came to.

    Attributes:
        cancelled: Predictions that the provider shows as cancelled.
        ended: Predictions that had ended before; `collect` fetches their clips.
        open: Predictions that still run, with what the provider said.
    """

    cancelled: tuple[str, ...]
    ended: tuple[str, ...]
    open: tuple[str, ...]


async def cancel_items(
    loaded: LoadedJob, skus: Collection[str], confirm: Callable[[int], bool], clock: Clock
) -> Cancellation | None:
    """Cancel running predictions of some SKUs, or of all; None when `confirm` said no.

    Raises:
        Busy: If a run is at work on this job: it has to end first.
        UsageProblem: If the job never had one of the SKUs; nothing is cancelled then.
        Problem: If the state, the key or the provider is not there.
    """
    location = loaded.location
    binding = Binding.of(location)
    store = await open_store(location.state, binding, now=clock.now())
    try:
        _all_known(store, skus)
        records = queries.records_in(store.reader, Phase.RUNNING)
        chosen = [r for r in records if not skus or queries.article(store.reader, r.item_id).sku in skus]
        if not chosen:
            return Cancellation(cancelled=(), ended=(), open=())
        if not confirm(len(chosen)):
            return None
        async with provider_for(loaded) as (provider, _):
            timing = timing_of(loaded.job, profile_for(loaded).eta_seconds)
            work = [_cancel(store, provider, record, clock, pause=timing.poll_min) for record in chosen]
            results = await asyncio.gather(*work)
    finally:
        await store.close()
    return Cancellation(
        cancelled=tuple(text for kind, text in results if kind is Status.CANCELLED),
        ended=tuple(text for kind, text in results if kind in {Status.SUCCEEDED, Status.FAILED}),
        open=tuple(text for kind, text in results if kind is Status.RUNNING),
    )


def _all_known(store: Store, skus: Collection[str]) -> None:
    unknown = sorted(sku for sku in skus if not queries.records_of(store.reader, sku))
    if unknown:
        raise UsageProblem(
            f"the job has no item of SKU {', '.join(unknown)}; nothing was cancelled",
            hint="`sora-batch status JOB` counts them, the report lists them",
        )


async def _cancel(
    store: Store, provider: Provider, record: Record, clock: Clock, *, pause: float
) -> tuple[Status, str]:
    """Ask for one prediction to be cancelled and look until it has ended; what it cost comes from the look."""
    sku = queries.article(store.reader, record.item_id).sku
    named = f"{sku} ({record.prediction_id})"
    answer = await provider.cancel(record.prediction_id)
    said = answer.message if isinstance(answer, NoAnswer) else "the provider took the request and has not ended it yet"
    for _ in range(_LOOKS):
        outcome = await provider.poll(record.prediction_id)
        if isinstance(outcome, Seen) and outcome.prediction.status is not Status.RUNNING:
            prediction = outcome.prediction
            if prediction.status is Status.CANCELLED:
                cost = 0 if prediction.cost is None else to_micros(prediction.cost)
                event = ev.Cancelled(at=clock.now(), cost=cost, message="cancelled by `sora-batch cancel`")
                await store.apply(record.item_id, event)
            return prediction.status, named
        await asyncio.sleep(pause)
    return Status.RUNNING, f"{named}: {said}"
