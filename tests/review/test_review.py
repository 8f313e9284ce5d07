"""`review`: the served page, through the command line and a plain HTTP client."""

from __future__ import annotations

import getpass
import http.client
import json
import signal
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from batch.errors import Busy
from batch.inputs.jobfile import locate, read_job
from batch.review.desk import Desk
from batch.review.server import serving
from batch.running.clock import Clock
from batch.store import views
from batch.store.lock import RunLock, lock_path
from batch.store.state import Binding, read_state
from tests.proof.shop import Ended, Shop, finish
from tests.report.chromium import NoChromium, opened, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from batch.core.summary import ItemView
    from tests.proof.forge import Forge


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> dict[str, Any]:
        """The body as JSON."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review that is going on."""

    shop: Shop
    process: subprocess.Popen[str]
    address: str

    @property
    def origin(self) -> str:
        """The page's origin, as a browser names it."""
        return self.address.partition("/report/")[0].rpartition("/")[0]

    @property
    def token(self) -> str:
        """The secret part of the address."""
        return urlsplit(self.address).path.split("/")[1]

    def ask(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """Send a request with exactly this path and these headers."""
        host = urlsplit(self.address).netloc
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection(host, timeout=30)) as connection:
            connection.putrequest(method, path, skip_host="Host" in told, skip_accept_encoding=True)
            for name, value in told.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(status=answer.status, headers=dict(answer.getheaders()), body=answer.read())

    def of(self, name: str, **options: Any) -> Answer:
        """Ask for something below the output folder."""
        return self.ask(f"/{self.token}/{name}", **options)

    def tell(self, value: Any, **headers: str) -> Answer:
        """Send decisions as the page does."""
        sent = {"Content_Type": "application/json", "Origin": self.origin} | headers
        return self.of("report/decisions", method="POST", body=json.dumps(value).encode(), **sent)

    def items(self) -> dict[str, ItemView]:
        """Read what the state has now, the newest take of each product."""
        location = locate(self.shop.job_file)
        with closing(read_state(location.state, Binding.of(location))) as connection:
            return {view.sku: view for view in views.items(connection) if not view.after}


def decision(view: ItemView, word: str, **more: str) -> dict[str, str]:
    """Say something of a clip as the page does."""
    return {"key": view.key, "sku": view.sku, "decision": word, "at": "2026-11-20T10:00:00Z", **more}


@contextmanager
def reviewing(shop: Shop) -> Iterator[Review]:
    """Begin a review of a shop; whoever begins it ends it."""
    with shop.start("review", stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            pytest.fail(f"it did not begin: {finish(process)}")
        try:
            yield Review(shop=shop, process=process, address=address)
        finally:
            process.kill()


def end(review: Review, number: signal.Signals) -> Ended:
    """Send a signal and wait for the end."""
    review.process.send_signal(number)
    return finish(review.process)


@pytest.fixture(scope="module")
def run_shop(tmp_path_factory: pytest.TempPathFactory, template: bytes, forge: Forge) -> Shop:
    """A shop whose clips are made."""
    folder: Path = tmp_path_factory.mktemp("reviewed")
    made = Shop(folder=folder, template=template, provider_folder=folder / "out" / "simulator", forge=forge)
    made.rows("00152", "B-2", "C-3")
    made.job()
    assert made.run().exit == 0
    return made


@pytest.fixture(scope="module")
def review(run_shop: Shop) -> Iterator[Review]:
    """A review of it, shared by all tests that only ask, and ended as a service manager does."""
    with reviewing(run_shop) as begun:
        yield begun
        ended = end(begun, signal.SIGTERM)
    assert ended.exit == 143
    assert "nothing was decided" in ended.err


def test_the_page_is_served_with_all_that_it_refers_to(review: Review) -> None:
    """It may send to its own server, is kept by nobody, and its clips and tables are where it says."""
    page = review.of("report/")
    text = page.body.decode()
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "connect-src &#39;self&#39;" in text or "connect-src 'self'" in text
    wanted = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "frame-ancestors 'none'",
    }
    assert {name: page.headers.get(name) for name in wanted} == wanted
    assert "Server" not in page.headers
    clip = next(view.clip for view in review.items().values() if view.clip)
    assert f"../{clip.path}" in text
    whole = review.of(clip.path)
    assert (whole.status, whole.headers["Content-Type"]) == (200, "video/mp4")
    assert whole.body == (review.shop.out / clip.path).read_bytes()
    assert review.of("report/report.csv").body == (review.shop.out / "report" / "report.csv").read_bytes()


