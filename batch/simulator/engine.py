"""What happens without a request: predictions end at their time, and their clips are made."""

from __future__ import annotations

import asyncio
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from batch.simulator import clips, records
from batch.simulator.settings import Clips
from batch.simulator.values import Clip, Failure, Render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from batch.simulator.disk import Disk
    from batch.simulator.values import Prediction, Size
    from batch.simulator.world import World


DISK_PAUSE = 1.0  # seconds between two tries to write to a disk that is full


class BadPictureError(Exception):
    """An upload that looked like a picture and cannot be decoded."""


@dataclass(frozen=True, slots=True)
class Template:
    """A clip that many predictions share: its bytes, and the hash of them, ready to go on."""

    content: bytes
    digest: hashlib._Hash

    def clip(self, tail: bytes) -> Clip:
        """Describe the file that the template and this tail make."""
        digest = self.digest.copy()
        digest.update(tail)
        return Clip(sha256=digest.hexdigest(), length=len(self.content) + len(tail))


class ClipMaker:
    """Makes clips in a bounded pool of threads (the encoder lets the interpreter lock go), and reads them."""

    def __init__(self, disk: Disk, mode: Clips, encoders: int) -> None:
        self._disk = disk
        self._mode = mode
        self._pool = ThreadPoolExecutor(max_workers=encoders, thread_name_prefix="encoder")
        self._templates: dict[str, asyncio.Task[Template]] = {}

    async def make(self, prediction: Prediction) -> Clip:
        """Make the clip of a prediction that succeeds.

        Raises:
            BadPictureError: Its picture cannot be decoded.
            OSError: It cannot be written.
        """
        ending = prediction.ending
        assert isinstance(ending, Render), "only a prediction that succeeds has a clip"
        assert prediction.upload_id is not None, "a prediction that succeeds has a picture"
        picture = self._disk.upload_path(prediction.upload_id)
        loop = asyncio.get_running_loop()
        if self._mode is Clips.FRESH:
            target = self._disk.clip_path(prediction.clip_id)
            return await loop.run_in_executor(self._pool, _encoded, picture, ending.size, ending.seconds, target)
        template = await self._template(ending, picture)
        return template.clip(_tail(prediction))

    async def read(self, prediction: Prediction) -> bytes:
        """Give the bytes of a finished clip.

        Raises:
            FileNotFoundError: The file was removed from the folder.
        """
        path = self._disk.clip_path(prediction.clip_id)
        if self._mode is Clips.FRESH or path.exists():
            try:
                return await asyncio.to_thread(path.read_bytes)
            except FileNotFoundError:
                if not self._disk.clip_path(_template_name(prediction.ending)).exists():
                    raise
        template = await self._template(prediction.ending, None)
        return template.content + _tail(prediction)

    async def _template(self, ending: object, picture: Path | None) -> Template:
        name = _template_name(ending)
        if name not in self._templates:
            self._templates[name] = asyncio.create_task(self._load(name, ending, picture))
        task = self._templates[name]
        try:
            return await asyncio.shield(task)
        except (BadPictureError, OSError):
            self._templates.pop(name, None)  # the next picture may do better
            raise

    async def _load(self, name: str, ending: object, picture: Path | None) -> Template:
        target = self._disk.clip_path(name)
        assert isinstance(ending, Render), "only a prediction that succeeds has a clip"
        loop = asyncio.get_running_loop()
        if picture is not None and not target.exists():
            await loop.run_in_executor(self._pool, _encoded, picture, ending.size, ending.seconds, target)
        content = await asyncio.to_thread(target.read_bytes)
        return Template(content, hashlib.sha256(content))

    def close(self) -> None:
        """Wait for the encoders at work and stop them."""
        self._pool.shutdown(cancel_futures=True)


def _template_name(ending: object) -> str:
    return f"cached-{ending.size}-{ending.seconds}" if isinstance(ending, Render) else "none"


def _tail(prediction: Prediction) -> bytes:
    return clips.free_box(prediction.id.encode())


def _encoded(picture: Path, size: Size, seconds: int, target: Path) -> Clip:
    part = target.with_suffix(".part")
    content = picture.read_bytes()
    try:
        planes = clips.planes_of(content, size)
    except (OSError, ValueError, SyntaxError) as error:
        raise BadPictureError(str(error)) from error
    clips.encode(planes, size, seconds, part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        length = file.tell()
    part.rename(target)
    return Clip(sha256=digest, length=length)


class Engine:
    """Ends predictions at their time: first the clip, then the ledger, then what polls show."""

    def __init__(self, world: World, disk: Disk, maker: ClipMaker, clock: Callable[[], float]) -> None:
        self._world = world
        self._disk = disk
        self._maker = maker
        self._clock = clock
        self._wake = asyncio.Event()
        self._until = float("inf")
        self._settling: set[asyncio.Task[None]] = set()

    def expect(self, prediction: Prediction) -> None:
        """Take note of a prediction that may end earlier than all others."""
        if prediction.finishes_at < self._until:
            self._until = prediction.finishes_at
            self._wake.set()

    async def run(self) -> None:
        """End what is due, for ever."""
        while True:
            now = self._clock()
            for prediction in self._world.due(now):
                task = asyncio.create_task(self._settle(prediction))
                self._settling.add(task)
                task.add_done_callback(self._settling.discard)
            due = self._world.next_due()
            self._until = float("inf") if due is None else due
            self._wake.clear()
            try:
                async with asyncio.timeout(None if due is None else max(0.001, due - now)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _settle(self, prediction: Prediction) -> None:
        clip = None
        if isinstance(prediction.ending, Render):
            try:
                clip = await self._maker.make(prediction)
            except BadPictureError as error:
                self._world.fail(prediction.id, _failure("INPUT_VALIDATION_ERROR", f"Image not readable: {error}"))
            except OSError as error:
                self._world.fail(prediction.id, _failure("PROVIDER_SERVER_ERROR", f"No clip was made: {error}"))
        end = self._world.decide_end(prediction.id, clip)
        if end is not None:
            await self._written(records.ended(self._world.predictions[prediction.id], end))
            self._world.end(prediction.id, end)
        if prediction.upload_id is not None:
            self._disk.forget(self._world, prediction.upload_id)

    async def _written(self, record: records.Record) -> None:
        """Write an end down; on a full disk it waits for room, and the prediction goes on rendering."""
        while True:
            try:
                return await self._disk.ledger.append(record)
            except OSError:
                await asyncio.sleep(DISK_PAUSE)

    async def close(self) -> None:
        """Stop settling; what was not settled is, after the next start."""
        tasks = list(self._settling)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _failure(error_code: str, message: str) -> Failure:
    return Failure(error_code=error_code, message=message, cost=Decimal(0))
