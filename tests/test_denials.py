"""What a 402 and a 429 ask for: patience for a cooldown at a time, and an end to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from batch.core.ending import Cause
from batch.core.pace import InFlightLimit
from batch.core.prediction import Denial, NotAccepted
from batch.running.hindrances import Hindrances
from batch.running.traffic import Gate

if TYPE_CHECKING:
    from batch.running.clock import Clock

NO_MONEY = NotAccepted(denial=Denial.BALANCE, http_status=402, message="payment required")


class _Clock:
    """Moves only when a test moves it."""

    def __init__(self) -> None:
        self.moment = 1_000.0

    def now(self) -> float:
        return self.moment

    def ticks(self) -> float:
        return self.moment


class _Desk(SimpleNamespace):
    def stop(self, cause: Cause, *_: str) -> None:
        self.stops.append(cause)


@pytest.fixture
def clock() -> _Clock:
    """Give a clock."""
    return _Clock()


@pytest.fixture
def desk(clock: _Clock) -> Any:
    """Give a desk with nothing in flight."""
    return _Desk(
        clock=clock,
        gate=Gate(cast("Clock", clock), InFlightLimit(most=4, calm=60.0), exposure=4, in_flight=0),
        stops=[],
        store=SimpleNamespace(reader=None),
        run=SimpleNamespace(id=1),
        timing=SimpleNamespace(cooldown=100.0, longest_pause=3600.0),
        watcher=SimpleNamespace(note=lambda _: None),
    )


async def test_answers_of_one_breath_are_one_try(desk: Any, clock: _Clock) -> None:
    """Four open submits that all meet a 402 count once; the third cooldown that helps nothing ends the run."""
    nothing: Any = SimpleNamespace(running=0, waiting=0, put_back=lambda *_: None)
    hindrances = Hindrances(desk, nothing, nothing, nothing)
    article: Any = SimpleNamespace(sku="A-1", item_id=1)
    for ends in ([], [], [Cause.BALANCE]):
        for _ in range(4):
            hindrances.denied(article, NO_MONEY)
        assert desk.stops[:1] == ends
        clock.moment += 100.0


async def test_a_pause_that_a_429_asks_for_is_bounded(desk: Any, clock: _Clock) -> None:
    """A header that asks for years is a mistake, and the run goes on after an hour."""
    nothing: Any = SimpleNamespace(running=0, waiting=0, put_back=lambda *_: None)
    hindrances = Hindrances(desk, nothing, nothing, nothing)
    answer = NotAccepted(denial=Denial.TOO_MANY, http_status=429, message="too many", retry_after=999_999_999.0)
    hindrances.denied(cast("Any", SimpleNamespace(sku="A-1", item_id=1)), answer)
    assert desk.gate.paused
    clock.moment += 3600.0
    assert not desk.gate.paused
