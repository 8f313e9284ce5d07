"""Pictures: read once, known by path, size and time; those behind URLs fetched within limits."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import os
import sqlite3
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from PIL import Image

from batch.errors import StorageProblem
from batch.inputs.fetching import FetchRules, fetched_path
from batch.inputs.picturefacts import (
    BadPicture,
    GoodPicture,
    Picture,
    PictureLimits,
    Seen,
    UncheckedPicture,
    Unusable,
    resolve_source,
)
from batch.inputs.pictures import FetchCounts, PictureBook
from batch.net.clients import picture_client
from batch.planning.looking import look_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

NOW = 2_000_000_000_000_000_000
LONG_AGO = 1_000_000_000_000_000_000
LIMITS = PictureLimits(min_side=10, max_bytes=100_000)
QUICK = FetchRules(pause=0.0, seconds=5.0)


class Eyes:
    """Looks at pictures, and counts how often."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, data: bytes) -> Seen | Unusable:
        """Look."""
        self.looks += 1
        return look_at(data)


def picture(side: int = 20, colour: str = "red") -> bytes:
    """A small PNG."""
    file = io.BytesIO()
    Image.new("RGB", (side, side * 2), colour).save(file, "PNG")
    return file.getvalue()


def put(path: Path, data: bytes, mtime_ns: int = LONG_AGO) -> str:
    """Write a file that was last changed at a given time; give its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return str(path)


def look_up(folder: Path, sources: list[str], eyes: Eyes, limits: PictureLimits = LIMITS) -> list[Picture]:
    """Look pictures up in a book that is opened for it, as each command does."""
    with PictureBook(folder / "cache", eyes, lambda: NOW) as book:
        return list(book.look_up(sources, limits).values())


def reason(found: Picture) -> str:
    """Why a picture will not do."""
    assert isinstance(found, BadPicture)
    return found.reason


def test_a_picture_is_known_by_its_hash_and_size(tmp_path: Path) -> None:
    """As it is looked at."""
    data = picture()
    assert look_up(tmp_path, [put(tmp_path / "a.png", data)], Eyes()) == [
        GoodPicture(sha256=hashlib.sha256(data).hexdigest(), width=20, height=40)
    ]


def test_a_picture_that_did_not_change_is_read_once(tmp_path: Path) -> None:
    """Over many commands."""
    eyes = Eyes()
    source = put(tmp_path / "a.png", picture())
    assert look_up(tmp_path, [source], eyes) == look_up(tmp_path, [source, source], eyes)
    assert eyes.looks == 1


@pytest.mark.parametrize(("data", "mtime_ns"), [(picture(21), LONG_AGO), (picture(20), LONG_AGO + 1)])
def test_another_size_or_time_means_another_look(tmp_path: Path, data: bytes, mtime_ns: int) -> None:
    """To the nanosecond."""
    eyes = Eyes()
    look_up(tmp_path, [put(tmp_path / "a.png", picture())], eyes)
    look_up(tmp_path, [put(tmp_path / "a.png", data, mtime_ns)], eyes)
    assert eyes.looks == 2


def test_a_picture_that_was_changed_just_now_is_looked_at_again(tmp_path: Path) -> None:
    """It may change once more within the same tick of the file system's clock."""
    eyes = Eyes()
    source = put(tmp_path / "a.png", picture(), NOW - 1_000_000)
    look_up(tmp_path, [source], eyes)
    look_up(tmp_path, [source], eyes)
    assert eyes.looks == 2


