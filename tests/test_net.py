"""The gate in front of every connection, and bodies that cannot hurt."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from batch.core.addresses import Allowed
from batch.errors import Unavailable
from batch.net.body import Ending, content_encoding, describe, read_body
from batch.net.clients import clip_client, environment_proxy, picture_client, trusted_certificates
from batch.net.gate import AddressRefused, Gate, GatedResolver, refused_reason
from batch.net.transport import Transport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def tell_the_secret(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer whatever was asked."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
    await writer.drain()


class Canary:
    """Something that listens on loopback, and counts who reaches it."""

    def __init__(self, behave: Handler) -> None:
        self._behave = behave
        self.connections = 0
        self.port = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count, behave, close."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._behave(reader, writer)
        finally:
            self.tasks.discard(task)
            writer.close()


@asynccontextmanager
async def canary(behave: Handler = tell_the_secret) -> AsyncIterator[Canary]:
    """Listen on loopback."""
    bird = Canary(behave)
    listener = await asyncio.start_server(bird.serve, "127.0.0.1", 0)
    bird.port = listener.sockets[0].getsockname()[1]
    try:
        yield bird
    finally:
        listener.close()
        await asyncio.gather(*bird.tasks, return_exceptions=True)


@asynccontextmanager
async def served(*routes: web.RouteDef) -> AsyncIterator[int]:
    """Run a server with a few routes on loopback, and give its port."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::127.0.0.1]",
    ],
)
async def test_no_spelling_of_this_machine_is_dialled(host: str) -> None:
    """A manifest that names the machine itself, in any way that reaches it, gets a reason and no connection."""
    async with canary() as bird, picture_client([]) as client:
        # Some of these the URL reader refuses, and some the system does not resolve, which is as good.
        with pytest.raises((httpx.ConnectError, httpx.InvalidURL)) as caught:
            await client.get(f"http://{host}:{bird.port}/")
        assert bird.connections == 0
    if host in {"127.0.0.1", "localhost", "2130706433", "127.1", "[::1]", "[::ffff:7f00:1]"}:
        assert refused_reason(caught.value)


@pytest.mark.parametrize("url", ["ftp://example.com/x", "file:///etc/passwd", "http://user:pw@example.com/x.jpg"])
async def test_only_plain_http_urls_are_fetched(url: str) -> None:
    """No other scheme, and no credentials, which would end up in the state and in reports."""
    async with picture_client([]) as client:
        with pytest.raises(httpx.HTTPError) as caught:
            await client.get(url)
    assert refused_reason(caught.value) is not None


async def test_a_host_that_the_job_opens_is_open_at_that_port_only() -> None:
    """`allow_hosts` is exact: the same machine at another port stays closed."""
    async with canary() as bird, canary() as other, picture_client([f"127.0.0.1:{bird.port}"]) as client:
        assert (await client.get(f"http://127.0.0.1:{bird.port}/")).content == b"secret"
        for url in (f"http://127.0.0.1:{other.port}/", f"http://localhost:{bird.port}/"):
            with pytest.raises(httpx.ConnectError):
                await client.get(url)
        assert (bird.connections, other.connections) == (1, 0)


async def test_a_host_without_a_port_opens_every_port_of_that_name() -> None:
    """`localhost` opens `localhost`, and still not 127.0.0.1 by its number."""
    async with canary() as bird, picture_client(["localhost"]) as client:
        assert (await client.get(f"http://localhost:{bird.port}/")).content == b"secret"
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{bird.port}/")


async def test_the_providers_own_host_is_open_to_clips_and_never_to_pictures() -> None:
    """What the simulator serves can be collected; a manifest cannot reach it."""
    async with canary() as bird:
        base = f"http://127.0.0.1:{bird.port}"
        async with clip_client(base) as clips, picture_client([]) as pictures:
            assert (await clips.get(f"{base}/x.mp4")).content == b"secret"
            with pytest.raises(httpx.ConnectError):
                await pictures.get(f"{base}/x.jpg")
        assert bird.connections == 1


