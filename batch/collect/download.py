"""Fetching a clip: streamed, bounded, checked, hashed, and under its name only when it is whole."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import httpx

from batch.collect.boxes import BrokenClip
from batch.collect.files import PartFile, make_room, same_content
from batch.collect.mp4 import read_mp4
from batch.collect.outcomes import (
    BrokenDownload,
    Clip,
    DownloadLimits,
    Expected,
    Expired,
    Fetched,
    NoDownload,
    Occupied,
    differences,
)
from batch.core.summary import ClipFacts
from batch.net.body import content_encoding, describe
from batch.net.gate import refused_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from batch.collect.mp4 import Mp4Facts

LIMITS: Final = DownloadLimits()
"""What a clip may take where nothing else is asked for."""

_Result = TypeVar("_Result")

_Trouble = Expired | BrokenDownload | NoDownload


async def fetch_clip(
    client: httpx.AsyncClient,
    urls: Sequence[str],
    target: Path,
    *,
    folder: Path,
    expected: Expected,
    limits: DownloadLimits = LIMITS,
    clock: Callable[[], float] = time.monotonic,
) -> Fetched:
    """Fetch the clip of a finished prediction.

    The bytes that were delivered are the bytes that are kept. If this is cancelled, either the whole clip stands under
    its name or nothing does.

    Args:
        client: From `batch.net.clients.clip_client`, which decides what may be dialled.
        urls: From the prediction's output, tried in order until one holds a clip.
        target: The clip's path.
        folder: The output folder, which paths in the report are relative to.
        expected: What was ordered; differences become warnings.
        limits: What one URL may take.
        clock: Seconds, for judging the speed.

    Returns:
        A `Clip` or `Occupied`; otherwise what went wrong with the first URL.

    Raises:
        StorageProblem: If our own disk is full or fails.
        CannotCreate: If there can be no file of that name.
    """
    fetch = _Fetch(client=client, target=target, folder=folder, expected=expected, limits=limits, clock=clock)
    await _in_thread(lambda: make_room(target))
    first: _Trouble | None = None
    for url in urls:
        result = await _fetch_one(fetch, url, PartFile(target))
        if isinstance(result, Clip | Occupied):
            return result
        first = first or result
    return first or NoDownload(url="", message="the prediction names no file")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetch:
    client: httpx.AsyncClient
    target: Path
    folder: Path
    expected: Expected
    limits: DownloadLimits
    clock: Callable[[], float]


async def _fetch_one(fetch: _Fetch, url: str, part: PartFile) -> Fetched:
    try:
        trouble = await _receive(fetch, url, part)
        if trouble is not None:
            return trouble
        return await _in_thread(lambda: _verify_and_keep(fetch, url, part))
    finally:
        part.discard()


async def _in_thread(work: Callable[[], _Result]) -> _Result:
    """Run the part that waits for the disk beside the loop, and to its end even when this is cancelled."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, so that nobody is told of it: the cancellation is what counts
        raise


async def _receive(fetch: _Fetch, url: str, part: PartFile) -> _Trouble | None:
    """Copy the answer into the file; None when all of it is there."""
    try:
        async with asyncio.timeout(fetch.limits.total), fetch.client.stream("GET", url) as response:
            return _check_head(url, response, fetch.limits) or await _copy(fetch, url, response, part)
    except TimeoutError:
        return NoDownload(url=url, message=f"it was not there after {fetch.limits.total:g} s")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = refused_reason(error)
        return NoDownload(url=url, message=reason or describe(error), address_refused=reason is not None)


def _check_head(url: str, response: httpx.Response, limits: DownloadLimits) -> _Trouble | None:
    status = response.status_code
    if status in {403, 404, 410}:
        return Expired(url=url, http_status=status)
    if status != 200:
        return NoDownload(url=url, message=f"HTTP {status}", http_status=status)
    if encoding := content_encoding(response.headers):
        return BrokenDownload(url=url, reason=f"it comes packed as {encoding[:40]!r}, which a clip never is")
    if (_declared(response) or 0) > limits.max_bytes:
        return BrokenDownload(url=url, reason=f"it is larger than {limits.max_bytes} bytes")
    return None


def _declared(response: httpx.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


async def _copy(fetch: _Fetch, url: str, response: httpx.Response, part: PartFile) -> _Trouble | None:
    limits, clock = fetch.limits, fetch.clock
    since, before = clock(), 0
    async for chunk in response.aiter_raw():
        # Written in the loop: a thread for each chunk costs a third of the speed, and the disk waits only in fsync.
        part.write(chunk)
        if part.size > limits.max_bytes:
            return BrokenDownload(url=url, reason=f"it is larger than {limits.max_bytes} bytes")
        now = clock()
        if now - since >= limits.window:
            if part.size - before < limits.slowest * (now - since):
                return NoDownload(url=url, message=f"too slow: {part.size} bytes so far")
            since, before = now, part.size
    declared = _declared(response)
    if declared is not None and declared != part.size:
        return NoDownload(url=url, message=f"cut short: {part.size} of {declared} bytes arrived")
    return None


def _verify_and_keep(fetch: _Fetch, url: str, part: PartFile) -> Fetched:
    try:
        found = read_mp4(part.read_at, part.size)
    except BrokenClip as error:
        return BrokenDownload(url=url, reason=str(error))
    if not found.has_video:
        return BrokenDownload(url=url, reason="it has no video track")
    facts = _facts(fetch, part, found)
    if part.target.exists() or part.target.is_symlink():
        if not same_content(part.target, size=part.size, sha256=part.sha256):
            return Occupied(path=str(part.target))
        part.discard()
    else:
        part.keep()
    return Clip(facts=facts, url=url)


def _facts(fetch: _Fetch, part: PartFile, found: Mp4Facts) -> ClipFacts:
    return ClipFacts(
        path=part.target.relative_to(fetch.folder).as_posix(),
        bytes=part.size,
        sha256=part.sha256,
        seconds=found.seconds,
        width=found.width,
        height=found.height,
        has_audio=found.has_audio,
        warnings=differences(fetch.expected, found),
        container=found.container,
        video_codec=found.video_codec,
        audio_codec=found.audio_codec,
        frame_rate=found.frame_rate,
    )
