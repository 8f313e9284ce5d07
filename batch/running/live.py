"""What only a paid prediction can tell: how late it is listed, what it echoes, how long its clip's address lives."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from batch.errors import MissingInput, Problem, UsageProblem
from batch.net.clients import clip_client
from batch.running.calls import Request
from batch.running.desking import provider_for
from batch.running.engine import Parts
from batch.running.findings import Finding, Level
from batch.running.history import BEFORE, look_at, read_history
from batch.running.session import run_job
from batch.store import queries
from batch.store.changes import set_meta
from batch.store.state import Binding, read_state
from batch.store.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch.core.lifecycle import Record
    from batch.inputs.jobfile import LoadedJob
    from batch.running.calls import Audience, Outcome
    from batch.running.clock import Clock
    from batch.running.desk import Desk
    from batch.running.planning import Spend

LIVE = "live"
"""Where the state remembers the newest measurement."""

_FEW_PAGES = 5
_GONE = frozenset({403, 404, 410})


@dataclass(slots=True, kw_only=True)
class Measured:
    """What one paid prediction told.

    Attributes:
        bought_at: Unix seconds.
        listed_after: Seconds from the answer to the submit until the history showed it; None: not while it was watched.
        echo: `unchanged`, `changed` or `missing`: the picture's URL as the provider gives it back.
        url: Where its clip could be had; empty where the provider gave none.
        alive_at: Unix seconds at which the URL was last seen to work; 0 for never.
        gone_at: When it was first seen not to; 0 for not yet.
    """

    prediction_id: str = ""
    upload_url: str = ""
    bought_at: float = 0.0
    listed_after: float | None = None
    echo: str = "missing"
    url: str = ""
    alive_at: float = 0.0
    gone_at: float = 0.0


@dataclass(slots=True)
class _Listing:
    """Watches for a prediction in the provider's history, beside the run that bought it."""

    measured: Measured = field(default_factory=Measured)

    async def watch(self, desk: Desk, record: Record) -> None:
        attempt, measured = record.attempt, self.measured
        assert attempt is not None
        measured.prediction_id, measured.upload_url = record.prediction_id, attempt.upload_url
        measured.bought_at = attempt.intent_at
        began = desk.clock.ticks()
        while True:
            until = desk.clock.now() + desk.provider.clock_offset + BEFORE
            history = await read_history(
                desk.provider,
                desk.profile.slug,
                since=attempt.intent_there - BEFORE,
                until=until,
                most_pages=_FEW_PAGES,
            )
            if any(row.id == measured.prediction_id for row in history.rows):
                measured.listed_after = desk.clock.ticks() - began
                return
            await asyncio.sleep(desk.timing.poll_min / 5)


async def buy_and_measure(
    loaded: LoadedJob, audience: Audience, confirm: Callable[[Spend], bool], clock: Clock
) -> Outcome:
    """Buy the cheapest item in the ordinary way, and keep what its prediction tells in the state.

    Raises:
        UsageProblem: If nobody confirmed it, or nothing was bought.
        Problem: As any run.
    """
    listing = _Listing()
    request = Request(parts=Parts(), confirm=confirm, only_cheapest=True, on_accepted=listing.watch)
    outcome = await run_job(loaded, request, audience=audience, clock=clock)
    measured = listing.measured
    if not measured.prediction_id:
        why = "; ".join(stop.message for stop in outcome.stops) or "nothing is left to buy"
        raise UsageProblem(f"nothing was measured: {why}", hint="add a row to the manifest, or see `sora-batch status`")
    async with provider_for(loaded) as (provider, base_url):
        prediction = await look_at(provider, measured.prediction_id)
        if prediction is not None:
            same = prediction.image_url == measured.upload_url
            measured.echo = "missing" if prediction.image_url is None else "unchanged" if same else "changed"
            measured.url = prediction.output_urls[0] if prediction.output_urls else ""
        await _check_url(loaded, base_url, measured, clock)
    await _remember(loaded, measured, clock)
    return outcome


async def _check_url(loaded: LoadedJob, base_url: str, measured: Measured, clock: Clock) -> None:
    """Ask for the clip's address once; only an answer that says so makes it gone."""
    if not measured.url:
        return
    try:
        async with (
            clip_client(base_url, loaded.job.network.allow_hosts) as client,
            client.stream("GET", measured.url) as response,
        ):
            if response.is_success:
                measured.alive_at = clock.now()
            elif response.status_code in _GONE:
                measured.gone_at = measured.gone_at or clock.now()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return


async def _remember(loaded: LoadedJob, measured: Measured, clock: Clock) -> None:
    location = loaded.location
    store = await open_store(location.state, Binding.of(location), now=clock.now())
    try:
        await store.do(lambda connection: set_meta(connection, LIVE, json.dumps(asdict(measured))))
    finally:
        await store.close()


async def look_again(loaded: LoadedJob, base_url: str, clock: Clock) -> list[Finding]:
    """Say what was measured, and whether the clip's address still works, which is kept unless a run is at work."""
    try:
        with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as connection:
            text = queries.meta(connection, LIVE)
    except MissingInput:
        return []
    except Problem:  # it was said before
        return []
    if text is None:
        return []
    measured = Measured(**json.loads(text))
    if not measured.gone_at:
        await _check_url(loaded, base_url, measured, clock)
        try:
            await _remember(loaded, measured, clock)
        except Problem as problem:
            return [*_findings(measured), Finding(level=Level.NOTE, what=f"this look was not kept: {problem.what}")]
    return _findings(measured)


def _findings(measured: Measured) -> list[Finding]:
    day = datetime.fromtimestamp(measured.bought_at, UTC).isoformat(timespec="minutes")
    late = measured.listed_after
    listed = "was not listed while it was watched" if late is None else f"was listed {late:.1f} s after its submit"
    found = [Finding(level=Level.GOOD, what=f"measured live on {day} with {measured.prediction_id}: it {listed}")]
    echo = {
        "unchanged": (Level.GOOD, "the picture's URL comes back unchanged: lost answers can be found"),
        "changed": (
            Level.NOTE,
            "the picture's URL comes back changed: lost answers are found by the upload's id in it",
        ),
        "missing": (Level.BAD, "the picture's URL does not come back: a lost answer can never be found by it"),
    }
    level, what = echo[measured.echo]
    found.append(Finding(level=Level.NOTE if level is Level.BAD else level, what=f"measured live: {what}"))
    found.append(Finding(level=Level.GOOD, what=f"measured live: {_life(measured)}"))
    return found


def _life(measured: Measured) -> str:
    if not measured.url:
        return "the provider gave no address for the clip"
    alive, gone = ((at - measured.bought_at) / 3600 for at in (measured.alive_at, measured.gone_at))
    lived = f"the clip's address still worked {alive:.1f} h after it was bought" if measured.alive_at else ""
    died = f"the clip's address no longer worked {gone:.1f} h after it was bought" if measured.gone_at else ""
    return "; ".join(part for part in (lived, died) if part) or "whether the clip's address works could not be told"
