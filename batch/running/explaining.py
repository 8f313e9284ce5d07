"""Why the items of a SKU are new, or are not: the plan's items held against the state's, ingredient by ingredient."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from batch.core.ingredients import Change, Ingredients, changes
from batch.core.item import fit_rules
from batch.core.nearest import nearest
from batch.errors import UsageProblem
from batch.models import profile_for
from batch.planning.values import high_of
from batch.running.opening import opened_plan, state_if_any
from batch.store import history

if TYPE_CHECKING:
    import sqlite3
    from decimal import Decimal

    from batch.core.job import Job
    from batch.core.override import Override
    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.pictures import Progress
    from batch.planning import Plan
    from batch.store.history import Earlier

_MOST_LIKE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One item of the plan, and how it comes that it is new or not.

    Attributes:
        price: Dollars for one attempt, at most.
        known: The item of the state that it is; None where it is new.
        compared: Of a new one, the earlier item that is most like it; None where there is none.
        changes: What differs from that.
        override: The redo that stands in place of what the row says; None where there is none.
    """

    key: str
    file: str
    line: int
    variant: int
    aspect: str
    duration: str
    price: Decimal
    known: Earlier | None
    compared: Earlier | None
    changes: tuple[Change, ...]
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a row of the SKU cannot become an item."""

    file: str
    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is known of a SKU.

    Attributes:
        rows: Of the manifest.
        unchecked: Whether its picture's URL was not fetched yet, so that nobody can say.
        left: Items that the state has and the plan has not.
    """

    sku: str
    rows: int
    stories: tuple[Story, ...]
    refusals: tuple[Refusal, ...]
    unchecked: bool
    left: tuple[Earlier, ...]


def explain(loaded: LoadedJob, sku: str, *, fetch: bool, progress: Progress) -> Explanation:
    """Say of a SKU's items why each is new, or is not.

    Args:
        fetch: Fetch the pictures behind URLs first.
        progress: Told about pictures that have to be read.

    Raises:
        UsageProblem: If neither the manifest nor the state has this SKU.
        Problem: If the manifest cannot be read, the model cannot be bought, or the state is damaged.
    """
    profile = profile_for(loaded, to_buy=True)
    job = loaded.job
    with opened_plan(loaded, profile, fetch=fetch, progress=progress) as (plan, _), state_if_any(loaded) as state:
        known = history.items_of(state, sku) if state else []
        rows = int((plan.skus == sku).sum())
        if not rows and not known:
            raise _unknown(sku, plan)
        items = pl.concat([batch.filter(pl.col("sku") == sku) for batch in plan.batches()] or [pl.DataFrame()])
        stories = tuple(_story(row, plan, job, known, state) for row in items.iter_rows(named=True))
        columns = ("file", "line", "column", "value", "reason")
        rejected = plan.rejected.filter(pl.col("sku") == sku).select(columns)
        refusals = tuple(Refusal(**row) for row in rejected.iter_rows(named=True))
    planned = {story.key for story in stories}
    return Explanation(
        sku=sku,
        rows=rows,
        stories=stories,
        refusals=refusals,
        unchecked=bool(rows and not stories and not refusals),
        left=tuple(item for item in known if item.key not in planned and (item.bought or not rows)),
    )


def _story(row: dict[str, Any], plan: Plan, job: Job, known: list[Earlier], state: sqlite3.Connection | None) -> Story:
    order = plan.orders[row["order"]]
    same = next((item for item in known if item.key == row["key"]), None)
    now = Ingredients(
        source_sha256=row["source_sha256"],
        source=row["source"],
        prompt=row["prompt"],
        negative_prompt=row["negative_prompt"],
        model=job.model,
        inputs=order.inputs,
        aspect=order.aspect,
        fit=fit_rules(job.image) | json.loads(row["framing"] or "{}"),
        variant=row["variant"],
        take=row["take"],
    )
    compared, found = (None, ()) if same else _most_like(now, known, state)
    return Story(
        key=row["key"],
        file=row["file"],
        line=row["line"],
        variant=row["variant"],
        aspect=order.aspect,
        duration=str(order.duration),
        price=high_of(order),
        known=same,
        compared=compared,
        changes=found,
        override=next((one for one in plan.overrides if _made_by(one, row, order.aspect)), None),
    )


def _made_by(override: Override, row: dict[str, Any], aspect: str) -> bool:
    made = (override.sku, override.variant, override.aspect, override.take)
    return made == (row["sku"], row["variant"], aspect, row["take"])


def _most_like(
    now: Ingredients, known: list[Earlier], state: sqlite3.Connection | None
) -> tuple[Earlier | None, tuple[Change, ...]]:
    """Find the earlier item that differs least: bought ones first, then the newest; else one of a renamed SKU."""
    if not known and state is not None:
        known = history.items_like(state, now.source_sha256, now.prompt)
    told = [(item, changes(item.ingredients, now)) for item in known]
    return min(told, key=lambda one: (not one[0].bought, len(one[1]), -one[0].item_id), default=(None, ()))


def _unknown(sku: str, plan: Plan) -> UsageProblem:
    skus = plan.skus.drop_nulls().unique()
    some = skus.filter(skus.str.to_lowercase().str.starts_with(sku[:1].lower())).head(_MOST_LIKE)
    close = nearest(sku, some.to_list())
    hint = f"did you mean {close}?" if close else "SKUs are compared letter by letter, with leading zeros"
    return UsageProblem(f"no row of the manifest and no earlier item has the SKU {sku!r}", hint=hint)
