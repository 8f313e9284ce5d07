"""httpx on aiohttp's connections, made safe to rely on.

httpx's own transport collapses at a few dozen requests in flight; aiohttp's does not. The adapter between the two lets
some of aiohttp's errors through as they are, and calls a lost connection a connect timeout; here every one becomes an
`httpx.TransportError` that says what happened.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from batch.net.gate import AddressRefused, Gate, GatedResolver

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

CONNECTIONS = 64
"""Most connections of one client; callers hold a semaphore of no more than this in front."""

_KEEP_ALIVE = 30.0
_READ_BUFFER = 1 << 18


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Turn whatever aiohttp raises into httpx's errors."""
    try:
        yield
    except AddressRefused as error:
        raise httpx.ConnectError(str(error)) from error
    except httpx.ConnectTimeout as error:
        if isinstance(error.__cause__, TimeoutError):
            raise
        raise httpx.RemoteProtocolError(f"connection lost: {error}") from error
    except (httpx.HTTPError, httpx.StreamError):
        raise
    except TimeoutError as error:
        raise httpx.ReadTimeout("timed out") from error
    except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
        raise httpx.RemoteProtocolError(f"{type(error).__name__}: {error}") from error


class _Stream(httpx.AsyncByteStream):
    """A body whose errors are httpx's."""

    def __init__(self, inner: httpx.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors():
            async for chunk in self._inner:
                yield chunk

    async def aclose(self) -> None:
        with _errors():
            await self._inner.aclose()


class Transport(httpx.AsyncBaseTransport):
    """httpx's seam, with aiohttp behind it.

    Args:
        context: Decides whose certificates are believed.
        gate: What may be dialled; None for a client that speaks to one place that the job names.
        proxy: An http proxy that everything goes through; only without a gate, which could not see past it.
    """

    def __init__(self, context: ssl.SSLContext, *, gate: Gate | None = None, proxy: str | None = None) -> None:
        if gate is not None and proxy is not None:
            raise ValueError("a proxy would open connections that the gate never sees")
        self._gate = gate
        self._context = context
        self._inner = AiohttpTransport(
            verify=context, proxy=None if proxy is None else httpx.Proxy(proxy), client=self._open_session
        )

    def _open_session(self) -> aiohttp.ClientSession:
        # An own session, because the adapter's would keep cookies.
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS,
            keepalive_timeout=_KEEP_ALIVE,
            ssl=self._context,
            resolver=None if self._gate is None else GatedResolver(self._gate),
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=_READ_BUFFER, trust_env=False
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; redirects come back as answers, and through here again if they are followed."""
        with _errors():
            if self._gate is not None:
                self._gate.check_url(URL(str(request.url)))
            response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Stream(response.stream)
        return response

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()
