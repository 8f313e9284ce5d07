"""A manifest from somebody who wants to see our network from within: URLs that lead inside, by every known way."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from batch.inputs.fetching import FetchRules
from batch.inputs.picturefacts import BadPicture, PictureLimits, Unusable, resolve_source
from batch.inputs.pictures import PictureBook
from batch.net import gate
from batch.net.buckets import Buckets
from batch.net.clients import picture_client
from batch.net.gate import refused_reason
from batch.planning.looking import look_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

_LITERALS = """
127.0.0.1 127.0.0.1. 127.1 127.0.1 2130706433 017700000001 0x7f000001 0x7f.1 0x7f.0.0.1 0177.0.0.1 0177.0x0.0.1
127.000.000.001 0 0.0.0.0 00.0.0.0 127.127.127.127 10.0.0.1 172.16.0.1 192.168.1.1 100.64.0.1 169.254.169.254 2852039166
168.63.129.16 100.100.100.200 192.0.0.192 198.18.0.1 192.88.99.1 224.0.0.1 255.255.255.255
[::] [::1] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::7f00:1]
[64:ff9b:1::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::] [fe80::1] [fe80::1%25lo] [fc00::1] [fd00:ec2::254] [fec0::1]
[ff02::1] [::1%25lo]
localhost LOCALHOST. localhost.localdomain
"""
LITERALS = tuple(_LITERALS.split())
"""Hosts that reach this machine, its neighbours or the cloud's metadata, or would on some system."""

ODD_DIGITS = (
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",  # circled
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",  # fullwidth
    "127\u30020\u30020\u30021",  # ideographic full stops
    "\u0661\u0662\u0667.0.0.1",  # Arabic-Indic
    "%31%32%37.0.0.1",
    "loc\u00adalhost",  # a soft hyphen, which the preparation of names drops
    "\u2113ocalhost",  # a script small l
)