@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "//[::1]:{port}/"])
async def test_a_redirect_to_a_private_address_is_not_followed(target: str) -> None:
    """The first hop is allowed, the second one is looked at again: no connection is opened."""
    async with canary() as bird:

        async def redirect(_request: web.Request) -> web.Response:
            raise web.HTTPFound(target.format(port=bird.port))

        async with served(web.get("/", redirect)) as port, picture_client([f"127.0.0.1:{port}"]) as client:
            with pytest.raises(httpx.ConnectError) as caught:
                await client.get(f"http://127.0.0.1:{port}/")
        assert refused_reason(caught.value) is not None
        assert bird.connections == 0


async def test_redirects_are_followed_five_times() -> None:
    """A loop ends."""
    hops = 0

    async def redirect(_request: web.Request) -> web.Response:
        nonlocal hops
        hops += 1
        raise web.HTTPFound("/")

    async with served(web.get("/", redirect)) as port, clip_client(f"http://127.0.0.1:{port}") as client:
        with pytest.raises(httpx.TooManyRedirects):
            await client.get(f"http://127.0.0.1:{port}/")
    assert hops == 6


class Rebinding(AbstractResolver):
    """A name server that gives another address each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = iter(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the next answer."""
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in next(self._answers)
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def test_only_checked_addresses_are_passed_on() -> None:
    """A name with a public and a private address is dialled at the public one, and nobody resolves it again."""
    resolver = GatedResolver(Gate(), Rebinding(["10.0.0.1", "93.184.215.14", "::1"]))
    assert [result["host"] for result in await resolver.resolve("x.example", 80)] == ["93.184.215.14"]


async def test_a_name_that_changes_its_address_is_checked_each_time() -> None:
    """DNS rebinding: harmless at first, private when it counts."""
    resolver = GatedResolver(Gate(), Rebinding(["93.184.215.14"], ["127.0.0.1"], []))
    assert await resolver.resolve("x.example", 80)
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1 is loopback"):
        await resolver.resolve("x.example", 80)
    with pytest.raises(AddressRefused, match="it has none"):
        await resolver.resolve("x.example", 80)
    await resolver.close()


async def test_an_opened_name_may_have_any_address() -> None:
    """That is what opening it means; another port of it stays closed."""
    gate = Gate((Allowed("intranet", 80),))
    resolver = GatedResolver(gate, Rebinding(["10.0.0.1"], ["10.0.0.1"]))
    assert [result["host"] for result in await resolver.resolve("INTRANET.", 80)] == ["10.0.0.1"]
    with pytest.raises(AddressRefused):
        await resolver.resolve("intranet", 81)


async def test_the_system_resolver_is_used_unless_another_is_given() -> None:
    """`localhost` is loopback on every machine."""
    resolver = GatedResolver(Gate())
    with pytest.raises(AddressRefused, match="loopback"):
        await resolver.resolve("localhost", 80)
    await resolver.close()


def test_the_gate_reads_a_url_as_it_will_be_dialled() -> None:
    """Tricks with the part before the host find no other reading here."""
    for text in ("http://8.8.8.8@127.0.0.1/", "http://127.0.0.1#@8.8.8.8/", "http:///x", "gopher://x/"):
        with pytest.raises(AddressRefused):
            Gate().check_url(URL(text, encoded=True))
    Gate().check_url(URL("https://8.8.8.8/x"))


def test_other_errors_are_not_the_gates() -> None:
    """A reason is only given where there was a refusal; a circle of causes ends."""
    assert refused_reason(httpx.ConnectError("no route")) is None
    one, two = OSError("a"), OSError("b")
    one.__cause__, two.__cause__ = two, one
    assert refused_reason(one) is None


