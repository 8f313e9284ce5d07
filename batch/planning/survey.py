"""A plan held against what was done before, and against the caps: everything that `plan` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from batch.core.lifecycle import Phase
from batch.core.money import ZERO
from batch.core.profile import profile_notes
from batch.core.timing import FALLBACK_ETA
from batch.planning.forecast import Fitting, expected_seconds
from batch.planning.suitability import Outlook, outlooks
from batch.planning.values import SAMPLES, PromptSample, first_samples, high_of, low_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from batch.core.channel import Channel
    from batch.core.job import Job
    from batch.core.order import Order
    from batch.core.override import Override
    from batch.core.profile import ModelProfile
    from batch.core.summary import GoneProduct
    from batch.planning.forecast import Caps, Fit
    from batch.planning.linting import LintReport
    from batch.planning.lintwords import Source
    from batch.planning.planner import Plan
    from batch.planning.values import PlanTotals

_OPEN = Phase.PLANNED.value
_MADE_BY = ("sku", "variant", "order", "take")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """Findings of a plan's prompts, and where its templates stand."""

    report: LintReport
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """Everything that there is to say of a plan.

    Attributes:
        job: Its name.
        model: The slug.
        simulated: Whether the clips would come from the simulator.
        notes: What a person should know of the model.
        totals: Of the plan, whatever was done before.
        rejected: Rows, with the columns of `REJECTED_SCHEMA`.
        phases: Items of the plan that the state knows, by phase; `planned` are those it would still buy.
        opened: Checked items that are still to be bought, for each order.
        samples: The first three prompts among them, as they will be sent.
        caps: What may be spent.
        fit: What of it the caps let through; unchecked items, which may turn out to be none, come after all others.
        seconds: How long it takes to make what is still to be bought and is not beyond the caps.
        eta: Seconds for one clip; None where the profile does not know.
        outlooks: What the job's channels would say of the plan's items.
        gone: Products of which something was bought, and that no row has any more.
        changed: New items of products of which something was bought before.
        lint: What is wrong with the first prompts; None where nobody looked.
        redone: What redos say in place of rows, as far as the plan has these rows.
        trial: What was asked for instead of the whole job; empty if that was.
    """

    job: str
    model: str
    simulated: bool
    notes: tuple[str, ...]
    totals: PlanTotals
    rejected: pl.DataFrame
    phases: Mapping[str, int]
    opened: tuple[int, ...]
    samples: tuple[PromptSample, ...]
    caps: Caps
    fit: Fit
    seconds: float
    eta: float | None
    outlooks: tuple[Outlook, ...] = ()
    gone: tuple[GoneProduct, ...] = ()
    changed: int = 0
    lint: Linted | None = None
    redone: tuple[Override, ...] = ()
    trial: str = ""

    @property
    def unchecked(self) -> int:
        """Items whose picture was not fetched yet."""
        return sum(self.totals.unchecked)

    @property
    def low(self) -> Decimal:
        """Dollars that what is still to be bought costs at least, without what is unchecked."""
        return _total(zip(self.totals.orders, self.opened, strict=True), low=True)

    @property
    def high(self) -> Decimal:
        """Dollars that what is still to be bought costs at most, with what is unchecked."""
        counts = zip(self.totals.orders, self.opened, self.totals.unchecked, strict=True)
        return _total(((order, opened + unchecked) for order, opened, unchecked in counts), low=False)

    def in_phases(self, *phases: Phase) -> int:
        """Count the plan's items in some phases."""
        return sum(self.phases.get(phase.value, 0) for phase in phases)


def known_items(pairs: Iterable[tuple[bytes, str]]) -> pl.DataFrame:
    """Make the table of what a state knows: `key` (hex) and `phase`.

    Args:
        pairs: Keys as 32 bytes, with phases.
    """
    table = pl.DataFrame(pairs, schema={"key": pl.Binary, "phase": pl.String}, orient="row")
    return table.with_columns(pl.col("key").bin.encode("hex"))


