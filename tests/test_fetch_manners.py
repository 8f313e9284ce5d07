"""Manners and bounds: what a host may ask of us, what a transfer may cost, and manifests from the web."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from PIL import Image

from batch.core.job import Manifest as ManifestKeys
from batch.errors import ManifestProblem, MissingInput
from batch.inputs.fetching import FetchRules
from batch.inputs.manifest import open_manifest
from batch.inputs.picturefacts import BadPicture, GoodPicture, Picture, PictureLimits
from batch.inputs.pictures import PictureBook
from batch.inputs.politeness import Patience
from batch.inputs.receiving import Bounds, Throttle, TooSlow, receive
from batch.inputs.remote import Reach
from batch.net.buckets import Buckets
from batch.net.clients import picture_client
from batch.planning.looking import look_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
LIMITS = PictureLimits(min_side=10, max_bytes=100_000)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    """Serve on loopback; give the host and port."""
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def picture() -> bytes:
    """A small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(file, "PNG")
    return file.getvalue()


async def fetch(folder: Path, host: str, names: list[str], rules: FetchRules) -> list[Picture]:
    """Fetch pictures of a host that the job opens."""
    urls = [f"http://{host}/{name}" for name in names]
    with PictureBook(folder / "cache", look_at, lambda: 0) as book:
        async with picture_client([host]) as client:
            await book.fetch_all(urls, client, LIMITS, rules=rules)
        return list(book.look_up(urls, LIMITS).values())


def reason(found: Picture) -> str:
    """Why a picture will not do."""
    assert isinstance(found, BadPicture)
    return found.reason


async def test_a_host_that_asks_for_a_pause_gets_it_from_all_who_fetch(tmp_path: Path) -> None:
    """The first answers say when to come back; nobody comes before, and every picture arrives."""
    asked: list[float] = []

    async def answer(_: web.Request) -> web.StreamResponse:
        asked.append(time.monotonic())
        if len(asked) <= 2:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return web.Response(body=picture())

    async with serving(answer) as host:
        found = await fetch(tmp_path, host, list("abcdef"), FetchRules(pause=0.0))
    assert all(isinstance(one, GoodPicture) for one in found)
    assert asked[2] - asked[1] > 0.9
    assert len(asked) == 8


async def test_a_host_that_asks_for_too_long_a_pause_is_left_alone(tmp_path: Path) -> None:
    """Its other pictures are not asked for, and each says when to run again."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=503, headers={"Retry-After": "7200"})

    async with serving(answer) as host:
        found = await fetch(tmp_path, host, list("abcdef"), FetchRules(pause=0.0))
    assert len(asked) <= 2
    assert {reason(one) for one in found} == {"the server wants to be left alone for 7,200 s; run again after that"}


async def test_a_host_that_is_down_is_not_asked_for_every_picture(tmp_path: Path) -> None:
    """After some failures in a row the rest fails at once, with the last reason."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=502)

    rules = FetchRules(pause=0.0, per_host=1, tries=2, patience=Patience(failures=3))
    async with serving(answer) as host:
        found = await fetch(tmp_path, host, list("abcdefgh"), rules)
    assert len(asked) == 3 * 2
    assert reason(found[0]) == "the server answers 502 Bad Gateway"
    assert "after 3 failures in a row" in reason(found[-1])


async def test_a_trickle_is_no_transfer() -> None:
    """A byte now and then keeps every read timeout happy, and would hold a place for ever."""

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    with pytest.raises(TooSlow):
        await receive(trickle(), io.BytesIO(), Bounds(max_bytes=10**6, slowest=1000, patience=0.1), Throttle(None))


async def test_all_transfers_together_keep_to_a_speed() -> None:
    """`network.max_speed` is of all of them, and its pauses do not count as the server's slowness."""
    throttle = Throttle(200_000)
    bounds = Bounds(max_bytes=10**6, slowest=1_000_000, patience=0.1)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield bytes(10_000)

    begun = time.monotonic()
    await asyncio.gather(*(receive(pieces(), io.BytesIO(), bounds, throttle) for _ in range(2)))
    assert time.monotonic() - begun >= 100_000 / 200_000


