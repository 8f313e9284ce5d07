"""One call of `run`, `submit` or `collect`, from the checked job to the written report."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from batch.core.ending import Cause, Stop, exit_code
from batch.core.lifecycle import Phase
from batch.core.money import format_usd, from_micros
from batch.core.profile import profile_notes
from batch.core.summary import Cost, ItemCounts, ReportHead, summary_json
from batch.errors import (
    CannotCreate,
    Exit,
    Interrupted,
    Problem,
    StorageProblem,
    Terminated,
    Unavailable,
    UsageProblem,
)
from batch.files import disk_problem, settle_folder
from batch.inputs.manifest import STANDARD_INPUT, open_manifest
from batch.inputs.standard import StandardInput
from batch.models import profile_for
from batch.providers.secret import read_key
from batch.run.desking import provider_for, room_of, set_up_desk
from batch.run.engine import Engine, Parts
from batch.run.planning import Spend, bring_plan_up_to_date, list_rejected, planned_spend, sweep_cache
from batch.run.preflight import look_before_buying
from batch.run.reporting import write_job_report
from batch.run.room import HINT
from batch.run.signals import Signals, signals_heeded
from batch.store import changes, queries, views
from batch.store.changes import SIGNALLED
from batch.store.state import Binding
from batch.store.store import Store, open_store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Coroutine, Iterator

    from batch.core.lifecycle import Record
    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob
    from batch.providers.base import Provider
    from batch.run.clock import Clock
    from batch.run.desk import Desk


_BEFORE_STORAGE = frozenset({Exit.SIGINT, Exit.SIGTERM, Exit.KEY_REFUSED, Exit.UNAVAILABLE})
"""Exit codes that come before those of a failing disk."""

_OF_STORAGE = frozenset({Exit.STORAGE, Exit.CANNOT_CREATE})
"""Exit codes of a failing disk: the first trouble is named, not what followed from it."""


class Audience(Protocol):
    """Who a session tells what it does, and asks before it spends."""

    def note(self, message: str) -> None:
        """Something that a person should read once."""

    def moved(self) -> None:
        """Items have moved."""

    def follow(self, numbers: Callable[[], tuple[ItemCounts, Cost, int]]) -> None:
        """From now on there are numbers to show."""

    def close(self) -> None:
        """The numbers will not change any more, and cannot be asked for after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a call asks for.

    Attributes:
        strict: Buy nothing if any row is rejected.
        keep_going: Switch the breaker off.
        confirm: Asked before the first paid call; False ends the call with a usage error.
        only_cheapest: Buy one item, the one that costs least, and that once.
        on_accepted: Begun beside the run for each prediction that it buys.
    """

    parts: Parts
    strict: bool = False
    keep_going: bool = False
    confirm: Callable[[Spend], bool]
    only_cheapest: bool = False
    on_accepted: Callable[[Desk, Record], Coroutine[Any, Any, None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a call came to.

    Attributes:
        report: Paths of the report's files by kind; empty if none could be written.
        run_cost: The money of this run alone.
        notes: What a person should know.
    """

    exit: Exit
    counts: ItemCounts
    cost: Cost
    run_cost: Cost
    report: dict[str, str]
    stops: tuple[Stop, ...] = ()
    notes: tuple[str, ...] = ()
    run_id: int = 0

    def as_json(self) -> dict[str, Any]:
        """Give the documented keys."""
        extra = {
            "run": {"id": self.run_id, "cost": self.run_cost.as_json()},
            "stopped": [{"cause": stop.cause.name.lower(), "message": stop.message} for stop in self.stops],
            "notes": list(self.notes),
        }
        return summary_json(
            counts=self.counts, cost=self.cost, report=self.report, exit_code=int(self.exit), extra=extra
        )


@dataclass(slots=True, kw_only=True)
class _Session:
    """What the steps of a call share."""

    loaded: LoadedJob
    profile: ModelProfile
    request: Request
    audience: Audience
    clock: Clock
    store: Store
    signals: Signals
    run: changes.Run | None = None
    stops: list[Stop] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    overdue: int = 0
    problem: Problem | None = None


