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
_held = False


def remember() -> None:
    """Take Ctrl-C from now on, where nobody else does; it raises KeyboardInterrupt as ever."""
    global _seen, _held  # noqa: PLW0603 - a process has one keyboard
    _seen = _held = False
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):  # in another thread than the main one, where no signals come
            signal.signal(signal.SIGINT, _take)


def hold_back() -> None:
    """Only remember Ctrl-C from now on: an event loop that is half made, or its first task, would be torn."""
    global _held  # noqa: PLW0603 - as above
    _held = True


def let_through() -> None:
    """Let Ctrl-C raise again.

    Raises:
        KeyboardInterrupt: If it came meanwhile, or before.
    """
    global _held  # noqa: PLW0603 - as above
    _held = False
    if _seen:
        raise KeyboardInterrupt


def seen() -> bool:
    """Say whether Ctrl-C came since `remember`, whatever became of its exception."""
    return _seen


def _take(number: int, frame: FrameType | None) -> None:
    global _seen  # noqa: PLW0603 - as above
    _seen = True
    if not _held:
        signal.default_int_handler(number, frame)
