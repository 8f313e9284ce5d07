"""What is written beside a clip: everything that it takes to know where it came from."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from batch.collect.sidecar import Made, Ordered, Paid, Sidecar, Source, write_sidecar
from batch.core.job import SIMULATOR
from batch.core.media import Size
from batch.core.money import from_micros
from batch.running.framing import fit_of
from batch.store import queries, takes

if TYPE_CHECKING:
    from batch.collect.outcomes import Clip
    from batch.core.job import Job
    from batch.core.lifecycle import Attempt, Record
    from batch.running.desk import Desk
    from batch.store.queries import Article


async def write_provenance(desk: Desk, article: Article, record: Record, clip: Clip) -> None:
    """Write the note beside a clip that lies in its place.

    Raises:
        StorageProblem: If the disk is full or fails.
    """
    assert record.attempt is not None
    override = takes.override_of(desk.store.reader, article)
    sidecar = Sidecar(
        sku=article.sku,
        key=article.key,
        job=desk.job.name,
        variant=article.variant,
        take=article.take,
        before="" if override is None else override.before,
        row_prompt=None if override is None else override.row_prompt,
        source=Source(
            location=article.source,
            sha256=article.source_sha256,
            frame_sha256=record.attempt.frame_sha256,
            recipe=str(record.attempt.recipe),
            fit=fit_of(desk.fit, article.framing).fit.value,
        ),
        ordered=Ordered(
            seconds=article.duration_seconds,
            size=Size(article.width, article.height),
            aspect=article.aspect,
            prompt=article.prompt,
            negative_prompt=article.negative_prompt,
            inputs=article.inputs,
        ),
        made=_made(desk, article, record.attempt, clip.url),
        paid=Paid(
            estimate=from_micros(record.attempt.estimate),
            settled=None if record.attempt.settled is None else from_micros(record.attempt.settled),
        ),
        clip=clip.facts,
        row=json.loads(queries.row_text(desk.store.reader, article.item_id)),
    )
    await asyncio.to_thread(write_sidecar, desk.output_dir / clip.facts.path, sidecar)


def _made(desk: Desk, article: Article, attempt: Attempt, url: str) -> Made:
    return Made(
        provider=provider_name(desk.job),
        simulated=desk.job.simulated,
        model=article.model,
        prediction_id=attempt.prediction_id or "",
        url=url,
        submitted_at=_moment(attempt.intent_at),
        finished_at=_moment(attempt.ended_at),
        collected_at=datetime.fromtimestamp(desk.clock.now(), UTC),
        render_seconds=attempt.render_seconds,
    )


def provider_name(job: Job) -> str:
    """Name a job's provider as the notes beside its clips do."""
    return SIMULATOR if job.simulated else f"{job.provider.name} {job.provider.base_url.partition('://')[2]}"


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)
