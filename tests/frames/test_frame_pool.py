"""Frames are made in threads, each once, and the pool closes cleanly."""

from __future__ import annotations

import asyncio
import hashlib
import io
import threading
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from batch.core.media import Size
from batch.frames import pool as module
from batch.frames.cache import FrameCache
from batch.frames.errors import PictureError
from batch.frames.pool import FramePool, default_workers
from batch.frames.preparing import prepare_frame
from batch.frames.settings import Fit, FitSettings, Frame, FrameTarget

if TYPE_CHECKING:
    from pathlib import Path

WIDE = FrameTarget(size=Size(320, 180))
SETTINGS = FitSettings(fit=Fit.CONTAIN, min_side=16)


class Watched:
    """Counts what is made, and how much at once; a gate can hold the makers."""

    def __init__(self) -> None:
        self.made = 0
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Semaphore(0)

    def __call__(self, data: bytes, settings: FitSettings, target: FrameTarget) -> Frame:
        """In the place of `prepare_frame`."""
        with self._lock:
            self.made += 1
            self._now += 1
            self.most = max(self.most, self._now)
        self.begun.release()
        try:
            assert self.gate.wait(10)
            return prepare_frame(data, settings, target)
        finally:
            with self._lock:
                self._now -= 1


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """The maker that the pool calls, watched."""
    maker = Watched()
    monkeypatch.setattr(module, "prepare_frame", maker)
    return maker


class Source:
    """A picture file and its hash."""

    def __init__(self, path: Path, mark: int) -> None:
        image = Image.new("RGB", (200, 100), (230, 230, 230))
        ImageDraw.Draw(image).rectangle((20 + mark, 20, 100, 80), fill="navy")
        file = io.BytesIO()
        image.save(file, "PNG")
        self.data = file.getvalue()
        self.sha256 = hashlib.sha256(self.data).hexdigest()
        self.path = path
        path.write_bytes(self.data)


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    """Six pictures."""
    return [Source(tmp_path / f"{mark}.png", mark) for mark in range(6)]


async def test_a_frame_is_what_prepare_frame_makes(sources: list[Source]) -> None:
    """The pool adds nothing and takes nothing away."""
    async with FramePool(2) as pool:
        frame = await pool.frame(sources[0].path, sources[0].sha256, SETTINGS, WIDE)
    assert frame == prepare_frame(sources[0].data, SETTINGS, WIDE)


async def test_what_is_wanted_twice_at_once_is_made_once(sources: list[Source], watched: Watched) -> None:
    """Ten callers, one frame; afterwards it is made anew without a cache."""
    source = sources[0]
    async with FramePool(4) as pool:
        frames = await asyncio.gather(*(pool.frame(source.path, source.sha256, SETTINGS, WIDE) for _ in range(10)))
        assert watched.made == 1
        assert all(frame is frames[0] for frame in frames)
        await pool.frame(source.path, source.sha256, SETTINGS, WIDE)
        assert watched.made == 2


async def test_no_more_are_made_at_once_than_there_are_workers(sources: list[Source], watched: Watched) -> None:
    """The rest waits, and the loop goes on meanwhile."""
    watched.gate.clear()
    async with FramePool(2) as pool:
        tasks = [asyncio.create_task(pool.frame(source.path, source.sha256, SETTINGS, WIDE)) for source in sources]
        for _ in range(2):
            assert await asyncio.to_thread(watched.begun.acquire, timeout=10)
        assert watched.made == 2
        watched.gate.set()
        await asyncio.gather(*tasks)
    assert (watched.made, watched.most) == (6, 2)


async def test_the_cache_is_asked_first(sources: list[Source], watched: Watched, tmp_path: Path) -> None:
    """A second pool finds what the first one made, even when the source is gone."""
    cache = FrameCache(tmp_path / "cache")
    source = sources[0]
    async with FramePool(1, cache) as pool:
        first = await pool.frame(source.path, source.sha256, SETTINGS, WIDE)
    source.path.unlink()
    async with FramePool(1, cache) as pool:
        assert await pool.frame(source.path, source.sha256, SETTINGS, WIDE) == first
    assert watched.made == 1


