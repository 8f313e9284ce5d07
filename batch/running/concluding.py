"""How a call ends: in the state, in the report, in an exit code, and in the job's own command."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from batch.core.ending import Cause, exit_code
from batch.core.money import format_usd
from batch.core.profile import profile_notes
from batch.core.summary import Cost, ItemCounts, ReportHead
from batch.errors import Exit, Problem
from batch.running.calls import Outcome
from batch.running.planning import list_rejected
from batch.running.reporting import write_job_report
from batch.store import changes, queries, views
from batch.store.changes import SIGNALLED
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import sqlite3

    from batch.running.calls import Session

_BEFORE_STORAGE = frozenset({Exit.SIGINT, Exit.SIGTERM, Exit.KEY_REFUSED, Exit.UNAVAILABLE})
"""Exit codes that come before those of a failing disk."""

_OF_STORAGE = frozenset({Exit.STORAGE, Exit.CANNOT_CREATE})
"""Exit codes of a failing disk: the first trouble is named, not what followed from it."""


async def conclude(session: Session) -> Outcome:
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


def _leaves_interrupted(session: Session, run: changes.Run) -> bool:
    """Say whether the run goes on after this call: fetching for one that was cut off while it bought ends no cap."""
    planned = queries.planned(session.store.reader, after=0, limit=1)
    return run.resumed and not session.request.parts.submit and bool(planned)


def _note_what_older_runs_hold(session: Session, run_cost: Cost) -> None:
    held = queries.cost(session.store.reader).reserved - run_cost.reserved
    if held:
        session.note(f"${format_usd(held)} of what is reserved is held by earlier runs, not under this one's cap")


def _counts(session: Session) -> ItemCounts:
    """Count the items; a call that began no run has made nothing, so what is done was done before."""
    counts = queries.counts(session.store.reader)
    if session.run is None:
        return replace(counts, done=0, skipped=counts.done + counts.skipped)
    return counts


async def _report(session: Session, outcome: Outcome, why: str) -> Outcome:
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
        await _look(session)
        paths = await asyncio.to_thread(write_job_report, loaded, head)
    except Problem as problem:  # what was bought and what it cost stands in the state all the same
        session.audience.note(f"the report could not be written: {problem}")
        named = outcome.exit in _BEFORE_STORAGE | _OF_STORAGE
        return outcome if named else replace(outcome, exit=problem.exit)
    finished = replace(outcome, report=paths)
    await _on_finish(session, finished)
    return finished


async def _look(session: Session) -> None:
    """Have the clips that this run fetched looked at; a signal leaves them for the next report."""
    run, loaded = session.run, session.loaded
    if run is None or not loaded.job.quality.look or session.signals.cause is not None or session.problem is not None:
        return
    if not any(True for _ in queries.delivered(session.store.reader, run_id=run.id)):
        return
    from batch.running.judging import look_at_clips  # noqa: PLC0415 - only where there are clips to look at

    def work() -> None:
        with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as connection:
            look_at_clips(
                loaded,
                session.profile,
                connection,
                session.note,
                of_run=run.id,
                stopped=lambda: session.signals.cause is not None,
            )

    await asyncio.to_thread(work)


async def _on_finish(session: Session, outcome: Outcome) -> None:
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
