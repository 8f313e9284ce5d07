"""What a look at a delivered clip costs, beside decoding it and doing nothing with it.

    .venv/bin/python -m tests.benchmarks.bench_look [--rounds 5]

prints one JSON line a figure: name, value, unit, aim. An 8 s clip of 1280x720 at 24 frames a second, both in turns in
one process; the median of the ratios counts.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from PIL import Image, ImageDraw

from batch.judge.measuring import look
from tests.benchmarks.figures import told

if TYPE_CHECKING:
    from collections.abc import Callable

AIM = 2
WIDE, HIGH, RATE, SECONDS = 1280, 720, 24, 8


def draw(path: Path) -> Path:
    """Write a clip whose product moves before a backdrop with some grain."""
    grain = Image.effect_noise((WIDE, HIGH), 12).convert("RGB")
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = WIDE, HIGH, "yuv420p"
        for number in range(RATE * SECONDS):
            picture = grain.copy()
            x = 400 + 200 * math.sin(number / 40)
            ImageDraw.Draw(picture).rounded_rectangle((x, 150, x + 300, 600), radius=40, fill="#a03020")
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def decoded(path: Path) -> None:
    """Decode every frame."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for _ in container.decode(video=0):
            pass


def timed(work: Callable[[Path], object], path: Path) -> float:
    """Give the seconds of the processor, over all threads."""
    start = time.process_time()
    work(path)
    return time.process_time() - start


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        clip = draw(Path(folder, "clip.mp4"))
        pairs = [(timed(look, clip), timed(decoded, clip)) for _ in range(rounds + 1)][1:]
    told("look: 8 s of 1280x720, CPU", statistics.median(ours for ours, _ in pairs), "s", None)
    told("look: beside decoding alone", statistics.median(ours / bare for ours, bare in pairs), "x", AIM)


if __name__ == "__main__":
    main()
