"""Setting a run's desk up: the provider, the clients, the threads for frames, the limits."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from batch.core.media import Size
from batch.core.pace import InFlightLimit
from batch.core.polling import Durations
from batch.core.prediction import Denial
from batch.core.timing import timing_of
from batch.frames.cache import FrameCache
from batch.frames.pool import FramePool
from batch.frames.settings import FrameTarget
from batch.net.clients import clip_client
from batch.providers.eachlabs.client import EachlabsProvider
from batch.providers.secret import Secret, read_key
from batch.running.desk import Desk
from batch.running.framing import fit_settings
from batch.running.planning import frames_folder, picture_path
from batch.running.room import Room
from batch.running.simulated import simulator_beside
from batch.running.traffic import Gate, Rate
from batch.store import queries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from batch.core.job import Job
    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob
    from batch.providers.base import Provider
    from batch.running.clock import Clock
    from batch.running.desk import Watcher
    from batch.store.changes import Run
    from batch.store.queries import Article
    from batch.store.store import Store

SIMULATOR_FOLDER = "simulator"
"""Where the built-in simulator keeps its ledger, under the output folder."""

_RATE_MEMORY = 60.0


@asynccontextmanager
async def provider_for(loaded: LoadedJob) -> AsyncIterator[tuple[Provider, str]]:
    """Give a job's provider and its base URL; starts the simulator where the job wants the built-in one.

    Raises:
        KeyRefused: If there is no key.
        Unavailable: If the simulator does not start.
    """
    job = loaded.job
    async with AsyncExitStack() as stack:
        base_url, key = job.provider.base_url, None
        if job.simulated:
            key = Secret("simulator-needs-no-key")
            if "base_url" not in job.provider.model_fields_set:
                beside = simulator_beside(
                    job.provider, job_folder=loaded.folder, data_dir=loaded.location.output / SIMULATOR_FOLDER
                )
                base_url = await stack.enter_async_context(beside)
        provider = EachlabsProvider(
            base_url,
            key or read_key(os.environ),
            allow_hosts=tuple(job.network.allow_hosts),
            trust_env=not job.simulated,
        )
        stack.push_async_callback(provider.aclose)
        yield provider, base_url


@asynccontextmanager
async def set_up_desk(
    loaded: LoadedJob,
    profile: ModelProfile,
    store: Store,
    run: Run,
    provider: Provider,
    *,
    base_url: str,
    clock: Clock,
    watcher: Watcher,
    keep_going: bool,
) -> AsyncIterator[Desk]:
    """Give the desk of a run, with its clients and threads open until the run is over."""
    job, reader = loaded.job, store.reader
    timing = timing_of(job, profile.eta_seconds)
    cache = FrameCache(frames_folder(loaded))
    async with clip_client(base_url, job.network.allow_hosts) as clips, FramePool(cache=cache) as frames:
        desk = Desk(
            job=job,
            profile=profile,
            timing=timing,
            durations=Durations(timing=timing),
            store=store,
            run=run,
            provider=provider,
            clip_client=clips,
            frames=frames,
            fit=fit_settings(job),
            frame_target=lambda article: frame_target(profile, article),
            picture_path=lambda article: picture_path(loaded, article.source, article.source_sha256),
            output_dir=loaded.location.output,
            clock=clock,
            gate=_gate(job, clock, store, cooldown=timing.cooldown),
            rate=_rate(job, clock, store),
            room=room_of(loaded, store, clock),
            watcher=watcher,
            began=clock.ticks(),
            keep_going=keep_going,
            price_factor=queries.dearest(reader, run.id, profile.slug),
            echo=queries.meta(reader, "echo") is not None,
        )
        desk.gate.alone = job.canary and not job.simulated and not queries.anything_accepted(reader)
        yield desk


def room_of(loaded: LoadedJob, store: Store, clock: Clock) -> Room:
    """Give what watches the disks that a job writes to."""
    location = loaded.location
    return Room(loaded.job.limits, store.reader, clock, output=location.output, state=location.state)


def frame_target(profile: ModelProfile, article: Article) -> FrameTarget:
    """Say what the model takes for an item."""
    return FrameTarget(
        size=Size(article.width, article.height), max_bytes=profile.image.max_bytes, formats=profile.image.formats
    )


def _gate(job: Job, clock: Clock, store: Store, *, cooldown: float) -> Gate:
    limit = InFlightLimit(most=job.limits.in_flight, calm=6 * cooldown)
    gate = Gate(clock, limit, exposure=job.limits.submit_concurrency, in_flight=queries.in_flight(store.reader))
    now = clock.now()
    denied = queries.last_denied(store.reader, Denial.TOO_MANY.value, since=now - cooldown)
    if denied is not None:  # by an earlier run: asking again before the cooldown is over keeps the account closed
        gate.pause(min(cooldown, denied + cooldown - now))
    return gate


def _rate(job: Job, clock: Clock, store: Store) -> Rate:
    now = clock.now()
    answers = queries.recent_submits(store.reader, now - _RATE_MEMORY)
    recent = [None if answer is None else max(0.0, now - answer) for answer in answers]
    return Rate(clock, job.limits.submit_per_minute, recent)
