"""The simulator on HTTP: routes, keys, the request log, and the life of the process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import threading
import time
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from aiohttp import web

from batch.simulator import answers
from batch.simulator.calls import Call, Calls, hash_of, owner_of
from batch.simulator.clips import MissingVideoExtraError, require_video
from batch.simulator.disk import Disk, FolderInUseError
from batch.simulator.downloads import Downloads
from batch.simulator.engine import ClipMaker, Engine
from batch.simulator.fault_file import FaultFileError, read_fault_file
from batch.simulator.faults import FaultBook, FaultPlan
from batch.simulator.ledger import LedgerError
from batch.simulator.wire import WIRE_FAULTS, Misbehaviour, NoAnswerError, abort, response
from batch.simulator.world import Rules, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from batch.simulator.answers import Answer
    from batch.simulator.faults import Heard
    from batch.simulator.settings import SimulatorSettings

    Handler = Callable[[Call], Awaitable[Answer]]

NO_ANSWER = 0  # the status that the request log shows when the connection was broken on purpose
CLOSING_SECONDS = 0.3
PREDECESSOR_SECONDS = 20.0
BODY_LIMIT = 101 * 1_000_000


class Server:
    """One simulator: its world, its folder, and its way of answering."""

    def __init__(self, settings: SimulatorSettings, plan: FaultPlan, disk: Disk) -> None:
        """Take up the folder where it was left.

        Raises:
            LedgerError: The folder's files are damaged.
        """
        self.settings = settings
        self._book = FaultBook(plan)
        self.world = World(_rules(settings), new_id=lambda: str(uuid.uuid4()))
        self.disk = disk
        self.disk.load(self.world, self._book)
        self._maker = ClipMaker(self.disk, settings.clips, settings.encoders)
        self.engine = Engine(self.world, self.disk, self._maker, self._now)
        ttl = settings.output_ttl.total_seconds() / settings.speed
        self.calls = Calls(self.world, self.disk, self.engine, self._book, output_ttl=ttl)
        self._downloads = Downloads(self.world, self.disk, self._maker, self.calls)
        self._open: set[asyncio.Task[Any]] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._dead: WeakSet[asyncio.Transport] = WeakSet()
        self._skew = settings.clock_skew.total_seconds()
        self._only = None if settings.key is None else hash_of(settings.key)

    def _now(self) -> float:
        return time.time() + self.settings.clock_skew.total_seconds()

    def app(self) -> web.Application:
        """Give the routes of the contract."""
        app = web.Application(client_max_size=BODY_LIMIT)
        calls = self.calls
        for path in ("/v1/prediction", "/v1/prediction/"):
            self._route(app, "POST", path, "submit", calls.submit)
        self._route(app, "GET", "/v1/prediction/{id}", "poll", calls.poll)
        self._route(app, "POST", "/v1/prediction/{id}/cancel", "cancel", calls.cancel)
        self._route(app, "GET", "/v2/executions", "executions", calls.executions_v2)
        self._route(app, "GET", "/v1/executions", "executions", calls.executions_v1)
        self._route(app, "GET", "/v1/models", "models", calls.models, key=False)
        self._route(app, "GET", "/v1/models/{slug}", "models", calls.model, key=False)
        self._route(app, "POST", "/v1/upload/presign", "presign", calls.presign)
        self._route(app, "DELETE", "/v1/files/{id}", "delete", calls.delete)
        self._route(app, "GET", "/v1/billing/balance", "balance", calls.balance)
        app.router.add_put("/put/{id}", self._put)
        app.router.add_get("/uploads/{name}", self._download)
        app.router.add_route("*", "/{rest:.*}", self._unknown)
        return app

    def _route(
        self, app: web.Application, method: str, path: str, on: str, handler: Handler, *, key: bool = True
    ) -> None:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._answered(request, on, handler, key=key)

        app.router.add_route(method, path, handle)

    async def _answered(self, request: web.Request, on: str, handler: Handler, *, key: bool) -> web.StreamResponse:
        try:
            body = await request.read() if on in ("submit", "presign") else b""
        except ConnectionError:  # the client left in the middle of its request, which therefore never came
            return web.Response(status=499)
        call = self._call(request, body)

        async def handle() -> Answer:
            if key and (not call.owner or self._only not in (None, call.owner)):
                return answers.UNAUTHORIZED
            return await handler(call)

        subject = next(iter(request.match_info.values()), "")
        text = body.decode(errors="replace") if on == "submit" else request.path_qs
        return await self._exchanged(request, call, on, (subject, text), handle)

    async def _put(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request, b"")
        subject = request.match_info["id"]
        return await self._exchanged(request, call, "upload", (subject, ""), lambda: self.calls.put(call, request.read))

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request, b"")

        async def handle() -> Answer:
            return answers.NOT_FOUND

        return await self._exchanged(request, call, "", ("", ""), handle)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        call = self._call(request, b"")
        return await self._exchanged(request, call, "download", (request.match_info["name"], ""), None)

    def _call(self, request: web.Request, body: bytes) -> Call:
        return Call(
            owner=owner_of(request.headers) or "",
            now=self._now(),
            names=request.match_info,
            query=request.query,
            headers=request.headers,
            body=body,
        )

    async def _exchanged(
        self,
        request: web.Request,
        call: Call,
        on: str,
        told: tuple[str, str],
        handle: Callable[[], Awaitable[Answer]] | None,
    ) -> web.StreamResponse:
        """Answer one request under the faults that strike it, and log it whatever becomes of it."""
        if request.transport in self._dead:
            abort(request)
            return web.Response(status=499)
        heard = self._book.listen(on, *told)
        call.heard.append((told[0], heard))
        call.faults = heard.faults
        headers = {"X-Request-Id": request.headers.get("X-Request-Id") or secrets.token_hex(16)}
        if self._skew:
            headers["Date"] = formatdate(call.now, usegmt=True)
        status = NO_ANSWER
        task = asyncio.current_task()
        assert task is not None, "requests are handled in tasks"
        self._open.add(task)
        try:
            answered = await self._response(request, call, headers, handle)
            status = answered.status
        except (NoAnswerError, ConnectionError):  # broken by a fault, or the client has left
            abandoned = web.Response(status=499)
            abandoned.force_close()
            return abandoned
        else:
            return answered
        finally:
            self._open.discard(task)
            self._log(request, call, headers["X-Request-Id"], status)

    async def _response(
        self,
        request: web.Request,
        call: Call,
        headers: dict[str, str],
        handle: Callable[[], Awaitable[Answer]] | None,
    ) -> web.StreamResponse:
        struck = next((fault for fault in call.faults if fault.name in WIRE_FAULTS), None)
        if struck is None and handle is not None:
            return response(await handle(), headers)
        if struck is None:
            return await self._downloads.respond(request, headers, call.faults, call.now)

        async def file() -> Answer:
            return await self._downloads.whole(call.names["name"], call.now)

        def last() -> str | None:
            return self.calls.last_created(call.owner)

        if struck.name == "stale":
            if request.transport is not None:
                self._dead.add(request.transport)
            return response(await (handle or file)(), headers)
        exchange = Misbehaviour(request, headers, handle or file, last, self._later)
        return await exchange.respond(struck)

    def _log(self, request: web.Request, call: Call, request_id: str, status: int) -> None:
        self.disk.requests.write(
            {
                "time": call.now,
                "method": request.method,
                "path": request.path_qs,
                "status": status,
                "request_id": request_id,
                "key": bool(call.owner),
                **call.notes,
                **_heard(call.heard, self._book.fingerprint),
            }
        )

    async def close(self) -> None:
        """Let what is being answered be answered, unless it takes long, and stop the rest."""
        if self._open:
            await asyncio.wait(self._open, timeout=CLOSING_SECONDS)
        stopping = [*self._open, *self._later]
        for task in stopping:
            task.cancel()
        await asyncio.gather(*stopping, return_exceptions=True)
        await self.engine.close()
        await asyncio.to_thread(self._maker.close)


def _heard(heard: list[tuple[str, Heard]], plan: str) -> dict[str, Any]:
    """Tell the log which fault rules listened, so that their counters can be brought back, and what struck."""
    listened = [{"subject": subject, "rules": one.rules} for subject, one in heard if one.rules]
    struck = [fault.name for _, one in heard for fault in one.faults]
    return ({"plan": plan, "heard": listened} if listened else {}) | ({"faults": struck} if struck else {})


def _rules(settings: SimulatorSettings) -> Rules:
    return Rules(
        seed=settings.seed,
        speed=float("inf") if settings.instant else settings.speed,
        money=settings.balance_usd,
        concurrency=settings.concurrency,
        submits_per_minute=settings.submit_per_minute,
        lag=settings.lag.total_seconds(),
        reopening=settings.reopening.total_seconds(),
    )


@contextlib.asynccontextmanager
async def serve(settings: SimulatorSettings) -> AsyncIterator[str]:
    """Serve inside the running event loop; gives the base URL, and stops when the context is left."""
    require_video()
    plan = FaultPlan() if settings.faults is None else read_fault_file(settings.faults)
    disk = await _opened(settings)
    try:
        async with _serving(Server(settings, plan, disk)) as base_url:
            yield base_url
    finally:
        await disk.close()


async def _opened(settings: SimulatorSettings) -> Disk:
    """Open the folder; one that ends with its parent may still be closing when the next parent begins."""
    deadline = time.monotonic() + (PREDECESSOR_SECONDS if settings.with_parent else 0)
    while True:
        try:
            return Disk(settings.data_dir)
        except FolderInUseError:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _serving(server: Server) -> AsyncIterator[str]:
    runner = web.AppRunner(server.app(), access_log=None, handle_signals=False, shutdown_timeout=0.1)
    try:
        await runner.setup()
        site = web.TCPSite(runner, server.settings.host, server.settings.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.calls.base_url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        ending = asyncio.create_task(server.engine.run())
        try:
            yield server.calls.base_url
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)
    finally:
        await server.close()
        await runner.cleanup()


def run(settings: SimulatorSettings) -> int:
    """Serve as a process of its own until SIGTERM or SIGINT; tell the base URL on standard output when ready.

    Returns:
        0, or what sysexits.h has for the reason why it cannot serve, which is said on standard error.
    """
    try:
        asyncio.run(_run(settings))
    except FolderInUseError as error:
        return _refused(os.EX_TEMPFAIL, str(error))
    except FaultFileError as error:
        return _refused(os.EX_CONFIG, str(error))
    except LedgerError as error:
        return _refused(os.EX_IOERR, str(error))
    except MissingVideoExtraError as error:
        return _refused(os.EX_UNAVAILABLE, str(error))
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        if error.filename is None:  # no file, so the address
            said = f"{settings.host}:{settings.port}: {why}; choose another --port, or 0 for a free one"
            return _refused(os.EX_TEMPFAIL, said)
        return _refused(os.EX_CANTCREAT, f"{error.filename}: {why}; name another folder with --data-dir")
    return 0


def _refused(code: int, why: str) -> int:
    sys.stderr.write(f"error: {why}\n")
    return code


async def _run(settings: SimulatorSettings) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if settings.with_parent:
        threading.Thread(target=_wait_for_end, args=(loop, stop), daemon=True).start()
    async with serve(settings) as base_url:
        sys.stdout.write(f"{base_url}\n")
        sys.stdout.flush()
        await stop.wait()


def _wait_for_end(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop when standard input ends, which it does however its other end's process died."""
    while os.read(0, 4096):
        pass
    with contextlib.suppress(RuntimeError):  # the loop is closed: we are ending anyway
        loop.call_soon_threadsafe(stop.set)