async def run_job(loaded: LoadedJob, request: Request, *, audience: Audience, clock: Clock) -> Outcome:
    """Do a call. Whatever happens after the first paid call ends in a report and an exit code, not in an error.

    Raises:
        Problem: If the call cannot begin: bad job, bad manifest, another run at work, no key, no provider.
    """
    profile = profile_for(loaded, to_buy=request.parts.submit)
    location = loaded.location
    with signals_heeded() as signals, _ended_by(signals):
        with _first_things_first(loaded, request.parts):
            _make_folder(loaded)
            store = await open_store(location.state, Binding.of(location), now=clock.now())
        session = _Session(
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


async def _do(session: _Session) -> Outcome:
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
    return await _conclude(session)


@contextmanager
def _first_things_first(loaded: LoadedJob, parts: Parts) -> Iterator[None]:
    """Where the output or the state cannot be used, end with what comes before that: a bad manifest, a missing key."""
    try:
        yield
    except (CannotCreate, StorageProblem):
        if parts.submit and loaded.job.manifest.path != STANDARD_INPUT:
            with open_manifest(loaded.job.manifest, loaded.folder, StandardInput()):
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


def _something_to_do(session: _Session) -> bool:
    """Say whether anything is planned, or was left at the provider by an earlier run."""
    planned = session.request.parts.submit and queries.planned(session.store.reader, after=0, limit=1)
    return bool(planned or _left_at_provider(session))


def _left_at_provider(session: _Session) -> int:
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


async def _work(session: _Session) -> None:
    spend, only = _wanted(session)
    if session.request.parts.submit and spend.items and not session.request.confirm(spend):
        raise UsageProblem(
            "nothing was bought: nobody confirmed the spending",
            hint="give --yes, or set `budget.per_run_usd` in the job",
        )
    if session.request.parts.submit and spend.items and not (_all_told(session) and _has_room(session, spend)):
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
        await _engine(session, desk, parts)


def _wanted(session: _Session) -> tuple[Spend, int | None]:
    """Say what is to be bought: all that is planned, or the one item that costs least, with its id."""
    reader = session.store.reader
    found = queries.cheapest(reader) if session.request.only_cheapest else None
    if found is None:
        return planned_spend(reader), None
    item_id, order = found
    return Spend(items=1, usd=from_micros(order.estimate), orders=(order,)), item_id


def _all_told(session: _Session) -> bool:
    """Say whether the state knows the item of every prediction; a rebuilt one may not, and would buy it again."""
    unknown = list(queries.unaccounted(session.store.reader))
    if unknown:
        what = f"nothing was bought: since the state was rebuilt, nobody knows what {len(unknown)} predictions were for"
        listed = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        hint = f"`sora-batch resolve JOB ID` shows each, and takes your decision: {listed}"
        session.stops.append(Stop(cause=Cause.UNACCOUNTED, message=what, hint=hint))
        session.audience.note(f"{what}\n  {hint}")
    return not unknown


def _has_room(session: _Session, spend: Spend) -> bool:
    """Say whether the disk has room for what would be bought; without it, only what was bought before is fetched."""
    missing = room_of(session.loaded, session.store, session.clock).before_buying(spend.orders)
    if missing:
        session.stops.append(Stop(cause=Cause.NO_ROOM, message=f"nothing was bought: {missing}", hint=HINT))
        session.audience.note(f"nothing was bought: {missing}\n  {HINT}")
    return not missing


async def _parts_that_may(session: _Session, provider: Provider, spend: Spend) -> Parts:
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
        _note(session, note)
    return parts


async def _engine(session: _Session, desk: Desk, parts: Parts) -> None:
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


def _note(session: _Session, note: str) -> None:
    session.notes.append(note)
    session.audience.note(note)


async def _conclude(session: _Session) -> Outcome:
    """End the run in the state, write the report, and say how it went."""
    store, reader = session.store, session.store.reader
    run = session.run
    signalled = any(stop.cause in {Cause.SIGINT, Cause.SIGTERM} for stop in session.stops)
    why = SIGNALLED if signalled else "; ".join(stop.message for stop in session.stops) or "done"
    if run is not None:
        now, run_id = session.clock.now(), run.id
        ended = SIGNALLED if _leaves_interrupted(session, run) else why

        def end(connection: sqlite3.Connection) -> None:
            changes.recover(connection, now, "the run ended before the answer came")  # what nobody waited for any more
            changes.end_run(connection, run_id, now, ended)

        try:
            await store.do(end)
        except Problem as problem:  # the disk is full: the next call goes on with this run, which is right
            session.problem = session.problem or problem
    if why_not := await store.keep_copy():
        session.audience.note(why_not)
    run_cost = queries.cost(reader, f"run:{run.id}") if run else Cost()
    _note_what_older_runs_hold(session, run_cost)
    counts = _counts(session)
    since = session.clock.now() if run is None else run.started_at
    with_person = views.with_person(reader, since=since) + session.overdue
    code = exit_code(session.stops, counts, with_person=with_person)
    if session.problem is not None and code not in _BEFORE_STORAGE:
        code = session.problem.exit
    outcome = Outcome(
        exit=code,
        counts=counts,
        cost=queries.cost(reader),
        run_cost=run_cost,
        report={},
        stops=tuple(session.stops),
        notes=tuple(session.notes),
        run_id=run.id if run else 0,
    )
    return await _report(session, outcome, why)


def _leaves_interrupted(session: _Session, run: changes.Run) -> bool:
    """Say whether the run goes on after this call: fetching for one that was cut off while it bought ends no cap."""
    planned = queries.planned(session.store.reader, after=0, limit=1)
    return run.resumed and not session.request.parts.submit and bool(planned)


def _note_what_older_runs_hold(session: _Session, run_cost: Cost) -> None:
    held = queries.cost(session.store.reader).reserved - run_cost.reserved
    if held:
        _note(session, f"${format_usd(held)} of what is reserved is held by earlier runs, not under this one's cap")


def _counts(session: _Session) -> ItemCounts:
    """Count the items; a call that began no run has made nothing, so what is done was done before."""
    counts = queries.counts(session.store.reader)
    if session.run is None:
        return replace(counts, done=0, skipped=counts.done + counts.skipped)
    return counts


async def _report(session: _Session, outcome: Outcome, why: str) -> Outcome:
    loaded = session.loaded
    head = ReportHead(
        job=loaded.job.name,
        model=loaded.job.model,
        provider=loaded.job.provider.name,
        simulated=loaded.job.simulated,
        made_at=datetime.fromtimestamp(session.clock.now(), UTC),
        run_started_at=datetime.fromtimestamp(session.run.started_at, UTC) if session.run else None,
        ended=why,
        counts=outcome.counts,
        cost=outcome.cost,
        notes=(*profile_notes(session.profile), *outcome.notes),
    )
    try:
        list_rejected(loaded, session.store.reader)
        paths = await asyncio.to_thread(write_job_report, loaded, head)
    except Problem as problem:  # what was bought and what it cost stands in the state all the same
        session.audience.note(f"the report could not be written: {problem}")
        named = outcome.exit in _BEFORE_STORAGE | _OF_STORAGE
        return outcome if named else replace(outcome, exit=problem.exit)
    finished = replace(outcome, report=paths)
    await _on_finish(session, finished)
    return finished


async def _on_finish(session: _Session, outcome: Outcome) -> None:
    """Hand the summary to the job's own command; its failure is said and changes nothing."""
    command = session.loaded.job.on_finish
    if not command:
        return
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EACHLABS_API_KEY")}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=2,
            env=environment,
            cwd=session.loaded.folder,
        )
        await process.communicate(json.dumps(outcome.as_json()).encode() + b"\n")
    except OSError as error:
        session.audience.note(f"on_finish: {command[0]}: {error.strerror}")
        return
    if process.returncode:
        session.audience.note(f"on_finish: {command[0]} ended with {process.returncode}")
