"""httpx's seam with aiohttp's connections behind it.

httpx's own transport collapses at a few dozen requests in flight and does not recover; aiohttp's does not collapse.
The published adapter, httpx-aiohttp, rewrites percent-escapes in URLs (which signed URLs do not survive everywhere),
keeps cookies, lets some of aiohttp's errors through, and calls a lost connection a connect timeout. This one sends a
URL as it is written, keeps nothing, and raises `httpx.TransportError` and nothing else.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import aiohttp
import httpx
from yarl import URL

from batch.net.gate import AddressRefused, Gate, GatedResolver

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

CONNECTIONS: Final = 64
"""Most connections of one client; callers hold a semaphore of no more than this in front."""

_KEEP_ALIVE: Final = 30.0
_READ_BUFFER: Final = 1 << 18
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NOT_OURS_TO_ADD: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Turn whatever aiohttp raises into httpx's errors; which of them prove something, the callers decide."""
    try:
        yield
    except (aiohttp.ConnectionTimeoutError, aiohttp.ClientProxyConnectionError) as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except AddressRefused as error:
        raise httpx.ConnectError(str(error)) from error
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error) or "timed out") from error
    except aiohttp.ServerDisconnectedError as error:
        raise httpx.RemoteProtocolError("the server closed the connection without an answer") from error
    except aiohttp.ClientPayloadError as error:
        raise httpx.ReadError("the connection was lost before the end of the answer") from error
    except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as error:
        raise httpx.RemoteProtocolError(f"{type(error).__name__}: {error}") from error


class _Stream(httpx.AsyncByteStream):
    """The body of an answer, in whatever pieces it arrives."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors():
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end; close it otherwise."""
        self._response.release()


class Transport(httpx.AsyncBaseTransport):
    """Sends httpx's requests over aiohttp's connections.

    Args:
        context: Decides whose certificates are believed.
        gate: What may be dialled; None for a client that speaks to one place that the job names. Behind a gate the
            bodies of redirects are not read: httpx would take all of one into the memory before it goes on.
        per_host: Most connections to one host and port, also where redirects of others lead; 0 for no limit.
        proxy: An http proxy that everything goes through; only without a gate, which could not see past it.

    Raises:
        ValueError: If both a gate and a proxy are given.
    """

    def __init__(
        self, context: ssl.SSLContext, *, gate: Gate | None = None, per_host: int = 0, proxy: str | None = None
    ) -> None:
        if gate is not None and proxy is not None:
            raise ValueError("a proxy would open connections that the gate never sees")
        self._gate = gate
        self._context = context
        self._per_host = per_host
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None

    def _open_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=CONNECTIONS,
            limit_per_host=self._per_host,
            keepalive_timeout=_KEEP_ALIVE,
            ssl=self._context,
            resolver=None if self._gate is None else GatedResolver(self._gate),
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=_READ_BUFFER,
            skip_auto_headers=_NOT_OURS_TO_ADD,
            trust_env=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; a redirect comes back as an answer, and through here again if it is followed.

        Raises:
            httpx.TransportError: For whatever goes wrong; `refused_reason` tells if it was the gate.
        """
        # Opened here, because a session belongs to the loop that runs.
        self._session = self._session or self._open_session()
        timeouts = request.extensions.get("timeout", {})
        with _errors():
            url = URL(str(request.url), encoded=True)
            if self._gate is not None:
                self._gate.check_url(url)
            response = await self._session.request(
                request.method,
                url,
                headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                data=await request.aread() or None,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=timeouts.get("pool"),
                    sock_connect=timeouts.get("connect"),
                    sock_read=timeouts.get("read"),
                ),
            )
        if self._gate is not None and response.status in _REDIRECTS:
            response.close()
            nothing = httpx.ByteStream(b"")
            return httpx.Response(response.status, headers=response.raw_headers, stream=nothing, request=request)
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Stream(response), request=request)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
