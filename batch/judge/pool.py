"""Many clips, looked at in a few processes: decoding is heavy, and a decoder that crashes takes its process along."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from batch.files import write_atomic
from batch.judge.errors import CannotJudge
from batch.judge.measuring import look
from batch.judge.stills import poster, strip

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from concurrent.futures import Future
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from batch.core.quality import Measured

_MOST_WORKERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A clip to look at.

    Attributes:
        name: Whatever the caller knows it by.
        sent: The picture that the model was sent, as a file's bytes; None where it is not at hand.
        strip, poster: Where its pictures go; their folder is there.
    """

    name: str
    clip: Path
    sent: bytes | None
    strip: Path
    poster: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of an order: measures, or why there are none."""

    name: str
    measured: Measured | None
    reason: str = ""


def judge(orders: Iterable[Order], workers: int | None = None) -> Generator[Judged]:
    """Look at clips in a few processes, each with the lowest priority; give the results as they come.

    Orders are taken as they can be worked on, so that the pictures of a few only are in memory. Whoever stops asking
    stops the work.

    Args:
        workers: How many clips are decoded at a time; one a core, at most 4, if left out.
    """
    count = workers or max(1, min(_MOST_WORKERS, os.cpu_count() or 1))
    left = iter(orders)
    first = list(islice(left, count + 1))
    if not first:
        return
    context = multiprocessing.get_context("spawn")  # the caller has threads
    pool = ProcessPoolExecutor(min(count, len(first)), mp_context=context, initializer=_step_back)
    waiting: dict[Future[Judged], Order] = {}
    try:
        for order in chain(first, left):
            waiting[pool.submit(_judge_one, order)] = order
            if len(waiting) > count:
                yield from _ended(waiting)
        while waiting:
            yield from _ended(waiting)
    except BrokenProcessPool:
        for order in chain(waiting.values(), left):
            yield Judged(name=order.name, measured=None, reason="the decoder crashed on one of the clips")
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ended(waiting: dict[Future[Judged], Order]) -> Iterator[Judged]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        judged = future.result()
        del waiting[future]
        yield judged


def _step_back() -> None:
    """Leave the machine to others, Ctrl-C to the parent, and the world when the parent has."""
    os.nice(10)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


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
