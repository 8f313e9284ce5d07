"""The whole state held against the provider's history. Reads only, so it works beside a run."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from batch.core.audit import Booked, Compared, CostDiffers, compare, windows
from batch.core.money import format_usd, from_micros, to_micros
from batch.core.phases import LET_GO, RESOLVABLE, AttemptState
from batch.core.prediction import NoAnswer, Status, UnknownId
from batch.core.timing import timing_of
from batch.errors import Exit, KeyRefused, Problem, Unavailable
from batch.models import profile_for
from batch.running.desking import provider_for
from batch.running.history import BEFORE, MOST_PAGES, History, learn_clock, look_at, read_history
from batch.store import lookups, queries
from batch.store.lock import lock_holder, lock_path
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import sqlite3

    from batch.core.prediction import Execution
    from batch.core.summary import Cost
    from batch.inputs.jobfile import LoadedJob
    from batch.providers.base import Provider
    from batch.running.clock import Clock

MOST_LOOKS = 500
"""Predictions that are looked at one by one, in one audit, of each kind."""

_FRESH = 900.0
"""Seconds in which a prediction may be missing from a listing without anything being wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """A prediction of one of our uploads that is not the one that its attempt has.

    Attributes:
        adoptable: Its attempt has none: the answer was lost, and the next run adopts it.
        let_go: A person said of its attempt that it was not charged, or gave it up.
    """

    prediction_id: str
    sku: str
    status: Status
    cost: int | None
    adoptable: bool
    let_go: bool = False

    def as_json(self) -> dict[str, Any]:
        """Give it for scripts."""
        cost = None if self.cost is None else _usd(self.cost)
        return {
            "id": self.prediction_id,
            "sku": self.sku,
            "status": self.status.value,
            "cost_usd": cost,
            "adoptable": self.adoptable,
        }


@dataclass(slots=True, kw_only=True)
class Audit:
    """What an audit found.

    Attributes:
        complete: Whether the history was read to its end and all of it understood; otherwise absence proves nothing.
        gaps: Why it is not complete, in words.
        surplus: Predictions of ours that the state does not have as an attempt's own.
        twice: SKU and prediction ids of the items with more than one success.
        missing: SKU and id of predictions that the provider no longer knows.
        foreign: Predictions in our windows that are not ours.
        waiting: Items that wait for a person.
        listed: Predictions of ours that the provider lists.
        charged: Micro-dollars that the provider's listing says for those.
        books: The state's own sums.
    """

    job: str
    books: Cost
    complete: bool = True
    gaps: list[str] = field(default_factory=list)
    surplus: list[Surplus] = field(default_factory=list)
    twice: dict[str, list[str]] = field(default_factory=dict)
    missing: list[tuple[str, str]] = field(default_factory=list)
    costs: list[CostDiffers] = field(default_factory=list)
    foreign: int = 0
    waiting: int = 0
    listed: int = 0
    charged: int = 0

    def gap(self, why: str) -> None:
        """Note that the history is not wholly known."""
        self.complete = False
        if why not in self.gaps:
            self.gaps.append(why)

    @property
    def exit(self) -> Exit:
        """What the command ends with: 4 unless all agrees and all was read."""
        found = self.surplus or self.twice or self.missing or self.costs or self.waiting
        return Exit.NEEDS_PERSON if found or not self.complete else Exit.DONE

    def as_json(self) -> dict[str, Any]:
        """Give the documented keys."""
        return {
            "job": self.job,
            "complete": self.complete,
            "gaps": self.gaps,
            "unknown": [one.as_json() for one in self.surplus],
            "more_than_one_success": [{"sku": sku, "ids": ids} for sku, ids in self.twice.items()],
            "missing": [{"sku": sku, "id": id_} for sku, id_ in self.missing],
            "costs": [
                {
                    "id": one.prediction_id,
                    "sku": one.sku,
                    "state_usd": None if one.state is None else _usd(one.state),
                    "provider_usd": _usd(one.provider),
                }
                for one in self.costs
            ],
            "waiting": self.waiting,
            "foreign": self.foreign,
            "sums": {
                "state": self.books.as_json(),
                "provider": {"predictions": self.listed, "cost_usd": _usd(self.charged)},
            },
            "exit": int(self.exit),
        }


def _usd(micros: int) -> str:
    return format_usd(from_micros(micros))


async def audit_job(loaded: LoadedJob, clock: Clock) -> Audit:
    """Hold a job's state against the provider's executions around all of its intents.

    Raises:
        Problem: If the state cannot be read, or the provider does not answer at all.
    """
    with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as connection:
        async with provider_for(loaded) as (provider, _):
            await learn_clock(provider)
            auditor = _Auditor(loaded, connection, provider, clock)
            for model in lookups.models_bought(connection):
                for span in windows(lookups.intents_of(connection, model)):
                    await auditor.look(model, *span)
            return auditor.conclude()


