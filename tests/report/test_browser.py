"""The report's page in Chromium: it plays, finds, prints, and lets nothing in or out."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from PIL import Image

from batch.core.summary import Cost, ItemCounts, ItemView, RejectedView, ReportHead
from batch.report import write_report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

HOSTILE = '<script>document.title="owned"</script><img src="https://leak.example/x" onerror="document.title=\'owned\'">'


def _film(path: Path, width: int, height: int) -> None:
    """Write three seconds of H.264 in which every frame differs."""
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, 10)
        for number in range(30):
            picture = Image.new("RGB", (width, height), (40 + 6 * number, 90, 120))
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())


@pytest.fixture
def report(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> Path:
    """Write a report with an item of each standing, wide and tall clips, and hostile text."""
    Image.new("RGB", (400, 300), "teal").save(tmp_path / "mug.png")
    done = make_item(source=str(tmp_path / "mug.png"))
    clip = done.clip
    assert clip is not None
    tall = replace(clip, path="tall.mp4", width=180, height=320)
    _film(tmp_path / clip.path, 320, 180)
    _film(tmp_path / tall.path, 180, 320)
    without: dict[str, Any] = {"clip": None, "attempts": 1, "row": {}}
    items = [
        done,
        replace(done, sku="TALL", row={"title": HOSTILE}, clip=tall, aspect="9:16", warnings=("No audio track.",)),
        make_item(sku="GONE", row={"title": "Été lamp"}, clip=replace(clip, path="gone.mp4")),
        make_item(state="failed", sku="F-1", reason="Execution failed.", advice="Run `sora-batch retry`.", **without),
        make_item(state="refused", sku="R-1", prompt=HOSTILE, source="https://shop.example/a.png", **without),
        make_item(state="unconfirmed", phase="held", sku="U-1", cost=Cost(reserved=Decimal("0.80")), **without),
        make_item(state="pending", sku="P-1" * 60, prompt="x" * 4000, **without),
    ]
    rejected = [RejectedView(file="a.csv", line=3, sku="X", column="image", value=HOSTILE, reason="Not there.")]
    counts = ItemCounts(done=3, failed=1, refused=1, unconfirmed=1, pending=1, rejected=1)
    told = replace(head, counts=counts, notes=(HOSTILE,), simulated=True)
    return write_report(tmp_path / "report", told, items, rejected, output_dir=tmp_path).html


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    """Serve the output folder over HTTP."""
    application = web.Application()
    application.router.add_static("/", tmp_path)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


SHOWN = "[...document.querySelectorAll('.card')].filter(card => card.checkVisibility()).length"


@pytest.mark.slow
async def test_a_clip_plays_from_disk(tab: Any, report: Path) -> None:
    """Opened as a file, a clip starts under the mouse, shows changing frames, and stops when the mouse goes."""
    await tab.open(report.as_uri())
    await tab.hover("video")
    await tab.until("document.querySelector('video').currentTime > 0.3")
    assert await tab.eval("document.querySelector('video').videoWidth") == 320
    early = await tab.picture()
    await tab.until("document.querySelector('video').currentTime > 1.5")
    assert await tab.picture() != early
    await tab.hover("h1")
    await tab.until("document.querySelector('video').paused")
    assert await tab.eval("document.querySelector('video').currentTime") > 1.5


@pytest.mark.slow
async def test_a_clip_plays_from_a_server(tab: Any, report: Path, server: str) -> None:
    """Served over HTTP, the page's policy still lets its own clips through, and nothing else is asked for."""
    await tab.open(f"{server}/report/{report.name}")
    await tab.eval("document.querySelector('video').play()")
    await tab.until("document.querySelector('video').currentTime > 0.3")
    assert all(address.startswith((server, "data:")) for address in tab.requests)


@pytest.mark.slow
async def test_a_finger_starts_a_clip(tab: Any, report: Path) -> None:
    """On a phone a tap plays the clip in its place and brings the controls."""
    await tab.call("Emulation.setTouchEmulationEnabled", enabled=True)
    await tab.open(report.as_uri(), width=390, height=844)
    await tab.eval("document.querySelector('a.play').scrollIntoView()")
    await tab.until("!!document.querySelector('video')")
    assert not await tab.eval("document.querySelector('video').controls")
    await tab.tap("video")
    await tab.until("document.querySelector('video').currentTime > 0.3")
    assert await tab.eval("document.querySelector('video').controls")


@pytest.mark.slow
async def test_a_missing_clip_is_said(tab: Any, report: Path) -> None:
    """A page that was moved without its clips names the file instead of showing a black box."""
    await tab.open(report.as_uri())
    gone = "[...document.querySelectorAll('.gone')].filter(words => words.checkVisibility())"
    await tab.until(f"{gone}.length === 1")
    assert "gone.mp4" in await tab.eval(f"{gone}[0].textContent")