def test_limits_are_held_against_what_is_known(tmp_path: Path) -> None:
    """Another job's limits need no other look; what is too long is not even read."""
    eyes = Eyes()
    source = put(tmp_path / "a.png", picture())
    assert isinstance(look_up(tmp_path, [source], eyes)[0], GoodPicture)
    (small,) = look_up(tmp_path, [source], eyes, PictureLimits(min_side=21, max_bytes=100_000))
    assert "20x40 pixels; its shorter side has to have 21" in reason(small)
    (large,) = look_up(tmp_path, [source], eyes, PictureLimits(min_side=1, max_bytes=10))
    assert "image.max_bytes" in reason(large)
    huge = put(tmp_path / "b.png", bytes(100_001))
    assert "100,001 bytes" in reason(look_up(tmp_path, [huge], eyes)[0])
    assert eyes.looks == 1


def test_what_is_no_picture_says_why(tmp_path: Path) -> None:
    """Missing, a folder, a manifest, half a picture, nothing."""
    (tmp_path / "folder").mkdir()
    sources = [
        str(tmp_path / "no.png"),
        str(tmp_path / "images\\no.png"),
        str(tmp_path / "folder"),
        put(tmp_path / "manifest.csv", b"sku,image\nA,a.png\n"),
        put(tmp_path / "half.png", picture()[:-20]),
        put(tmp_path / "empty.png", b""),
    ]
    missing, backslash, folder, manifest, half, empty = map(reason, look_up(tmp_path, sources, Eyes()))
    assert missing == f"there is no file {tmp_path}/no.png"
    assert backslash.endswith("a path is written with /")
    assert folder.endswith("is a folder")
    assert "text" in manifest
    assert "cut short" in half
    assert "empty" in empty


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_picture_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    """And is tried again, since permissions change without the file."""
    source = put(tmp_path / "a.png", picture())
    Path(source).chmod(0)
    assert "cannot be read" in reason(look_up(tmp_path, [source], Eyes())[0])


def test_progress_counts_what_has_to_be_read(tmp_path: Path) -> None:
    """What is known already is no work."""
    sources = [put(tmp_path / f"{number}.png", picture(20 + number)) for number in range(3)]
    told: list[tuple[int, int]] = []
    with PictureBook(tmp_path / "cache", Eyes(), lambda: NOW) as book:
        book.look_up(sources[:1], LIMITS)
        book.look_up(sources, LIMITS, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("damage", ["random bytes", "a folder", "a file in the way", "another schema"])
def test_a_cache_that_cannot_be_used_stops_nothing(tmp_path: Path, damage: str) -> None:
    """Pictures are read anew, and that is all."""
    cache = tmp_path / "cache"
    if damage == "a file in the way":
        cache.write_bytes(b"x")
    else:
        cache.mkdir()
    if damage == "random bytes":
        (cache / "pictures.sqlite").write_bytes(b"no database at all" * 100)
    elif damage == "a folder":
        (cache / "pictures.sqlite").mkdir()
    elif damage == "another schema":
        connection = sqlite3.connect(cache / "pictures.sqlite")
        connection.execute("CREATE TABLE file (something)")
        connection.close()
    source = put(tmp_path / "a.png", picture())
    for _ in range(2):
        assert isinstance(look_up(tmp_path, [source], Eyes())[0], GoodPicture)


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    """So that not every later plan is slow."""
    put(tmp_path / "cache" / "pictures.sqlite", b"no database at all" * 100)
    eyes = Eyes()
    source = put(tmp_path / "a.png", picture())
    look_up(tmp_path, [source], eyes)
    look_up(tmp_path, [source], eyes)
    assert eyes.looks == 1


def test_a_marked_plan_is_unchanged_until_a_picture_changes(tmp_path: Path) -> None:
    """Also when a missing one appears; another plan's mark says nothing."""
    here, missing = put(tmp_path / "a.png", picture()), str(tmp_path / "b.png")
    with PictureBook(tmp_path / "cache", Eyes(), lambda: NOW) as book:
        assert not book.unchanged("one")
        book.look_up([here, missing], LIMITS)
        book.mark("one")
    with PictureBook(tmp_path / "cache", Eyes(), lambda: NOW) as book:
        assert book.unchanged("one")
        assert not book.unchanged("two")
        put(tmp_path / "b.png", picture())
        assert not book.unchanged("one")
        Path(missing).unlink()
        assert book.unchanged("one")
        put(tmp_path / "a.png", picture(), LONG_AGO + 1)
        assert not book.unchanged("one")


def test_a_plan_of_a_picture_that_was_just_changed_is_never_unchanged(tmp_path: Path) -> None:
    """The next change might not show."""
    with PictureBook(tmp_path / "cache", Eyes(), lambda: NOW) as book:
        book.look_up([put(tmp_path / "a.png", picture(), NOW - 1)], LIMITS)
        book.mark("one")
        assert not book.unchanged("one")


@pytest.mark.parametrize(
    ("image", "source"),
    [
        ("a.png", "/shop/pictures/a.png"),
        ("../a.png", "/shop/a.png"),
        ("/elsewhere/a.png", "/elsewhere/a.png"),
        ("HTTPS://shop.example/a b.png?x=1", "HTTPS://shop.example/a b.png?x=1"),
    ],
)
def test_sources_are_absolute_paths_or_urls(image: str, source: str) -> None:
    """Relative to the manifest's folder."""
    assert resolve_source(image, Path("/shop/pictures")) == source


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("ftp://shop.example/a.png", "not ftp"),
        ("file:///etc/passwd", "not file"),
        ("data:image/png;base64,AAAA", "not data"),
        ("https:///a.png", "no host"),
        ("https://[::1/a.png", "no URL"),
        ("https://shop.example:99999/a.png", "no URL"),
        ("https://me:secret@shop.example/a.png", "user name or password"),
        ("a\x00.png", "NUL"),
    ],
)
def test_other_sources_are_turned_down(image: str, why: str) -> None:
    """Before anything is opened."""
    found = resolve_source(image, Path("/shop"))
    assert isinstance(found, Unusable)
    assert why in found.reason


