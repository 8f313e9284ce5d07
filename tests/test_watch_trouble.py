"""A prediction whose own answers are never usable must not keep a run going for ever."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any

from batch.core.lifecycle import Attempt, AttemptState, Phase, Record
from batch.core.prediction import NoAnswer, PollOutcome, Prediction, Seen, Status
from batch.running.watch import Watch


def _record(item_id: int, prediction_id: str) -> Record:
    attempt = Attempt(
        number=1,
        state=AttemptState.ACCEPTED,
        run_id=1,
        day="2026-11-24",
        intent_at=0.0,
        estimate=400_000,
        upload_id="u",
        upload_url="http://127.0.0.1/u.jpg",
        prediction_id=prediction_id,
    )
    return Record(item_id=item_id, phase=Phase.RUNNING, attempt=attempt, accepted=1)


async def _overdue(*, deadline: float, looks: int) -> set[int]:
    """Watch one prediction that is never answered, and one that always is; give what is overdue after some looks."""
    clock = SimpleNamespace(steady=0.0)
    enough = asyncio.Event()
    asked: list[str] = []
    overdue: set[int] = set()

    async def poll(prediction_id: str) -> PollOutcome:
        asked.append(prediction_id)
        clock.steady += 7
        if asked.count("silent") >= looks:
            enough.set()
        if prediction_id == "silent":
            return NoAnswer(message="the answer speaks of another prediction", http_status=200)
        return Seen(prediction=Prediction(id=prediction_id, status=Status.RUNNING, word="processing"))

    desk: Any = SimpleNamespace(
        clock=SimpleNamespace(now=lambda: 0.0, ticks=lambda: clock.steady),
        provider=SimpleNamespace(poll=poll),
        durations=SimpleNamespace(next_look=lambda _: 0.0),
        timing=SimpleNamespace(deadline=deadline, poll_min=0.0, trouble_pause=0.0, missing_after=100.0),
        gate=SimpleNamespace(settled=lambda: None, leave=lambda: None),
        overdue=overdue,
        begin=lambda: None,
        end=lambda: None,
        note=lambda _: enough.set() if 1 in overdue else None,
        stop=lambda *_: None,
    )
    nothing: Any = None
    watch = Watch(desk, nothing, nothing, nothing)
    watch.add(SimpleNamespace(sku="a"), _record(1, "silent"))  # type: ignore[arg-type]
    watch.add(SimpleNamespace(sku="b"), _record(2, "answered"))  # type: ignore[arg-type]
    work = asyncio.create_task(watch.work())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            await enough.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return overdue


async def test_what_is_never_answered_is_overdue_in_the_end() -> None:
    """Past the item's deadline it waits for the next run; its money stays reserved, and the exit code says so."""
    assert 1 in await _overdue(deadline=300.0, looks=1_000)


async def test_a_few_answers_that_do_not_come_are_borne_past_the_deadline() -> None:
    """An old prediction of an earlier run is not given up for the first bad gateway."""
    assert 1 not in await _overdue(deadline=0.0, looks=3)
