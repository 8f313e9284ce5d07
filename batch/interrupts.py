"""Remembers Ctrl-C from the first moment on.

While modules are imported, Python may swallow the KeyboardInterrupt (in a callback of the garbage collection) or wrap
it (in the making of a class): who asked to stop would wait in vain, or be told of a defect.
"""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

_seen = False


def remember() -> None:
    """Take Ctrl-C from now on, where nobody else does; it raises KeyboardInterrupt as ever."""
    global _seen  # noqa: PLW0603 - a process has one keyboard
    _seen = False
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):  # in another thread than the main one, where no signals come
            signal.signal(signal.SIGINT, _take)


def seen() -> bool:
    """Say whether Ctrl-C came since `remember`, whatever became of its exception."""
    return _seen


def _take(number: int, frame: FrameType | None) -> None:
    global _seen  # noqa: PLW0603 - as above
    _seen = True
    signal.default_int_handler(number, frame)
