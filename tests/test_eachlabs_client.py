"""The client against servers that misbehave: one POST at most, and never a wrong word about what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from aiohttp import web

from batch.core.prediction import (
    Accepted,
    Denial,
    ExecutionPage,
    Listing,
    NoAnswer,
    NotAccepted,
    NotListed,
    NotSent,
    Seen,
    SubmitOutcome,
    SubmitRequest,
    Unclear,
    UnknownId,
    Upload,
)
from batch.errors import KeyRefused
from batch.providers.eachlabs.client import EachlabsProvider, Timeouts
from batch.providers.secret import Secret, read_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "sk-live-0123456789"
REQUEST = SubmitRequest(model="m", inputs={"prompt": "p"})
QUICK = Timeouts(connect=2, submit_read=0.3, submit_total=1.0, read=0.3, total=0.8, upload_total=0.8)
PATIENT = Timeouts()

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """A server that speaks bytes, and counts what reached it."""

    def __init__(self, behave: Handler) -> None:
        self._behave = behave
        self.connections = 0
        self.url = ""
        self.reached = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Misbehave once per connection."""
        self.connections += 1
        self.reached.set()
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._behave(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def end(self) -> None:
        """Stop every connection that is still being served."""
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def raw(behave: Handler) -> AsyncIterator[RawServer]:
    """Run a server that speaks bytes."""
    server = RawServer(behave)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        await server.end()


@asynccontextmanager
async def served(*routes: web.RouteDef) -> AsyncIterator[str]:
    """Run a well-behaved server with a few routes, and give its URL."""
    app = web.Application(client_max_size=10_000_000)
    app.add_routes(routes)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def provider(url: str, timeouts: Timeouts = PATIENT, **more: Any) -> AsyncIterator[EachlabsProvider]:
    """Give a provider that is closed at the end."""
    made = EachlabsProvider(url, Secret(KEY), timeouts=timeouts, **more)
    try:
        yield made
    finally:
        await made.aclose()


async def submit(url: str, timeouts: Timeouts = QUICK) -> SubmitOutcome:
    """Submit once, and make sure that what was settled is what was returned."""
    settled: list[SubmitOutcome] = []
    async with provider(url, timeouts) as api:
        outcome = await api.submit(REQUEST, settled.append)
    assert settled == [outcome]
    return outcome


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Read one request with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), b"0"
    )
    return head + await reader.readexactly(int(length))