async def test_the_body_of_a_redirect_is_not_read(tmp_path: Path) -> None:
    """It could be endless, and would lie in the memory."""
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        if request.path == "/there":
            return web.Response(body=picture())
        response = web.StreamResponse(status=302, headers={"Location": "/there"})
        await response.prepare(request)
        for _ in range(2000):
            await response.write(bytes(100_000))
            sent += 100_000
        return response

    async with serving(answer) as host:
        (found,) = await fetch(tmp_path, host, ["here"], FetchRules())
    assert isinstance(found, GoodPicture)
    assert sent < 20_000_000


def rows_of(url: str, folder: Path, hosts: list[str]) -> tuple[str, str, list[str]]:
    """Open a manifest in a thread, as a run does; give its label, its base and its SKUs."""
    reach = Reach(client=lambda: picture_client(hosts), buckets=Buckets({}))
    with open_manifest(ManifestKeys(path=url), folder, io.BytesIO(), reach) as manifest:
        skus = [sku for batch in manifest.batches() for sku in batch["c0"].to_list()]
        return manifest.files[0].label, manifest.files[0].base, skus


async def test_a_manifest_may_lie_on_the_web(tmp_path: Path) -> None:
    """Also after a redirect; a query, which may hold a secret, is in no message."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/moved":
            return web.Response(status=302, headers={"Location": "/feed"})
        return web.Response(text="sku,image\n00152,a.png\nB-2,b.png\n")

    async with serving(answer) as host:
        url = f"http://{host}/moved?token=secret#x"
        label, base, skus = await asyncio.to_thread(rows_of, url, tmp_path, [host])
    assert (label, base, skus) == (f"http://{host}/moved", url, ["00152", "B-2"])


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("gone", "the server answers 404 Not Found"),
        ("packed", r"packed \(gzip\)"),
        ("inside", r"169\.254\.169\.254 is not a public address.*\n.*allow_hosts"),
        ("cut", "the connection was lost"),
    ],
)
async def test_a_manifest_that_does_not_come_says_why(tmp_path: Path, path: str, why: str) -> None:
    """With its address, and without its query."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if path == "packed":
            return web.Response(body=b"x", headers={"Content-Encoding": "gzip"})
        if path == "inside":
            return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/"})
        if path == "cut":
            response = web.StreamResponse(headers={"Content-Length": "100"})
            await response.prepare(request)
            await response.write(b"sku,")
            assert request.transport is not None
            request.transport.close()
            return response
        return web.Response(status=404)

    async with serving(answer) as host:
        with pytest.raises(MissingInput, match=why) as caught:
            await asyncio.to_thread(rows_of, f"http://{host}/{path}?token=secret", tmp_path, [host])
    assert caught.value.where == f"http://{host}/{path}"
    assert "secret" not in str(caught.value)


async def test_a_manifest_behind_the_firewall_needs_to_be_opened(tmp_path: Path) -> None:
    """As pictures do; and a name and password are turned down before anything is asked."""

    async def answer(_: web.Request) -> web.StreamResponse:
        raise AssertionError

    async with serving(answer) as host:
        with pytest.raises(MissingInput, match=r"127\.0\.0\.1 is not a public address"):
            await asyncio.to_thread(rows_of, f"http://{host}/m.csv", tmp_path, [])
        with pytest.raises(MissingInput, match="user name or password") as caught:
            await asyncio.to_thread(rows_of, f"http://me:secret@{host}/m.csv", tmp_path, [host])
    assert "secret" not in str(caught.value)


async def test_what_a_url_gives_has_to_be_a_table(tmp_path: Path) -> None:
    """A login page is told from a feed, with the feed's address."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=picture())

    async with serving(answer) as host:
        with pytest.raises(ManifestProblem, match="a PNG picture") as caught:
            await asyncio.to_thread(rows_of, f"http://{host}/m.csv?x=1", tmp_path, [host])
    assert caught.value.where == f"http://{host}/m.csv"
