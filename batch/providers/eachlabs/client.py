"""each::labs over the network: sends what `wire` builds, and hands what arrives to its readers."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import httpx

from batch.core.headers import read_http_date
from batch.core.prediction import (
    ExecutionPage,
    Listing,
    NoAnswer,
    NotAccepted,
    NotListed,
    NotSent,
    PollOutcome,
    Seen,
    SubmitOutcome,
    SubmitRequest,
    Unclear,
    Upload,
)
from batch.net.body import Body, Ending, describe, read_body
from batch.net.clients import HEADERS, Client, api_client, clip_client, environment_proxy, trusted_certificates
from batch.net.transport import CONNECTIONS
from batch.providers.eachlabs.wire import executions, models, poll, submit, uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from batch.providers.secret import Secret

SUBMITS: Final = 16
"""Most submits at once: with more, httpx's own transport falls over and stays down."""

_MEGABYTE: Final = 1_000_000
_SUBMIT_CAP: Final = _MEGABYTE
_CALL_CAP: Final = 2 * _MEGABYTE
_PAGE_CAP: Final = 16 * _MEGABYTE  # a hundred rows of history carry their outputs

_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""The only errors that prove that nothing left; a lost answer raises the same `ReadError` as a lost request."""

_LOST: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)

_JSON: Final = {"Content-Type": "application/json"}

_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long the provider may take, in seconds.

    Attributes:
        connect: Until a connection stands.
        submit_read: Silence while the answer to a submit is awaited; long, since giving up leaves money in doubt.
        submit_total: A whole submit.
        read: Silence in any other call.
        total: Any other call as a whole: a byte a second is never silent.
        upload_total: Sending one frame.
    """

    connect: float = 10.0
    submit_read: float = 90.0
    submit_total: float = 180.0
    read: float = 30.0
    total: float = 60.0
    upload_total: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def _new_request_id() -> str:
    return str(uuid.uuid4())


