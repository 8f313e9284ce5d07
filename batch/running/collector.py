"""Brings finished clips home: fetched, verified, described, and only then done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.collect.download import LIMITS, fetch_clip
from batch.collect.outcomes import BrokenDownload, Clip, Expected, Expired, NoDownload, Occupied
from batch.collect.sidecar import discard_parts
from batch.core import events as ev
from batch.core.media import Size
from batch.core.money import to_micros
from batch.core.phases import Phase
from batch.core.prediction import NoAnswer, Seen, Status
from batch.core.profile import expects_audio
from batch.running.provenance import write_provenance
from batch.running.uploads import discard
from batch.store import changes, queries

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from batch.collect.outcomes import Fetched
    from batch.core.lifecycle import Record
    from batch.core.prediction import Prediction
    from batch.running.desk import Desk
    from batch.store.queries import Article

_DOWNLOADS_AT_ONCE = 16
_ROUNDS = 4
_COST_READS = 2
_COST_TRIES = 8


def sweep_clips(connection: sqlite3.Connection, output: Path) -> None:
    """Remove what a killed command has left half-fetched: this one may fetch nothing, or be stopped before it does."""
    for record in queries.records_in(connection, Phase.RENDERED, Phase.UNCOLLECTED):
        name = queries.article(connection, record.item_id).name
        if name is not None:
            discard_parts(output / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    """A finished prediction whose clip is wanted."""

    article: Article
    record: Record
    urls: tuple[str, ...]


class Collector:
    """Downloads clips beside everything else, a few at once.

    Args:
        fetching: False leaves finished clips for a later call.
    """

    def __init__(self, desk: Desk, *, fetching: bool = True) -> None:
        self._desk = desk
        self._fetching = fetching
        self._slots = asyncio.Semaphore(_DOWNLOADS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, article: Article, record: Record, urls: tuple[str, ...]) -> None:
        """Begin to fetch a clip. Without URLs, a fresh one is asked for first."""
        if not self._fetching:
            return
        self._desk.begin()
        if article.name is None:  # it was read before the first intent gave its clip a name
            article = queries.article(self._desk.store.reader, record.item_id)
        task = asyncio.create_task(self._deliver(_Delivery(article=article, record=record, urls=urls)))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def close(self) -> None:
        """Give up what is still on its way; the next run fetches it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._desk.failure(error)

    async def _deliver(self, delivery: _Delivery) -> None:
        desk = self._desk
        try:
            await self._settle_cost(delivery)
            async with self._slots:
                clip, why = await self._fetch(delivery)
            if clip is None:
                await self._give_up(delivery, why)
            else:
                await self._keep(delivery, clip)
        finally:
            desk.end()

    async def _settle_cost(self, delivery: _Delivery) -> None:
        """Ask twice more for a cost that was missing or zero; then the estimate stands under possibly charged."""
        desk, record = self._desk, delivery.record
        if record.attempt is None or not record.attempt.reserved:
            return
        read = 0
        for _ in range(_COST_TRIES):
            await asyncio.sleep(desk.timing.poll_min)
            prediction = await self._poll(record)
            if prediction is None:  # a call that got no answer says nothing of the cost
                continue
            if prediction.cost:
                cost = to_micros(prediction.cost)
                await desk.store.apply(record.item_id, ev.CostSettled(at=desk.clock.now(), cost=cost))
                desk.learn_price(delivery.article, cost)
                desk.gate.settled()
                return
            read += 1
            if read == _COST_READS:
                break
        await desk.store.apply(record.item_id, ev.CostUnknown(at=desk.clock.now()))
        desk.note(f"{delivery.article.sku}: the provider does not say what the clip cost; its estimate may be charged")
        desk.gate.settled()

    async def _poll(self, record: Record) -> Prediction | None:
        outcome = await self._desk.provider.poll(record.prediction_id)
        return outcome.prediction if isinstance(outcome, Seen) else None

    async def _fetch(self, delivery: _Delivery) -> tuple[Clip | None, str]:
        """Fetch the clip, again after a pause where that may help, with a fresh URL where that may.

        A few rounds show whether a file is broken or gone; a network or a server in trouble is borne for longer.
        """
        desk = self._desk
        urls, round_ = delivery.urls, 0
        until = desk.clock.ticks() + desk.timing.missing_after
        while True:
            round_ += 1
            fetched = await self._fetch_fresh(delivery, urls)
            if isinstance(fetched, Clip):
                return fetched, ""
            passing = isinstance(fetched, NoDownload) and not fetched.address_refused
            if isinstance(fetched, Occupied) or (round_ >= _ROUNDS and not (passing and desk.clock.ticks() < until)):
                return None, _in_words(fetched)
            urls = ()
            await asyncio.sleep(desk.timing.download_pause * 2 ** min(round_ - 1, 4))

    async def _fetch_fresh(self, delivery: _Delivery, urls: tuple[str, ...]) -> Fetched:
        """Fetch the clip from where the provider now says it is, unless URLs are known."""
        if not urls:
            outcome = await self._desk.provider.poll(delivery.record.prediction_id)
            if isinstance(outcome, NoAnswer):
                return NoDownload(url="", message=f"the provider does not answer: {outcome.message}")
            if isinstance(outcome, Seen) and outcome.prediction.status is Status.RUNNING:
                return NoDownload(url="", message="the provider says by now that it is not finished")
            if not isinstance(outcome, Seen) or outcome.prediction.status is not Status.SUCCEEDED:
                return BrokenDownload(url="", reason="the provider gives no address")
            urls = outcome.prediction.output_urls
        if not urls:
            return BrokenDownload(url="", reason="the provider gives no address")
        return await self._fetch_once(delivery, urls)

    async def _fetch_once(self, delivery: _Delivery, urls: tuple[str, ...]) -> Fetched:
        desk, article = self._desk, delivery.article
        expected = Expected(
            seconds=article.duration_seconds,
            size=Size(article.width, article.height),
            audio=expects_audio(desk.profile, article.inputs),
        )
        target = desk.output_dir / clip_name(article)
        return await fetch_clip(
            desk.clip_client,
            urls,
            target,
            folder=desk.output_dir,
            expected=expected,
            limits=LIMITS.for_clip(expected.seconds),
        )

    async def _keep(self, delivery: _Delivery, clip: Clip) -> None:
        desk, item_id = self._desk, delivery.record.item_id
        record = changes.read_one(desk.store.reader, item_id)
        await write_provenance(desk, delivery.article, record, clip)
        done = ev.Downloaded(at=desk.clock.now(), clip=clip.facts)
        run_id = desk.run.id
        await desk.store.do(lambda connection: changes.finish(connection, item_id, done, run_id))
        for warning in clip.facts.warnings:
            desk.watcher.note(f"{delivery.article.sku}: {warning}")
        discard(desk, record)

    async def _give_up(self, delivery: _Delivery, why: str) -> None:
        desk = self._desk
        reason = f"the clip was made and paid for, and could not be fetched: {why}"
        await desk.store.apply(delivery.record.item_id, ev.DownloadFailed(at=desk.clock.now(), reason=reason))
        desk.note(f"{delivery.article.sku}: prediction {delivery.record.prediction_id}: {reason}")


def clip_name(article: Article) -> str:
    """Give the clip's name; an item that was submitted has one."""
    if article.name is None:
        raise AssertionError(f"item {article.item_id} was submitted without a name for its clip")
    return article.name


def _in_words(fetched: Expired | BrokenDownload | NoDownload | Occupied) -> str:
    match fetched:
        case Expired():
            return f"its address has expired (HTTP {fetched.http_status})"
        case BrokenDownload():
            return fetched.reason
        case NoDownload():
            return fetched.message
        case Occupied():
            return f"another file has its name: {fetched.path}; move that away, then `sora-batch collect` tries again"