def test_a_part_of_a_clip_is_served(review: Review) -> None:
    """A browser that seeks asks for ranges, and Safari plays nothing without them."""
    clip = next(view.clip for view in review.items().values() if view.clip)
    part = review.of(clip.path, Range="bytes=100-199")
    assert part.status == 206
    assert part.headers["Content-Range"] == f"bytes 100-199/{clip.bytes}"
    assert part.body == (review.shop.out / clip.path).read_bytes()[100:200]
    assert review.of(clip.path, Range=f"bytes={clip.bytes}-").status == 416


@pytest.mark.parametrize("path", ["/", "/report/", "/favicon.ico", "/guessed/report/", "//{token}/report/"])
def test_without_the_token_there_is_nothing(review: Review, path: str) -> None:
    """No path, no method and no name of a host tells that there is a page."""
    for method in ("GET", "POST", "OPTIONS"):
        for host in ("127.0.0.1", "evil.example"):
            answer = review.ask(path.format(token=review.token), method=method, Host=host)
            assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize(
    "name",
    [
        "state.sqlite",
        "state.sqlite.lock",
        "report/report.html",
        "report/.lock",
        "simulator/ledger.jsonl",
        "../job.yaml",
        "%2e%2e/job.yaml",
        "..%2fjob.yaml",
        "report/../state.sqlite",
        "report/..%2f..%2fjob.yaml",
        "report/thumbs/..%2f..%2f..%2fjob.yaml",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "report/report.csv%00.jpg",
        "%ff",
        "report",
        "",
    ],
)
def test_what_the_page_does_not_refer_to_is_not_served(review: Review, name: str) -> None:
    """Not the state, not the job, nothing above the folder, however it is written."""
    assert review.of(name).status == 404


def test_no_link_leads_out_of_the_folder_or_to_the_state(review: Review) -> None:
    """A file counts by where it really lies."""
    clip = next(view.clip for view in review.items().values() if view.clip)
    note = clip.path.removesuffix(".mp4") + ".json"
    assert review.of(note).status == 404
    thumbs = review.shop.out / "report" / "thumbs"
    thumbs.mkdir(exist_ok=True)
    for number, target in enumerate((review.shop.job_file, review.shop.state, thumbs)):
        link = thumbs / f"{number:032x}.jpg"
        link.symlink_to(target)
        try:
            assert review.of(f"report/thumbs/{link.name}").status == 404
        finally:
            link.unlink()


def test_a_foreign_name_gets_nothing(review: Review) -> None:
    """A page whose name was made to lead to this machine reads neither page nor clips."""
    assert review.of("report/", Host="evil.example").status == 403
    assert review.of("report/", Host="localhost:9").status == 200


@pytest.mark.parametrize(
    ("value", "headers", "status"),
    [
        ({"decisions": []}, {"Origin": "http://evil.example"}, 403),
        ({"decisions": []}, {"Origin": "null"}, 403),
        ({"decisions": []}, {"Content_Type": "text/plain"}, 415),
        ([], {}, 400),
        ({}, {}, 400),
        ({"decisions": [1]}, {}, 400),
        ({"decisions": [{"key": 1}]}, {}, 400),
        ({"decisions": [{"note": "\ud800"}]}, {}, 400),
        ({"decisions": [{"note": "x" * 8_000_001}]}, {}, 413),
    ],
)
def test_what_our_page_would_not_send_is_refused(
    review: Review, value: Any, headers: dict[str, str], status: int
) -> None:
    """Nothing of it reaches the state."""
    before = review.items()
    assert review.tell(value, **headers).status == status
    assert review.items() == before