class _Auditor:
    """Goes through the windows and gathers what does not agree."""

    def __init__(self, loaded: LoadedJob, connection: sqlite3.Connection, provider: Provider, clock: Clock) -> None:
        self._connection = connection
        self._provider = provider
        self._clock = clock
        self._at_work = bool(lock_holder(lock_path(loaded.location.state)))
        self._grace = timing_of(loaded.job, profile_for(loaded).eta_seconds).grace
        self._looks = {"unknown": 0, "unlisted": 0}
        self._seen: set[str] = set()
        self._apart = lookups.clocks_apart(connection, provider.clock_offset)
        self._audit = Audit(job=loaded.job.name, books=queries.cost(connection))

    async def look(self, model: str, first: float, last: float) -> None:
        """Audit one window: the provider first, so that whatever it lists has its intent in the state already."""
        offset, apart = self._provider.clock_offset, self._apart + BEFORE
        until = min(self._clock.now(), last + self._grace) + offset + apart
        expected = len(lookups.booked_between(self._connection, model, first, last))
        history = await read_history(
            self._provider, model, since=first + offset - apart, until=until, most_pages=MOST_PAGES + expected // 25
        )
        self._check_read(history)
        booked = lookups.booked_between(self._connection, model, first, last)
        known = lookups.booked_by_prediction(self._connection, [row.id for row in history.rows])
        compared = compare(booked, history.rows, known)
        self._audit.listed += compared.listed
        self._audit.charged += compared.cost
        self._audit.costs += compared.costs
        self._duplicates(compared)
        await self._unknown(compared)
        await self._unlisted(compared)

    def _check_read(self, history: History) -> None:
        trouble = history.trouble
        if trouble is not None and not history.rows:
            raise _no_history(trouble)
        if trouble is not None:
            self._audit.gap(f"the provider's history could not be read to its end: {trouble.message}")
        elif not history.complete:
            self._audit.gap("the provider's history is too long to be read to its end")

    def _duplicates(self, compared: Compared) -> None:
        for row, one in compared.duplicates:
            if row.id not in self._seen:
                self._seen.add(row.id)
                self._add_surplus(row, one, adoptable=False)

    def _add_surplus(self, row: Execution, one: Booked, *, adoptable: bool) -> None:
        cost = None if row.cost is None else to_micros(row.cost)
        self._audit.surplus.append(
            Surplus(
                prediction_id=row.id,
                sku=one.sku,
                status=row.status,
                cost=cost,
                adoptable=adoptable,
                let_go=one.state in LET_GO,
            )
        )
        self._audit.listed += 1
        self._audit.charged += cost or 0
        if row.status is Status.SUCCEEDED and one.state is AttemptState.SUCCEEDED and one.prediction_id:
            ids = self._audit.twice.setdefault(one.sku, [one.prediction_id])
            ids.append(row.id)

    async def _unknown(self, compared: Compared) -> None:
        """Look at what no attempt has: only those that echo one of our uploads are ours."""
        rows = [row for row in compared.unknown if row.id not in self._seen]
        strangers = lookups.strangers_among(self._connection, [row.id for row in rows])
        for row in rows:
            self._seen.add(row.id)
            if row.id in strangers:
                self._audit.foreign += 1
            elif self._may_look("unknown"):
                await self._judge(row)

    def _may_look(self, kind: str) -> bool:
        self._looks[kind] += 1
        if self._looks[kind] > MOST_LOOKS:
            self._audit.gap(f"more than {MOST_LOOKS} {kind} predictions: the others were not looked at")
            return False
        return True

    async def _judge(self, row: Execution) -> None:
        prediction = await look_at(self._provider, row.id)
        if prediction is None or prediction.image_url is None:
            self._audit.gap("of some predictions the provider does not show whose picture they were made from")
            return
        owner = lookups.attempt_of_echo(self._connection, prediction.image_url)
        if owner is None:
            self._audit.foreign += 1
            return
        one = lookups.booked_attempt(self._connection, *owner)
        if one.prediction_id == row.id or (one.state is AttemptState.INTENDED and self._at_work):
            return  # the run beside us has just written it down, or is about to
        self._add_surplus(row, one, adoptable=one.prediction_id is None and one.state not in LET_GO)

    async def _unlisted(self, compared: Compared) -> None:
        """Ask for those of ours that are not listed: only a 404 says that they are missing."""
        for one in compared.unlisted:
            assert one.prediction_id is not None
            if one.state is AttemptState.NOT_CHARGED or not self._may_look("unlisted"):
                continue
            outcome = await self._provider.poll(one.prediction_id)
            if isinstance(outcome, UnknownId):
                self._audit.missing.append((one.sku, one.prediction_id))
            elif isinstance(outcome, NoAnswer):
                self._audit.gap(f"the provider did not answer for {one.prediction_id}: {outcome.message}")
            elif self._clock.now() - one.intent_at > _FRESH:
                self._audit.gap("the provider's history leaves out predictions that it knows")

    def conclude(self) -> Audit:
        """Add what the state alone can tell."""
        for sku, ids in lookups.succeeded_twice(self._connection):
            known = self._audit.twice.setdefault(sku, [])
            known.extend(id_ for id_ in ids if id_ not in known)
        self._audit.waiting = queries.count_in(self._connection, *RESOLVABLE)
        self._audit.books = queries.cost(self._connection)
        return self._audit


def _no_history(trouble: NoAnswer) -> Problem:
    if trouble.key_refused:
        return KeyRefused(f"the provider refused the key: {trouble.message}", hint="check EACHLABS_API_KEY")
    return Unavailable(f"the provider did not tell its history: {trouble.message}", hint="try again later")
