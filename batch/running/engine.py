"""One run: buyers, watch, reconciler and collector side by side, until all is done or something stops it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.ending import Cause
from batch.core.lifecycle import Phase
from batch.running.buyer import Buyer
from batch.running.collector import Collector
from batch.running.feed import Feed
from batch.running.reconciler import Reconciler
from batch.running.uploads import discard_left
from batch.running.watch import Watch
from batch.store import queries

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from batch.running.desk import Desk

_OPEN_POST_SECONDS = 30.0
_GRACEFUL_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which parts of the work a command does.

    Attributes:
        submit: Buy what is planned.
        collect: Fetch finished clips; without it, predictions are watched only while something is left to submit.
        wait: Stay until everything that runs has ended; without it, everything is looked at once.
    """

    submit: bool = True
    collect: bool = True
    wait: bool = True


class Engine:
    """Does one run on a desk. `run` may be called once."""

    def __init__(self, desk: Desk, parts: Parts) -> None:
        once = not parts.wait
        workers = desk.job.limits.submit_concurrency
        self._desk = desk
        self._parts = parts
        self._feed = Feed(desk, ahead=2 * workers)
        self._collector = Collector(desk, fetching=parts.collect)
        self._reconciler = Reconciler(desk, once=once)
        self._watch = Watch(desk, self._feed, self._collector, self._reconciler, once=once)
        self._reconciler.watch = self._watch
        self._buyer = Buyer(desk, self._feed, self._watch, self._reconciler)
        self._tasks: dict[asyncio.Task[Any], str] = {}

    async def run(self) -> None:
        """Work until everything is done or stopped. Reasons to stop are left on the desk; only defects are raised."""
        self._take_up()
        self._desk.background(discard_left(self._desk))
        self._desk.gate.doubtful = self._desk.store.unsearched
        self._begin(self._search(), "search")
        self._begin(self._watch.work(), "watch")
        self._begin(self._reconciler.work(), "reconciler")
        if self._parts.submit:
            for number in range(self._desk.job.limits.submit_concurrency):
                self._begin(self._buyer.work(), f"buyer {number}")
        try:
            await self._until_over()
        finally:
            await self._wind_down()

    def _take_up(self) -> None:
        """Go on with what earlier runs left at the provider."""
        desk = self._desk
        reader = desk.store.reader
        for record in queries.records_in(reader, Phase.UNCONFIRMED, Phase.HELD):
            self._reconciler.add(queries.article(reader, record.item_id), record)
        for record in queries.records_in(reader, Phase.RUNNING, Phase.MISSING):
            self._watch.add(queries.article(reader, record.item_id), record, from_before=True)
        for record in queries.records_in(reader, Phase.RENDERED, Phase.UNCOLLECTED):
            self._collector.add(queries.article(reader, record.item_id), record, ())

    async def _search(self) -> None:
        """Keep everybody from buying until a state that a killed command left has been searched; small ones have."""
        await self._desk.store.search()
        self._desk.gate.doubtful = False
        self._desk.gate.changed()

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = name
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        """Turn a part's failure into a reason to stop; what nobody foresaw is raised by `run`."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._desk.failure(error)
        self._desk.changed.set()

    async def _until_over(self) -> None:
        desk = self._desk
        while not self._over():
            desk.changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(desk.seconds_left()):
                    await desk.changed.wait()
            if desk.seconds_left() == 0:
                limit = desk.job.limits.max_runtime
                desk.stop(Cause.TIME_CAP, f"max_runtime is reached ({limit:g} s)", "run again to go on")

    def _over(self) -> bool:
        desk = self._desk
        if desk.halted or desk.defect is not None:
            return True
        if desk.gate.blocked and desk.open_items == 0:  # by predictions past their deadline: nobody waits for their end
            return True
        buying = self._parts.submit and not desk.gate.closed and not (self._feed.empty and self._buyer.idle)
        if self._parts.submit and not self._parts.collect:  # `submit`: what runs is collected by a later call
            return not buying and self._buyer.idle
        return not buying and desk.open_items == 0

    async def _wind_down(self) -> None:
        """Let open POSTs finish, for 30 seconds at most; end everything else at once."""
        desk = self._desk
        desk.gate.close()
        self._feed.close()
        await self._buyer.open_posts_ended(_OPEN_POST_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._collector.close()
        await desk.finish_background(0.0 if desk.halted else _GRACEFUL_SECONDS)
        if desk.defect is not None:
            raise desk.defect
