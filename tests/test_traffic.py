"""The gate before a submit, and its rate: nobody waits for ever, and no place is lost."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import pytest

from batch.core import pace
from batch.core.pace import InFlightLimit
from batch.running import traffic
from batch.running.clock import Clock
from batch.running.traffic import Gate, Rate

if TYPE_CHECKING:
    from collections.abc import Coroutine

_GUARD = 20.0
"""Seconds after which a test that hangs gives up."""


@dataclass(frozen=True, slots=True)
class HandClock(Clock):
    """Moves only when a test moves it."""

    moment: list[float] = field(default_factory=lambda: [1_000.0])

    def ticks(self) -> float:
        """Give the test's own time."""
        return self.moment[0]

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.moment[0] += seconds


def gate_of(clock: Clock, *, most: int = 3, exposure: int = 2, in_flight: int = 0) -> Gate:
    """Give a gate."""
    return Gate(clock, InFlightLimit(most=most, calm=60.0), exposure=exposure, in_flight=in_flight)


class Waiting:
    """Tasks that wait at a gate or a rate, all ended when the test is."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[object]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def begin(self, work: Coroutine[object, object, object]) -> asyncio.Task[object]:
        """Start one."""
        self.tasks.append(asyncio.create_task(work))
        return self.tasks[-1]

    @property
    def through(self) -> int:
        """How many are no longer waiting."""
        return sum(task.done() for task in self.tasks)


async def settle() -> None:
    """Let everything run that can run without time passing."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_gate_lets_through_as_many_as_the_limit_and_each_that_leaves_lets_one_in() -> None:
    """Places taken before count; a leaving one wakes the waiting, of whom exactly one finds a place."""
    gate = gate_of(HandClock(), most=3, in_flight=1)
    async with Waiting() as waiting:
        for _ in range(5):
            waiting.begin(gate.enter())
        await settle()
        assert (waiting.through, gate.in_flight) == (2, 3)
        gate.leave()
        await settle()
        assert (waiting.through, gate.in_flight) == (3, 3)


async def test_a_found_prediction_takes_a_place_without_asking() -> None:
    """It runs already; the gate stays shut until there are fewer than the limit."""
    gate = gate_of(HandClock(), most=2, in_flight=2)
    gate.occupy()
    async with Waiting() as waiting:
        waiting.begin(gate.enter())
        gate.leave()
        await settle()
        assert waiting.through == 0
        gate.leave()
        await settle()
        assert (waiting.through, gate.in_flight) == (1, 2)


async def test_a_closed_gate_sends_everybody_home() -> None:
    """Those who wait, for whatever reason, and those who come later; nobody takes a place."""
    gate = gate_of(HandClock(), most=1, in_flight=1)
    gate.pause(10.0)
    gate.wait_for_settling()
    async with Waiting() as waiting:
        for _ in range(3):
            waiting.begin(gate.enter())
        await settle()
        assert waiting.through == 0
        gate.close()
        await settle()
        assert [task.result() for task in waiting.tasks] == [False, False, False]
    assert await gate.enter() is False
    assert gate.in_flight == 1


async def test_a_pause_holds_everybody_until_its_end_and_the_longest_counts() -> None:
    """A shorter pause that begins later does not shorten the first."""
    clock = HandClock()
    gate = gate_of(clock)
    gate.pause(100.0)
    gate.pause(10.0)
    async with Waiting() as waiting:
        waiting.begin(gate.enter())
        for passed in (0.0, 50.0, 49.0):
            clock.move(passed)
            gate.changed()
            await settle()
            assert waiting.through == 0
        clock.move(1.0)
        gate.changed()
        await settle()
        assert waiting.through == 1


async def test_the_end_of_a_pause_needs_no_wake_up_call() -> None:
    """Who waits for a pause looks again by himself, and not before."""
    clock = Clock()
    gate = gate_of(clock)
    until = clock.ticks() + 0.05
    gate.pause(0.05)
    async with asyncio.timeout(_GUARD):
        assert await gate.enter()
    assert clock.ticks() >= until


async def test_waiting_for_money_ends_when_something_settles() -> None:
    """Neither a free place nor a change of another kind is enough."""
    gate = gate_of(HandClock(), most=3, in_flight=2)
    gate.wait_for_settling()
    async with Waiting() as waiting:
        waiting.begin(gate.enter())
        gate.leave()
        gate.changed()
        await settle()
        assert waiting.through == 0
        gate.settled()
        await settle()
        assert waiting.through == 1


async def test_too_much_that_is_unknown_shuts_the_gate() -> None:
    """As many unconfirmed attempts as the exposure: nothing new until one was looked up."""
    gate = gate_of(HandClock(), most=9, exposure=2)
    gate.unknown = 2
    async with Waiting() as waiting:
        waiting.begin(gate.enter())
        await settle()
        assert waiting.through == 0
        gate.unknown = 1
        gate.changed()
        await settle()
        assert waiting.through == 1


async def test_the_canary_goes_alone() -> None:
    """One at a time until it is known to have succeeded."""
    gate = gate_of(HandClock(), most=5)
    gate.alone = True
    async with Waiting() as waiting:
        for _ in range(3):
            waiting.begin(gate.enter())
        await settle()
        assert waiting.through == 1
        gate.alone = False
        gate.changed()
        await settle()
        assert waiting.through == 3


