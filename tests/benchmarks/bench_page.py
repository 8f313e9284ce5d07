"""The review page with 2,000 items in a real Chromium: the longest pause while somebody works with it.

    .venv/bin/python -m tests.benchmarks.bench_page [--items 2000] [--rounds 5] [--keep FOLDER]

prints one JSON line a figure: name, value, unit, aim. Every item has a real picture, poster, strip and clip beside the
page. A pause is what the browser sees: between two of its frames, or a long task of its own. Beside it stands what the
longest task took of the processor, which tells the page from a machine that is busy with other things. Each figure is
the median over the rounds, each in a new tab, of the longest in a round. Needs Chromium and the `video` extra.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from batch.channels import builtin_channels
from batch.core.quality import Look, Measured, Remark
from batch.core.suiting import suits
from batch.core.summary import ClipFacts, Cost, ItemCounts, ItemView, ReportHead
from batch.core.verdicts import facts_of
from batch.judge.stills import poster, strip
from batch.report import write_report
from tests.benchmarks.figures import told
from tests.report.chromium import NoChromium, Tab, opened, started

if TYPE_CHECKING:
    from collections.abc import Iterator

AIM = 100
DRAWN = 12
"""Different products that are drawn; the others are hard links to them."""
CHANNELS = tuple(builtin_channels()[name] for name in ("google-merchant", "shopify", "pinterest"))
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_MEASURED = Measured(
    seconds=4.0,
    frames=40,
    frames_a_second=10.0,
    likeness=0.97,
    colour_shift=2.0,
    drift=0.1,
    black_seconds=0.0,
    frozen_seconds=0.2,
    flicker=0.1,
    loudness=-20.0,
    clipped=0.0,
    c2pa=False,
)
_THINGS = ("Mug", "Kettle", "Lamp", "Stool", "Vase", "Bowl", "Clock", "Jug", "Tray", "Chair", "Pot", "Box")
_CATEGORIES = ("Kitchen > Mugs", "Kitchen > Kettles", "Home > Lamps", "Furniture", "Home > Decoration")


def _still(number: int, at: float, wide: int, high: int) -> Image.Image:
    hue = (number * 47) % 360
    picture = Image.new("RGB", (wide, high), f"hsl({hue}, 18%, 91%)")
    draw = ImageDraw.Draw(picture)
    middle, size = wide / 2 + (at - 0.5) * wide / 6, min(wide, high) / 3
    draw.ellipse((middle - size, high * 0.78, middle + size, high * 0.86), fill=f"hsl({hue}, 15%, 80%)")
    box = (middle - size * 0.7, high * 0.28, middle + size * 0.7, high * 0.82)
    draw.rounded_rectangle(box, radius=size / 4, fill=f"hsl({hue}, 45%, 45%)")
    draw.rounded_rectangle((box[0] + 20, box[1] + 20, box[0] + 40, box[3] - 40), radius=9, fill=f"hsl({hue}, 45%, 62%)")
    return picture


def _film(path: Path, stills: list[Image.Image]) -> None:
    import av  # noqa: PLC0415 - only where clips are drawn

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=10, options={"preset": "veryfast"})
        (stream.width, stream.height), stream.pix_fmt = stills[0].size, "yuv420p"
        stream.time_base = Fraction(1, 10)
        for still in stills:
            frame = av.VideoFrame.from_image(still)  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def draw(folder: Path, number: int, wide: int, high: int) -> None:
    """Draw the picture, clip, poster and strip of a product."""
    _still(number, 0.5, 600, 600).save(folder / f"{number}.png")
    stills = [_still(number, at / 39, wide, high) for at in range(40)]
    _film(folder / f"{number}.mp4", stills)
    (folder / f"{number}-poster.jpg").write_bytes(poster(stills[0]))
    (folder / f"{number}-strip.jpg").write_bytes(strip([stills[at] for at in (0, 10, 20, 30, 39)]))


def views(folder: Path, count: int) -> Iterator[ItemView]:
    """Give finished items whose files lie in a folder; a few wait, failed, or were flagged."""
    for number in range(count):
        drawn = number % DRAWN
        for end in (".png", ".mp4", "-poster.jpg", "-strip.jpg"):
            target = folder / f"i{number}{end}"
            if not target.exists():
                os.link(folder / f"{drawn}{end}", target)
        wide, high = (720, 1280) if drawn % 4 == 3 else (1280, 720)
        score = 99 - (number * 37) % 90
        flagged = score < 50
        done = number % 50 != 49
        name = f"{_THINGS[drawn]} no. {number}"
        look = Look(
            score=score,
            measured=_MEASURED,
            remarks=(Remark(id="drift", words="the product's colours are gone at the end (0.71)"),) if flagged else (),
            strip=f"i{number}-strip.jpg",
            poster=f"i{number}-poster.jpg",
        )
        clip = ClipFacts(
            path=f"i{number}.mp4",
            bytes=900_000,
            sha256=hashlib.sha256(b"clip %d" % number).hexdigest(),
            seconds=4.0 if number % 3 else 8.0,
            width=wide,
            height=high,
            has_audio=False,
            container="mp4",
            video_codec="h264",
            frame_rate=24.0,
        )
        yield ItemView(
            key=hashlib.sha256(b"%d" % number).hexdigest(),
            sku=f"{number:05}",
            line=number + 2,
            variant=0,
            take=0,
            state="done" if done else "failed",
            phase="done" if done else "failed",
            image=f"pictures/{drawn}.png",
            source=str(folder / f"i{number}.png"),
            prompt=f"The {name.lower()} turns slowly on pale stone. Soft light from the left, the camera stays still, "
            "nothing else moves, no text and no people in the picture. The label stays sharp and as it is.",
            model="sora-2-image-to-video",
            aspect="16:9" if wide > high else "9:16",
            duration="4",
            row={
                "sku": f"{number:05}",
                "title": name,
                "category": _CATEGORIES[number % len(_CATEGORIES)],
                "image": f"pictures/{drawn}.png",
                "price": "19.90",
                "description": f"A {name.lower()} for every day, made in small numbers.",
            },
            reason="" if done else "The provider's worker failed twice (EXECUTION_FAILED).",
            advice="" if done else "Run `sora-batch retry JOB --failed`.",
            attempts=1,
            prediction_id=hashlib.md5(b"%d" % number).hexdigest(),
            clip=clip if done else None,
            estimate=Decimal("0.40"),
            cost=Cost(estimated=Decimal("0.40"), settled=Decimal("0.40") if done else Decimal(0)),
            submitted_at=NOON,
            ended_at=NOON + timedelta(minutes=3),
            render_seconds=150.0,
            look=look if done else None,
            channels=tuple(suits(channel, facts_of(clip)) for channel in CHANNELS) if done else (),
        )


def page(folder: Path, count: int) -> Path:
    """Write the page with its files."""
    for number in range(DRAWN):
        if not (folder / f"{number}-strip.jpg").exists():
            draw(folder, number, *((720, 1280) if number % 4 == 3 else (1280, 720)))
    failed = count // 50
    head = ReportHead(
        job="two-thousand",
        model="sora-2-image-to-video",
        provider="simulator",
        simulated=True,
        made_at=NOON,
        run_started_at=NOON,
        ended="Everything is done.",
        counts=ItemCounts(done=count - failed, failed=failed),
        cost=Cost(estimated=Decimal("0.40") * count, settled=Decimal("0.40") * (count - failed)),
    )
    return write_report(folder / "report", head, views(folder, count), [], output_dir=folder, channels=CHANNELS).html


WATCH = """
(() => {
  window.pauses_ = {frames: 0, tasks: 0};
  let last = performance.now();
  const tick = (now) => {
    pauses_.frames = Math.max(pauses_.frames, performance.now() - last);
    last = performance.now();
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    pauses_.tasks = Math.max(pauses_.tasks, entry.duration);
  })).observe({type: "longtask"});
})()
"""
SETTLE = "new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 150))"


async def _longest(tab: Tab, work: Any) -> tuple[float, float]:
    """Give the longest pause, and the longest task's share of the processor, while something is done; milliseconds."""

    async def settled() -> None:
        await work(tab)
        await tab.eval(SETTLE)

    await tab.eval(SETTLE)
    await tab.eval("pauses_.frames = pauses_.tasks = 0")
    await settled()
    told = await tab.eval("pauses_")
    # Once more for the processor's share: being traced, the browser takes longer.
    task = await tab.longest_task(settled)
    return float(max(told["frames"], told["tasks"])), task


