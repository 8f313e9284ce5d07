"""Frames made beside the network: a few threads, each picture once, the cache asked first."""

from __future__ import annotations

import asyncio
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from batch.frames.cache import NotStored, frame_key
from batch.frames.errors import PictureError
from batch.frames.preparing import prepare_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from batch.frames.cache import FrameCache, Stored
    from batch.frames.settings import FitSettings, Frame, FrameTarget

_MOST_WORKERS = 8


def default_workers() -> int:
    """One thread a core, at most 8: each may hold a decoded picture of 400 MB."""
    return max(1, min(_MOST_WORKERS, os.cpu_count() or 1))


class FramePool:
    """Makes frames in threads; Pillow lets the interpreter go while it works.

    Used from one event loop, as an async context manager or with `aclose`.

    Args:
        workers: How many pictures are worked on at once; `default_workers()` if left out.
        cache: Where frames are looked for and kept.
        on_note: Told when the cache could not be written, once for each frame.
    """

    def __init__(
        self,
        workers: int | None = None,
        cache: FrameCache | None = None,
        *,
        on_note: Callable[[str], None] | None = None,
    ) -> None:
        self._threads = ThreadPoolExecutor(workers or default_workers(), thread_name_prefix="frames")
        self._cache = cache
        self._on_note = on_note
        self._making: dict[str, asyncio.Task[Frame]] = {}

    async def frame(self, source: Path, source_sha256: str, settings: FitSettings, target: FrameTarget) -> Frame:
        """The frame of a picture file, from the cache or made now.

        Several callers who want the same frame at the same time get one; one who is cancelled leaves
        the others theirs.

        Args:
            source: The picture's file.
            source_sha256: The hash under which it was planned, in hexadecimal.
            settings: How it is to be fitted.
            target: What the model takes.

        Raises:
            PictureError: As `prepare_frame`, or if the file is gone or no longer the one that was planned.
        """
        key = frame_key(source_sha256, settings, target)
        task = self._making.get(key)
        if task is None:
            order = _Order(key=key, source=source, sha256=source_sha256, settings=settings, target=target)
            task = asyncio.create_task(self._made(order))
            self._making[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Give up what has not begun, wait for what has, and end the threads."""
        waiting = list(self._making.values())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _made(self, order: _Order) -> Frame:
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(self._threads, _work, self._cache, order)
        if isinstance(done.kept, NotStored) and self._on_note is not None:
            self._on_note(done.kept.reason)
        return done.frame

    def _forget(self, key: str, task: asyncio.Task[Frame]) -> None:
        self._making.pop(key, None)
        # Where every caller was cancelled nobody asks for the error, and asyncio would complain of it.
        if not task.cancelled():
            task.exception()


def frame_now(source: Path, source_sha256: str, settings: FitSettings, target: FrameTarget, cache: FrameCache) -> Frame:
    """The same frame in the caller's thread; what cannot be cached is made again when it is needed again.

    Raises:
        PictureError: As `FramePool.frame`.
    """
    key = frame_key(source_sha256, settings, target)
    order = _Order(key=key, source=source, sha256=source_sha256, settings=settings, target=target)
    return _work(cache, order).frame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A frame that was asked for; see `FramePool.frame` for the fields, `frame_key` for the key."""

    key: str
    source: Path
    sha256: str
    settings: FitSettings
    target: FrameTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """A frame, and what the cache did with it; None where there was nothing to do."""

    frame: Frame
    kept: Stored | NotStored | None


def _work(cache: FrameCache | None, order: _Order) -> _Done:
    """What a thread does for a frame."""
    known = cache.get(order.key) if cache else None
    if known is not None:
        return _Done(frame=known, kept=None)
    frame = prepare_frame(_read(order), order.settings, order.target)
    return _Done(frame=frame, kept=cache.put(order.key, frame) if cache else None)


def _read(order: _Order) -> bytes:
    most = order.settings.max_bytes
    try:
        with order.source.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise PictureError(
            f"{order.source.name} cannot be read: {error.strerror or error}",
            hint="check the path and its permissions",
        ) from error
    if len(data) <= most and hashlib.sha256(data).hexdigest() != order.sha256.lower():
        raise PictureError(
            f"{order.source.name} is no longer the picture that was planned",
            hint="run again: it is planned anew as it is now",
        )
    return data
