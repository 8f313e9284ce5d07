"""Bytes from somewhere else to a file here: no more than was allowed, in no more time, and not at a trickle."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a transfer may take.

    Attributes:
        max_bytes: Nothing longer is read.
        slowest: Bytes a second, on the average since the beginning.
        patience: Seconds before that average counts.
    """

    max_bytes: int
    slowest: int = 1000
    patience: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """All of it: hash in hex, and bytes."""

    sha256: str
    length: int


class TooLong(Exception):
    """There is more than may be read."""


class TooSlow(Exception):
    """It comes at less than the slowest speed."""


class Throttle:
    """Keeps all transfers that share it below a speed together.

    Args:
        bytes_per_second: None for no limit.
    """

    def __init__(self, bytes_per_second: int | None) -> None:
        self._speed = bytes_per_second
        self._free_at = 0.0

    async def passed(self, length: int) -> float:
        """Wait until so many bytes more may have come; give the seconds."""
        if self._speed is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + length / self._speed
        # What is not read is not sent: the connection's own flow control slows the server down.
        await asyncio.sleep(pause := self._free_at - now)
        return pause


async def receive(pieces: AsyncIterator[bytes], file: BinaryIO, bounds: Bounds, throttle: Throttle) -> Received:
    """Write what comes to a file.

    Raises:
        TooLong: If it is longer than the bounds allow.
        TooSlow: If it trickles.
        OSError: If the file cannot take it.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    digest = hashlib.sha256()
    length = 0
    async for piece in pieces:
        length += len(piece)
        if length > bounds.max_bytes:
            raise TooLong
        digest.update(piece)
        file.write(piece)
        begun += await throttle.passed(len(piece))  # our own pauses are not the server's fault
        elapsed = loop.time() - begun
        if elapsed > bounds.patience and length < bounds.slowest * elapsed:
            raise TooSlow
    return Received(sha256=digest.hexdigest(), length=length)
