"""Clips drawn to have exactly one fault, and good ones."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from PIL import Image, ImageDraw, ImageEnhance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WIDTH, HEIGHT, RATE = 320, 180, 24
SAMPLES = 16_000


def packshot(number: int = 0, *, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """Draw a product on its backdrop; another number, another product."""
    backdrops = ("#f4f1ec", "#ffffff", "#d9e2ea", "#2a2d33", "#efe4d2")
    bodies = ("#c0392b", "#1f5fa8", "#2f7d4f", "#e0a526", "#6d4c94", "#222222", "#b8b8b8", "#8a5a34")
    image = Image.new("RGB", size, backdrops[number % len(backdrops)])
    draw = ImageDraw.Draw(image)
    wide, high = size
    body = bodies[number % len(bodies)]
    box = (wide * 0.38, high * 0.18, wide * 0.62, high * 0.86)
    if number % 3 == 0:
        draw.rounded_rectangle(box, radius=high * 0.08, fill=body)
    elif number % 3 == 1:
        draw.ellipse((wide * 0.34, high * 0.2, wide * 0.66, high * 0.84), fill=body)
    else:
        draw.polygon([(wide * 0.5, high * 0.14), (wide * 0.66, high * 0.85), (wide * 0.34, high * 0.85)], fill=body)
    draw.rectangle((wide * 0.43, high * 0.5, wide * 0.57, high * 0.66), fill="#fdfdfd")
    for line in range(3):
        y = high * (0.54 + line * 0.04)
        draw.line((wide * 0.45, y, wide * (0.55 - 0.02 * line), y), fill="#333333", width=max(1, round(high / 135)))
    return image


def push_in(image: Image.Image, share: float, *, by: float = 0.08) -> Image.Image:
    """Move the camera in: the frame at a share of the clip."""
    cut = by * share / 2
    box = (image.width * cut, image.height * cut, image.width * (1 - cut), image.height * (1 - cut))
    return image.resize(image.size, Image.Resampling.BICUBIC, box=box)


def pan(image: Image.Image, share: float) -> Image.Image:
    """Move the camera sideways by an eighth of the frame, which begins at the picture."""
    wide = Image.new("RGB", (image.width * 2, image.height), image.getpixel((0, 0)))
    wide.paste(image)
    left = image.width * share / 8
    return wide.transform(
        image.size, Image.Transform.EXTENT, (left, 0, left + image.width, image.height), Image.Resampling.BICUBIC
    )


def brighten(image: Image.Image, share: float) -> Image.Image:
    """Let a soft light pass over the product."""
    return ImageEnhance.Brightness(push_in(image, share)).enhance(1 + 0.06 * math.sin(math.pi * share))


def chord(second: float) -> float:
    """Give a quiet sound."""
    return 0.15 * math.sin(2 * math.pi * 220 * second) + 0.05 * math.sin(2 * math.pi * 331 * second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a clip is drawn: its frame at a share of the clip, and its sound at a second; None for no track."""

    picture: Callable[[float], Image.Image]
    sound: Callable[[float], float] | None = chord
    seconds: float = 0.75
    rate: int = RATE


def write(path: Path, recipe: Recipe) -> Path:
    """Encode a clip as a model delivers it: H.264 and AAC in MP4."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=recipe.rate, options={"preset": "ultrafast", "crf": "20"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio: Any = container.add_stream("aac", rate=SAMPLES, layout="mono") if recipe.sound else None
        count = round(recipe.seconds * recipe.rate)
        for number in range(count):
            picture = recipe.picture(number / max(1, count - 1)).convert("RGB")
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = number, Fraction(1, recipe.rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if recipe.sound:
            for packet in _sound(audio, recipe):
                container.mux(packet)
    return path


def _sound(stream: Any, recipe: Recipe) -> list[Any]:
    assert recipe.sound is not None
    packets: list[Any] = []
    for start in range(0, round(recipe.seconds * SAMPLES), 1024):
        levels = array("f", (max(-1.0, min(1.0, recipe.sound((start + n) / SAMPLES))) for n in range(1024)))
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.planes[0].update(levels.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = SAMPLES, start, Fraction(1, SAMPLES)
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]
