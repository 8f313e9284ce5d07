"""Standard input, read so that a signal is heard while nothing comes."""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTEN_EVERY = 0.2


class StandardInput:
    """Reads standard input; where it was closed before we began, there is nothing to read.

    Args:
        listen: Called while nothing comes, several times a second; what it raises ends the reading.
    """

    def __init__(self, listen: Callable[[], None] = lambda: None) -> None:
        self._listen = listen

    def read(self, size: int = -1, /) -> bytes:
        """Wait for bytes and give up to `size` of them; none at the end."""
        if sys.stdin is None:
            return b""
        number = sys.stdin.fileno()
        self._listen()
        while not select.select([number], [], [], _LISTEN_EVERY)[0]:
            self._listen()
        return os.read(number, size if size > 0 else 1 << 20)
