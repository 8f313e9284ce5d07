"""The file host: uploads and clips, with ranges and expiry, and every way in which a download goes wrong."""

from __future__ import annotations

import asyncio
import gzip
import io
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from batch.simulator import clips
from batch.simulator.answers import Answer
from batch.simulator.wire import MEGABYTE, NoAnswerError, close, response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batch.simulator.calls import Calls
    from batch.simulator.disk import Disk
    from batch.simulator.engine import ClipMaker
    from batch.simulator.faults import Fault
    from batch.simulator.world import World

_EXPIRED = Answer(status=403, body="<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
_GONE = Answer(status=404, body="<Error><Code>NoSuchKey</Code></Error>")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What lies under a name: its bytes, and a tag that changes when they do."""

    content: bytes
    content_type: str
    tag: str


class Downloads:
    """Everything under `/uploads/`."""

    def __init__(self, world: World, disk: Disk, maker: ClipMaker, calls: Calls) -> None:
        self._world = world
        self._disk = disk
        self._maker = maker
        self._calls = calls
        self._tries = 0

    async def respond(
        self, request: web.Request, headers: dict[str, str], faults: Sequence[Fault], now: float
    ) -> web.StreamResponse:
        """Answer a GET or HEAD for a file.

        Raises:
            NoAnswerError: A fault broke the connection in the middle.
        """
        found = await self._find(request.match_info["name"], now)
        if isinstance(found, Answer):
            return response(found, headers)
        return await self._faulty(request, headers, faults[0], found) if faults else _ranged(request, headers, found)

    async def whole(self, name: str, now: float) -> Answer:
        """Give a file as a plain answer, for faults that concern the connection."""
        found = await self._find(name, now)
        if isinstance(found, Answer):
            return found
        return Answer(status=200, body=found.content, headers={"Content-Type": found.content_type})

    async def _find(self, name: str, now: float) -> _File | Answer:
        found = self._calls.clip_of(name, now) if name.endswith(".mp4") else None
        if found is not None:
            prediction, alive = found
            if not alive:
                return _EXPIRED
            try:
                content = await self._maker.read(prediction)
            except FileNotFoundError:
                return _GONE
            return _File(content=content, content_type="video/mp4", tag=prediction.id)
        upload = self._world.uploads.get(name.rpartition(".")[0])
        if upload is None or not upload.readable(now):
            return _GONE
        content = await asyncio.to_thread(self._disk.upload_path(upload.id).read_bytes)
        return _File(content=content, content_type=upload.content_type, tag=upload.id)

    async def _faulty(
        self, request: web.Request, headers: dict[str, str], fault: Fault, file: _File
    ) -> web.StreamResponse:
        options, content, video = fault.options, file.content, {**headers, "Content-Type": file.content_type}
        part = content[: int(len(content) * options.get("part", 1))]
        match fault.name:
            case "short":
                return await _broken(request, video | {"Content-Length": str(len(content))}, part)
            case "no_length":
                return await _unmeasured(request, video, part)
            case "wrong_length":
                return web.Response(body=part, headers=video)
            case "slow":
                return await _slow(request, video, content, options["bytes_per_second"])
            case "endless":
                return await _endless(request, video, content)
            case "gzip":
                bomb = bytes(int(options["megabytes"] * MEGABYTE))
                packed = await asyncio.to_thread(gzip.compress, bomb or content, 6)
                return web.Response(body=packed, headers=video | {"Content-Encoding": "gzip"})
            case "changing":
                return await self._changed(request, headers, options["part"], file)
            case "empty":
                return web.Response(body=b"", headers=video)
            case "jpeg":
                return web.Response(body=_jpeg(), headers=video)
            case _:
                return web.Response(body=content, headers=video)

    async def _changed(
        self, request: web.Request, headers: dict[str, str], part: float, file: _File
    ) -> web.StreamResponse:
        """Give another file at each try; one that is cut differs from its first byte on, to show if tries get mixed."""
        self._tries += 1
        box, tag = clips.free_box(f"try {self._tries}".encode()), f"{file.tag}-{self._tries}"
        if part == 1:
            return _ranged(request, headers, replace(file, content=file.content + box, tag=tag))
        changed = box + file.content
        told = headers | {"Content-Type": file.content_type, "Content-Length": str(len(changed))}
        told |= {"Accept-Ranges": "bytes", "ETag": f'"{tag}"'}
        return await _broken(request, told, changed[: int(len(changed) * part)])


def _ranged(request: web.Request, headers: dict[str, str], file: _File) -> web.Response:
    """Answer with the whole file, or with the one range that was asked for."""
    content, tag = file.content, f'"{file.tag}"'
    told = {**headers, "Content-Type": file.content_type, "Accept-Ranges": "bytes", "ETag": tag}
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None or not any(asked.groups()) or request.headers.get("If-Range", tag) != tag:
        return web.Response(body=content, headers=told)
    first, last = asked.groups()
    start = int(first) if first else max(0, len(content) - int(last))
    stop = min(int(last) + 1, len(content)) if first and last else len(content)
    if start >= stop:
        return web.Response(status=416, headers=headers | {"Content-Range": f"bytes */{len(content)}"})
    told["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return web.Response(status=206, body=content[start:stop], headers=told)


async def _started(request: web.Request, headers: dict[str, Any]) -> web.StreamResponse:
    stream = web.StreamResponse(headers=headers)
    await stream.prepare(request)
    return stream


async def _broken(request: web.Request, headers: dict[str, str], part: bytes) -> web.StreamResponse:
    stream = await _started(request, headers)
    await stream.write(part)
    raise await close(request)


async def _unmeasured(request: web.Request, headers: dict[str, str], part: bytes) -> web.StreamResponse:
    """Send a body without a length, ended by closing the connection, as old servers do."""
    transport = request.transport
    if transport is None:
        raise NoAnswerError("the client left")
    lines = [f"{name}: {value}" for name, value in headers.items()]
    transport.write("\r\n".join(["HTTP/1.1 200 OK", *lines, "Connection: close", "", ""]).encode())
    transport.write(part)
    raise await close(request)


async def _slow(request: web.Request, headers: dict[str, str], content: bytes, rate: float) -> web.StreamResponse:
    stream = await _started(request, headers | {"Content-Length": str(len(content))})
    piece = max(1, int(rate / 10))
    for start in range(0, len(content), piece):
        await stream.write(content[start : start + piece])
        await asyncio.sleep(piece / rate)
    await stream.write_eof()
    return stream


async def _endless(request: web.Request, headers: dict[str, str], content: bytes) -> web.StreamResponse:
    stream = await _started(request, headers)
    while True:
        await stream.write(content)


def _jpeg() -> bytes:
    from PIL import Image  # noqa: PLC0415 - heavy; only for this fault

    file = io.BytesIO()
    Image.new("RGB", (64, 64), "grey").save(file, "JPEG")
    return file.getvalue()