async def test_a_cache_that_cannot_be_written_is_told_and_the_frame_is_given(
    sources: list[Source], tmp_path: Path
) -> None:
    """On the loop's own thread, once for each frame."""
    (tmp_path / "taken").write_text("no folder")
    notes: list[tuple[str, int]] = []
    cache = FrameCache(tmp_path / "taken")
    async with FramePool(1, cache, on_note=lambda text: notes.append((text, threading.get_ident()))) as pool:
        frame = await pool.frame(sources[0].path, sources[0].sha256, SETTINGS, WIDE)
    assert frame.size == WIDE.size
    assert len(notes) == 1
    assert "not cached" in notes[0][0]
    assert notes[0][1] == threading.get_ident()


async def test_one_bad_picture_does_not_touch_the_others(sources: list[Source]) -> None:
    """Its callers get the error, the others their frames; asked again it is tried again."""
    bad = sources[0]
    bad.path.write_bytes(bad.data[:100])
    sha256 = hashlib.sha256(bad.data[:100]).hexdigest()
    async with FramePool(2) as pool:
        results = await asyncio.gather(
            pool.frame(bad.path, sha256, SETTINGS, WIDE),
            pool.frame(bad.path, sha256, SETTINGS, WIDE),
            pool.frame(sources[1].path, sources[1].sha256, SETTINGS, WIDE),
            return_exceptions=True,
        )
        assert isinstance(results[0], PictureError)
        assert isinstance(results[1], PictureError)
        assert isinstance(results[2], Frame)
        bad.path.write_bytes(bad.data)
        assert (await pool.frame(bad.path, bad.sha256, SETTINGS, WIDE)).size == WIDE.size


async def test_a_picture_that_changed_since_it_was_planned_is_rejected(sources: list[Source]) -> None:
    """A clip of another picture than the planned one is not bought."""
    async with FramePool(1) as pool:
        with pytest.raises(PictureError, match="no longer the picture"):
            await pool.frame(sources[0].path, sources[1].sha256, SETTINGS, WIDE)
        sources[2].path.unlink()
        with pytest.raises(PictureError, match=r"2\.png cannot be read"):
            await pool.frame(sources[2].path, sources[2].sha256, SETTINGS, WIDE)


async def test_a_file_over_the_limit_is_rejected(sources: list[Source]) -> None:
    """It is not read to its end."""
    small = FitSettings(fit=Fit.CONTAIN, min_side=16, max_bytes=100)
    async with FramePool(1) as pool:
        with pytest.raises(PictureError, match=r"image\.max_bytes"):
            await pool.frame(sources[0].path, sources[0].sha256, small, WIDE)


async def test_a_cancelled_caller_leaves_the_frame_to_the_others(sources: list[Source], watched: Watched) -> None:
    """One gives up, the other gets what was begun."""
    watched.gate.clear()
    source = sources[0]
    async with FramePool(1) as pool:
        first = asyncio.create_task(pool.frame(source.path, source.sha256, SETTINGS, WIDE))
        second = asyncio.create_task(pool.frame(source.path, source.sha256, SETTINGS, WIDE))
        assert await asyncio.to_thread(watched.begun.acquire, timeout=10)
        first.cancel()
        watched.gate.set()
        assert (await second).size == WIDE.size
        assert watched.made == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_closing_gives_up_what_waits_and_ends_the_threads(sources: list[Source], watched: Watched) -> None:
    """What has begun is waited for, what has not is never begun, no thread is left."""
    watched.gate.clear()
    pool = FramePool(1)
    tasks = [asyncio.create_task(pool.frame(source.path, source.sha256, SETTINGS, WIDE)) for source in sources]
    assert await asyncio.to_thread(watched.begun.acquire, timeout=10)
    watched.gate.set()
    await pool.aclose()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert watched.made <= 2
    assert sum(isinstance(result, asyncio.CancelledError) for result in results) >= 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("frames")]


def test_there_are_as_many_workers_as_cores_up_to_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may hold a large picture, so that many cores are not all used."""
    for cores, workers in ((1, 1), (2, 2), (64, 8), (None, 1)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert default_workers() == workers