NAMES = {
    "inside.example": ["127.0.0.1"],
    "inside6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "scoped.example": ["fe80::1%1"],
    "metadata.example": ["169.254.169.254"],
    "nat64.example": ["64:ff9b::a9fe:a9fe"],
    "sixtofour.example": ["2002:a9fe:a9fe::1"],
    "several.example": ["10.0.0.1", "127.0.0.1", "::1"],
    "zero.example": ["0.0.0.0"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
}
"""Names that somebody made lead inside."""


@dataclass(slots=True)
class Network:
    """What is dialled by this process while it is watched: each address, and nothing that is not `open` succeeds."""

    open: set[tuple[str, int]] = field(default_factory=set)
    dialled: list[tuple[str, int]] = field(default_factory=list)

    def heed(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take Python's own note of a connection, before the system is called."""
        if event == "socket.connect" and watching and watching[-1] is self and isinstance(arguments[1], tuple):
            address = arguments[1][:2]
            self.dialled.append(address)
            if address not in self.open:
                raise ConnectionRefusedError(111, "not in this test")


watching: list[Network] = []


def _heed(event: str, arguments: tuple[Any, ...]) -> None:
    if watching:
        watching[-1].heed(event, arguments)


@pytest.fixture(scope="module", autouse=True)
def _ear() -> None:
    sys.addaudithook(_heed)  # there is no way to take one off; it does nothing while nobody watches


@pytest.fixture
def network() -> Iterator[Network]:
    """Watch."""
    watched = Network()
    watching.append(watched)
    yield watched
    watching.remove(watched)


class Names(AbstractResolver):
    """A name server in the hands of an attacker; what is an address in any spelling, the system reads."""

    def __init__(self, names: dict[str, list[str]] | None = None) -> None:
        self._names = NAMES if names is None else names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a name."""
        del family
        name = host.rstrip(".").lower()
        found = self._names.get(name) or (["127.0.0.1", "::1"] if name.startswith("localhost") else None)
        if found is None:
            answers = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
            found = [str(answer[4][0]) for answer in answers]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=_family(one), proto=0, flags=0) for one in found
        ]

    async def close(self) -> None:
        """Nothing is open."""


def _family(address: str) -> int:
    return socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET


@asynccontextmanager
async def canary() -> AsyncIterator[tuple[int, list[str]]]:
    """Listen on loopback, on both kinds of address where there are both; give the port and who came."""
    came: list[str] = []

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(str(writer.get_extra_info("sockname")))
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    second = None
    with contextlib.suppress(OSError):
        second = await asyncio.start_server(serve, "::1", port)
    try:
        yield port, came
    finally:
        for one in filter(None, (listener, second)):
            one.close()


@asynccontextmanager
async def shop() -> AsyncIterator[str]:
    """Serve a host that the job opens, and that sends whoever asks elsewhere; give host and port."""

    async def send_away(request: web.Request) -> web.StreamResponse:
        return web.Response(status=int(request.query["status"]), headers={"Location": request.query["to"]})

    app = web.Application()
    app.router.add_get("/", send_away)
    runner = web.AppRunner(app, shutdown_timeout=0.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield "{}:{}".format(*runner.addresses[0][:2])
    finally:
        await runner.cleanup()


def hostile(port: int, host: str) -> list[str]:
    """Every URL of the list, with the canary's port."""
    urls = [f"http://{name}:{port}/x.png" for name in (*LITERALS, *ODD_DIGITS, *NAMES)]
    urls += [f"https://{name}:{port}/x.png" for name in ("127.0.0.1", "[::1]", "inside.example")]
    urls += [
        f"http://user:secret@127.0.0.1:{port}/x.png",
        f"http://@127.0.0.1:{port}/x.png",
        f"http://public.example@127.0.0.1:{port}/x.png",
        f"http://public.example:80@127.0.0.1:{port}/x.png",
        f"http://127.0.0.1:{port}\\@public.example/x.png",
        f"http://public.example\\@127.0.0.1:{port}/x.png",
        f"http://127.0.0.1:{port}#@public.example/x.png",
        f"http://127.0.0.1:{port}?@public.example/x.png",
        f"http://127.0.0.1:{port};@public.example/x.png",
        f"http:///127.0.0.1:{port}/x.png",
        f"http:127.0.0.1:{port}/x.png",
        f"//127.0.0.1:{port}/x.png",
        f"http://127.0.0.1:{port}/x.png\r\nHost: public.example",
        f"http://127.0.0.1:{port}\t/x.png",
        f"http:// 127.0.0.1:{port}/x.png",
        f"HTTP://127.0.0.1:{port}/x.png",
        f"ftp://127.0.0.1:{port}/x.png",
        f"gopher://127.0.0.1:{port}/_GET",
        f"file://127.0.0.1:{port}/etc/passwd",
        f"s3://127.0.0.1:{port}/shop/x.png",
        f"s3://inside.example:{port}/x.png",
        f"s3://key:secret@127.0.0.1:{port}/x.png",
        f"unix://127.0.0.1:{port}/x.png",
        f"ws://127.0.0.1:{port}/x.png",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
    ]
    targets = (
        f"http://127.0.0.1:{port}/",
        f"//127.0.0.1:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://inside.example:{port}/",
        f"http://2130706433:{port}/",
        f"http://user:secret@127.0.0.1:{port}/",
        f"http://{host}@127.0.0.1:{port}/",
        f"ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
    )
    return urls + [
        str(httpx.URL(f"http://{host}/", params={"status": str(status), "to": target}))
        for number, target in enumerate(targets)
        for status in ((301, 302, 303, 307, 308)[number % 5],)
    ]


async def test_forty_hostile_urls_and_more_open_no_connection(
    tmp_path: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every one is turned down with a reason; the canary hears nothing, and nothing else was dialled either."""
    monkeypatch.setattr(gate, "ThreadedResolver", Names)
    async with canary() as (port, came), shop() as host:
        network.open.add(("127.0.0.1", int(host.rpartition(":")[2])))
        urls = hostile(port, host)
        assert len(set(urls)) == len(urls) >= 40
        sources = {url: resolve_source(url, tmp_path) for url in urls}
        dialable = [source for source in sources.values() if isinstance(source, str)]
        with PictureBook(tmp_path / "cache", look_at, lambda: 0) as book:
            limits, rules = PictureLimits(min_side=1, max_bytes=1000), FetchRules(pause=0.0, tries=1, seconds=10)
            async with picture_client([host]) as client:
                await book.fetch_all(dialable, client, limits, rules=rules, buckets=Buckets({}))
            found = book.look_up(dialable, limits)
        await asyncio.sleep(0.05)
    assert came == []
    assert set(network.dialled) <= network.open
    for url, source in sources.items():
        verdict = source if isinstance(source, Unusable) else found[source]
        assert isinstance(verdict, BadPicture | Unusable), url
        assert verdict.reason, url


async def test_the_canary_would_sing(network: Network) -> None:
    """What the test above counts is counted: an opened host is heard by both."""
    async with canary() as (port, came), picture_client([f"127.0.0.1:{port}"]) as client:
        network.open.add(("127.0.0.1", port))
        with contextlib.suppress(httpx.HTTPError):
            await client.get(f"http://127.0.0.1:{port}/")
        await asyncio.sleep(0.05)
        assert came
    assert set(network.dialled) == {("127.0.0.1", port)}


async def test_the_address_that_was_checked_is_the_one_that_is_dialled(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: a name that is public when it is asked for once, and ours a moment later, is asked for once."""
    asked = 0

    class Rebinding(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            nonlocal asked
            asked += 1
            self._names = {"rebind.example": ["93.184.215.14"] if asked == 1 else ["127.0.0.1"]}
            return await super().resolve(host, port, family)

    monkeypatch.setattr(gate, "ThreadedResolver", Rebinding)
    url = "http://rebind.example:8080/x.png"
    async with picture_client([]) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
        assert network.dialled == [("93.184.215.14", 8080)]
    async with picture_client([]) as client:
        with pytest.raises(httpx.ConnectError) as caught:
            await client.get(url)
    assert "127.0.0.1 is loopback" in (refused_reason(caught.value) or "")
    assert network.dialled == [("93.184.215.14", 8080)]


async def test_nothing_secret_travels_along_a_redirect(network: Network) -> None:
    """Neither cookies, nor where we come from, nor anything else that a request of its own would not have."""
    seen: list[dict[str, str]] = []

    async def note(request: web.Request) -> web.StreamResponse:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        if request.path == "/first":
            headers = {"Location": f"http://localhost:{port}/second", "Set-Cookie": "session=secret; Path=/"}
            return web.Response(status=302, headers=headers)
        return web.Response(text="there")

    app = web.Application()
    app.router.add_get("/{path:.*}", note)
    runner = web.AppRunner(app, shutdown_timeout=0.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    network.open |= {("127.0.0.1", port), ("::1", port)}
    try:
        async with picture_client(["127.0.0.1", "localhost"]) as client:
            assert (await client.get(f"http://127.0.0.1:{port}/first")).text == "there"
    finally:
        await runner.cleanup()
    assert [set(headers) for headers in seen] == [{"host", "user-agent", "accept", "accept-encoding", "connection"}] * 2