async def test_a_429_leaves_fewer_places_and_calm_brings_them_back() -> None:
    """The gate opens for one more after each calm span, also where nobody leaves and nothing else happens."""
    clock = HandClock()
    gate = gate_of(clock, most=4, in_flight=4)
    gate.lower()
    gate.leave()  # the one that was turned down
    async with Waiting() as waiting:
        waiting.begin(gate.enter())
        await settle()
        assert (waiting.through, gate.in_flight) == (0, 3)
        clock.move(60.0)
        gate.changed()
        await settle()
        assert (waiting.through, gate.in_flight) == (1, 4)


@pytest.mark.parametrize("seed", range(8))
async def test_no_wake_up_is_lost_and_no_place_leaks(seed: int) -> None:
    """Many come and go, some give up while they wait: never more inside than the limit, and all get through."""
    chance = random.Random(seed)
    gate = gate_of(HandClock(), most=4, exposure=1)
    seen = Counter[str]()

    async def one() -> None:
        assert await gate.enter()
        seen["inside"] += 1
        assert seen["inside"] <= 4
        assert gate.in_flight == seen["inside"]
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        seen["inside"] -= 1
        seen["through"] += 1
        gate.leave()

    async def disturb() -> None:
        while True:
            gate.unknown = chance.randrange(2)
            if chance.random() < 0.2:
                gate.wait_for_settling()
            await asyncio.sleep(0)
            gate.unknown = 0
            gate.settled()
            await asyncio.sleep(0)

    async with asyncio.timeout(_GUARD), Waiting() as waiting:
        waiting.begin(disturb())
        tasks = [asyncio.create_task(one()) for _ in range(150)]
        gone = chance.sample(tasks, 50)
        for task in gone:
            await asyncio.sleep(0)
            if seen["inside"] == 4 and not task.done():
                task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    cancelled = sum(isinstance(result, asyncio.CancelledError) for result in results)
    assert not [r for r in results if r is not None and not isinstance(r, asyncio.CancelledError)]
    assert seen["through"] == 150 - cancelled


async def test_giving_up_while_waiting_takes_no_place() -> None:
    """Also where a place becomes free in the very moment of giving up."""
    gate = gate_of(HandClock(), most=1, in_flight=1)
    for _ in range(5):
        task = asyncio.create_task(gate.enter())
        await settle()
        gate.leave()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert gate.in_flight == 0
        gate.occupy()


@pytest.fixture
def short_minute(monkeypatch: pytest.MonkeyPatch) -> float:
    """Let the limit's minute be as long as a test can wait."""
    seconds = 0.4
    monkeypatch.setattr(pace, "WINDOW", seconds)
    monkeypatch.setattr(traffic, "WINDOW", seconds)
    return seconds


async def test_no_window_at_the_server_exceeds_the_rate(short_minute: float) -> None:
    """Through a network that delays requests and answers differently, with eight senders who always want to send."""
    clock, chance = Clock(), random.Random(3)
    rate, reached = Rate(clock, 20, []), list[float]()

    async def sender() -> None:
        while len(reached) < 70:
            await rate.take()
            await asyncio.sleep(chance.random() * 0.02)
            reached.append(clock.ticks())
            await asyncio.sleep(chance.random() * 0.02)
            rate.answered()

    async with asyncio.timeout(_GUARD):
        await asyncio.gather(*(sender() for _ in range(8)))
    reached.sort()
    assert min(later - earlier for earlier, later in zip(reached, reached[20:], strict=False)) >= short_minute


async def test_what_an_earlier_process_sent_counts(short_minute: float) -> None:
    """Answers that never came count from now on."""
    clock = Clock()
    begun = clock.ticks()
    rate = Rate(clock, 2, [None, None, short_minute])
    async with asyncio.timeout(_GUARD):
        await rate.take()
    assert clock.ticks() - begun >= short_minute


async def test_an_answer_wakes_who_waits_for_a_place(short_minute: float) -> None:
    """While every place is taken by an open request, only an answer can tell when one is free."""
    clock = Clock()
    rate = Rate(clock, 1, [])
    async with asyncio.timeout(_GUARD), Waiting() as waiting:
        await rate.take()
        second = waiting.begin(rate.take())
        await asyncio.sleep(short_minute * 1.5)
        assert not second.done()
        answered = clock.ticks()
        rate.answered()
        await second
        assert clock.ticks() - answered >= short_minute


@pytest.mark.usefixtures("short_minute")
async def test_giving_up_while_waiting_for_the_rate_blocks_nobody() -> None:
    """Neither the turn nor a place stays behind with one who no longer waits."""
    rate = Rate(Clock(), 1, [])
    async with asyncio.timeout(_GUARD), Waiting() as waiting:
        await rate.take()
        for _ in range(3):
            given_up = waiting.begin(rate.take())
            await asyncio.sleep(0.01)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
        rate.answered()
        await rate.take()
        rate.answered()


async def test_who_has_a_place_waits_for_a_pause_that_begins_and_not_for_being_alone() -> None:
    """A 429 holds those back who wait for the rate; the canary, which is alone, is not held back by itself."""
    clock = HandClock()
    gate = gate_of(clock)
    gate.alone = True
    assert await gate.enter()
    assert await gate.still_clear()
    said = [gate.held_up]
    gate.pause(5.0)
    said.append(gate.held_up)
    clock.move(5.0)
    said.append(gate.held_up)
    assert said == [False, True, False]


async def test_a_place_in_the_window_that_was_not_used_is_free_at_once() -> None:
    """Who gives it back has sent nothing."""
    clock = HandClock()
    rate = Rate(clock, 1, [])
    await rate.take()
    rate.give_back()
    assert rate._window.wait(clock.ticks()) == 0