async def test_proxies_of_the_environment_never_see_a_gated_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would dial what nobody checked."""
    async with canary() as proxy, canary() as site:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with clip_client(f"http://127.0.0.1:{site.port}") as client:
            assert (await client.get(f"http://127.0.0.1:{site.port}/")).content == b"secret"
        assert (proxy.connections, site.connections) == (0, 1)
    with pytest.raises(ValueError, match="never sees"):
        Transport(trusted_certificates(), gate=Gate(), proxy="http://127.0.0.1:1")


def test_the_environments_proxy_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By scheme, with `NO_PROXY` and loopback left out; SOCKS is refused by name."""
    for name in ("http_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    assert environment_proxy("https://api.example") == "http://proxy.example:3128"
    assert environment_proxy("http://api.example") is None
    assert environment_proxy("https://localhost:1") is None
    monkeypatch.setenv("no_proxy", "api.example")
    assert environment_proxy("https://api.example") is None
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("https_proxy", "socks5://user:password@proxy.example")
    with pytest.raises(Unavailable, match="socks5") as caught:
        environment_proxy("https://api.example")
    assert "password" not in str(caught.value)


async def test_nothing_of_one_answer_goes_into_the_next_request() -> None:
    """No cookies at the connection's level, no authorisation, nothing unpacked, and the URL as it was written."""
    seen: list[tuple[str, dict[str, str]]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.raw_path, dict(request.headers)))
        return web.Response(body=b"x")

    signed = "/k%2Bey%3D~'(1)%7E.mp4?Signature=a%2Bb%3D&Credential=A%2FB&x=%27"
    async with served(web.get("/{any:.*}", handle)) as port, clip_client(f"http://127.0.0.1:{port}") as client:
        await client.get(f"http://127.0.0.1:{port}{signed}")
    ((path, headers),) = seen
    assert path == signed
    assert headers["Accept-Encoding"] == "identity"
    assert not {"Authorization", "Cookie", "Content-Type"} & set(headers)


async def test_every_failure_is_an_httpx_error() -> None:
    """Callers need to know one family of errors."""

    async def misbehave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"GET /garbage" in head:
            writer.write(b"HELLO\r\n\r\n")
        elif b"GET /cut" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
        elif b"GET /silence" in head:
            await reader.read()
        await writer.drain()

    kinds = {}
    async with canary(misbehave) as server, clip_client(f"http://127.0.0.1:{server.port}", read=0.2) as client:
        for path in ("/garbage", "/cut", "/silence", "/drop"):
            with pytest.raises(httpx.TransportError) as caught:
                await client.get(f"http://127.0.0.1:{server.port}{path}")
            kinds[path] = caught.type
            assert describe(caught.value)
    assert kinds == {
        "/garbage": httpx.RemoteProtocolError,
        "/cut": httpx.ReadError,
        "/silence": httpx.ReadTimeout,
        "/drop": httpx.RemoteProtocolError,
    }


async def test_a_port_that_nobody_listens_at_is_a_connect_error() -> None:
    """It is told apart from a lost connection."""
    async with canary() as bird:
        base = f"http://127.0.0.1:{bird.port}"
    async with clip_client(base) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(base)


async def read(body: bytes, cap: int, **headers: str) -> tuple[bytes, Ending]:
    """Serve a body with these headers, and read it with a cap."""

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async with (
        served(web.get("/", handle)) as port,
        clip_client(f"http://127.0.0.1:{port}") as client,
        client.stream("GET", f"http://127.0.0.1:{port}/") as response,
    ):
        result = await read_body(response, cap)
    assert bool(result.trouble) == (result.ending is not Ending.WHOLE)
    return result.data, result.ending


async def test_a_body_is_read_up_to_its_cap() -> None:
    """One byte more than we are ready to hold, and it is left."""
    assert await read(b"x" * 1000, 1000) == (b"x" * 1000, Ending.WHOLE)
    assert await read(b"x" * 1001, 1000) == (b"", Ending.TOO_LARGE)
    assert await read(b"", 1000) == (b"", Ending.WHOLE)


async def test_a_packed_body_is_never_unpacked() -> None:
    """Fifty kilobytes can hold fifty megabytes."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert await read(bomb, 100_000, Content_Encoding="gzip") == (b"", Ending.ENCODED)
    assert await read(b"plain", 100, Content_Encoding="Identity") == (b"plain", Ending.WHOLE)
    assert content_encoding({"content-encoding": " BR "}) == "br"


def test_errors_without_words_get_their_name() -> None:
    """Some of the network's errors say nothing at all."""
    assert describe(httpx.ReadError("")) == "ReadError"
    assert describe(httpx.ReadError("reset")) == "ReadError: reset"