class EachlabsProvider:
    """A `Provider` that speaks each::labs' wire contract, to each::labs or to a simulator of it.

    Args:
        base_url: Where it is, with or without a path; its exact host and port are open to uploads, too.
        key: Sent to `base_url` and nowhere else.
        allow_hosts: As in `network.allow_hosts`: further hosts whose private addresses uploads may go to.
        timeouts: See there.
        trust_env: Whether calls to the API go through the proxy that the environment names. Uploads never do: a proxy
            would dial addresses that nobody checked.
        clock: Seconds since 1970.
        new_request_id: Gives each request its own `X-Request-Id`, which the provider's support can look up.

    Raises:
        ValueError: If `base_url` or an entry of `allow_hosts` cannot be read.
        Unavailable: If the environment's proxy is of a kind that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        key: Secret,
        *,
        allow_hosts: tuple[str, ...] = (),
        timeouts: Timeouts = Timeouts(),
        trust_env: bool = True,
        clock: Callable[[], float] = time.time,
        new_request_id: Callable[[], str] = _new_request_id,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._key = key
        self._timeouts = timeouts
        self._clock = clock
        self._new_request_id = new_request_id
        self._offset = 0.0
        proxy = environment_proxy(base_url) if trust_env else None
        self._uploads = clip_client(base_url, allow_hosts, connect=timeouts.connect, read=timeouts.read)
        self._calls = api_client(proxy=proxy, connect=timeouts.connect, read=timeouts.read)
        self._submits = _submit_client(proxy, timeouts)
        self._submit_places = asyncio.Semaphore(SUBMITS)
        self._call_places = asyncio.Semaphore(CONNECTIONS)

    @property
    def clock_offset(self) -> float:
        """Seconds that the provider's clock is ahead of ours, from its newest `Date` header; 0 before the first."""
        return self._offset

    async def submit(self, request: SubmitRequest, settle: Callable[[SubmitOutcome], None]) -> SubmitOutcome:
        """Send the one paid request, once, over a connection of its own.

        If this is cancelled before the answer was read, `settle` is not called, and what became of the request is
        unknown.

        Args:
            request: What to make.
            settle: Called with the outcome in the same synchronous step that parsed it.
        """
        message = self._submits.build_request(
            "POST",
            f"{self._base}/v1/prediction",
            content=submit.submit_body(request),
            headers={**self._headers(), **_JSON, "Connection": "close"},
        )
        async with self._submit_places, AsyncExitStack() as held:
            outcome = await self._send_once(message, held)
            # No await stands between the reading and this line: a cancellation comes before it or after it.
            settle(outcome)
        return outcome

    async def _send_once(self, message: httpx.Request, held: AsyncExitStack) -> SubmitOutcome:
        try:
            async with asyncio.timeout(self._timeouts.submit_total):
                response = await self._submits.send(message, stream=True)
                held.push_async_callback(_close, response)
                return self._read_submit(response, await read_body(response, _SUBMIT_CAP))
        except _NOT_SENT as error:
            return NotSent(message=self._key.redact(describe(error)))
        except Exception as error:  # noqa: BLE001 - whatever else went wrong, the request may have arrived
            return Unclear(message=self._key.redact(describe(error)))

    def _read_submit(self, response: httpx.Response, body: Body) -> SubmitOutcome:
        self._note_clock(response.headers)
        if body.ending is Ending.TOO_LARGE:
            return Unclear(message=body.trouble, http_status=response.status_code)
        data = body.data if response.is_success else self._key.redact_bytes(body.data)
        outcome = submit.read_submit(
            response.status_code, response.headers, data, now=datetime.fromtimestamp(self._clock(), UTC)
        )
        if isinstance(outcome, Unclear) and body.trouble:
            outcome = replace(outcome, message=f"{outcome.message} ({body.trouble})")
        return self._without_key(outcome)

    async def poll(self, prediction_id: str) -> PollOutcome:
        """Look at a prediction once."""
        answer = await self._call("GET", f"/v1/prediction/{quote(prediction_id, safe='')}")
        if isinstance(answer, NoAnswer):
            return answer
        return self._without_key(poll.read_poll(prediction_id, answer.status, answer.body))

    async def cancel(self, prediction_id: str) -> NoAnswer | None:
        """Ask for a prediction to be cancelled; None when the provider took the request."""
        answer = await self._call("POST", f"/v1/prediction/{quote(prediction_id, safe='')}/cancel")
        if isinstance(answer, NoAnswer):
            return answer
        return None if 200 <= answer.status < 300 else poll.no_answer(answer.status, answer.body)

    async def executions(
        self, model: str, *, since: datetime, until: datetime, cursor: str | None
    ) -> ExecutionPage | NoAnswer:
        """List a page of what this account had made between two moments of the provider's clock."""
        query = executions.executions_query(model, since=since, until=until, cursor=cursor)
        answer = await self._call("GET", "/v2/executions", query=query, cap=_PAGE_CAP)
        return answer if isinstance(answer, NoAnswer) else executions.read_executions(answer.status, answer.body)

    async def listing(self, model: str) -> Listing | NotListed | NoAnswer:
        """Look a model up in the provider's catalogue."""
        answer = await self._call("GET", f"/v1/models/{quote(model, safe='')}", cap=_PAGE_CAP)
        return answer if isinstance(answer, NoAnswer) else models.read_listing(model, answer.status, answer.body)

    async def balance(self) -> Decimal | NoAnswer:
        """Ask for the account's balance in dollars; may be negative."""
        answer = await self._call("GET", "/v1/billing/balance")
        return answer if isinstance(answer, NoAnswer) else models.read_balance(answer.status, answer.body)

    async def upload(self, data: bytes, content_type: str, *, keep_seconds: int) -> Upload | NoAnswer:
        """Put a frame where the provider can read it. Free, and safe to repeat."""
        wanted = uploads.presign_body(content_type, keep_seconds=keep_seconds)
        answer = await self._call("POST", "/v1/upload/presign", content=wanted)
        if isinstance(answer, NoAnswer):
            return answer
        place = uploads.read_presign(answer.status, answer.body)
        if isinstance(place, NoAnswer):
            return place
        trouble = await self._put(place, data, content_type)
        return place.upload if trouble is None else trouble

    async def _put(self, place: uploads.Place, data: bytes, content_type: str) -> NoAnswer | None:
        """Send the bytes, without the key: the place may be another company's, and its URL is what opens it."""
        headers = {"Content-Type": content_type, **place.headers}
        answer = await self._ask(
            self._uploads, "PUT", place.put_url, headers=headers, content=data, total=self._timeouts.upload_total
        )
        if isinstance(answer, NoAnswer):
            return answer
        if 200 <= answer.status < 300:
            return None
        # A 403 here speaks of the place or its headers, never of our key.
        return replace(poll.no_answer(answer.status, answer.body), key_refused=False)

    async def delete_upload(self, upload_id: str) -> NoAnswer | None:
        """Remove a frame from the provider; None when it is gone."""
        answer = await self._call("DELETE", f"/v1/files/{quote(upload_id, safe='')}")
        if isinstance(answer, NoAnswer):
            return answer
        gone = 200 <= answer.status < 300 or answer.status in {404, 410}
        return None if gone else poll.no_answer(answer.status, answer.body)

    async def aclose(self) -> None:
        """Close every connection."""
        for client in (self._submits, self._calls, self._uploads):
            await client.aclose()

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        cap: int = _CALL_CAP,
    ) -> _Answer | NoAnswer:
        """Ask the API something that costs nothing."""
        headers = self._headers() if content is None else {**self._headers(), **_JSON}
        return await self._ask(
            self._calls, method, f"{self._base}{path}", headers=headers, query=query, content=content, cap=cap
        )

    async def _ask(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        cap: int = _CALL_CAP,
        total: float | None = None,
    ) -> _Answer | NoAnswer:
        """Send a request that may be repeated, and is once: a kept connection may have been closed meanwhile."""
        try:
            request = client.build_request(method, url, headers=headers, params=query, content=content)
            async with self._call_places, asyncio.timeout(total or self._timeouts.total):
                try:
                    return await self._exchange(client, request, cap)
                except _LOST:
                    return await self._exchange(client, request, cap)
        except TimeoutError:
            return NoAnswer(message="the answer took too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return NoAnswer(message=self._key.redact(describe(error)))

    async def _exchange(self, client: httpx.AsyncClient, request: httpx.Request, cap: int) -> _Answer | NoAnswer:
        response = await client.send(request, stream=True, follow_redirects=False)
        try:
            body = await read_body(response, cap)
        finally:
            await _close(response)
        status = response.status_code
        if client is self._calls:
            self._note_clock(response.headers)
        if body.ending is not Ending.WHOLE and status < 400:
            return NoAnswer(message=body.trouble, http_status=status)
        data = body.data if response.is_success else self._key.redact_bytes(body.data)
        return _Answer(status=status, headers=response.headers, body=data)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key.reveal()}", "X-Request-Id": self._new_request_id()}

    def _note_clock(self, headers: Mapping[str, str]) -> None:
        moment = read_http_date(headers.get("date", ""))
        if moment is not None:
            self._offset = moment.timestamp() - self._clock()

    def _without_key(self, outcome: _Outcome) -> _Outcome:
        """Take the key out of every message: what comes from here is stored, shown and reported."""
        found: Any = outcome
        if isinstance(found, Seen) and found.prediction.failure is not None:
            failure = found.prediction.failure
            failure = replace(failure, message=self._key.redact(failure.message))
            found = replace(found, prediction=replace(found.prediction, failure=failure))
        elif isinstance(found, NotAccepted | NotSent | Unclear | NoAnswer):
            found = replace(found, message=self._key.redact(found.message))
        result: _Outcome = found
        return result


def _submit_client(proxy: str | None, timeouts: Timeouts) -> httpx.AsyncClient:
    """Make the client for the paid request: plain httpx, whose errors are known, and nothing that repeats or reuses."""
    return Client(
        headers=HEADERS,
        timeout=httpx.Timeout(
            connect=timeouts.connect,
            read=timeouts.submit_read,
            write=timeouts.submit_read,
            pool=timeouts.connect,
        ),
        limits=httpx.Limits(max_connections=SUBMITS, max_keepalive_connections=0),
        verify=trusted_certificates(),
        proxy=proxy,
        follow_redirects=False,
        trust_env=False,
    )


async def _close(response: httpx.Response) -> None:
    """Let go of a connection whose answer was read; what goes wrong now changes nothing."""
    try:
        await response.aclose()
    except (httpx.HTTPError, OSError):
        return
