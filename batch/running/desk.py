"""What all parts of a run share: the job, the state, the provider, the clock, and the reasons to stop."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from batch.core.ending import HALTS, Cause, Stop
from batch.core.money import format_usd, from_micros
from batch.errors import CannotCreate, Problem, StorageProblem
from batch.store.changes import set_meta

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    import httpx

    from batch.core.job import Job
    from batch.core.lifecycle import Record
    from batch.core.polling import Durations
    from batch.core.profile import ModelProfile
    from batch.core.timing import Timing
    from batch.frames.pool import FramePool
    from batch.frames.settings import FitSettings, FrameTarget
    from batch.providers.base import Provider
    from batch.running.clock import Clock
    from batch.running.room import Room
    from batch.running.traffic import Gate, Rate
    from batch.store.changes import Run
    from batch.store.queries import Article
    from batch.store.store import Store


class Watcher(Protocol):
    """Is told what a run does; the console is one."""

    def note(self, message: str) -> None:
        """Something that a person should read once."""

    def moved(self) -> None:
        """Items have moved; the state's numbers are new."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """One run's shared things.

    Attributes:
        picture_path: Where a picture's bytes lie on this machine.
        frame_target: What the model takes, for an item's frame size.
        overdue: Items that are past their deadline and wait for the next run.
        price_factor: How much dearer than the profile the provider was seen to be in this run; at least 1.
        keep_going: Whether the breaker is switched off.
        echo: Whether this account's predictions were ever seen to echo the URL of their picture.
        capped_items: Items whose own cap leaves no room for an attempt.
        began: When this call began, on the clock's ticks.
        problem: Trouble of our own disk, with its exit code.
        defect: Something that nobody foresaw; it is raised when the run has wound down.
        open_items: Items that something of this run is busy with.
        only: The one item that may be bought; None where all may.
        on_accepted: Begun beside the run for each prediction that it buys.
        look: What is asked of the provider before anything is bought; None once it was asked.
    """

    job: Job
    profile: ModelProfile
    timing: Timing
    durations: Durations
    store: Store
    run: Run
    provider: Provider
    clip_client: httpx.AsyncClient
    frames: FramePool
    fit: FitSettings
    frame_target: Callable[[Article], FrameTarget]
    picture_path: Callable[[Article], Path]
    output_dir: Path
    clock: Clock
    gate: Gate
    rate: Rate
    room: Room
    watcher: Watcher
    began: float
    stops: list[Stop] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    overdue: set[int] = field(default_factory=set)
    price_factor: Decimal = Decimal(1)
    keep_going: bool = False
    echo: bool = False
    capped_items: int = 0
    problem: Problem | None = None
    defect: BaseException | None = None
    open_items: int = 0
    only: int | None = None
    on_accepted: Callable[[Desk, Record], Coroutine[Any, Any, None]] | None = None
    look: Callable[[], Awaitable[None]] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _verdicts: deque[bool] = field(default_factory=lambda: deque(maxlen=50))
    _background: set[asyncio.Task[Any]] = field(default_factory=set)

    def stop(self, cause: Cause, message: str, hint: str = "") -> None:
        """End submitting, or everything, for a reason; the first of each cause counts."""
        if any(stop.cause is cause for stop in self.stops):
            return
        self.stops.append(Stop(cause=cause, message=message, hint=hint))
        self.watcher.note(f"{message}\n  {hint}" if hint else message)
        self.gate.close()
        self.changed.set()

    def failure(self, error: BaseException) -> None:
        """Take in that a part of the run raised: our disk's trouble stops the run, anything else is our defect."""
        errors = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
        for one in errors:
            if isinstance(one, BaseExceptionGroup):
                self.failure(one)
            elif isinstance(one, StorageProblem | CannotCreate):
                self.problem = self.problem or one
                self.stop(Cause.STORAGE, one.what if not one.where else f"{one.where}: {one.what}", one.hint)
            else:
                self.defect = self.defect or one
        self.changed.set()

    def seconds_left(self) -> float | None:
        """Give the seconds until `max_runtime`; None where there is none."""
        limit = self.job.limits.max_runtime
        return None if limit is None else max(0.0, self.began + limit - self.clock.ticks())

    @property
    def halted(self) -> bool:
        """Whether polling and downloading are over too."""
        return any(stop.cause in HALTS for stop in self.stops)

    def note(self, message: str) -> None:
        """Say something once, on the console and in the report."""
        if message not in self.notes:
            self.notes.append(message)
            self.watcher.note(message)

    def begin(self) -> None:
        """Count an item as being worked on."""
        self.open_items += 1

    def end(self) -> None:
        """Count an item as no longer being worked on."""
        self.open_items -= 1
        self.changed.set()
        self.watcher.moved()

    def estimate_of(self, article: Article) -> int:
        """Give what an attempt reserves, in micro-dollars, raised where the provider was seen to be dearer."""
        raised = article.estimate * self.price_factor
        return int(raised.to_integral_value(rounding="ROUND_CEILING"))

    def echo_seen(self) -> None:
        """Take in that a prediction's body shows its own upload: now a history without one means more."""
        if not self.echo:
            self.echo = True
            self.background(self.store.do(lambda connection: set_meta(connection, "echo", "seen")))

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something that nobody waits for until the run ends; its failure is only noted, unless our disk is why."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background_done)

    def _background_done(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StorageProblem):  # nothing is bought on a disk that fails, whoever noticed it
            self.failure(error)
        elif error is not None:
            self.watcher.note(f"in passing: {error}")

    async def finish_background(self, seconds: float) -> None:
        """Wait for what nobody waited for, for a while, then give it up."""
        if self._background:
            await asyncio.wait(self._background, timeout=seconds)
        for task in list(self._background):
            task.cancel()

    def verdict(self, *, failed: bool, final: bool = True) -> None:
        """Take in how a prediction ended; too many failures, or the canary's, stop the run before more is spent.

        Args:
            final: Whether the item has ended with it.
        """
        self._verdicts.append(failed)
        if self.gate.alone and not failed:
            self.gate.alone = False
            self.gate.changed()
        elif self.gate.alone and final:
            self._break("the first item of this job, which goes alone, failed or was refused")
        breaker = self.job.breaker
        recent = list(self._verdicts)
        if len(recent) >= breaker.in_a_row and all(recent[-breaker.in_a_row :]):
            self._break(f"{breaker.in_a_row} predictions in a row failed or were refused")
        elif sum(recent) >= breaker.of_last_50:
            self._break(f"{sum(recent)} of the last {len(recent)} predictions failed or were refused")

    def _break(self, what: str) -> None:
        hint = "look at the reasons in the report before more is spent; `--keep-going` runs on all the same"
        if not self.keep_going:
            self.stop(Cause.BREAKER, f"stopped by the breaker: {what}", hint)

    def learn_price(self, article: Article, settled: int) -> None:
        """Take a settled cost in: what was dearer than its estimate raises what the next ones reserve."""
        if article.model != self.profile.slug:  # bought before the job had another model, whose price it does not tell
            return
        if article.estimate <= 0 or settled <= self.estimate_of(article):
            return
        self.price_factor = Decimal(settled) / Decimal(article.estimate)
        charged, estimated = (format_usd(from_micros(micros)) for micros in (settled, article.estimate))
        self.note(
            f"{self.profile.slug} charged ${charged} for {article.sku}, estimated ${estimated}: the rest of this run"
            f" reserves {self.price_factor:.2f} times the estimate; correct the profile's price, or set `price:`"
        )
