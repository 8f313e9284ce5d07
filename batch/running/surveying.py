"""What `plan` says: the job and its manifest held against the state, if there is one. Sends nothing, buys nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl

from batch.core.money import ZERO
from batch.models import profile_for
from batch.planning.forecast import Caps
from batch.planning.linting import lint_manifest
from batch.planning.survey import Linted, known_items, view_plan
from batch.prompts import library_for
from batch.prompts.wordlists import vocabulary_for
from batch.running.clock import utc_day
from batch.running.destinations import destinations_of
from batch.running.linting import source_of
from batch.running.opening import opened_plan, state_if_any
from batch.store import changes, history, queries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from decimal import Decimal

    from batch.core.summary import Cost
    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.pictures import Progress
    from batch.planning import Plan
    from batch.planning.survey import PlanView
    from batch.running.clock import Clock

LINTED_ROWS = 10_000
"""A plan of a million rows takes seconds, and looking all prompts through would take longer: `lint` does that."""


def survey(loaded: LoadedJob, *, fetch: bool, clock: Clock, progress: Progress) -> PlanView:
    """Make a plan and hold it against what was done and what may be spent.

    Args:
        fetch: Fetch the pictures behind URLs first.
        progress: Told about pictures that have to be read.

    Raises:
        Problem: If the manifest cannot be read, the model cannot be bought, or the state is damaged.
    """
    with surveyed(loaded, fetch=fetch, clock=clock, progress=progress) as (view, _):
        return view


@contextmanager
def surveyed(loaded: LoadedJob, *, fetch: bool, clock: Clock, progress: Progress) -> Iterator[tuple[PlanView, Plan]]:
    """Give what `survey` gives, and the plan itself while its manifest is open; it is made only once.

    Raises:
        Problem: As `survey` does.
    """
    profile = profile_for(loaded, to_buy=True)
    channels = destinations_of(loaded)
    library, vocabulary = library_for(loaded), vocabulary_for(loaded)
    job = loaded.job
    with (
        opened_plan(loaded, profile, fetch=fetch, progress=progress) as (plan, manifest),
        state_if_any(loaded) as state,
    ):
        known = known_items(queries.keys_with_phase(state) if state else ())
        bought = pl.Series(history.bought_skus(state) if state else [], dtype=pl.String)
        absent = bought.filter(~bought.is_in(plan.skus.drop_nulls().implode()))
        left = set() if job.manifest.partial else set(absent.to_list())
        found = lint_manifest(job, profile, manifest, library, vocabulary, most_rows=LINTED_ROWS)
        view = view_plan(
            plan,
            job,
            profile,
            known=known,
            caps=_caps(loaded, state, clock),
            channels=channels,
            gone=history.products(state, left) if state else (),
            bought=bought,
            lint=Linted(report=found, source=source_of(loaded)),
        )
        yield view, plan


def _caps(loaded: LoadedJob, state: sqlite3.Connection | None, clock: Clock) -> Caps:
    """Say what is left under each cap: of the run that would go on, or of a new one, and of this UTC day."""
    budget, limits = loaded.job.budget, loaded.job.limits
    if state is None:
        return Caps(
            run_left=budget.per_run_usd,
            day_left=budget.per_day_usd,
            per_item=budget.per_item_usd,
            max_items=limits.max_items,
        )
    now = clock.now()
    resumed = changes.run_to_resume(state, now)
    in_run = ZERO if resumed is None else _committed(queries.cost(state, f"run:{resumed}"))
    in_day = _committed(queries.cost(state, f"day:{utc_day(now)}"))
    submitted = 0 if resumed is None else queries.submitted_in(state, resumed)
    return Caps(
        run_left=_left(budget.per_run_usd, in_run),
        day_left=_left(budget.per_day_usd, in_day),
        per_item=budget.per_item_usd,
        max_items=None if limits.max_items is None else max(0, limits.max_items - submitted),
        reserved=queries.cost(state).reserved,
    )


def _committed(cost: Cost) -> Decimal:
    return cost.reserved + cost.settled + cost.possibly_charged


def _left(cap: Decimal | None, committed: Decimal) -> Decimal | None:
    return None if cap is None else max(ZERO, cap - committed)
