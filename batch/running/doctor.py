"""Looking at everything that a run depends on, without buying anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.core.catalogue import price_differences, schema_differences
from batch.core.counting import counted
from batch.core.money import format_usd
from batch.core.order import check_buyable
from batch.core.prediction import Listing, NoAnswer, NotListed
from batch.core.profile import profile_notes
from batch.errors import Exit, Problem
from batch.inputs.manifest import STANDARD_INPUT
from batch.models import load_profiles, profile_for
from batch.running import checkup
from batch.running.desking import provider_for
from batch.running.findings import Finding, Level, bad
from batch.running.live import look_again
from batch.running.surveying import survey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob
    from batch.planning.survey import PlanView
    from batch.running.clock import Clock

_MOST_SKEW = 60.0


async def examine(loaded: LoadedJob, clock: Clock) -> list[Finding]:
    """Look at versions, disk, state, plan, profile, key, the model's listing, schema and price, balance and clock."""
    findings = [*checkup.versions(), *checkup.disk(loaded), *checkup.state(loaded)]
    try:
        profile = profile_for(loaded)
        findings += _profile(loaded, profile)
        plan = _plan(loaded, clock, findings)
        findings += await _provider(loaded, profile, plan, clock)
    except Problem as problem:
        findings.append(bad(problem))
    return findings


def _profile(loaded: LoadedJob, profile: ModelProfile) -> Iterator[Finding]:
    try:
        check_buyable(profile, loaded.job)
        yield Finding(level=Level.GOOD, what=f"the profile of {profile.slug} is complete")
    except Problem as problem:
        yield bad(problem)
    for note in profile_notes(profile):
        yield Finding(level=Level.NOTE, what=f"{profile.slug}: {note}")
    known = load_profiles(loaded.job, loaded.folder)
    buyable = [slug for slug, one in sorted(known.items()) if not one.unknown]
    partly = [f"{slug} (unknown: {', '.join(one.unknown)})" for slug, one in sorted(known.items()) if one.unknown]
    yield Finding(level=Level.GOOD, what=f"profiles that can be bought: {', '.join(buyable)}")
    if partly:
        yield Finding(level=Level.GOOD, what=f"profiles that need something of yours: {', '.join(partly)}")


def _plan(loaded: LoadedJob, clock: Clock, findings: list[Finding]) -> PlanView | None:
    """Plan what is still to be bought; pictures behind URLs are not fetched, and standard input is not read."""
    if loaded.job.manifest.path == STANDARD_INPUT:
        return None
    try:
        plan = survey(loaded, fetch=False, clock=clock, progress=lambda _done, _total: None)
    except Problem as problem:
        findings.append(bad(problem))
        return None
    what = f"the plan wants {counted(sum(plan.opened), 'more item', 'more items')}, for up to ${format_usd(plan.high)}"
    findings.append(Finding(level=Level.GOOD, what=what))
    return plan


async def _provider(loaded: LoadedJob, profile: ModelProfile, plan: PlanView | None, clock: Clock) -> list[Finding]:
    findings: list[Finding] = []
    async with provider_for(loaded) as (provider, base_url):
        findings.append(Finding(level=Level.GOOD, what=f"a key is there; asking {base_url}"))
        listing = await provider.listing(profile.slug)
        match listing:
            case Listing():
                findings.append(_listed(listing))
                findings += _differences(listing, profile, plan)
            case NotListed():
                what = f"the provider does not list {profile.slug}"
                hint = "choose another `model:`"
                findings.append(Finding(level=Level.BAD, what=what, hint=hint, exit=Exit.UNAVAILABLE))
            case NoAnswer():
                findings.append(_silent("the listing", listing))
        balance = await provider.balance()
        if isinstance(balance, NoAnswer):
            findings.append(_silent("the balance", balance))
        else:
            findings.append(_balance(balance, plan))
        findings.append(_clock(provider.clock_offset))
        findings += await look_again(loaded, base_url, clock)
    return findings


def _differences(listing: Listing, profile: ModelProfile, plan: PlanView | None) -> Iterator[Finding]:
    """Name where the provider's catalogue and the profile disagree."""
    hint = "correct it in a profile of your own: `models:` in the job, `extends:` in the profile"
    different = schema_differences(profile, listing.schema)
    for difference in different:
        yield Finding(level=Level.NOTE, what=f"{profile.slug}: {difference}", hint=hint)
    if listing.schema and not different:
        yield Finding(level=Level.GOOD, what=f"the provider's schema of {profile.slug} is what the profile says")
    orders = () if plan is None else plan.totals.orders
    dearer = price_differences(listing, orders)
    for difference in dearer:
        yield Finding(
            level=Level.NOTE, what=f"{profile.slug}: {difference}", hint="set `price:`, or correct the profile"
        )
    if orders and listing.cost is not None and not dearer:
        yield Finding(level=Level.GOOD, what="the provider's price, where it says one, is what is planned")


def _balance(balance: Decimal, plan: PlanView | None) -> Finding:
    what = f"the balance is ${format_usd(balance)}"
    if plan is not None and balance < plan.high:
        hint = "top up, or set a budget: submitting pauses when the balance runs out"
        return Finding(level=Level.NOTE, what=f"{what}, and the plan wants up to ${format_usd(plan.high)}", hint=hint)
    return Finding(level=Level.GOOD, what=what)


def _listed(listing: Listing) -> Finding:
    cost = listing.cost
    if cost is None:
        return Finding(level=Level.NOTE, what=f"{listing.slug} is listed, without a price")
    rows = ", ".join(f"{label}: ${format_usd(usd)}" for label, usd in cost.rows)
    amount = "" if cost.amount is None else f"${format_usd(cost.amount)} {cost.unit or ''}".strip()
    return Finding(level=Level.GOOD, what=f"{listing.slug} is listed: {rows or amount or cost.description or 'priced'}")


def _silent(what: str, answer: NoAnswer) -> Finding:
    if answer.key_refused:
        said, hint, code = f"the provider refused the key: {answer.message}", "check EACHLABS_API_KEY", Exit.KEY_REFUSED
    else:
        said, hint, code = f"the provider did not tell {what}: {answer.message}", "try again later", Exit.UNAVAILABLE
    return Finding(level=Level.BAD, what=said, hint=hint, exit=code)


def _clock(offset: float) -> Finding:
    what = f"the provider's clock is {abs(offset):.0f} s {'ahead of' if offset > 0 else 'behind'} ours"
    if abs(offset) > _MOST_SKEW:
        return Finding(level=Level.NOTE, what=what, hint="set this machine's clock; days and caps go by it")
    return Finding(level=Level.GOOD, what=what)