async def _scroll(tab: Tab) -> None:
    """Turn the wheel as fast as anybody does, leaf through, then jump to the end and back."""
    await tab.eval(
        "new Promise(done => { let left = 300; const step = () => { scrollBy(0, left < 30 ? innerHeight : 200);"
        " left -= 1; left ? requestAnimationFrame(step) : done(); }; step(); })"
    )
    await tab.eval("scrollTo(0, document.body.scrollHeight)")
    await tab.eval(SETTLE)
    await tab.eval("scrollTo(0, 0)")


async def _filter(tab: Tab) -> None:
    for name in ("warned", "failed", "all"):
        await tab.eval(f"document.querySelector('[data-show={name}]').click()")
        await tab.eval(SETTLE)
    for value in ("google-merchant:missed", ""):
        await tab.eval(
            "(() => { const select = document.querySelector('select[name=channel]');"
            f" select.value = '{value}'; select.dispatchEvent(new Event('change')); }})()"
        )
        await tab.eval(SETTLE)


async def _sort(tab: Tab) -> None:
    for name in ("score", "sku", "cost", "page"):
        await tab.eval(
            "(() => { const select = document.querySelector('select[name=sort]');"
            f" select.value = '{name}'; select.dispatchEvent(new Event('change')); }})()"
        )
        await tab.eval(SETTLE)


