"""Looking at everything that a run depends on, without buying anything."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from batch import __version__
from batch.core.money import format_usd
from batch.core.order import check_buyable
from batch.core.prediction import Listing, NoAnswer, NotListed
from batch.core.profile import profile_notes
from batch.errors import Exit, MissingInput, Problem
from batch.models import load_profiles, profile_for
from batch.run.desking import provider_for
from batch.store import queries
from batch.store.lock import lock_holder, lock_path
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob

_LEAST_FREE = 1_000_000_000
_MOST_SKEW = 60.0


class Level(StrEnum):
    """How good a finding is."""

    GOOD = "ok"  # as it should be
    NOTE = "note"  # a person should know it
    BAD = "bad"  # a run would fail, or cost what nobody expects


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        hint: The next step; empty where there is none.
        exit: What a run would end with because of it.
    """

    level: Level
    what: str
    hint: str = ""
    exit: Exit = Exit.DONE


async def examine(loaded: LoadedJob) -> list[Finding]:
    """Look at the versions, the disk, the state, the profile, the key, the model's listing, the balance, the clock."""
    findings = [*_versions(), *_disk(loaded), *_state(loaded)]
    try:
        profile = profile_for(loaded)
        findings += _profile(loaded, profile)
        findings += await _provider(loaded, profile)
    except Problem as problem:
        findings.append(_bad(problem))
    return findings


def _bad(problem: Problem) -> Finding:
    where = f"{problem.where}: " if problem.where else ""
    return Finding(level=Level.BAD, what=f"{where}{problem.what}", hint=problem.hint, exit=problem.exit)


def _versions() -> Iterator[Finding]:
    python = ".".join(str(part) for part in sys.version_info[:3])
    what = f"sora-batch {__version__}, Python {python}, SQLite {sqlite3.sqlite_version}"
    yield Finding(level=Level.GOOD, what=what)


def _disk(loaded: LoadedJob) -> Iterator[Finding]:
    folder = loaded.location.output
    try:
        while not folder.exists():
            folder = folder.parent
    except OSError as error:  # a folder that may not be entered, a name that is too long
        what = f"{folder} cannot be used: {error.strerror}"
        yield Finding(level=Level.BAD, what=what, hint="set `output.dir`", exit=Exit.CANNOT_CREATE)
        return
    free = shutil.disk_usage(folder).free
    what = f"{free / 1e9:.1f} GB are free for {loaded.location.output}"
    if not os.access(folder, os.W_OK | os.X_OK):
        hint = "set `output.dir`, or make it writable"
        yield Finding(level=Level.BAD, what=f"{folder} cannot be written", hint=hint, exit=Exit.CANNOT_CREATE)
    elif free < _LEAST_FREE:
        yield Finding(level=Level.NOTE, what=what, hint="a clip takes 2 to 20 MB; make room before a large run")
    else:
        yield Finding(level=Level.GOOD, what=what)


def _state(loaded: LoadedJob) -> Iterator[Finding]:
    path = loaded.location.state
    holder = lock_holder(lock_path(path))
    if holder:
        yield Finding(level=Level.NOTE, what=f"a run is at work on this job (process {holder})")
    try:
        with closing(read_state(path, Binding.of(loaded.location))) as connection:
            counts, cost = queries.counts(connection), queries.cost(connection)
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except MissingInput:
        yield Finding(level=Level.GOOD, what=f"no state yet; the first run makes {path}")
        return
    except Problem as problem:
        yield _bad(problem)
        return
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        hint = "keep the file as it is and put a copy of it back; nothing is submitted from a damaged state"
        yield Finding(level=Level.BAD, what=f"the state is damaged: {verdict}", hint=hint, exit=Exit.STORAGE)
        return
    what = f"state: {counts.total} items, {counts.unconfirmed} unconfirmed, ${format_usd(cost.reserved)} reserved"
    yield Finding(level=Level.NOTE if counts.unconfirmed else Level.GOOD, what=what)


def _profile(loaded: LoadedJob, profile: ModelProfile) -> Iterator[Finding]:
    try:
        check_buyable(profile, loaded.job)
        yield Finding(level=Level.GOOD, what=f"the profile of {profile.slug} is complete")
    except Problem as problem:
        yield _bad(problem)
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
