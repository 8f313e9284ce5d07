"""What goes over the connection: answers as HTTP, and the ways in which a connection misbehaves."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import struct
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from batch.simulator import answers
from batch.simulator.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from batch.simulator.faults import Fault

MEGABYTE = 1_000_000
RETRY_AFTER_DATE_SECONDS = 30
_DATE_AHEAD = re.compile(r"date(?:\+(\d{1,4}))?")

# Faults that concern the exchange itself, whatever the call; the rest is the business of the call's handler.
WIRE_FAULTS = frozenset(
    {
        "status",
        "html",
        "redirect",
        "reset",
        "lost_answer_after_accept",
        "silence",
        "delay",
        "truncated",
        "malformed",
        "huge",
        "stale",
        "no_id",
        "error_with_200",
        "same_id",
    }
)


class NoAnswerError(Exception):
    """The connection is gone on purpose: there is nothing to send and nobody to send it to."""


def encoded(answer: Answer) -> tuple[bytes, str]:
    """Give an answer's body as bytes, and its content type."""
    if isinstance(answer.body, bytes):
        return answer.body, answer.headers.get("Content-Type", "application/octet-stream")
    if isinstance(answer.body, str):
        return answer.body.encode(), answer.headers.get("Content-Type", "text/html")
    return json.dumps(answer.body).encode(), "application/json"


def response(answer: Answer, headers: dict[str, str]) -> web.Response:
    """Make an answer an HTTP response; `headers` are those that every response has."""
    body, content_type = encoded(answer)
    return web.Response(
        status=answer.status, body=body, headers={**answer.headers, **headers, "Content-Type": content_type}
    )


def abort(request: web.BaseRequest) -> None:
    """Break the connection with a reset, as a peer that has died does."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Misbehaviour:
    """One exchange under one wire fault."""

    def __init__(
        self,
        request: web.Request,
        headers: dict[str, str],
        handle: Callable[[], Awaitable[Answer]],
        last_created: Callable[[], str | None],
        later: set[asyncio.Task[None]],
    ) -> None:
        self._request = request
        self._headers = headers
        self._handle = handle
        self._last_created = last_created
        self._later = later

    async def respond(self, fault: Fault) -> web.StreamResponse:
        """Answer as the fault has it.

        Raises:
            NoAnswerError: The connection was broken instead.
        """
        options = fault.options
        match fault.name:
            case "reset" | "lost_answer_after_accept" | "silence":
                raise await self._broken(fault)
            case "delay":
                if options["when"] == "before":
                    await asyncio.sleep(options["seconds"])
                answer = await self._handle()
                if options["when"] == "after":
                    await asyncio.sleep(options["seconds"])
                return response(answer, self._headers)
            case "truncated":
                return await self._truncated(await self._handled(fault))
            case "huge":
                return await self._huge(await self._handled(fault), int(options["megabytes"] * MEGABYTE))
            case "same_id":
                earlier, answer = self._last_created(), await self._handled(fault)
                if earlier is not None:
                    answer = replace(answer, body=answers.created(earlier))
                return response(answer, self._headers)
            case _:
                return response(_replaced(fault, await self._handled(fault)), self._headers)

    async def _broken(self, fault: Fault) -> NoAnswerError:
        if fault.name == "lost_answer_after_accept" or fault.options.get("accepted"):
            await self._handle()
        elif fault.options.get("when") == "after":
            await self._request.read()
        if fault.name == "silence":
            await asyncio.sleep(fault.options["seconds"])
        abort(self._request)
        return NoAnswerError(fault.name)

    async def _handled(self, fault: Fault) -> Answer:
        """Let the call take effect, now or later, or not at all; give what it answers."""
        if (seconds := fault.options.get("late")) is not None:
            task = asyncio.create_task(self._afterwards(seconds))
            self._later.add(task)
            task.add_done_callback(self._later.discard)
        elif fault.options.get("accepted"):
            return await self._handle()
        return Answer(status=200, body=answers.created("00000000-0000-4000-8000-000000000000"))

    async def _afterwards(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._handle()

    async def _truncated(self, answer: Answer) -> web.StreamResponse:
        """Announce the whole body, send half of it and break the connection."""
        body, content_type = encoded(answer)
        headers = {**self._headers, "Content-Type": content_type, "Content-Length": str(len(body))}
        stream = web.StreamResponse(status=answer.status, headers=headers)
        await stream.prepare(self._request)
        await stream.write(body[: len(body) // 2])
        raise await close(self._request)

    async def _huge(self, answer: Answer, size: int) -> web.StreamResponse:
        """Send the answer with that many bytes of padding inside its JSON."""
        body, _ = encoded(answer)
        stream = web.StreamResponse(status=answer.status, headers={**self._headers, **_JSON})
        await stream.prepare(self._request)
        await stream.write(b'{"padding": "')
        for sent in range(0, size, MEGABYTE):
            await stream.write(b"x" * min(MEGABYTE, size - sent))
        await stream.write(b'", ' + body.lstrip()[1:])
        await stream.write_eof()
        return stream


_JSON = {"Content-Type": "application/json"}


def _replaced(fault: Fault, answer: Answer) -> Answer:
    """Give the answer that stands in for the true one."""
    options = fault.options
    match fault.name:
        case "status":
            body = answers.default_error(options["status"]) if options["body"] is None else options["body"]
            return Answer(status=options["status"], body=body, headers=_retry_after(options["retry_after"]))
        case "html":
            text = "<html><body><h1>Bad gateway</h1></body></html>"
            return Answer(status=options["status"], body=text)
        case "redirect":
            return Answer(status=options["status"], body=b"", headers={"Location": options["location"]})
        case "malformed":
            return Answer(status=200, body='{"status": "success", "predictionID": ', headers=_JSON)
        case "no_id":
            return Answer(status=200, body={"status": "success", "message": "Prediction created successfully"})
        case "error_with_200":
            return Answer(status=200, body={"status": "error", "message": options["message"]})
        case _:
            return answer


async def close(request: web.BaseRequest) -> NoAnswerError:
    """Close the connection in an orderly way, once what was written has left."""
    if request.transport is not None:
        request.transport.close()
    await asyncio.sleep(0)
    return NoAnswerError("closed early")


def _retry_after(value: Any) -> dict[str, str]:
    """Give the header: seconds and nonsense as they stand, "date" as half a minute from now, "date+5" as 5 seconds."""
    if value is None:
        return {}
    if (date := _DATE_AHEAD.fullmatch(str(value))) is not None:
        seconds = int(date[1] or RETRY_AFTER_DATE_SECONDS)
        at = datetime.fromtimestamp(datetime.now(tz=UTC).timestamp() + seconds, tz=UTC)
        return {"Retry-After": format_datetime(at, usegmt=True)}
    return {"Retry-After": str(value)}
