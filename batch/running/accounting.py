"""Predictions of which a rebuilt state cannot tell the item: shown to a person, and taken off the list by one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.echo import upload_ids
from batch.core.prediction import Seen
from batch.errors import Unavailable
from batch.running.clock import utc_day
from batch.running.desking import provider_for
from batch.running.history import look_at
from batch.running.naming import names_for
from batch.store import changes, lookups, queries, restoring
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import sqlite3

    from batch.core.lifecycle import Record
    from batch.core.prediction import Prediction
    from batch.inputs.jobfile import LoadedJob
    from batch.store.queries import Article
    from batch.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a decision came to.

    Attributes:
        article: None, like the record, where the decision was about a prediction that is no item's.
        notes: What the person should know of it.
    """

    article: Article | None = None
    record: Record | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unaccounted:
    """A prediction that nobody can place.

    Attributes:
        made_at: Unix seconds on the provider's clock; 0 where it did not say.
        prediction: What the provider shows of it; None where it shows nothing.
        likely: SKUs of the items that have not been bought and want exactly this prompt: a likeness, and no proof.
    """

    prediction_id: str
    made_at: float
    prediction: Prediction | None
    likely: tuple[str, ...]


async def show_unaccounted(loaded: LoadedJob, prediction_id: str) -> Unaccounted | None:
    """Say what is known of a prediction that nobody can place; None where it is not one of those."""
    with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as connection:
        made = queries.unaccounted(connection)
        if prediction_id not in made:
            return None
        async with provider_for(loaded) as (provider, _):
            prediction = await look_at(provider, prediction_id)
        prompt = prediction.prompt if prediction is not None else None
        return Unaccounted(
            prediction_id=prediction_id,
            made_at=made[prediction_id],
            prediction=prediction,
            likely=() if prompt is None else tuple(lookups.planned_with_prompt(connection, prompt)),
        )


async def let_go(store: Store, prediction_id: str) -> None:
    """Wait for a prediction no longer: it is not this job's, or is given up."""

    def work(connection: sqlite3.Connection) -> None:
        restoring.account_for(connection, prediction_id)
        changes.remember_strangers(connection, [prediction_id])

    await store.do(work)


async def take_in(loaded: LoadedJob, store: Store, article: Article, prediction_id: str, source: str) -> Decided:
    """Give an item that the state takes for never bought the prediction that was made for it.

    Raises:
        Unavailable: If the provider does not show the prediction.
    """
    async with provider_for(loaded) as (provider, _):
        outcome = await provider.poll(prediction_id)
    if not isinstance(outcome, Seen):
        raise Unavailable(f"the provider does not show {prediction_id}", hint="try again later; nothing was changed")
    at = queries.unaccounted(store.reader)[prediction_id]
    url = outcome.prediction.image_url or ""
    run = queries.newest_run(store.reader)
    restored = ev.Restored(
        at=at,
        source=source,
        prediction_id=prediction_id,
        run_id=0 if run is None else run.id,
        day=utc_day(at),
        intent_at=at,
        estimate=article.estimate,
        upload_id=(upload_ids(url) or ("",))[-1],
        upload_url=url,
        frame_sha256="",
        recipe=0,
    )
    names = tuple(names_for(loaded.job, loaded.location.output, article))
    record = await store.do(partial(_restore, item_id=article.item_id, event=restored, names=names))
    return Decided(article=article, record=record)


def _restore(connection: sqlite3.Connection, item_id: int, event: ev.Restored, names: tuple[str, ...]) -> Record:
    changes.give_name(connection, item_id, names)
    record = changes.apply(connection, item_id, event)
    restoring.account_for(connection, event.prediction_id)
    return record
