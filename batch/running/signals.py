"""Ctrl-C and SIGTERM: the first asks, the second leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from batch import interrupts
from batch.core.ending import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.running.desk import Desk

_CAUSES = {signal.SIGINT: Cause.SIGINT, signal.SIGTERM: Cause.SIGTERM}
_WORDS = {
    Cause.SIGINT: "interrupted: open submits are waited for, then everything stops; Ctrl-C again leaves at once",
    Cause.SIGTERM: "asked to end: open submits are waited for, then everything stops",
}


class Signals:
    """Turns a first signal into a reason to stop, or cancels what runs before there is anything to stop.

    A second signal ends the process on the spot, which is as safe as kill -9: all that matters is on disk.

    Attributes:
        cause: The first signal that came; None before.
        desk: The run that a signal stops; None while planning, when a signal cancels the task instead.
    """

    def __init__(self) -> None:
        self.cause: Cause | None = None
        self.desk: Desk | None = None
        self._task = asyncio.current_task()

    def take(self, number: signal.Signals) -> None:
        """Act on a signal."""
        if self.cause is not None:
            os._exit(128 + number)
        self.cause = _CAUSES[number]
        if self.desk is not None:
            self.desk.stop(self.cause, _WORDS[self.cause], "run the same command again to go on")
        elif self._task is not None:
            self._task.cancel()


@contextmanager
def signals_heeded() -> Iterator[Signals]:
    """Take SIGINT and SIGTERM while inside; to be used from the main task of a running loop.

    In another thread than the main one no signals come, and a caller who cancels the task is the one to listen to.
    """
    loop = asyncio.get_running_loop()
    heeded = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield heeded
        return
    for number in _CAUSES:
        loop.add_signal_handler(number, heeded.take, number)
    if interrupts.seen():  # while modules were imported, which has swallowed it
        heeded.take(signal.SIGINT)
    try:
        yield heeded
    finally:
        for number in _CAUSES:
            loop.remove_signal_handler(number)
