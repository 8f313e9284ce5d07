"""One call of `run`, `submit` or `collect`, from the checked job to the written report."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from batch.core.counting import counted
from batch.core.ending import Cause, Stop
from batch.core.lifecycle import Phase
from batch.core.money import from_micros
from batch.errors import (
    CannotCreate,
    Interrupted,
    StorageProblem,
    Terminated,
    Unavailable,
    UsageProblem,
)
from batch.files import disk_problem, settle_folder
from batch.inputs.manifest import STANDARD_INPUT
from batch.inputs.standard import StandardInput
from batch.models import profile_for
from batch.providers.secret import read_key
from batch.running.calls import Session
from batch.running.collector import sweep_clips
from batch.running.concluding import conclude
from batch.running.desking import provider_for, room_of, set_up_desk
from batch.running.destinations import destinations_of
from batch.running.engine import Engine, Parts
from batch.running.fetching import rows_of
from batch.running.planning import Spend, bring_plan_up_to_date, planned_spend, sweep_cache
from batch.running.preflight import look_before_buying
from batch.running.room import HINT
from batch.running.signals import Signals, signals_heeded
from batch.store import changes, queries
from batch.store.state import Binding
from batch.store.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.inputs.jobfile import LoadedJob
    from batch.providers.base import Provider
    from batch.running.calls import Audience, Outcome, Request
    from batch.running.clock import Clock
    from batch.running.desk import Desk


async def run_job(loaded: LoadedJob, request: Request, *, audience: Audience, clock: Clock) -> Outcome:
    """Do a call. Whatever happens after the first paid call ends in a report and an exit code, not in an error.

    Raises:
        Problem: If the call cannot begin: bad job, bad manifest, another run at work, no key, no provider.
    """
    profile = profile_for(loaded, to_buy=request.parts.submit)
    destinations_of(loaded)  # what is wrong with them is said now, and not by the report
    if loaded.job.trial is not None:
        audience.note(f"less than the whole job: {loaded.job.trial.words}")
    location = loaded.location
    with signals_heeded() as signals, _ended_by(signals):
        with _first_things_first(loaded, request.parts):
            _make_folder(loaded)
            store = await open_store(location.state, Binding.of(location), now=clock.now())
        session = Session(
            loaded=loaded,
            profile=profile,
            request=request,
            audience=audience,
            clock=clock,
            store=store,
            signals=signals,
        )
        try:
            sweep_cache(loaded)  # also where nothing is left to do: nobody else would
            sweep_clips(store.reader, location.output)
            return await _do(session)
        finally:
            audience.close()
            await store.close()


@contextmanager
def _ended_by(signals: Signals) -> Iterator[None]:
    """Give a cancellation that a signal asked for its words and its exit code, wherever it strikes.

    It may be while the state is opened or closed, or in the place of a problem that was just being told.
    """
    try:
        yield
    except asyncio.CancelledError:
        if signals.cause is None:
            raise
        kind = Terminated if signals.cause is Cause.SIGTERM else Interrupted
        raise kind("interrupted; everything is on disk", hint="run the same command again to go on") from None


async def _do(session: Session) -> Outcome:
    try:
        if session.request.parts.submit:
            await bring_plan_up_to_date(
                session.store, session.loaded, session.profile, audience=session.audience, strict=session.request.strict
            )
        if _something_to_do(session):
            await _work(session)
    except asyncio.CancelledError:
        if session.signals.cause is None:
            raise
        stop = Stop(cause=session.signals.cause, message="interrupted before anything was bought")
        session.stops.append(stop)
        session.audience.note(stop.message)
        await session.store.do(lambda _: None)  # the plan that was being written is whole before it is reported
    return await conclude(session)


@contextmanager
def _first_things_first(loaded: LoadedJob, parts: Parts) -> Iterator[None]:
    """Where the output or the state cannot be used, end with what comes before that: a bad manifest, a missing key."""
    try:
        yield
    except (CannotCreate, StorageProblem):
        if parts.submit and loaded.job.manifest.path != STANDARD_INPUT:
            with rows_of(loaded, StandardInput()):
                pass
        if not loaded.job.simulated:
            read_key(os.environ)
        raise


def _make_folder(loaded: LoadedJob) -> None:
    folder = loaded.location.output
    try:
        settle_folder(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "permission denied")
    except OSError as error:
        what = "the output folder cannot be used"
        raise disk_problem(error, folder, what=what, hint="set `output.dir` in the job") from error


def _something_to_do(session: Session) -> bool:
    """Say whether anything is planned, or was left at the provider by an earlier run."""
    planned = session.request.parts.submit and queries.planned(session.store.reader, after=0, limit=1)
    return bool(planned or _left_at_provider(session))


def _left_at_provider(session: Session) -> int:
    """Count the items that an earlier run left at the provider."""
    return queries.count_in(
        session.store.reader,
        Phase.RUNNING,
        Phase.RENDERED,
        Phase.UNCONFIRMED,
        Phase.HELD,
        Phase.MISSING,
        Phase.UNCOLLECTED,
    )


async def _work(session: Session) -> None:
    spend, only = _wanted(session)
    if session.request.parts.submit and spend.items and not session.request.confirm(spend):
        raise UsageProblem(
            "nothing was bought: nobody confirmed the spending",
            hint="give --yes, or set `budget.per_run_usd` in the job",
        )
    may_buy = session.request.parts.submit and _all_told(session) and (not spend.items or _has_room(session, spend))
    if session.request.parts.submit and not may_buy:
        session.request = replace(session.request, parts=replace(session.request.parts, submit=False))
        if not _left_at_provider(session):
            return
    async with AsyncExitStack() as stack:
        provider, base_url = await stack.enter_async_context(provider_for(session.loaded))
        parts = await _parts_that_may(session, provider, spend)
        now = session.clock.now()
        session.run = await session.store.do(lambda connection: changes.begin_run(connection, now))
        desk = await stack.enter_async_context(
            set_up_desk(
                session.loaded,
                session.profile,
                session.store,
                session.run,
                provider,
                base_url=base_url,
                clock=session.clock,
                watcher=session.audience,
                keep_going=session.request.keep_going,
            )
        )
        desk.only, desk.on_accepted = only, session.request.on_accepted
        if not spend.items:  # what fails from now on may be bought again
            desk.look = partial(_look_meanwhile, session, provider)
        await _engine(session, desk, parts)


def _wanted(session: Session) -> tuple[Spend, int | None]:
    """Say what is to be bought: all that is planned, or the one item that costs least, with its id."""
    reader = session.store.reader
    found = queries.cheapest(reader) if session.request.only_cheapest else None
    if found is None:
        return planned_spend(reader), None
    item_id, order = found
    return Spend(items=1, usd=from_micros(order.estimate), orders=(order,)), item_id


def _all_told(session: Session) -> bool:
    """Say whether the state knows the item of every prediction; a rebuilt one may not, and would buy it again."""
    unknown = list(queries.unaccounted(session.store.reader))
    if unknown:
        them = counted(len(unknown), "prediction was", "predictions were")
        what = f"nothing was bought: since the state was rebuilt, nobody knows what {them} for"
        listed = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        hint = f"`sora-batch resolve JOB ID` shows each, and takes your decision: {listed}"
        session.stops.append(Stop(cause=Cause.UNACCOUNTED, message=what, hint=hint))
        session.audience.note(f"{what}\n  {hint}")
    return not unknown


def _has_room(session: Session, spend: Spend) -> bool:
    """Say whether the disk has room for what would be bought; without it, only what was bought before is fetched."""
    missing = room_of(session.loaded, session.store, session.clock).before_buying(spend.orders)
    if missing:
        session.stops.append(Stop(cause=Cause.NO_ROOM, message=f"nothing was bought: {missing}", hint=HINT))
        session.audience.note(f"nothing was bought: {missing}\n  {HINT}")
    return not missing


async def _parts_that_may(session: Session, provider: Provider, spend: Spend) -> Parts:
    """Look before buying; where nothing may be bought, what was bought before is still to be fetched while it can be.

    Raises:
        Unavailable: If nothing may be bought, and there is nothing to fetch.
        KeyRefused: If the key is refused.
    """
    parts = session.request.parts
    if not (parts.submit and spend.items):
        return parts
    try:
        notes = await look_before_buying(provider, session.profile, spend.orders, spend.usd)
    except Unavailable as problem:
        if not (parts.collect and _left_at_provider(session)):
            raise
        session.stops.append(Stop(cause=Cause.MODEL_GONE, message=problem.what, hint=problem.hint))
        session.audience.note(f"{problem}\n  what was bought before is fetched all the same")
        return replace(parts, submit=False)
    for note in notes:
        session.note(note)
    return parts


async def _look_meanwhile(session: Session, provider: Provider) -> None:
    """Look before the first purchase of a call that had nothing to buy when it began.

    Raises:
        Unavailable: If nothing may be bought.
        KeyRefused: If the key is refused.
    """
    spend = planned_spend(session.store.reader)
    for note in await look_before_buying(provider, session.profile, spend.orders, spend.usd):
        session.note(note)


async def _engine(session: Session, desk: Desk, parts: Parts) -> None:
    reader = session.store.reader
    session.audience.follow(lambda: (queries.counts(reader), queries.cost(reader), queries.in_flight(reader)))
    session.signals.desk = desk
    try:
        await Engine(desk, parts).run()
    finally:
        session.stops += desk.stops
        session.notes += desk.notes
        session.overdue = len(desk.overdue)
        session.problem = desk.problem
        if desk.capped_items and not desk.stops:
            session.stops.append(Stop(cause=Cause.MONEY_CAP, message="budget.per_item_usd leaves items unbought"))
