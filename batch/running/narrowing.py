"""Less than a whole job, for one call: a cheap trial, and the approved clips of one at their full length."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from batch.core.counting import counted
from batch.core.order import duration_complaint
from batch.core.phases import Phase
from batch.core.trial import WHOLE, Trial
from batch.errors import UsageProblem
from batch.inputs.pictures import no_progress
from batch.models import profile_for
from batch.running.opening import opened_plan
from batch.store import decisions, queries
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import sqlite3

    from batch.core.trial import Wanted
    from batch.inputs.jobfile import LoadedJob


def tried(loaded: LoadedJob, trial: Trial) -> LoadedJob:
    """Give a job as one call wants it; a plan of it is told from one of the whole job.

    Raises:
        UsageProblem: If the model does not make clips of that length.
        Problem: If the job or its model's profile is wrong.
    """
    if trial == Trial():
        return loaded
    if trial.duration is not None:
        complaint = duration_complaint(profile_for(loaded), trial.duration)
        if complaint:
            raise UsageProblem(f"--duration {trial.duration}: {complaint}", hint="nothing was bought")
    return replace(loaded, job=loaded.job.tried(trial), text_sha256=trial.mark(loaded.text_sha256))


def buying_command(loaded: LoadedJob) -> str:
    """Name the command that buys what the newest plan of a job still wants, without what it left out on purpose."""
    with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as state:
        command = queries.meta(state, "command") or WHOLE
    return f"sora-batch {command.format(job=loaded.path)}"


def promoted(loaded: LoadedJob) -> LoadedJob | str:
    """Give a job of just those items whose approved clip has another length than the job wants, or say why of none.

    Also of those that are bought already, until all are made: the same command goes on with what an earlier one began.

    Raises:
        Problem: If the state or the manifest cannot be read.
    """
    with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as state:
        approved = decisions.approved(state)
    if not approved:
        return "nobody approved a clip yet: `sora-batch review JOB`"
    chosen = tried(loaded, Trial(only=frozenset(approved)))
    lengths = {one[:3]: (one, duration) for one, duration in approved.items()}
    wanted: dict[str, Wanted] = {}
    with opened_plan(chosen, profile_for(chosen), fetch=False, progress=no_progress) as (plan, _):
        for batch in plan.batches():
            for key, sku, variant, order in batch.select("key", "sku", "variant", "order").iter_rows():
                one, duration = lengths[sku, variant, plan.orders[order].aspect]
                if str(plan.orders[order].duration) != duration:
                    wanted[key] = one
    if not wanted:
        return "no approved clip has another length than the job wants"
    with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as state:
        if all(_is_made(state, key) for key in wanted):
            return f"{counted(len(wanted), 'approved clip is', 'approved clips are all')} made at full length already"
    return tried(loaded, Trial(only=frozenset(wanted.values())))


def _is_made(state: sqlite3.Connection, key: str) -> bool:
    item_id = queries.item_of_key(state, key)
    return item_id is not None and queries.phase_of(state, item_id) is Phase.DONE
