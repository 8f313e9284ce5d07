"""Looking at everything that a run depends on, without buying anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.core.money import format_usd
from batch.core.order import check_buyable
from batch.core.prediction import Listing, NoAnswer, NotListed
from batch.core.profile import profile_notes
from batch.errors import Exit, Problem
from batch.models import load_profiles, profile_for
from batch.run import checkup
from batch.run.desking import provider_for
from batch.run.findings import Finding, Level, bad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob

_MOST_SKEW = 60.0


async def examine(loaded: LoadedJob) -> list[Finding]:
    """Look at the versions, the disk, the state, the profile, the key, the model's listing, the balance, the clock."""
    findings = [*checkup.versions(), *checkup.disk(loaded), *checkup.state(loaded)]
    try:
        profile = profile_for(loaded)
        findings += _profile(loaded, profile)
        findings += await _provider(loaded, profile)
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


async def _provider(loaded: LoadedJob, profile: ModelProfile) -> list[Finding]:
    findings: list[Finding] = []
    async with provider_for(loaded) as (provider, base_url):
        findings.append(Finding(level=Level.GOOD, what=f"a key is there; asking {base_url}"))
        listing = await provider.listing(profile.slug)
        match listing:
            case Listing():
                findings.append(_listed(listing))
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
            findings.append(Finding(level=Level.GOOD, what=f"the balance is ${format_usd(balance)}"))
        findings.append(_clock(provider.clock_offset))
    return findings


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
