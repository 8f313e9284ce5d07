"""When the next submit may begin: places in flight, pauses, the rate, and what is not yet known."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from batch.core.pace import WINDOW, InFlightLimit, SubmitWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch.running.clock import Clock

_FOREVER = 3600.0


class Gate:
    """Lets a submit begin when there is a place in flight, no pause, and not too much that is unknown.

    A place is taken by `enter` and given back by `leave`, when the prediction has ended at the provider or is proven
    never to have begun. What can be done before a place is free (the upload) waits for `clear` alone, so that no place
    stands empty meanwhile.

    Args:
        exposure: Most unconfirmed attempts that nobody has looked up yet.
        in_flight: Predictions that the state already knows to be running.
    """

    def __init__(self, clock: Clock, limit: InFlightLimit, *, exposure: int, in_flight: int) -> None:
        self._clock = clock
        self._limit = limit
        self._exposure = exposure
        self.in_flight = in_flight
        self.unknown = 0
        self.alone = False
        self.doubtful = False
        self.closed = False
        self._paused_until = 0.0
        self._waits_for_settling = False
        self._changed = asyncio.Event()

    async def clear(self) -> bool:
        """Wait until nothing but a place in flight may be missing; False when submitting is over."""
        return await self._passed(self._obstacle)

    async def enter(self) -> bool:
        """Wait for a place and take it; False when submitting is over."""
        if not await self._passed(lambda: self._obstacle() or self._no_place()):
            return False
        self.in_flight += 1
        return True

    async def still_clear(self) -> bool:
        """Wait, with a place taken, until nothing holds everybody up; False when submitting is over."""
        return await self._passed(self._held_up)

    async def _passed(self, obstacle: Callable[[], float]) -> bool:
        """Wait until the way is free, and return in the same step that found it so."""
        while not self.closed:
            wait = obstacle()
            if wait <= 0:
                return True
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):  # Python 3.11's wait_for can swallow a cancellation
                    await self._changed.wait()
        return False

    def occupy(self) -> None:
        """Take a place for a prediction that turned out to be running."""
        self.in_flight += 1

    def leave(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        self._changed.set()

    def settled(self) -> None:
        """Note that a prediction's money is known: there may be room under a cap, or on the balance."""
        self._waits_for_settling = False
        self._changed.set()

    def pause(self, seconds: float) -> None:
        """Let nothing begin for a while."""
        self._paused_until = max(self._paused_until, self._clock.ticks() + seconds)

    def lower(self) -> None:
        """Take a 429 in: the account holds no more than are running now."""
        self._limit.lower(self._clock.ticks(), self.in_flight)

    def wait_for_settling(self) -> None:
        """Let nothing begin until something of ours has ended and its money is known."""
        self._waits_for_settling = True

    def close(self) -> None:
        """Let nothing begin any more."""
        self.closed = True
        self._changed.set()

    def changed(self) -> None:
        """Look again: something that `enter` depends on has changed."""
        self._changed.set()

    @property
    def blocked(self) -> bool:
        """Whether only the end of something that runs can let the next one begin."""
        most = 1 if self.alone else self._limit.most
        return self.in_flight >= most or self._waits_for_settling

    @property
    def paused(self) -> bool:
        """Whether a pause is on."""
        return self._paused_until > self._clock.ticks()

    @property
    def held_up(self) -> bool:
        """Whether something has come up that those have to wait for, too, who have a place already."""
        return self._held_up() > 0

    def _held_up(self) -> float:
        """Give the seconds after which to look again for what holds everybody up; 0 when nothing does."""
        now = self._clock.ticks()
        if self._paused_until > now:
            return self._paused_until - now
        if self.doubtful or self.unknown >= self._exposure:
            return 1.0
        return _FOREVER if self._waits_for_settling else 0.0

    def _obstacle(self) -> float:
        """Give the seconds after which to look again for a pause and the like; 0 when the way is free."""
        return self._held_up() or (1.0 if self.alone and self.in_flight else 0.0)

    def _no_place(self) -> float:
        """Give the seconds after which to look again for a place; 0 when there is one."""
        most = 1 if self.alone else self._limit.now(self._clock.ticks())
        if self.in_flight < most:
            return 0.0
        return 1.0 if most < self._limit.most else _FOREVER


class Rate:
    """Keeps submits under the job's limit in every sliding minute, and spreads them out.

    aiolimiter spaces them; what guarantees the limit is the window, which goes on from what the state remembers.

    Args:
        recent: Seconds since each submit of the last minute was answered; None where the answer never came.
    """

    def __init__(self, clock: Clock, per_minute: int, recent: list[float | None]) -> None:
        from aiolimiter import AsyncLimiter  # noqa: PLC0415 - start-up counts

        now = clock.ticks()
        self._clock = clock
        self._window = SubmitWindow.restored(per_minute, [now if ago is None else now - ago for ago in recent])
        burst = max(1, per_minute // 600)
        self._pacer = AsyncLimiter(burst, burst * WINDOW / per_minute)
        self._answered = asyncio.Event()
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a place in the window and take it; `answered` has to follow."""
        async with self._turn:
            await self._pacer.acquire()
            while (wait := self._window.wait(self._clock.ticks())) > 0:
                self._answered.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(wait, _FOREVER)):
                        await self._answered.wait()
            self._window.send()

    def give_back(self) -> None:
        """Give a place in the window back that was not used."""
        self._window.give_back()
        self._answered.set()

    def answered(self) -> None:
        """Note that a submit was answered, or given up."""
        self._window.answer(self._clock.ticks())
        self._answered.set()
