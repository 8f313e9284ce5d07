"""Many clips, looked at in a few processes: decoding is heavy, and a decoder that crashes takes its process along."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.files import write_atomic
from batch.judge.errors import CannotJudge
from batch.judge.measuring import look
from batch.judge.stills import poster, strip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from batch.core.quality import Measured

_MOST_WORKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A clip to look at.

    Attributes:
        name: Whatever the caller knows it by.
        sent: The picture that the model was sent; None where it is not at hand.
        strip, poster: Where its pictures go; their folder is there.
    """

    name: str
    clip: Path
    sent: Path | None
    strip: Path
    poster: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of an order: measures, or why there are none."""

    name: str
    measured: Measured | None
    reason: str = ""


def judge(orders: Iterable[Order], workers: int | None = None) -> Iterator[Judged]:
    """Look at clips in a few processes, each with the lowest priority; give the results as they come.

    Whoever stops asking stops the work: what has not begun is given up.

    Args:
        workers: How many clips are decoded at a time; one a core, at most 4, if left out.
    """
    count = workers or max(1, min(_MOST_WORKERS, os.cpu_count() or 1))
    context = multiprocessing.get_context("spawn")  # the caller has threads
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_step_back)
    try:
        waiting: dict[Future[Judged], Order] = {pool.submit(_judge_one, order): order for order in orders}
        for done in as_completed(waiting):
            try:
                yield done.result()
            except BrokenProcessPool:
                yield Judged(name=waiting[done].name, measured=None, reason="the decoder crashed on one of the clips")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _step_back() -> None:
    os.nice(10)


def _judge_one(order: Order) -> Judged:
    try:
        looked = look(order.clip, order.sent)
        write_atomic(order.strip, strip(looked.stills))
        write_atomic(order.poster, poster(looked.stills[0]))
    except CannotJudge as error:
        return Judged(name=order.name, measured=None, reason=f"{error}; {error.hint}")
    except OSError as error:
        return Judged(name=order.name, measured=None, reason=f"its pictures cannot be written: {error}")
    return Judged(name=order.name, measured=looked.measured)