def answer(body: bytes, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    """Write an answer; `length` may lie."""
    said = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {said}\r\n{headers}\r\n".encode() + body


CREATED = b'{"status":"success","predictionID":"p-1"}'


async def create(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept."""
    await read_request(reader)
    writer.write(answer(CREATED, headers="X-Request-Id: r-1\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n"))
    await writer.drain()


async def reset_before_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close as soon as the connection stands."""
    writer.transport.abort()
    await reader.read(1)


async def reset_after_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request, then close without a word."""
    await read_request(reader)
    writer.transport.abort()


async def close_after_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request, then end the connection in good order."""
    await read_request(reader)
    writer.close()


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take the request and never answer."""
    await read_request(reader)
    await asyncio.sleep(60)


async def partial_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break off in the status line."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 20")
    await writer.drain()


async def partial_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break off in the middle of the id."""
    await read_request(reader)
    writer.write(answer(CREATED[:-5], length=len(CREATED)))
    await writer.drain()


async def partial_after_the_id(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promise more than is sent, but send the whole object."""
    await read_request(reader)
    writer.write(answer(CREATED, length=len(CREATED) + 100))
    await writer.drain()


async def no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in another protocol."""
    await read_request(reader)
    writer.write(b"220 smtp ready\r\n")
    await writer.drain()


async def a_byte_a_moment(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never be silent long enough for a read timeout, and never finish."""
    await read_request(reader)
    writer.write(answer(b"", length=10_000))
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a hundred megabytes, if somebody takes them."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
    for _ in range(100):
        writer.write(b" " * 1_000_000)
        await writer.drain()


async def gzip_bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send an encoding that was not asked for."""
    await read_request(reader)
    writer.write(answer(b"\x1f\x8b" + b"\0" * 1000, headers="Content-Encoding: gzip\r\n"))
    await writer.drain()


async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send the client somewhere else; 307 asks for the same POST again."""
    await read_request(reader)
    writer.write(answer(b"", "307 Temporary Redirect", "Location: /v1/prediction\r\n"))
    await writer.drain()


UNCLEAR = [
    reset_before_read,
    reset_after_read,
    close_after_read,
    silence,
    partial_head,
    partial_body,
    no_http,
    a_byte_a_moment,
    endless,
    gzip_bomb,
    redirect,
]


@pytest.mark.parametrize("behave", UNCLEAR)
async def test_a_submit_that_may_have_arrived_is_unclear_and_was_sent_once(behave: Handler) -> None:
    """Whatever happens after the connection stands: one POST, and no claim that nothing was created."""
    async with raw(behave) as server:
        outcome = await submit(server.url)
    assert isinstance(outcome, Unclear)
    assert outcome.message
    assert server.connections == 1


async def test_an_accepted_submit_gives_its_id() -> None:
    """The ordinary case, with the request id for the provider's support."""
    async with raw(create) as server:
        assert await submit(server.url) == Accepted(prediction_id="p-1", request_id="r-1")


async def test_an_id_that_arrived_counts_although_the_rest_did_not() -> None:
    """Nothing that is needed is missing, so nothing is unclear."""
    async with raw(partial_after_the_id) as server:
        outcome = await submit(server.url)
    assert isinstance(outcome, Accepted)


async def test_each_submit_has_a_connection_of_its_own() -> None:
    """A kept connection could be closed by the other side at the moment of the POST, and leave the money in doubt."""
    async with raw(create) as server, provider(server.url) as api:
        for _ in range(3):
            await api.submit(REQUEST, lambda _outcome: None)
        assert server.connections == 3


async def test_a_refused_connection_was_not_sent() -> None:
    """Nobody listens, so nobody was asked."""
    async with raw(create) as server:
        url = server.url
    assert isinstance(await submit(url), NotSent)


async def test_a_name_that_does_not_resolve_was_not_sent() -> None:
    """The same, one step earlier."""
    assert isinstance(await submit("http://no-such-host.invalid"), NotSent)


@pytest.mark.parametrize(("error", "kind"), [(httpx.ConnectTimeout, NotSent), (httpx.PoolTimeout, NotSent)])
async def test_errors_before_sending_prove_that_nothing_was_sent(
    error: type[httpx.HTTPError], kind: type[NotSent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection came about, or none was free."""

    async def fail(*_: object, **__: object) -> httpx.Response:
        raise error("no connection")

    monkeypatch.setattr(httpx.AsyncClient, "send", fail)
    assert isinstance(await submit("http://127.0.0.1:9"), kind)


@pytest.mark.parametrize("error", [httpx.WriteError, httpx.WriteTimeout, httpx.ProxyError, OSError, RuntimeError])
async def test_every_other_error_leaves_it_open(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also errors that nobody foresaw."""

    async def fail(*_: object, **__: object) -> httpx.Response:
        raise error("gone")

    monkeypatch.setattr(httpx.AsyncClient, "send", fail)
    assert isinstance(await submit("http://127.0.0.1:9"), Unclear)


async def test_a_cancelled_submit_reports_nothing() -> None:
    """What became of it is unknown, so its attempt stays as it is, and the cancellation goes on."""
    settled: list[SubmitOutcome] = []
    async with raw(silence) as server, provider(server.url) as api:
        task = asyncio.create_task(api.submit(REQUEST, settled.append))
        await server.reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert settled == []


async def test_a_cancellation_that_comes_while_settling_comes_after_it() -> None:
    """The outcome is handed over in the step that parsed it: a cancellation cannot get between."""
    settled: list[SubmitOutcome] = []
    async with raw(create) as server, provider(server.url) as api:

        async def run() -> None:
            await api.submit(REQUEST, settle)

        def settle(outcome: SubmitOutcome) -> None:
            task.cancel()
            settled.append(outcome)

        task = asyncio.create_task(run())
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert settled == [Accepted(prediction_id="p-1", request_id="r-1")]


async def test_an_error_in_settling_is_the_callers_own() -> None:
    """A store that fails is no trouble of the network, and is not settled a second time."""
    calls: list[SubmitOutcome] = []

    def fail(outcome: SubmitOutcome) -> None:
        calls.append(outcome)
        raise RuntimeError("the disk is full")

    async with raw(create) as server, provider(server.url) as api:
        with pytest.raises(RuntimeError, match="disk"):
            await api.submit(REQUEST, fail)
    assert len(calls) == 1


async def test_no_more_than_sixteen_submits_are_open() -> None:
    """The plain transport falls over with more."""
    most = 0
    now = 0

    async def handle(_request: web.Request) -> web.Response:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return web.json_response({"predictionID": "p"})

    async with served(web.post("/v1/prediction", handle)) as url, provider(url) as api:
        await asyncio.gather(*(api.submit(REQUEST, lambda _outcome: None) for _ in range(50)))
    assert most <= 16


@pytest.mark.parametrize(("status", "denial"), [(401, Denial.KEY), (402, Denial.BALANCE), (429, Denial.TOO_MANY)])
async def test_a_denial_never_repeats_the_key(status: int, denial: Denial) -> None:
    """Some services echo the key they were given; ours goes into no message."""

    async def handle(request: web.Request) -> web.Response:
        headers = {"Retry-After": "7"}
        return web.json_response({"error": f"no: {request.headers['Authorization']}"}, status=status, headers=headers)

    async with served(web.post("/v1/prediction", handle)) as url:
        outcome = await submit(url, PATIENT)
    assert isinstance(outcome, NotAccepted)
    assert (outcome.denial, outcome.retry_after) == (denial, 7.0)
    assert outcome.message == "no: Bearer [key]"


async def test_requests_carry_the_key_and_an_id_of_their_own() -> None:
    """Every request can be looked up at the provider by the id that we gave it."""
    seen: list[dict[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        return web.json_response({"predictionID": "p", "id": "p"})

    ids = iter(["a", "b"])
    async with (
        served(web.post("/v1/prediction", handle), web.get("/v1/prediction/{id}", handle)) as url,
        provider(url, new_request_id=lambda: next(ids)) as api,
    ):
        await api.submit(REQUEST, lambda _outcome: None)
        await api.poll("p")
    assert [headers["x-request-id"] for headers in seen] == ["a", "b"]
    assert {headers["authorization"] for headers in seen} == {f"Bearer {KEY}"}
    assert {headers["accept-encoding"] for headers in seen} == {"identity"}


@pytest.mark.parametrize("behave", [b for b in UNCLEAR if b is not redirect])
async def test_a_poll_that_brings_nothing_is_no_answer(behave: Handler) -> None:
    """The same trouble on a free call is a value, too, and the next poll may succeed."""
    async with raw(behave) as server, provider(server.url, QUICK) as api:
        outcome = await api.poll("p-1")
    assert isinstance(outcome, NoAnswer)
    assert outcome.message
    assert KEY not in outcome.message


async def test_a_poll_survives_a_connection_that_was_closed_meanwhile() -> None:
    """A kept connection that the server has closed is replaced without anybody noticing."""
    polls = 0

    async def close_after_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal polls
        await read_request(reader)
        polls += 1
        writer.write(answer(b'{"id":"p-1","status":"processing"}'))
        await writer.drain()

    async with raw(close_after_each) as server, provider(server.url) as api:
        for _ in range(5):
            assert isinstance(await api.poll("p-1"), Seen)
    assert polls == 5


async def test_polls_share_connections() -> None:
    """Two thousand predictions are looked at without two thousand handshakes."""
    connections = 0

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_request(reader)
            writer.write(answer(b'{"id":"p-1","status":"processing"}'))
            await writer.drain()

    async with raw(keep) as server, provider(server.url) as api:
        for _ in range(5):
            assert isinstance(await api.poll("p-1"), Seen)
    assert connections == 1


async def test_a_stalled_provider_is_survived() -> None:
    """A thousand polls into half a second of silence come back when it does; nothing collapses and stays down."""
    ready = asyncio.Event()

    async def handle(_request: web.Request) -> web.Response:
        await ready.wait()
        return web.json_response({"id": "p", "status": "processing"})

    async with served(web.get("/v1/prediction/{id}", handle)) as url, provider(url) as api:
        polls = [asyncio.create_task(api.poll("p")) for _ in range(1000)]
        await asyncio.sleep(0.5)
        ready.set()
        outcomes = await asyncio.gather(*polls)
    assert all(isinstance(outcome, Seen) for outcome in outcomes)


async def test_an_odd_id_stays_one_path_segment() -> None:
    """An id from outside cannot lead to another call."""
    paths: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        paths.append(request.raw_path)
        return web.json_response({}, status=404)

    async with served(web.get("/{any:.*}", handle)) as url, provider(url) as api:
        assert isinstance(await api.poll("a/../../v1/billing?x=1#y"), UnknownId)
    assert paths == ["/v1/prediction/a%2F..%2F..%2Fv1%2Fbilling%3Fx%3D1%23y"]


async def test_a_failed_predictions_message_never_repeats_the_key() -> None:
    """It is stored and shown in reports."""

    async def handle(_request: web.Request) -> web.Response:
        return web.json_response({"id": "p", "status": "error", "output": f"bad key {KEY}"})

    async with served(web.get("/v1/prediction/{id}", handle)) as url, provider(url) as api:
        outcome = await api.poll("p")
    assert isinstance(outcome, Seen)
    assert outcome.prediction.failure is not None
    assert outcome.prediction.failure.message == "bad key [key]"


async def test_the_providers_clock_is_known_from_its_answers() -> None:
    """The offset is the newest `Date` minus our own time."""
    ours = datetime(2026, 11, 23, 11, 59, 30, tzinfo=UTC).timestamp()
    async with raw(create) as server, provider(server.url, clock=lambda: ours) as api:
        assert api.clock_offset == 0
        await api.submit(REQUEST, lambda _outcome: None)
        assert api.clock_offset == 30


async def test_the_free_calls_are_read() -> None:
    """Cancel, history, catalogue, balance and deletion, each with its ordinary answer and its trouble."""
    queries: list[dict[str, str]] = []

    async def history(request: web.Request) -> web.Response:
        queries.append(dict(request.query))
        return web.json_response({"executions": [{"id": "e", "model": "m"}], "has_more": False})

    async def model(request: web.Request) -> web.Response:
        if request.match_info["slug"] == "gone":
            return web.json_response({}, status=404)
        return web.json_response({"slug": "m", "cost": None})

    async def ok(_request: web.Request) -> web.Response:
        return web.json_response({"balance_usd": -1.5})

    routes = [
        web.get("/v2/executions", history),
        web.get("/v1/models/{slug}", model),
        web.get("/v1/billing/balance", ok),
        web.post("/v1/prediction/p/cancel", ok),
        web.delete("/v1/files/u", ok),
    ]
    async with served(*routes) as url, provider(url) as api:
        page = await api.executions(
            "m", since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 2, tzinfo=UTC), cursor="c/1"
        )
        assert isinstance(page, ExecutionPage)
        assert isinstance(await api.listing("m"), Listing)
        assert await api.listing("gone") == NotListed(slug="gone")
        assert await api.balance() == Decimal("-1.5")
        assert await api.cancel("p") is None
        assert isinstance(await api.cancel("q"), NoAnswer)
        assert await api.delete_upload("u") is None
        assert await api.delete_upload("gone-already") is None
    assert queries[0]["cursor"] == "c/1"


@asynccontextmanager
async def upload_server(put_url: str = "{base}/put", status: int = 200) -> AsyncIterator[tuple[str, list[Any]]]:
    """Serve presign and PUT; give its URL and what was put."""
    puts: list[Any] = []
    base = ""

    async def presign(request: web.Request) -> web.Response:
        assert (await request.json())["expires_in_seconds"] == 3600
        place = {"id": "u1", "presigned_url": put_url.format(base=base), "public_url": "https://cdn/u1.jpg"}
        return web.json_response({**place, "required_headers": {"x-amz-meta-file-id": "u1"}})

    async def put(request: web.Request) -> web.Response:
        puts.append((dict(request.headers), await request.read()))
        return web.json_response({"error": "no"}, status=status)

    async with served(web.post("/v1/upload/presign", presign), web.put("/put", put)) as url:
        base = url
        yield url, puts


async def test_a_frame_is_put_without_the_key() -> None:
    """The place belongs to the storage, which gets the bytes, their type, its own headers, and nothing of ours."""
    async with upload_server() as (url, puts), provider(url) as api:
        upload = await api.upload(b"jpeg", "image/jpeg", keep_seconds=3600)
    assert upload == Upload(id="u1", url="https://cdn/u1.jpg")
    ((headers, data),) = puts
    assert data == b"jpeg"
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["x-amz-meta-file-id"] == "u1"
    assert not {"Authorization", "X-API-Key", "X-Request-ID", "X-Request-Id"} & set(headers)


async def test_a_refused_put_says_nothing_of_the_key() -> None:
    """A 403 from the storage is about its headers: the run goes on."""
    async with upload_server(status=403) as (url, _), provider(url) as api:
        outcome = await api.upload(b"jpeg", "image/jpeg", keep_seconds=3600)
    assert isinstance(outcome, NoAnswer)
    assert (outcome.http_status, outcome.key_refused) == (403, False)


async def test_a_place_inside_our_network_is_not_written_to() -> None:
    """The provider's answer cannot make us PUT to a neighbour: no connection is opened."""

    async def take(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        return

    async with raw(take) as canary, upload_server(f"{canary.url}/steal") as (url, _), provider(url) as api:
        outcome = await api.upload(b"jpeg", "image/jpeg", keep_seconds=3600)
        assert isinstance(outcome, NoAnswer)
        assert "not a public address" in outcome.message
        assert canary.connections == 0


async def test_a_redirected_put_is_not_followed() -> None:
    """A place that sends us on is no place."""
    async with raw(redirect) as server, upload_server(f"{server.url}/put") as (url, puts):
        async with provider(url, allow_hosts=(server.url.removeprefix("http://"),)) as api:
            outcome = await api.upload(b"jpeg", "image/jpeg", keep_seconds=3600)
        assert isinstance(outcome, NoAnswer)
        assert (outcome.http_status, puts) == (307, [])


async def test_proxies_are_used_for_the_api_but_never_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Companies reach the provider through a proxy; the simulator beside us is reached directly."""
    asked: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_request(reader)
        asked.append(head.split(b"\r\n")[0].decode())
        writer.write(answer(b'{"predictionID":"via","id":"via"}'))
        await writer.drain()

    async with raw(proxy) as middle, raw(create) as near:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, middle.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert await submit("http://api.example.com", PATIENT) == Accepted(prediction_id="via")
        async with provider("http://api.example.com") as api:
            assert isinstance(await api.poll("via"), Seen)
        assert isinstance(await submit(near.url), Accepted)
        assert near.connections == 1
    assert [line.split()[1] for line in asked] == [
        "http://api.example.com/v1/prediction",
        "http://api.example.com/v1/prediction/via",
    ]


def test_a_key_never_shows_itself() -> None:
    """Not in texts, not in representations, not in pickles."""
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.redact(json.dumps({"x": KEY})) == '{"x": "[key]"}'


def test_a_key_is_read_from_three_places(tmp_path: Path) -> None:
    """The variable, the file that a variable names, and systemd's credential; the first one decides."""
    (tmp_path / "EACHLABS_API_KEY").write_text(" credential\n")
    (tmp_path / "file").write_text("from-file\r\n")
    credential = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    file = {**credential, "EACHLABS_API_KEY_FILE": str(tmp_path / "file")}
    assert read_key(credential).reveal() == "credential"
    assert read_key(file).reveal() == "from-file"
    assert read_key({**file, "EACHLABS_API_KEY": "  direct "}).reveal() == "direct"


@pytest.mark.parametrize("key", ["a b", "a\nb", "schlüssel", "a\x00", "x" * 5000])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key: str) -> None:
    """The message names the place, never the text."""
    with pytest.raises(KeyRefused) as caught:
        read_key({"EACHLABS_API_KEY": key})
    assert key not in str(caught.value)
    assert "EACHLABS_API_KEY" in str(caught.value)
    with pytest.raises(ValueError, match="printable ASCII"):
        Secret(key if len(key) < 5000 else "")


def test_a_missing_key_says_where_to_put_it(tmp_path: Path) -> None:
    """Also when a file is named that is empty, missing, or no text."""
    (tmp_path / "empty").write_text("")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for environ in (
        {},
        {"EACHLABS_API_KEY": "  "},
        {"CREDENTIALS_DIRECTORY": str(tmp_path)},
        {"EACHLABS_API_KEY_FILE": str(tmp_path / "missing")},
        {"EACHLABS_API_KEY_FILE": str(tmp_path / "empty")},
        {"EACHLABS_API_KEY_FILE": str(tmp_path / "binary")},
    ):
        with pytest.raises(KeyRefused) as caught:
            read_key(environ)
        assert "EACHLABS_API_KEY" in caught.value.hint
