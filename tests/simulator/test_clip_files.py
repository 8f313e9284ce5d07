"""The clips are what a browser wants: H.264 and AAC, the ordered length and size, the first frame the picture."""

from __future__ import annotations

import hashlib
import io
import math
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops, ImageStat

from batch.simulator import Clips, serve
from batch.simulator.clips import MissingVideoExtraError, encode, free_box, picture_size, planes_of
from batch.simulator.values import Size

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from batch.simulator import SimulatorSettings

    Open = Callable[..., AbstractAsyncContextManager[Any]]

av = pytest.importorskip("av")


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Give the peak signal-to-noise ratio of two pictures in decibels."""
    errors = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).rms
    mean = sum(error**2 for error in errors) / 3
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)


def boxes(content: bytes) -> list[str]:
    """Name the boxes at the top level of an MP4 file."""
    names, at = [], 0
    while at < len(content):
        names.append(content[at + 4 : at + 8].decode())
        at += int.from_bytes(content[at : at + 4], "big")
    return names


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (362, 362)])
def test_a_clip_is_what_was_ordered(tmp_path: Path, width: int, height: int) -> None:
    """Length, size, codecs, pixel format, order of the boxes; first frame equal, last one nearer."""
    source = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    source.paste((200, 40, 30), (width // 4, height // 4, width // 2, height // 2))
    source.paste((30, 60, 180), (width // 2, height // 2, width * 3 // 4, height * 3 // 4))
    file = io.BytesIO()
    source.save(file, "PNG")
    size = Size(width=width, height=height)
    encode(planes_of(file.getvalue(), size), size, 2, tmp_path / "clip.mp4")
    with av.open(tmp_path / "clip.mp4") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.pix_fmt, audio.codec_context.name) == ("h264", "yuv420p", "aac")
        assert (video.width, video.height, float(video.duration * video.time_base)) == (width, height, 2.0)
        assert float(audio.duration * audio.time_base) == pytest.approx(2.0, abs=0.05)
        frames = [frame.to_image() for frame in container.decode(video)]
        container.seek(0)
        loudest = max(_peak(frame) for frame in container.decode(audio))
    assert len(frames) == 20
    assert likeness(frames[0], source) > 30
    assert likeness(frames[-1], source) < likeness(frames[0], source) - 3
    assert 0.01 < loudest < 0.5
    names = boxes((tmp_path / "clip.mp4").read_bytes())
    assert names.index("moov") < names.index("mdat")


def _peak(frame: Any) -> float:
    from array import array  # noqa: PLC0415 - only here

    samples = array("f", bytes(frame.planes[0])[: frame.samples * 4])
    return max(abs(sample) for sample in samples)


async def test_a_fresh_clip_shows_the_uploaded_frame(settings: SimulatorSettings, opened: Open) -> None:
    """Encoded for its own prediction, success is shown only when the file is there, its hash in the ledger."""
    del settings
    async with opened(clips=Clips.FRESH) as shop:
        body = await shop.ended(await shop.create())
        content = (await shop.web.get(body["output"])).content
        ledger = (shop.folder / "ledger.jsonl").read_text(encoding="utf-8")
        source = Image.open(io.BytesIO(shop.draw(1280, 720)))
    assert hashlib.sha256(content).hexdigest() in ledger
    with av.open(io.BytesIO(content)) as container:
        first = next(container.decode(video=0)).to_image()
        assert container.duration == 4_000_000
    assert first.size == (1280, 720)
    assert likeness(first, source) > 30


async def test_cached_clips_differ_in_their_hash_only(opened: Open, template: bytes) -> None:
    """Each file is the template and a box of its own; it still decodes."""
    async with opened() as shop:
        urls = [(await shop.ended(await shop.create()))["output"] for _ in range(2)]
        first, second = [(await shop.web.get(url)).content for url in urls]
    assert first != second
    assert first[: len(template)] == second[: len(template)] == template
    assert boxes(first)[-1] == "free"
    with av.open(io.BytesIO(second)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 40


async def test_a_cached_clip_is_encoded_when_it_is_the_first_of_its_kind(opened: Open) -> None:
    """A model without an aspect field follows the picture's shape, and its frame is filled."""
    async with opened() as shop:
        slot = await shop.upload(shop.draw(300, 500))
        order = {
            "model": "pixverse-v5-6-image-to-video",
            "input": {"prompt": "turn", "image_url": slot["public_url"], "duration": "5", "resolution": "360p"},
        }
        answer = await shop.api.post("/v1/prediction", json=order)
        body = await shop.ended(answer.json()["predictionID"])
        content = (await shop.web.get(body["output"])).content
    with av.open(io.BytesIO(content)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, container.duration) == (360, 640, 5_000_000)


async def test_a_picture_that_breaks_off(opened: Open) -> None:
    """A header alone passes the first look; the rendering fails."""
    async with opened(clips=Clips.FRESH) as shop:
        slot = await shop.upload(shop.draw(1280, 720)[:4000])
        body = await shop.ended((await shop.submit(slot["public_url"])).json()["predictionID"])
    assert body["output"]["error_code"] == "INPUT_VALIDATION_ERROR"
    assert list((shop.folder / "clips").glob("*.part")) == []


async def test_without_pyav_it_does_not_start(settings: SimulatorSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingVideoExtraError, match=r"pip install 'sora-batch\[video\]'"):
        async with serve(settings):
            pass


def test_picture_sizes() -> None:
    """Read from the header of the formats that the provider takes; anything else is none."""
    for form in ("JPEG", "PNG", "WEBP", "GIF"):
        file = io.BytesIO()
        Image.new("RGB", (20, 10)).save(file, form)
        assert picture_size(file.getvalue()) == (None if form == "GIF" else Size(width=20, height=10))
    assert picture_size(b"") is None


def test_a_free_box_tells_its_length() -> None:
    """Players skip it by the length in front."""
    assert boxes(free_box(b"abc") + free_box(b"")) == ["free", "free"]
