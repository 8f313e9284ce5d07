"""Frames a second on two threads, beside the loop that a plain script would be.

Both make the same frame of the same 12-megapixel photograph: the whole picture on a plain background, Lanczos,
JPEG 4:4:4 at the same quality. The plain loop decodes it at full size; the pool does not have to.

    .venv/bin/python -m tests.benchmarks.bench_frames

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from batch.core.media import Size
from batch.frames.pool import FramePool
from batch.frames.preparing import prepare_frame
from batch.frames.settings import Fit, FitSettings, FrameTarget
from tests.benchmarks.figures import told

WORKERS = 2
ROUNDS = 5
FRAMES = 8
SOURCE = Size(4000, 3000)
TARGET = FrameTarget(size=Size(1280, 720))


def photograph() -> bytes:
    """12 megapixels with shapes, soft shading, fine texture and grain, as a camera's JPEG of quality 90."""
    chance = random.Random(2)
    image = Image.radial_gradient("L").resize((SOURCE.width, SOURCE.height)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(400):
        x, y, wide = chance.randrange(SOURCE.width), chance.randrange(SOURCE.height), chance.randrange(20, 500)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        draw.ellipse((x - wide, y - wide // 2, x + wide, y + wide // 2), fill=colour)
        draw.line((x, y, y, x), fill=colour, width=chance.randrange(1, 6))
    grain = Image.effect_noise((SOURCE.width, SOURCE.height), 14).filter(ImageFilter.GaussianBlur(0.7))
    image = ImageChops.overlay(image, Image.merge("RGB", (grain, grain, grain)))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


def plain(data: bytes, size: Size, quality: int) -> bytes:
    """What a plain script does for one picture."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    fitted = ImageOps.contain(image, (size.width, size.height), Image.Resampling.LANCZOS)
    frame = Image.new("RGB", (size.width, size.height), fitted.getpixel((0, 0)))
    frame.paste(fitted, ((size.width - fitted.width) // 2, (size.height - fitted.height) // 2))
    file = io.BytesIO()
    frame.save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def plain_rate(data: bytes, quality: int) -> float:
    """Frames a second in a loop."""
    start = time.perf_counter()
    for _ in range(FRAMES):
        plain(data, TARGET.size, quality)
    return FRAMES / (time.perf_counter() - start)


async def pool_rate(sources: dict[Path, str], settings: FitSettings) -> float:
    """Frames a second in the pool, nothing cached; every source is another file, so none is shared."""
    async with FramePool(WORKERS) as pool:
        start = time.perf_counter()
        await asyncio.gather(*(pool.frame(path, sha256, settings, TARGET) for path, sha256 in sources.items()))
        return len(sources) / (time.perf_counter() - start)


def main() -> None:
    """Measure, in turns so that a busy machine slows both."""
    data = photograph()
    settings = {fit: FitSettings(fit=fit) for fit in (Fit.CONTAIN, Fit.SUBJECT)}
    quality = prepare_frame(data, settings[Fit.CONTAIN], TARGET).quality
    assert quality is not None
    ratios: dict[Fit, list[float]] = {fit: [] for fit in settings}
    rates: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        sources: dict[Path, str] = {}
        for number in range(FRAMES):
            # Behind the picture's end a JPEG may carry anything.
            copy = data + number.to_bytes(1, "big")
            path = Path(folder, f"{number}.jpg")
            path.write_bytes(copy)
            sources[path] = hashlib.sha256(copy).hexdigest()
        for _ in range(ROUNDS):
            beside = plain_rate(data, quality)
            for fit, how in settings.items():
                rate = asyncio.run(pool_rate(sources, how))
                ratios[fit].append(rate / beside)
                if fit is Fit.CONTAIN:
                    rates.append(rate)
    told("frames: two threads beside a plain Pillow loop", statistics.median(ratios[Fit.CONTAIN]), "x", 3)
    told("frames: the same, looking for a product", statistics.median(ratios[Fit.SUBJECT]), "x", None)
    told("frames: 12-megapixel JPEG to 1280x720", statistics.median(rates), "1/s", None)


if __name__ == "__main__":
    main()
