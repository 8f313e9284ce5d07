"""The newest plan in the state: made anew when the job, the manifest or a picture has changed, else left alone."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from batch.core.counting import counted
from batch.core.item import fit_rules
from batch.core.lifecycle import Phase
from batch.core.money import from_micros
from batch.core.trial import WHOLE
from batch.errors import ManifestProblem
from batch.files import sweep_parts
from batch.inputs.picturefacts import is_url
from batch.inputs.standard import StandardInput
from batch.planning import make_plan, open_book
from batch.planning.checks import REJECTED_SCHEMA
from batch.planning.describe import plan_warnings
from batch.planning.fingerprint import fingerprint_of
from batch.planning.rejects import remove_rejected, write_rejected
from batch.planning.suitability import outlook_warnings, outlooks
from batch.prompts import library_for
from batch.running.destinations import destinations_of
from batch.running.fetching import fetch_pictures, rows_of
from batch.store import queries, takes, views
from batch.store.loading import load_plan

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from decimal import Decimal

    from batch.core.override import Override
    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.manifest import Manifest
    from batch.inputs.pictures import PictureBook
    from batch.planning import Plan
    from batch.running.desk import Watcher
    from batch.store.queries import PlannedOrder
    from batch.store.store import Store

REJECTED_FILE = "rejected.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What is planned and not yet bought.

    Attributes:
        usd: Dollars for one attempt each, at most.
    """

    items: int
    usd: Decimal
    orders: tuple[PlannedOrder, ...]


class _StoppedError(Exception):
    """A signal came while the plan was being made."""


def cache_folder(loaded: LoadedJob) -> Path:
    """Say where hashes, fetched pictures and prepared frames are kept; all of it can be deleted."""
    return loaded.location.state.parent / "cache"


def frames_folder(loaded: LoadedJob) -> Path:
    """Say where prepared frames are kept."""
    return cache_folder(loaded) / "frames"


def sweep_cache(loaded: LoadedJob) -> None:
    """Remove what killed commands have left half-written in the cache; before this one writes there."""
    for folder in (cache_folder(loaded), frames_folder(loaded)):
        sweep_parts(folder)


def picture_path(loaded: LoadedJob, source: str, sha256: str) -> Path:
    """Say where a picture's bytes lie: the file itself, or what was fetched from its URL."""
    return cache_folder(loaded) / "pictures" / sha256 if is_url(source) else Path(source)


def planned_spend(reader: sqlite3.Connection) -> Spend:
    """Add up what the newest plan still wants to buy."""
    orders = queries.planned_orders(reader)
    micros = sum(order.estimate * order.items for order in orders)
    return Spend(items=sum(order.items for order in orders), usd=from_micros(micros), orders=tuple(orders))


def list_rejected(loaded: LoadedJob, reader: sqlite3.Connection) -> None:
    """Write `rejected.csv` anew, if rows joined it when their pictures were framed.

    A picture's head and end are looked at when it is planned; what only decoding finds out is known later.

    Raises:
        CannotCreate: If the file cannot be made.
    """
    if not queries.count_in(reader, Phase.REJECTED):
        return
    rows = [astuple(row) for row in views.rejected(reader)]
    if rows:  # an older plan's were mended
        table = pl.DataFrame(rows, schema=REJECTED_SCHEMA, orient="row")
        write_rejected(loaded.location.output / REJECTED_FILE, table)


async def bring_plan_up_to_date(
    store: Store, loaded: LoadedJob, profile: ModelProfile, *, audience: Watcher, strict: bool
) -> None:
    """Make the newest plan from what the job, its manifest and the pictures now say.

    All of it happens in the writer's thread and in one transaction: cut off, the plan before is still the newest.

    Raises:
        ManifestProblem: If no row, or with `strict` not every row, can become an item.
        Problem: If the manifest cannot be read, or the model cannot be bought.
    """
    stopped = threading.Event()
    planning = _Planning(loaded, profile, audience, strict=strict, stopped=stopped)
    try:
        await store.do(planning.work)
    except asyncio.CancelledError:
        stopped.set()
        raise


class _Planning:
    """One planning, in the thread of the state's writer."""

    def __init__(
        self, loaded: LoadedJob, profile: ModelProfile, audience: Watcher, *, strict: bool, stopped: threading.Event
    ) -> None:
        self._loaded = loaded
        self._profile = profile
        self._audience = audience
        self._strict = strict
        self._stopped = stopped

    def work(self, connection: sqlite3.Connection) -> None:
        fingerprint = fingerprint_of(self._loaded)
        with open_book(cache_folder(self._loaded)) as book:
            known = fingerprint is not None and queries.meta(connection, "fingerprint") == fingerprint
            if known and fingerprint is not None and book.unchanged(fingerprint):
                if self._strict:
                    self._check_strict(queries.counts(connection).rejected)
                return
            stdin = StandardInput(self._heed)
            with rows_of(self._loaded, stdin, self._heed) as manifest:
                plan = self._plan(manifest, book, takes.overrides(connection, self._loaded.job.trial))
                self._load(connection, plan, fingerprint or "")
            if fingerprint is not None and not plan.urls:  # what a URL holds can change without a trace
                book.mark(fingerprint)

    def _plan(self, manifest: Manifest, book: PictureBook, overrides: tuple[Override, ...]) -> Plan:
        job, library = self._loaded.job, library_for(self._loaded)

        def make() -> Plan:
            return make_plan(
                job, self._profile, manifest, book, progress=self._progress, library=library, overrides=overrides
            )

        plan = make()
        if plan.urls:
            asyncio.run(fetch_pictures(self._loaded, plan, book, self._progress))
            plan = make()
        return plan

    def _load(self, connection: sqlite3.Connection, plan: Plan, fingerprint: str) -> None:
        self._check(plan)  # what is rejected is known before anything is changed
        load_plan(
            connection,
            model=self._profile.slug,
            orders=plan.orders,
            batches=self._batches(plan),
            rejected=plan.rejected.iter_rows(),
            fingerprint=fingerprint,
            fit=fit_rules(self._loaded.job.image),
            partial=self._loaded.job.manifest.partial,
            command=self._loaded.job.trial.command if self._loaded.job.trial else WHOLE,
        )

    def _check(self, plan: Plan) -> None:
        path = self._loaded.location.output / REJECTED_FILE
        if plan.totals.rejected:
            write_rejected(path, plan.rejected)
            self._audience.note(
                f"{plan.totals.rejected:,} of {counted(plan.totals.rows, 'row is', 'rows are')} rejected: {path}"
            )
        else:
            remove_rejected(path)
        if not plan.totals.items:
            raise ManifestProblem("no row can become an item", where=str(path), hint="it says why, row by row")
        if self._strict:
            self._check_strict(plan.totals.rejected)
        suitability = outlooks(destinations_of(self._loaded), plan.totals.by_order, self._profile)
        for warning in (*plan_warnings(plan.totals, buying=True), *outlook_warnings(suitability)):
            self._audience.note(f"warning: {warning}")

    def _check_strict(self, rejected: int) -> None:
        if rejected:
            path = self._loaded.location.output / REJECTED_FILE
            raise ManifestProblem(
                f"{counted(rejected, 'row is', 'rows are')} rejected, and --strict wants none: nothing was bought",
                where=str(path),
                hint="mend them, or leave --strict out",
            )

    def _batches(self, plan: Plan) -> Iterator[pl.DataFrame]:
        for batch in plan.batches():
            self._heed()
            yield batch

    def _progress(self, _done: int, _total: int) -> None:
        self._heed()

    def _heed(self) -> None:
        if self._stopped.is_set():
            raise _StoppedError
