"""The review page in Chromium: deciding by key and button, taking back, keeping, saving, sending, comparing."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from PIL import Image

from batch.core.decision import COLUMNS, Decision, Judgement
from batch.core.quality import Look, Measured
from batch.core.summary import ItemCounts, ItemView, ReportHead
from batch.report import write_page_alone, write_report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_MEASURED = Measured(
    seconds=8.0,
    frames=80,
    frames_a_second=10.0,
    likeness=1.0,
    colour_shift=0.0,
    drift=0.0,
    black_seconds=0.0,
    frozen_seconds=0.0,
    flicker=0.0,
    loudness=None,
    clipped=0.0,
    c2pa=False,
)
FIRST = Decision(
    judgement=Judgement.REDO, by="Kim", at=1_795_000_000.0, prompt="Rotate the lamp slowly.", note="warped"
)


def items(make_item: Callable[..., ItemView]) -> list[ItemView]:
    """Give four clips with scores, the last of them a second take, and a failure."""

    def one(number: int, score: int, **changes: Any) -> ItemView:
        look = Look(score=score, measured=_MEASURED, remarks=(), strip=f"{number}-strip.jpg", poster=f"{number}.jpg")
        row = {"title": f"Thing {number}", "category": "Home" if number % 2 else "Kitchen > Mugs"}
        return make_item(key=f"{number:064x}", sku=f"S-{number}", line=9 - number, look=look, row=row, **changes)

    failed = make_item(key="f" * 64, sku="F-1", state="failed", phase="failed", clip=None, row={})
    before = one(3, 40, decision=FIRST, after=f"{4:064x}", prompt="Rotate the mug slowly.")
    newest = one(4, 70, before=before.key, prompt="Rotate the lamp slowly.", take=1)
    return [one(0, 95), one(1, 60), one(2, 85), before, replace(newest, sku=before.sku), failed]


@pytest.fixture
def write(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> Callable[..., Path]:
    """Give a writer of the page with its pictures."""
    for number in range(5):
        Image.new("RGB", (160, 90), (40 * number, 90, 120)).save(tmp_path / f"{number}.jpg")
        Image.new("RGB", (400, 45), (40 * number, 90, 120)).save(tmp_path / f"{number}-strip.jpg")

    def written(served: str = "", **changes: Any) -> Path:
        views = [replace(view, **changes) if view.sku == "S-0" else view for view in items(make_item)]
        told = replace(head, job=f"job of {tmp_path.name}", counts=ItemCounts(done=4, failed=1))
        folder = tmp_path / "report"
        if not served:
            return write_report(folder, told, views, [], output_dir=tmp_path).html
        html = folder / "report.html"
        folder.mkdir()
        with html.open("wb") as file:
            write_page_alone(file, folder, told, views, [], served=served, output_dir=tmp_path)
        return html

    return written


@pytest.fixture
def write_many(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> Callable[[int], Path]:
    """Give a writer of the page of so many items, S-000 and on, without clips."""

    def written(count: int) -> Path:
        views = [replace(make_item(), sku=f"S-{number:03}", key=f"{number:064x}", clip=None) for number in range(count)]
        return write_report(tmp_path / "report", head, views, [], output_dir=tmp_path).html

    return written


def decided(sku: str) -> str:
    """Say how to read what a card shows as decided."""
    return f"document.querySelector('.card[data-sku=\"{sku}\"]').dataset.decided ?? ''"


def line(sku: str) -> str:
    """Say how to read the words on a card."""
    return f"document.querySelector('.card[data-sku=\"{sku}\"] .decided').textContent"


SHOWN = "[...document.querySelectorAll('.card')].filter(card => !card.hidden).map(card => card.dataset.sku).join(' ')"
ORDER = "[...document.querySelectorAll('.card')].map(card => card.dataset.sku).join(' ')"
CURRENT = "document.activeElement.dataset.sku"


async def choose(tab: Any, name: str, value: str) -> None:
    """Choose an option of a list, as a person does."""
    await tab.eval(
        f"(() => {{ const list = document.querySelector('select[name={name}]'); list.value = '{value}';"
        " list.dispatchEvent(new Event('change')); })()"
    )


async def scroll_to_the_end(tab: Any) -> None:
    """Scroll until nothing more comes."""
    await tab.until(
        "(scrollTo(0, document.body.scrollHeight), document.querySelectorAll('.card[hidden]').length === 0)"
    )


async def name_is(tab: Any, name: str) -> None:
    """Enter who decides."""
    await tab.click("[data-do=who]")
    await tab.write(name)
    await tab.click("#who .strong")


@pytest.mark.slow
async def test_a_day_of_review(tab: Any, write: Callable[..., Path], tmp_path: Path) -> None:
    """Approve, reject, redo with a prompt, note, take back: by key; kept over a reload, and saved as a table."""
    address = write().as_uri()
    await tab.open(address)
    assert await tab.eval(ORDER) == "F-1 S-0 S-1 S-2 S-3"
    for key in "jja":
        await tab.press(key)
    assert (await tab.eval(decided("S-0")), await tab.eval(CURRENT)) == ("approve", "S-1")
    await tab.press("r")
    await tab.press("r")
    assert (await tab.eval(decided("S-2")), await tab.eval(CURRENT)) == ("reject", "S-3")
    await tab.press("u")
    assert (await tab.eval(decided("S-2")), await tab.eval(CURRENT)) == ("", "S-2")
    await tab.press("e")
    assert await tab.eval("document.querySelector('#redo textarea').value") == "Rotate the mug slowly."
    await tab.write(' Keep the "label", please.\nNothing else')
    await tab.eval("document.querySelector('#redo [name=note]').value = 'élan; label, warped'")
    await tab.click("#redo .strong")
    assert await tab.eval(decided("S-2")) == "redo"
    await name_is(tab, "Ada")
    await tab.eval("document.querySelector('.card[data-sku=\"S-1\"]').focus()")
    await tab.press("n")
    await tab.write("blurred")
    await tab.click("#note .strong")
    assert "Rejected by Ada" in await tab.eval(line("S-1"))
    assert "3 decisions only in this browser" in await tab.eval("document.querySelector('.keeping').textContent")

    await tab.reload()
    assert [await tab.eval(decided(f"S-{number}")) for number in range(4)] == ["approve", "reject", "redo", ""]
    await tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    await tab.press("s")
    saved = tmp_path / "decisions.csv"
    async with asyncio.timeout(20):
        while not saved.exists():  # noqa: ASYNC110  the browser writes it
            await asyncio.sleep(0.02)
    raw = saved.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n")
    assert raw.count(b"\r\n") == 4
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    told = {row["sku"]: (row["decision"], row["prompt"], row["note"], row["by"]) for row in rows}
    assert told == {
        "S-0": ("approve", "", "", "Ada"),
        "S-1": ("reject", "", "blurred", "Ada"),
        "S-2": ("redo", 'Rotate the mug slowly. Keep the "label", please.\nNothing else', "élan; label, warped", "Ada"),
    }
    assert rows[0]["key"] == "0" * 64
    assert abs((datetime.fromisoformat(rows[0]["at"]) - datetime.now(UTC)).total_seconds()) < 300
    assert "All in decisions.csv" in await tab.eval("document.querySelector('.keeping').textContent")
    assert not tab.complaints


@pytest.mark.slow
async def test_many_are_approved_at_once(tab: Any, write: Callable[..., Path]) -> None:
    """The number stands on the button before; those below the score, filtered away or decided stay as they are."""
    await tab.open(write().as_uri())
    await choose(tab, "category", "Kitchen > Mugs")
    await tab.press("b")
    assert await tab.eval("document.querySelector('#bulk .strong').textContent") == "Approve 2 clips"
    await tab.eval(
        "(e => { e.value = 90; e.dispatchEvent(new Event('input')); })(document.querySelector('[name=score]'))"
    )
    assert await tab.eval("document.querySelector('#bulk .strong').textContent") == "Approve 1 clip"
    await tab.click("#bulk .strong")
    assert [await tab.eval(decided(f"S-{number}")) for number in range(4)] == ["approve", "", "", ""]
    await tab.click(".toast button")
    assert await tab.eval(decided("S-0")) == ""


@pytest.mark.slow
async def test_filters_and_orders(tab: Any, write: Callable[..., Path]) -> None:
    """By decision, category and text; sorted by the manifest, the score and the SKU, with focus where it was."""
    await tab.open(write().as_uri())
    await choose(tab, "sort", "score")
    assert await tab.eval(ORDER) == "S-1 S-3 S-2 S-0 F-1"
    await choose(tab, "sort", "manifest")
    assert await tab.eval(ORDER) == "F-1 S-3 S-2 S-1 S-0"
    await choose(tab, "sort", "page")
    for key in "jja":
        await tab.press(key)
    await tab.click("[data-decided=none]")
    assert await tab.eval(SHOWN) == "S-1 S-2 S-3"
    await tab.click("[data-decided=approve]")
    assert await tab.eval(SHOWN) == "S-0"
    await tab.click("[data-decided=approve]")
    await choose(tab, "category", "Home")
    assert await tab.eval(SHOWN) == "S-1"


@pytest.mark.slow
async def test_takes_are_compared(tab: Any, write: Callable[..., Path]) -> None:
    """The newest has the card; beside it stand the earlier, what was decided on it, and what changed in the prompt."""
    await tab.open(write().as_uri())
    assert "S-3" in await tab.eval(SHOWN)
    await tab.click("[data-do=compare]")
    assert await tab.eval("document.querySelectorAll('#compare .take').length") == 2
    assert await tab.eval("document.querySelector('#compare del').textContent.trim()") == "mug"
    assert await tab.eval("document.querySelector('#compare ins').textContent.trim()") == "lamp"
    assert "warped" in await tab.eval("document.querySelector('#compare .decided').textContent")
    await tab.click("#compare .take:first-child [data-do=approve]")
    assert "Approved" in await tab.eval("document.querySelector('#compare .decided').textContent")
    assert await tab.eval(decided("S-3")) == ""


@pytest.mark.slow
async def test_of_state_and_browser_the_newer_holds(tab: Any, write: Callable[..., Path]) -> None:
    """What the state says is shown; one made here since goes before it, and one made there since goes before both."""
    old = Decision(judgement=Judgement.APPROVE, by="Kim", at=1_700_000_000.0)
    address = write(decision=old).as_uri()
    await tab.open(address)
    assert await tab.eval(decided("S-0")) == "approve"
    assert "by Kim" in await tab.eval(line("S-0"))
    await tab.click('.card[data-sku="S-0"] [data-do=approve]')
    assert await tab.eval(decided("S-0")) == ""
    await tab.reload()
    assert await tab.eval(decided("S-0")) == ""
    write(decision=Decision(judgement=Judgement.REJECT, by="Kim", at=4_000_000_000.0))
    await tab.reload()
    assert await tab.eval(decided("S-0")) == "reject"


@pytest.mark.slow
async def test_of_many_only_a_few_screens_full_are_shown(tab: Any, write_many: Callable[[int], Path]) -> None:
    """More as their end comes near; keys, search and sorting reach those that are not shown yet."""
    await tab.open(write_many(200).as_uri())
    shown = f"({SHOWN}).split(' ').length"
    assert 10 < await tab.eval(shown) < 100
    for _ in range(60):
        await tab.press("j")
    assert await tab.eval(CURRENT) == "S-059"
    await tab.eval("document.querySelector('select[name=sort]').value = 'sku'")
    await tab.eval("document.querySelector('select[name=sort]').dispatchEvent(new Event('change'))")
    await tab.press("/")
    await tab.write("S-199")
    await tab.until(f"{SHOWN} === 'S-199'")
    await tab.press("Escape")
    await tab.until(f"{shown} > 1 && {shown} < 100")
    await scroll_to_the_end(tab)
    assert await tab.eval(SHOWN) == " ".join(f"S-{number:03}" for number in range(200))


@pytest.mark.slow
async def test_all_can_be_scrolled_to_where_the_few_fill_no_screen(tab: Any, write_many: Callable[[int], Path]) -> None:
    """Also after a search has ended whose one card left the end of the page in sight."""
    await tab.open(write_many(100).as_uri(), width=2600, height=1600)
    await tab.press("/")
    await tab.write("S-077")
    await tab.until(f"{SHOWN} === 'S-077'")
    await tab.eval("new Promise(drawn => setTimeout(drawn, 500))")  # the browser takes in that the end is in sight
    await tab.press("Escape")
    await scroll_to_the_end(tab)
    assert len((await tab.eval(SHOWN)).split()) == 100


class Desk:
    """A server of the page that takes decisions, at first refuses to, and always refuses one SKU."""

    def __init__(self) -> None:
        self.busy = True
        self.got: list[dict[str, str]] = []

    async def post(self, request: web.Request) -> web.Response:
        """Take a batch."""
        if self.busy:
            self.busy = False
            return web.json_response({"reason": "a run holds the state"}, status=503)
        told = (await request.json())["decisions"]
        self.got += told
        refused = [{"key": one["key"], "sku": one["sku"], "reason": "unknown"} for one in told if one["sku"] == "S-1"]
        return web.json_response({"applied": len(told) - len(refused), "known": 0, "refused": refused})


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[str, Desk]]:
    """Serve the output folder, and take decisions."""
    desk = Desk()
    application = web.Application()
    application.router.add_post("/report/decisions", desk.post)
    application.router.add_static("/", tmp_path)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/report/report.html", desk
    await runner.cleanup()


@pytest.mark.slow
async def test_a_served_page_sends(tab: Any, write: Callable[..., Path], served: tuple[str, Desk]) -> None:
    """It waits for a name, says why it waits, tries again, shows what was refused, and sends nothing twice."""
    write(served="decisions")
    address, desk = served
    await tab.open(address)
    for key in "jjar":
        await tab.press(key)
    keeping = "document.querySelector('.keeping').textContent"
    assert "waiting for your name" in await tab.eval(keeping)
    await name_is(tab, "Ada")
    await tab.until(f"{keeping}.includes('a run holds the state')")
    await tab.until(f"{keeping}.includes('1 not taken')")
    assert [(one["sku"], one["decision"], one["by"]) for one in desk.got] == [
        ("S-0", "approve", "Ada"),
        ("S-1", "reject", "Ada"),
    ]
    assert tuple(desk.got[0]) == COLUMNS
    assert "Not taken: unknown" in await tab.eval(line("S-1"))
    await tab.press("u")
    await tab.press("u")
    await tab.until(f"!{keeping}.includes('Saving')")
    assert [(one["sku"], one["decision"]) for one in desk.got[2:]] == [("S-0", "open")]
    assert [each for each in tab.complaints if "503" not in each and "ERR" not in each] == []
