"""How old a prediction is does not depend on what the system's clock is set to."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from batch.core.lifecycle import Attempt, AttemptState, Phase, Record
from batch.core.prediction import Prediction, Seen, Status
from batch.running.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable


class _Clock:
    """Clocks that a test sets."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000_000.0, 50.0

    def now(self) -> float:
        return self.wall

    def ticks(self) -> float:
        return self.steady


def _record(intent_at: float) -> Record:
    attempt = Attempt(
        number=1,
        state=AttemptState.ACCEPTED,
        run_id=1,
        day="2026-11-24",
        intent_at=intent_at,
        answered_at=intent_at,
        estimate=400_000,
        upload_id="u",
        upload_url="http://127.0.0.1/u.jpg",
        prediction_id="p",
    )
    return Record(item_id=1, phase=Phase.RUNNING, attempt=attempt, accepted=1)


async def _ages(clock: _Clock, meanwhile: Callable[[], None], *, intent_at: float) -> list[float]:
    """Watch one running prediction from an earlier run for one look; give the ages that pauses were asked for."""
    ages: list[float] = []
    looked = asyncio.Event()

    async def poll(prediction_id: str) -> Seen:
        meanwhile()
        return Seen(prediction=Prediction(id=prediction_id, status=Status.RUNNING, word="processing"))

    def next_look(age: float) -> float:
        ages.append(age)
        looked.set()
        return 1000.0

    desk: Any = SimpleNamespace(
        clock=clock,
        provider=SimpleNamespace(poll=poll),
        durations=SimpleNamespace(next_look=next_look),
        timing=SimpleNamespace(deadline=10_800.0),
        begin=lambda: None,
        echo_seen=lambda: None,
    )
    nothing: Any = None
    watch = Watch(desk, nothing, nothing, nothing)
    watch.add(cast("Any", None), _record(intent_at), from_before=True)
    work = asyncio.create_task(watch.work())
    first = asyncio.create_task(looked.wait())
    await asyncio.wait({first, work}, return_when=asyncio.FIRST_COMPLETED)  # a defect in the watch must not hang us
    first.cancel()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return ages


async def test_a_clock_that_is_set_back_or_forth_makes_nothing_older_or_younger() -> None:
    """Only the time that really passed counts."""
    for jump in (86_400.0, -86_400.0):
        clock = _Clock()

        def meanwhile(clock: _Clock = clock, jump: float = jump) -> None:
            clock.wall += jump
            clock.steady += 7

        assert await _ages(clock, meanwhile, intent_at=clock.wall - 100) == [107.0]


async def test_an_intent_in_the_future_is_no_older_than_nothing() -> None:
    """The clock was set back between two runs: the prediction counts as new."""
    clock = _Clock()
    assert await _ages(clock, lambda: None, intent_at=clock.wall + 500) == [0.0]
