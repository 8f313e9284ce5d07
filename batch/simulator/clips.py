"""Real MP4 files: the uploaded frame, then a gentle push-in, with a soft chord. Needs PyAV (the `video` extra).

H.264 in yuv420p and AAC with the index before the media, so that a browser plays them while they load.
"""

from __future__ import annotations

import io
import math
from array import array
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from batch.simulator.values import Size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRAMES_A_SECOND = 10  # the push-in moves about a pixel between two frames: more would cost time and show nothing
PUSH_IN = 0.06
SAMPLES_A_SECOND = 48_000
CHORD = (110, 165, 220)  # whole hertz, so that one second repeats without a click


class MissingVideoExtraError(Exception):
    """PyAV is not installed, so no clip can be made."""


def require_video() -> None:
    """Make sure that clips can be made.

    Raises:
        MissingVideoExtraError: PyAV is missing; the text says how to install it.
    """
    try:
        import av  # noqa: F401, PLC0415 - 70 ms and an extra: only where clips are made
    except ImportError as error:
        raise MissingVideoExtraError(
            "the simulator makes real clips and needs PyAV: pip install 'sora-batch[video]'"
        ) from error


def picture_size(content: bytes) -> Size | None:
    """Read a picture's size from its header; None when it is no JPEG, PNG or WebP."""
    from PIL import Image  # noqa: PLC0415 - heavy; only where pictures arrive

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
            return Size(width=image.width, height=image.height)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def free_box(payload: bytes) -> bytes:
    """Give an MP4 box that players skip, with `payload` in it."""
    return (len(payload) + 8).to_bytes(4, "big") + b"free" + payload


def planes_of(picture: bytes, size: Size) -> list[Any]:
    """Give a picture's three planes (brightness and the two colours at half size) as grey images.

    A picture of another size is scaled and cut to fill the frame.

    Raises:
        OSError, ValueError, SyntaxError: It cannot be decoded.
    """
    import av  # noqa: PLC0415 - see encode
    from PIL import Image, ImageOps  # noqa: PLC0415 - heavy

    with Image.open(io.BytesIO(picture)) as image:
        fitted = image.convert("RGB")
    if fitted.size != (size.width, size.height):
        fitted = ImageOps.fit(fitted, (size.width, size.height))
    whole = av.VideoFrame.from_image(fitted)  # type: ignore[no-untyped-call]
    frame = whole.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    return [
        Image.frombuffer("L", (plane.line_size, plane.height), bytes(plane)).crop((0, 0, plane.width, plane.height))
        for plane in frame.planes
    ]


def encode(planes: list[Any], size: Size, seconds: int, path: Path) -> None:
    """Write the clip of a picture to `path`: `seconds` long, of exactly this size, its first frame the picture.

    `planes` are the picture's, from `planes_of`.
    """
    import av  # noqa: PLC0415 - 70 ms and an extra: only where clips are made

    with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=FRAMES_A_SECOND, options={"preset": "ultrafast", "crf": "20"})
        video.width, video.height, video.pix_fmt = size.width, size.height, "yuv420p"
        video.codec_context.thread_count = 1
        video.codec_context.color_range = 1  # the limited range of video, and BT.709: what players assume
        video.codec_context.colorspace = video.codec_context.color_primaries = video.codec_context.color_trc = 1
        audio = container.add_stream("aac", rate=SAMPLES_A_SECOND, layout="mono")
        for frame in _frames(planes, size, seconds):
            container.mux(video.encode(frame))
        container.mux(video.encode())
        for sound in _sounds(seconds):
            container.mux(audio.encode(sound))
        container.mux(audio.encode())


def _frames(planes: list[Any], size: Size, seconds: int) -> Iterator[Any]:
    count = FRAMES_A_SECOND * seconds
    for number in range(count):
        frame = _drawn(planes, size, PUSH_IN * number / count)
        frame.pts = number
        frame.time_base = Fraction(1, FRAMES_A_SECOND)
        yield frame


def _drawn(planes: list[Any], size: Size, push: float) -> Any:
    import av  # noqa: PLC0415 - see encode
    from PIL import Image  # noqa: PLC0415 - heavy

    frame = av.VideoFrame(size.width, size.height, "yuv420p")
    frame.color_range, frame.colorspace = 1, 1
    for image, plane in zip(planes, frame.planes, strict=True):
        across, down = image.width * push / 2, image.height * push / 2
        box = (across, down, image.width - across, image.height - down)
        drawn = image if push == 0 else image.resize(image.size, Image.Resampling.BILINEAR, box=box)
        # A plane's lines may be longer than the picture's: what lies beyond is never shown.
        padded = drawn if plane.line_size == drawn.width else drawn.crop((0, 0, plane.line_size, drawn.height))
        plane.update(padded.tobytes())
    return frame


def _sounds(seconds: int) -> Iterator[Any]:
    import av  # noqa: PLC0415 - see encode

    second = _one_second()
    for number in range(seconds):
        frame = av.AudioFrame("s16", "mono", SAMPLES_A_SECOND)
        frame.sample_rate = SAMPLES_A_SECOND
        frame.pts = number * SAMPLES_A_SECOND
        frame.planes[0].update(second)
        yield frame


@lru_cache(maxsize=1)
def _one_second() -> bytes:
    """Give one second of a quiet chord that swells once, as 16-bit samples; it can be repeated."""
    samples = array("h")
    for number in range(SAMPLES_A_SECOND):
        turn = 2 * math.pi * number / SAMPLES_A_SECOND
        swell = 0.75 - 0.25 * math.cos(turn)
        samples.append(int(900 * swell * sum(math.sin(turn * tone) for tone in CHORD)))
    return samples.tobytes()