@pytest.mark.slow
async def test_the_filter_shows_one_standing(tab: Any, report: Path) -> None:
    """A chip shows its items and their number; pressed again, all come back. A standing without items has no chip."""
    await tab.open(report.as_uri())
    await tab.until(f"{SHOWN} === 7")
    await tab.click("[data-show=done]")
    await tab.until(f"{SHOWN} === 3")
    assert await tab.eval("document.querySelector('.found').value") == "3 of 7 shown"
    assert await tab.eval("document.querySelector('[data-show=done]').getAttribute('aria-pressed')") == "true"
    await tab.click("[data-show=warned]")
    await tab.until(f"{SHOWN} === 1")
    await tab.click("[data-show=warned]")
    await tab.until(f"{SHOWN} === 7")
    assert await tab.eval("document.querySelector('[data-show=skipped]').hidden")


@pytest.mark.slow
async def test_the_search_finds_text(tab: Any, report: Path) -> None:
    """Every word typed must be in SKU, title or prompt, whatever its case and accents; Escape shows all again."""
    await tab.open(report.as_uri())
    await tab.press("/")
    await tab.write("ETE rotate")
    await tab.until(f"{SHOWN} === 1")
    await tab.write(" nowhere")
    await tab.until(f"{SHOWN} === 0")
    assert await tab.eval("document.querySelector('.nothing').checkVisibility()")
    await tab.press("Escape")
    await tab.until(f"{SHOWN} === 7")


@pytest.mark.slow
async def test_hostile_text_stays_text(tab: Any, report: Path) -> None:
    """A script in a title is shown, not run, and nothing asks the network for anything."""
    await tab.open(report.as_uri())
    assert HOSTILE in await tab.eval("document.querySelector('.card[data-warned] .title').textContent")
    assert await tab.eval("document.title") == "spring: report (simulated)"
    assert await tab.eval("document.scripts.length") == 1
    assert [address for address in tab.requests if not address.startswith(("file:", "data:"))] == []
    assert [complaint for complaint in tab.complaints if "ERR_FILE_NOT_FOUND" not in complaint] == []


@pytest.mark.slow
async def test_the_policy_stops_what_an_escape_would_miss(tab: Any, report: Path) -> None:
    """Markup that got in all the same runs nothing and reaches nobody."""
    await tab.open(report.as_uri())
    await tab.eval(
        "new Promise(done => { addEventListener('securitypolicyviolation', done, {once: true});"
        " document.body.insertAdjacentHTML('beforeend', '<img src=\"https://leak.example/x\">'); })"
    )
    await tab.eval("document.body.insertAdjacentHTML('beforeend', '<b onclick=\"document.title=1\">x</b>')")
    await tab.eval("document.querySelector('b[onclick]').click()")
    assert await tab.eval("document.title") == "spring: report (simulated)"


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (360, True)])
async def test_nothing_sticks_out(tab: Any, report: Path, width: int, dark: bool) -> None:
    """On desk and phone the page is as wide as the window, whatever stands in it, and follows the colour scheme."""
    await tab.open(report.as_uri(), width=width, height=800, dark=dark)
    assert await tab.eval("document.documentElement.scrollWidth") == width
    with Image.open(io.BytesIO(await tab.picture())) as picture:
        corner = picture.convert("L").tobytes()[790 * width + 2]
    assert (corner < 128) is dark


@pytest.mark.slow
async def test_paper_shows_a_frame_of_each_clip(tab: Any, report: Path) -> None:
    """Printing takes the clips' frames along, leaves the tools out, and keeps nothing on the page afterwards."""
    await tab.open(report.as_uri())
    await tab.until("[...document.querySelectorAll('video')].filter(video => video.readyState >= 2).length === 2")
    await tab.eval("addEventListener('beforeprint', () => window.frames_ = document.querySelectorAll('.frame').length)")
    assert (await tab.paper()).startswith(b"%PDF")
    assert await tab.eval("window.frames_") == 2
    assert await tab.eval("document.querySelectorAll('.frame').length") == 0
    await tab.call("Emulation.setEmulatedMedia", media="print")
    assert not await tab.eval("document.querySelector('.tools').checkVisibility()")


@pytest.mark.slow
async def test_the_page_reads_without_a_script(tab: Any, report: Path) -> None:
    """With scripts off, every card is there, clips are links, and no tool is shown that would not work."""
    await tab.call("Emulation.setScriptExecutionDisabled", value=True)
    await tab.open(report.as_uri())
    await tab.until(f"{SHOWN} === 7")
    assert await tab.eval("document.querySelector('a.play').checkVisibility()")
    assert (await tab.eval("document.querySelector('a.play').href")).endswith("/00152/00152-16x9-8s.mp4")
    for tool in (".tools", ".desk", ".toast", "dialog"):
        assert not await tab.eval(f"document.querySelector('{tool}').checkVisibility()")
