"""The review page on HTTP, for one person on this machine.

Whoever does not know the token learns nothing, not even that there is a page. Files are only ever those that the page
refers to. Decisions are taken from our own page alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from batch.errors import Busy, Problem
from batch.review.rules import DECISIONS, PAGE, asked_for, is_loopback, is_ours, type_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from batch.review.desk import Desk

HOST: Final = "127.0.0.1"
MOST_BYTES: Final = 8_000_000
"""Of one batch of decisions: a hundred of the longest prompts."""
_CLOSING_SECONDS = 0.3

_HEADERS: Final = {
    # The page itself says what may run in it and where it may send to; that nobody frames it, only a header can say.
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server:
    """One review: its desk behind an address that nobody guesses.

    Attributes:
        token: The first part of every path.
        once: A path that leads to the page the first time that it is asked for: what a browser is started with stands
            in the list of processes, which other users of this machine can read.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rendering = asyncio.Lock()
        self.token = secrets.token_urlsafe(24)
        self.once = secrets.token_urlsafe(24)

    def app(self) -> web.Application:
        """Give the one route, which tells requests apart by itself: no address is taken as a pattern."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/{rest:.*}", self._answer)
        app.on_response_prepare.append(_with_headers)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.rel_url.raw_path
        name = asked_for(path, self.token)
        if not is_loopback(request.headers.getall("Host", [])):
            return web.Response(status=404 if name is None else 403)
        if name is None:
            return self._first_time(request) if path == f"/{self.once}" else web.Response(status=404)
        if name == DECISIONS and request.method == "POST":
            return await self._decisions(request)
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"Allow": "POST" if name == DECISIONS else "GET, HEAD"})
        if name == PAGE:
            return await self._page(request)
        return await self._file(name)

    def _first_time(self, request: web.Request) -> web.Response:
        if request.method != "GET":
            return web.Response(status=404)
        self.once = secrets.token_urlsafe(24)
        return web.Response(status=302, headers={"Location": f"/{self.token}/{PAGE}"})

    async def _page(self, request: web.Request) -> web.Response:
        async with self._rendering:  # one thread at a time: the others have clips to serve
            if request.transport is None or request.transport.is_closing():
                return web.Response(status=499)
            try:
                body = await asyncio.to_thread(self._desk.page)
            except Problem as problem:
                return web.Response(status=500, text=f"{problem}\n")
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    async def _file(self, name: str) -> web.StreamResponse:
        try:
            path = await asyncio.to_thread(self._desk.file, name)
        except Problem as problem:
            return web.Response(status=500, text=f"{problem}\n")
        if path is None:
            return web.Response(status=404)
        return web.FileResponse(path, headers={"Content-Type": type_of(name), "Cache-Control": "private, no-cache"})

    async def _decisions(self, request: web.Request) -> web.Response:
        if not is_ours(request.headers.get("Origin"), request.host):
            return _refused(403, "decisions are taken from the review page alone")
        if request.content_type != "application/json":
            return _refused(415, "expected application/json")
        try:
            decisions = _read(await request.read())
        except ValueError as error:
            return _refused(400, str(error))
        try:
            # What has begun is brought to its end, also where the browser has left or a signal ends us.
            answer = await asyncio.shield(self._desk.decide(decisions))
        except Problem as problem:
            return _refused(503 if isinstance(problem, Busy) else 500, problem.what)
        return web.json_response(answer)


def _read(body: bytes) -> list[dict[str, str | None]]:
    """Read what the page sends.

    Raises:
        ValueError: If it is not that.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("this is no JSON") from None
    decisions = told.get("decisions") if isinstance(told, dict) else None
    if not isinstance(decisions, list):
        raise ValueError("expected an object with a list of `decisions`")
    for number, one in enumerate(decisions, 1):
        if not isinstance(one, dict) or not all(value is None or _is_text(value) for value in one.values()):
            raise ValueError(f"decision {number} is no object of texts")
    return decisions


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a character
        return False
    return True


def _refused(status: int, reason: str) -> web.Response:
    return web.json_response({"reason": reason}, status=status)


async def _with_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - aiohttp's
    response.headers.update(_HEADERS)
    response.headers.popall("Server", None)  # which version of what serves here is nobody's business
    response.headers.setdefault("Cache-Control", "no-store")


@contextlib.asynccontextmanager
async def serving(desk: Desk, port: int) -> AsyncIterator[tuple[str, str]]:
    """Serve while inside; gives the page's address, and one that leads there once.

    Args:
        port: 0 takes a free one.

    Raises:
        Busy: If the port cannot be had.
    """
    server = Server(desk)
    runner = web.AppRunner(server.app(), access_log=None, handle_signals=False, shutdown_timeout=_CLOSING_SECONDS)
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            hint = "choose another --port, or leave it out for a free one"
            raise Busy(f"the port cannot be had: {error.strerror}", where=f"{HOST}:{port}", hint=hint) from error
        base = f"http://{HOST}:{runner.addresses[0][1]}"
        yield f"{base}/{server.token}/{PAGE}", f"{base}/{server.once}"
    finally:
        await desk.rest()
        await runner.cleanup()