async def _search(tab: Tab) -> None:
    await tab.press("/")
    for letter in "lamp 17":
        await tab.write(letter)
    await tab.eval(SETTLE)
    await tab.press("Escape")
    await tab.eval("document.activeElement.blur()")


async def _decide(tab: Tab) -> None:
    for key in "jjaarjkaajjraauu":
        await tab.press(key)
    await tab.eval("document.querySelector('[data-do=bulk]').click()")
    await tab.eval("document.querySelector('#bulk form').requestSubmit()")
    await tab.eval(SETTLE)
    await tab.press("u")


WORK = {"scrolling": _scroll, "filtering": _filter, "sorting": _sort, "searching": _search, "deciding": _decide}


async def _round(chromium: str, address: str) -> dict[str, tuple[float, float]]:
    async with opened(chromium) as tab:
        await tab.open(address)
        await tab.eval("localStorage.clear()")
        await tab.eval(WATCH)
        await tab.eval(SETTLE)
        return {name: await _longest(tab, work) for name, work in WORK.items()}


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="write the page here and leave it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch, "page")
        folder.mkdir(exist_ok=True)
        html = page(folder, options.items)
        if not options.rounds:
            return
        try:
            with started(Path(scratch, "profile")) as chromium:
                rounds = [asyncio.run(_round(chromium, html.as_uri())) for _ in range(options.rounds)]
        except NoChromium as reason:
            told_skipped = {"name": "review page", "skipped": str(reason)}
            sys.stdout.write(json.dumps(told_skipped) + "\n")
            return
        told(f"review page of {options.items:,} items: its size", html.stat().st_size / 1e6, "MB", None)
    for name in WORK:
        pauses, tasks = zip(*(each[name] for each in rounds), strict=True)
        told(f"review page: longest pause {name}", statistics.median(pauses), "ms", AIM)
        told(f"review page: longest task {name}, CPU", statistics.median(tasks), "ms", AIM)


if __name__ == "__main__":
    main()
