"""Looks lost answers up in the provider's history. It adopts what it can prove, and holds what it cannot."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.echo import names_upload
from batch.core.lifecycle import Phase
from batch.core.prediction import Status
from batch.running.history import BEFORE, learn_clock, look_at, nearest_first, read_history
from batch.store import changes, lookups, queries

if TYPE_CHECKING:
    from collections.abc import Collection

    from batch.core.lifecycle import Attempt, Record
    from batch.core.prediction import Execution
    from batch.running.desk import Desk
    from batch.running.history import History
    from batch.running.watch import Watch
    from batch.store.queries import Article

_MOST_FETCHES = 500


@dataclass(slots=True, kw_only=True)
class _Lost:
    """An attempt whose answer is lost.

    Attributes:
        until: When the grace period is over, on the clock that never jumps.
        looked_at_all: Whether the provider's history was read to its end since it was lost.
    """

    article: Article
    record: Record
    until: float
    looked_at_all: bool = False

    @property
    def attempt(self) -> Attempt:
        if self.record.attempt is None:
            raise AssertionError(f"item {self.record.item_id} is unconfirmed and has no attempt")
        return self.record.attempt


class Reconciler:
    """Asks for executions around lost intents and compares the upload's id, which only our prediction can echo.

    Args:
        once: Look a single time and let go of what was not found.

    Attributes:
        watch: Where adopted predictions go; set by the engine before work begins.
    """

    def __init__(self, desk: Desk, *, once: bool = False) -> None:
        self._desk = desk
        self._once = once
        self._lost: dict[int, _Lost] = {}
        self._added = asyncio.Event()
        self._echoes: dict[str, str] = {}
        self._clock_known = False
        self.watch: Watch | None = None

    @property
    def waiting(self) -> int:
        """How many attempts are being looked up."""
        return len(self._lost)

    def add(self, article: Article, record: Record) -> None:
        """Begin to look an attempt up. It keeps its place in flight until it is found or held."""
        self._desk.begin()
        grace = self._desk.timing.grace
        if record.attempt is not None and record.attempt.looks:  # an earlier run has waited already
            grace -= max(0.0, self._desk.clock.now() - record.attempt.intent_at)
        until = self._desk.clock.ticks() + grace
        self._lost[record.item_id] = _Lost(article=article, record=record, until=until)
        self._count_unknown()
        self._added.set()

    async def work(self) -> None:
        """Look again and again, with growing pauses; cancelled when the run is over."""
        pause = first = max(0.05, self._desk.timing.grace / 180)
        while True:
            if not self._lost:
                pause = first
                self._added.clear()
                await self._added.wait()
            await self._look()
            if self._lost:
                self._added.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._added.wait()
                pause = min(pause * 1.6, self._desk.timing.grace / 15)

    def _count_unknown(self) -> None:
        gate = self._desk.gate
        gate.unknown = sum(
            not lost.looked_at_all and lost.record.phase is not Phase.HELD for lost in self._lost.values()
        )
        gate.changed()

    async def _look(self) -> None:
        """Look every lost attempt up under the model that it was meant for, which the job may have left meanwhile."""
        lost = list(self._lost.values())
        for model in dict.fromkeys(one.article.model for one in lost):
            await self._look_at(model, [one for one in lost if one.article.model == model])

    async def _look_at(self, model: str, batch: list[_Lost]) -> None:
        history = await self._history(model, batch)
        for lost in batch:
            found, complete = await self._find(lost, history)
            await self._conclude(lost, found, complete=complete and history.complete)
        strangers = self._strangers(history)
        if strangers:
            await self._desk.store.do(lambda connection: changes.remember_strangers(connection, strangers))

    def _strangers(self, history: History) -> list[str]:
        """Give what was fetched and echoes none of our uploads.

        Also none whose POST is open, as its answer may get lost, nor one that has a prediction, as its answer may have
        named another's. A prediction is listed after its intent was written, so an intent that is not there now belongs
        to none of them.
        """
        reader = self._desk.store.reader
        waiting = queries.open_uploads(reader)
        return [
            row.id
            for row in self._unknown(history.rows)
            if (echo := self._echoes.get(row.id)) is not None
            and not any(names_upload(echo, upload) for upload in waiting)
            and lookups.attempt_of_echo(reader, echo) is None
        ]

    async def _history(self, model: str, batch: list[_Lost]) -> History:
        """List what is not ours in the window of all lost attempts, in the provider's clock."""
        desk = self._desk
        if not self._clock_known:
            await learn_clock(desk.provider)
            self._clock_known = True
        since = min(lost.attempt.intent_there for lost in batch) - BEFORE
        until = desk.clock.now() + desk.provider.clock_offset + BEFORE
        history = await read_history(desk.provider, model, since=since, until=until)
        return replace(history, rows=self._unknown(history.rows))

    def _unknown(self, rows: Collection[Execution]) -> tuple[Execution, ...]:
        known = queries.our_predictions(self._desk.store.reader, [row.id for row in rows], let_go=False)
        return tuple(row for row in rows if row.id not in known)

    async def _find(self, lost: _Lost, history: History) -> tuple[list[Execution], bool]:
        """Fetch the inputs of what is near the intent in time, nearest first, and give those that echo our upload."""
        matches: list[Execution] = []
        fetches, complete = 0, True
        for row in nearest_first(history.rows, lost.attempt.intent_there):
            if row.id not in self._echoes:
                if fetches >= _MOST_FETCHES:
                    complete = False
                    break
                fetches += 1
                if not await self._fetch(row.id):
                    complete = False
                    continue
            if names_upload(self._echoes[row.id], lost.attempt.upload_id):
                matches.append(row)
        return sorted(matches, key=_worth), complete

    async def _fetch(self, prediction_id: str) -> bool:
        prediction = await look_at(self._desk.provider, prediction_id)
        if prediction is None or prediction.image_url is None:
            return False
        self._echoes[prediction_id] = prediction.image_url
        return True

    async def _conclude(self, lost: _Lost, found: list[Execution], *, complete: bool) -> None:
        if found:
            await self._adopt(lost, found)
        elif lost.record.phase is Phase.HELD:
            self._let_go(lost)
        elif self._desk.clock.ticks() >= lost.until and not self._desk.halted:
            await self._hold(lost, complete=complete)
        elif complete:
            lost.looked_at_all = True
            message = "not in the provider's history yet"
            event = ev.LookedUp(at=self._desk.clock.now(), message=message)
            lost.record = await self._desk.store.apply(lost.record.item_id, event)
            self._count_unknown()
        if self._once and lost.record.item_id in self._lost:
            self._let_go(lost)

    def _let_go(self, lost: _Lost) -> None:
        """Look no longer in this run."""
        del self._lost[lost.record.item_id]
        self._count_unknown()
        self._desk.gate.settled()  # who waits for something of ours to end must look again
        self._desk.end()

    async def _adopt(self, lost: _Lost, found: list[Execution]) -> None:
        desk = self._desk
        best, *duplicates = (row.id for row in found)
        event = ev.Adopted(at=desk.clock.now(), prediction_id=best, duplicates=tuple(duplicates))
        record = await desk.store.apply(lost.record.item_id, event)
        desk.note(f"{lost.article.sku}: the lost answer was found: prediction {best}")
        if duplicates:
            desk.note(f"{lost.article.sku}: the provider made {len(found)} of one upload; also {', '.join(duplicates)}")
        if lost.record.phase is Phase.HELD:
            desk.gate.occupy()
        if self.watch is not None:
            self.watch.add(lost.article, record, from_before=True)
        self._let_go(lost)

    async def _hold(self, lost: _Lost, *, complete: bool) -> None:
        desk = self._desk
        read = "read to its end" if complete else "not readable to its end"
        echo = "" if desk.echo else "; whether this account's history shows uploads was never seen"
        message = (
            f"the answer to the submit was lost, and the provider's history ({read}) does not show it{echo}."
            " It may have been charged"
        )
        await desk.store.apply(lost.record.item_id, ev.Held(at=desk.clock.now(), message=message))
        desk.note(f"{lost.article.sku}: {message}; it is held, and nothing is bought for it until a person decides")
        desk.gate.leave()
        self._let_go(lost)


def _worth(row: Execution) -> int:
    """Rank what several matches are worth: a clip that is made, one that is being made, none."""
    return {Status.SUCCEEDED: 0, Status.RUNNING: 1}.get(row.status, 2)