class Shop:
    """A server of pictures, which counts what it is asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.content = picture()
        self.failures = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve what the path says."""
        self.asked[request.path] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await getattr(self, request.path.strip("/").split("-")[0])(request)  # type: ignore[no-any-return]
        finally:
            self.at_once -= 1

    async def good(self, request: web.Request) -> web.StreamResponse:
        """A picture with a validator."""
        tag = f'"{hashlib.sha256(self.content).hexdigest()[:8]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(body=self.content, headers={"ETag": tag})

    async def dated(self, request: web.Request) -> web.StreamResponse:
        """A picture with a date."""
        date = "Mon, 23 Nov 2026 10:00:00 GMT"
        if request.headers.get("If-Modified-Since") == date:
            return web.Response(status=304)
        return web.Response(body=self.content, headers={"Last-Modified": date})

    async def slowly(self, _: web.Request) -> web.StreamResponse:
        """A picture that takes a moment."""
        await asyncio.sleep(0.05)
        return web.Response(body=self.content)

    async def moved(self, _: web.Request) -> web.StreamResponse:
        """A redirect to a picture."""
        return web.Response(status=302, headers={"Location": "/good"})

    async def inside(self, _: web.Request) -> web.StreamResponse:
        """A redirect to where nothing may be fetched from."""
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/good"})

    async def gone(self, _: web.Request) -> web.StreamResponse:
        """Nothing."""
        return web.Response(status=404)

    async def shaky(self, _: web.Request) -> web.StreamResponse:
        """A picture after some failures."""
        self.failures += 1
        return web.Response(status=503) if self.failures == 1 else web.Response(body=self.content)

    async def page(self, _: web.Request) -> web.StreamResponse:
        """A web page where a picture should be."""
        return web.Response(text="<!doctype html><p>Sold out")

    async def long(self, _: web.Request) -> web.StreamResponse:
        """More than is allowed, and says so."""
        return web.Response(body=bytes(LIMITS.max_bytes + 1))

    async def endless(self, request: web.Request) -> web.StreamResponse:
        """More than is allowed, without a length."""
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(bytes(10_000))
        return response

    async def cut(self, request: web.Request) -> web.StreamResponse:
        """Half of what was announced."""
        response = web.StreamResponse(headers={"Content-Length": str(len(self.content))})
        await response.prepare(request)
        await response.write(self.content[:20])
        assert request.transport is not None
        request.transport.close()
        return response

    async def packed(self, _: web.Request) -> web.StreamResponse:
        """A small body that would unpack to a large one."""
        return web.Response(body=gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"})

    async def silent(self, _: web.Request) -> web.StreamResponse:
        """Nothing, for long."""
        await asyncio.sleep(0.7)
        return web.Response()


@asynccontextmanager
async def open_shop() -> AsyncIterator[tuple[Shop, str]]:
    """Serve on loopback; give the base URL."""
    shop = Shop()
    app = web.Application()
    app.router.add_get("/{path:.*}", shop.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield shop, f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def fetch(
    folder: Path, urls: list[str], rules: FetchRules = QUICK, allow: Callable[[str], list[str]] | None = None
) -> tuple[FetchCounts, list[Picture]]:
    """Fetch, and look up what came of it, in a book that is opened for it."""
    hosts = allow(urls[0]) if allow else [urls[0].split("/")[2]]
    with PictureBook(folder / "cache", look_at, lambda: NOW) as book:
        async with picture_client(hosts) as client:
            counts = await book.fetch_all(urls, client, LIMITS, rules=rules)
        return counts, list(book.look_up(urls, LIMITS).values())


async def test_a_url_is_unchecked_until_it_was_fetched(tmp_path: Path) -> None:
    """Afterwards it is known to every later command, and its bytes are kept by their hash."""
    async with open_shop() as (shop, base):
        url = f"{base}/good"
        assert look_up(tmp_path, [url], Eyes()) == [UncheckedPicture()]
        counts, found = await fetch(tmp_path, [url, url])
        assert counts == FetchCounts(arrived=1)
    sha256 = hashlib.sha256(shop.content).hexdigest()
    assert found == [GoodPicture(sha256=sha256, width=20, height=40)]
    assert look_up(tmp_path, [url], Eyes()) == found
    assert fetched_path(tmp_path / "cache", sha256).read_bytes() == shop.content
    assert [path.name for path in (tmp_path / "cache" / "pictures").iterdir()] == [sha256]


@pytest.mark.parametrize("path", ["good", "dated"])
async def test_what_did_not_change_is_not_sent_again(tmp_path: Path, path: str) -> None:
    """By its ETag or its date; a new picture takes the old one's place."""
    async with open_shop() as (shop, base):
        url = f"{base}/{path}"
        await fetch(tmp_path, [url])
        assert (await fetch(tmp_path, [url]))[0] == FetchCounts(unchanged=1)
        if path == "good":
            shop.content = picture(colour="blue")
            counts, found = await fetch(tmp_path, [url])
            assert counts == FetchCounts(arrived=1)
            assert isinstance(found[0], GoodPicture)
            assert found[0].sha256 == hashlib.sha256(shop.content).hexdigest()


async def test_a_kept_picture_that_was_deleted_is_fetched_again(tmp_path: Path) -> None:
    """Without asking whether it changed."""
    async with open_shop() as (shop, base):
        url = f"{base}/good"
        await fetch(tmp_path, [url])
        fetched_path(tmp_path / "cache", hashlib.sha256(shop.content).hexdigest()).unlink()
        assert look_up(tmp_path, [url], Eyes()) == [UncheckedPicture()]
        assert (await fetch(tmp_path, [url]))[0] == FetchCounts(arrived=1)


async def test_redirects_are_followed_where_they_may_lead(tmp_path: Path) -> None:
    """Each through the gate."""
    async with open_shop() as (_, base):
        _, (good, bad) = await fetch(tmp_path, [f"{base}/moved", f"{base}/inside"])
        assert isinstance(good, GoodPicture)
        assert "169.254.169.254" in reason(bad)


async def test_private_addresses_need_to_be_opened_by_the_job(tmp_path: Path) -> None:
    """A manifest alone may not reach behind the firewall."""
    async with open_shop() as (shop, base):
        named = f"{base}/good".replace("127.0.0.1", "localhost")
        counts, found = await fetch(tmp_path, [f"{base}/good", named], allow=lambda _: [])
        assert counts == FetchCounts(failed=2)
        assert "127.0.0.1 is not a public address" in reason(found[0])
        assert "localhost leads to no public address" in reason(found[1])
        assert not shop.asked


@pytest.mark.parametrize(
    ("path", "why", "requests"),
    [
        ("gone", "the server answers 404 Not Found", 1),
        ("page", "a web page", 1),
        ("long", "100,001 bytes, more than the 100,000 bytes", 1),
        ("endless", "more than the 100,000 bytes", 1),
        ("packed", "packed", 1),
        ("cut", "cannot be fetched", 3),
        ("silent", "did not arrive within 0.2 s", 3),
    ],
)
async def test_what_cannot_be_fetched_says_why(tmp_path: Path, path: str, why: str, requests: int) -> None:
    """What may pass is tried three times; nothing of it is kept."""
    rules = FetchRules(pause=0.0, seconds=0.2 if path == "silent" else 5.0)
    async with open_shop() as (shop, base):
        _, found = await fetch(tmp_path, [f"{base}/{path}"], rules)
        assert why in reason(found[0])
        assert shop.asked[f"/{path}"] == requests
    assert not [*(tmp_path / "cache").glob("pictures/*")]


async def test_a_moment_of_weakness_is_forgiven(tmp_path: Path) -> None:
    """A 503 is followed by a second try."""
    async with open_shop() as (shop, base):
        counts, _ = await fetch(tmp_path, [f"{base}/shaky"])
        assert counts == FetchCounts(arrived=1)
        assert shop.asked["/shaky"] == 2


async def test_a_host_is_asked_for_few_pictures_at_once(tmp_path: Path) -> None:
    """However many there are, and all of them arrive."""
    async with open_shop() as (shop, base):
        counts, _ = await fetch(tmp_path, [f"{base}/slowly-{number}" for number in range(12)])
        assert counts == FetchCounts(arrived=12)
        assert shop.most_at_once == 2


async def test_a_failed_fetch_is_tried_again_by_the_next_command(tmp_path: Path) -> None:
    """Within one command the reason stands; a later one may find the server in better health."""
    async with open_shop() as (_, base):
        await fetch(tmp_path, [f"{base}/gone"])
        assert look_up(tmp_path, [f"{base}/gone"], Eyes()) == [UncheckedPicture()]


async def test_a_fetch_ends_a_mark(tmp_path: Path) -> None:
    """What arrives anew may change a plan."""
    async with open_shop() as (_, base):
        await fetch(tmp_path, [f"{base}/good"])
        with PictureBook(tmp_path / "cache", look_at, lambda: 4 * NOW) as book:
            book.look_up([put(tmp_path / "a.png", picture())], LIMITS)
            book.mark("one")
            assert book.unchanged("one")
        await fetch(tmp_path, [f"{base}/moved"])
        with PictureBook(tmp_path / "cache", look_at, lambda: NOW) as book:
            assert not book.unchanged("one")


async def test_a_cache_folder_that_takes_no_picture_ends_the_command(tmp_path: Path) -> None:
    """Every other picture would fail alike."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "pictures").write_bytes(b"in the way")
    async with open_shop() as (_, base):
        with pytest.raises(StorageProblem, match="cannot be kept"):
            await fetch(tmp_path, [f"{base}/good", f"{base}/slowly"])