def test_other_methods_are_refused(review: Review) -> None:
    """Decisions are posted, and everything else is only read."""
    assert review.of("report/decisions").status == 404
    assert review.of("report/", method="POST").status == 405
    assert review.of("report/decisions", method="PUT").headers["Allow"] == "POST"


def test_decisions_go_into_the_state_one_by_one(run_shop: Shop) -> None:
    """What is good is taken in at once, what is not is named; a run at work has the page wait; the end is summed up."""
    with reviewing(run_shop) as review:
        made = review.items()
        approved = decision(made["00152"], "approve", by="Ada", note="'-like' and fine")  # no spreadsheet guards it
        lock = RunLock(lock_path(run_shop.state))
        try:
            busy = review.tell({"decisions": [approved]})
        finally:
            lock.release()
        assert busy.status == 503
        assert "another run" in busy.value["reason"]

        redo = decision(made["B-2"], "redo", prompt="slower")
        bad = decision(made["C-3"], "perhaps")
        unknown = {**decision(made["C-3"], "approve"), "key": "0" * 64}
        answer = review.tell({"decisions": [approved, redo, bad, unknown]})
        assert (answer.status, answer.value["applied"], answer.value["known"]) == (200, 2, 0)
        assert {one["key"] for one in answer.value["refused"]} == {made["C-3"].key, "0" * 64}
        assert review.tell({"decisions": [approved]}).value == {"applied": 0, "known": 1, "refused": []}

        now = review.items()
        standing = now["00152"].decision
        assert standing is not None
        assert (standing.judgement, standing.by, standing.note) == ("approve", "Ada", "'-like' and fine")
        assert (now["B-2"].take, now["B-2"].prompt, now["B-2"].before) == (1, "slower", made["B-2"].key)
        assert now["C-3"].decision is None
        assert review.of("report/").body.decode().count("slower")

        ended = end(review, signal.SIGINT)
    assert ended.exit == 130
    assert "decided: 1 approve, 1 redo" in ended.err
    assert "buys 1 planned item for $0.40" in ended.err


async def test_what_a_browser_is_started_with_leads_to_the_page_once(run_shop: Shop) -> None:
    """Other users of the machine can read how a browser was started; by then it leads nowhere."""
    desk = Desk(read_job(run_shop.job_file), Clock())
    async with serving(desk, 0) as (address, once), aiohttp.ClientSession() as session:
        async with session.get(once, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (302, urlsplit(address).path)
        async with session.get(once, allow_redirects=False) as answer:
            assert answer.status == 404


def test_there_has_to_be_something_to_review(shop: Shop) -> None:
    """A job that never ran has no page."""
    never = shop.command("review")
    assert (never.exit, never.out) == (66, "")
    assert "sora-batch run" in never.err


async def test_a_port_that_is_taken_is_named(review: Review) -> None:
    """Two reviews of one job may go on, but not on one port."""
    port = urlsplit(review.address).port
    assert port
    with pytest.raises(Busy, match="--port"):
        async with serving(Desk(read_job(review.shop.job_file), Clock()), port):
            pass


async def test_what_is_decided_in_a_browser_stands_in_the_state(run_shop: Shop, tmp_path: Path) -> None:
    """By keys, in Chromium, by whoever gave the command; loaded anew, the page shows what the state has."""
    try:
        with started(tmp_path) as chromium, reviewing(run_shop) as review:
            async with opened(chromium) as tab:
                await tab.open(review.address)
                await tab.eval(f"document.querySelector('.card[data-key=\"{review.items()['C-3'].key}\"]').focus()")
                await tab.press("r")
                await tab.until("document.querySelector('.keeping').textContent === 'Everything is saved'")
                decided = review.items()["C-3"].decision
                assert decided is not None
                assert (decided.judgement, decided.by) == ("reject", getpass.getuser())
                await tab.open(review.address)
                await tab.until("document.querySelector('.count').textContent.includes('1 rejected')")
                assert tab.complaints == []
    except NoChromium as why:
        pytest.skip(str(why))
