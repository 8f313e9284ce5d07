"""Prepared frames are found again, and a damaged or full cache costs time only."""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from batch.core.media import Size
from batch.frames.cache import FrameCache, NotStored, Stored, frame_key
from batch.frames.preparing import prepare_frame
from batch.frames.settings import Fit, FitSettings, Frame, FrameTarget

WIDE = FrameTarget(size=Size(1280, 720))
SETTINGS = FitSettings(min_side=16)
SOURCE = "ab" * 32
KEY = frame_key(SOURCE, SETTINGS, WIDE)


@pytest.fixture(scope="module")
def frame() -> Frame:
    """A frame with every field in use."""
    image = Image.new("RGB", (300, 300), "white")
    ImageDraw.Draw(image).ellipse((100, 100, 200, 200), fill="red")
    file = io.BytesIO()
    image.save(file, "PNG")
    made = prepare_frame(file.getvalue(), SETTINGS, WIDE)
    assert made.subject_box is not None
    assert made.warnings
    return made


@pytest.fixture
def cache(tmp_path: Path) -> FrameCache:
    """An empty cache whose folder does not exist yet."""
    return FrameCache(tmp_path / "cache" / "frames")


def test_what_was_put_is_got(cache: FrameCache, frame: Frame) -> None:
    """Every field comes back; nothing but the entry is left in the folder."""
    assert cache.get(KEY) is None
    stored = cache.put(KEY, frame)
    assert isinstance(stored, Stored)
    assert cache.get(KEY) == frame
    assert stored.path == cache.path(KEY)
    assert [path.name for path in stored.path.parent.iterdir()] == [stored.path.name]


def test_a_frame_without_product_or_colour_comes_back_too(cache: FrameCache, frame: Frame) -> None:
    """What is None stays None."""
    bare = replace(frame, background=None, subject_box=None, quality=None, warnings=(), passed_through=True)
    cache.put(KEY, bare)
    assert cache.get(KEY) == bare


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:0],
        lambda data: b"\0" * len(data),
        lambda data: data[:-100] + bytes(100),
        lambda data: b"[1, 2]\n" + data.partition(b"\n")[2],
        lambda data: b"{}\n" + data.partition(b"\n")[2],
        lambda data: data.replace(b'"fit_used"', b'"fit_used_"', 1),
        lambda data: data.replace(b'"subject"', b'"stretch"', 1),
        lambda data: data.replace(b'"width": 1280', b'"width": 0', 1),
    ],
)
def test_a_damaged_entry_is_no_entry(cache: FrameCache, frame: Frame, damage: Any) -> None:
    """It is not returned, raises nothing, and the next frame takes its place."""
    cache.put(KEY, frame)
    path = cache.path(KEY)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(KEY) is None
    cache.put(KEY, frame)
    assert cache.get(KEY) == frame


def test_a_cache_that_cannot_be_written_is_said_not_raised(
    cache: FrameCache, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk leaves no half entry behind."""

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    stored = cache.put(KEY, frame)
    assert isinstance(stored, NotStored)
    assert "No space left on device" in stored.reason
    assert cache.get(KEY) is None
    assert list(cache.path(KEY).parent.iterdir()) == []


def test_a_cache_folder_that_is_a_file_is_said_not_raised(tmp_path: Path, frame: Frame) -> None:
    """The path is taken by something else."""
    (tmp_path / "cache").write_text("no folder")
    cache = FrameCache(tmp_path / "cache")
    assert isinstance(cache.put(KEY, frame), NotStored)
    assert cache.get(KEY) is None


def test_several_writers_of_one_key_leave_one_whole_entry(cache: FrameCache, frame: Frame) -> None:
    """Whoever is last; readers meanwhile see a whole frame or none."""
    seen: list[Frame | None] = []

    def work() -> None:
        for _ in range(20):
            cache.put(KEY, frame)
            seen.append(cache.get(KEY))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [frame] * 80
    assert len(list(cache.path(KEY).parent.iterdir())) == 1


def test_the_key_is_what_decides_the_frame() -> None:
    """Anything that may change pixels or verdict makes another key; writing a colour otherwise does not."""
    other_source = hashlib.sha256(b"other").hexdigest()
    keys = [
        KEY,
        frame_key(other_source, SETTINGS, WIDE),
        *(
            frame_key(SOURCE, replace(SETTINGS, **change), WIDE)
            for change in (
                {"fit": Fit.COVER},
                {"background": "#ff0000"},
                {"margin": 0.1},
                {"min_side": 17},
                {"max_bytes": 1000},
            )
        ),
        *(
            frame_key(SOURCE, SETTINGS, replace(WIDE, **change))
            for change in ({"size": Size(720, 1280)}, {"max_bytes": 1000}, {"formats": ("png",)})
        ),
    ]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 for key in keys)
    assert frame_key(SOURCE, replace(SETTINGS, background="#FF00aa"), WIDE) == frame_key(
        SOURCE, replace(SETTINGS, background="#ff00AA"), WIDE
    )


def test_another_recipe_makes_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a change of the framing, old entries are not found."""
    monkeypatch.setattr("batch.frames.cache.RECIPE_VERSION", 999)
    assert frame_key(SOURCE, SETTINGS, WIDE) != KEY