def view_plan(
    plan: Plan,
    job: Job,
    profile: ModelProfile,
    *,
    known: pl.DataFrame,
    caps: Caps,
    channels: Iterable[Channel] = (),
    gone: Iterable[GoneProduct] = (),
    bought: pl.Series | None = None,
    lint: Linted | None = None,
) -> PlanView:
    """Hold a plan against a state and its caps; makes one pass over the plan.

    Args:
        plan: What the job and its manifest come to.
        job: The job.
        profile: Its model's.
        known: From `known_items`; without rows where there is no state yet.
        caps: What may be spent.
        channels: The job's destinations.
        gone: Products that left the manifest.
        bought: The SKUs of which something was bought; None: of none.
        lint: What is wrong with its prompts, where somebody looked.
    """
    reading = _Reading(plan, known, caps)
    for batch in plan.batches():
        reading.take(batch)
    for order, count in enumerate(plan.totals.unchecked):
        reading.fitting.add(pl.repeat(order, count, dtype=pl.Int32, eager=True))
    limits, fit = job.limits, reading.fitting.fit
    return PlanView(
        job=job.name,
        model=profile.slug,
        simulated=job.simulated,
        notes=profile_notes(profile),
        totals=plan.totals,
        rejected=plan.rejected,
        phases=reading.phases,
        opened=tuple(reading.opened),
        samples=tuple(reading.samples[:SAMPLES]) or plan.totals.samples,
        caps=caps,
        fit=fit,
        seconds=expected_seconds(
            fit.items,
            eta=(profile.eta_seconds or FALLBACK_ETA) / (job.provider.speed if job.simulated else 1.0),
            in_flight=limits.in_flight,
            per_minute=limits.submit_per_minute,
        ),
        eta=profile.eta_seconds,
        outlooks=outlooks(channels, plan.totals.by_order, profile),
        gone=tuple(gone),
        changed=_changed(reading.new, bought),
        lint=lint,
        redone=tuple(reading.redone),
        trial=job.trial.words if job.trial else "",
    )


class _Reading:
    """What one pass over a plan's batches finds out beside a state.

    Attributes:
        phases: How many of the plan's items the state has in each phase.
        opened: How many items of each order are to be bought.
        new: The SKUs of items that the state does not know, batch by batch.
        samples: At least the first few prompts that would be sent, where there are as many.
        redone: What redos say in place of the plan's rows.
    """

    def __init__(self, plan: Plan, known: pl.DataFrame, caps: Caps) -> None:
        self.phases: dict[str, int] = {}
        self.opened = [0] * len(plan.orders)
        self.new: list[pl.Series] = []
        self.samples: list[PromptSample] = []
        self.redone: list[Override] = []
        self.fitting = Fitting([high_of(order) for order in plan.orders], caps)
        self._known = known
        self._orders = plan.orders
        self._told = {(one.sku, one.variant, one.aspect, one.take): one for one in plan.overrides}

    def take(self, batch: pl.DataFrame) -> None:
        """Take in a batch of the plan's items."""
        joined = batch.select("key", "sku", "prompt", "negative_prompt", "order").join(
            self._known, on="key", how="left", maintain_order="left"
        )
        for phase, count in joined["phase"].drop_nulls().value_counts().iter_rows():
            self.phases[phase] = self.phases.get(phase, 0) + count
        to_buy = joined.filter(pl.col("phase").is_null() | (pl.col("phase") == _OPEN))
        for order, count in to_buy["order"].value_counts().iter_rows():
            self.opened[order] += count
        self.new.append(to_buy.filter(pl.col("phase").is_null())["sku"])
        self.fitting.add(to_buy["order"])
        for sku, variant, order, take in batch.filter(pl.col("take") > 0).select(_MADE_BY).iter_rows():
            self.redone.append(self._told[sku, variant, self._orders[order].aspect, take])
        if len(self.samples) < SAMPLES:
            self.samples += first_samples(to_buy)


def _changed(new: list[pl.Series], bought: pl.Series | None) -> int:
    if bought is None or bought.is_empty() or not new:
        return 0
    return int(pl.concat(new).is_in(bought.implode()).sum())


def _total(counts: Iterable[tuple[Order, int]], *, low: bool) -> Decimal:
    return sum(((low_of(order) if low else high_of(order)) * count for order, count in counts), ZERO)
