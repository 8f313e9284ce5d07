"""The clients that the rest of the program is given."""

from __future__ import annotations

import functools
import urllib.request
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from batch import __version__
from batch.core.addresses import Allowed, allowed_by_url, is_loopback, read_allowed
from batch.errors import Unavailable
from batch.net.gate import Gate
from batch.net.transport import Transport

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

REDIRECTS: Final = 5
PICTURES_PER_HOST: Final = 4
"""Most connections to one host of pictures, however many other hosts send us there."""

HEADERS: Final = {
    "User-Agent": f"sora-batch/{__version__}",
    "Accept": "*/*",
    # A few kilobytes of gzip can unpack to gigabytes: nothing is unpacked here, so nothing packed is asked for.
    "Accept-Encoding": "identity",
}


class _NoCookies(httpx.Cookies):
    """Stays empty."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Keep nothing."""


class Client(httpx.AsyncClient):
    """An httpx client that keeps no cookies: nobody here has a session, and looking for them costs 7% of a request."""

    @property
    def cookies(self) -> httpx.Cookies:
        """Always empty."""
        return _NoCookies()

    @cookies.setter
    def cookies(self, _: object) -> None:
        raise AttributeError("this client sends no cookies")


@functools.cache
def trusted_certificates() -> ssl.SSLContext:
    """Give the certificates to believe: httpx's, or those that `SSL_CERT_FILE` or `SSL_CERT_DIR` name."""
    return httpx.create_ssl_context()


def picture_client(allow_hosts: Iterable[str], *, connect: float = 10.0, read: float = 30.0) -> httpx.AsyncClient:
    """Make the client for pictures that a manifest names: public addresses, and what the job opens by name.

    Args:
        allow_hosts: As in `network.allow_hosts`.
        connect: Seconds for a connection.
        read: Seconds of silence.

    Raises:
        ValueError: If an entry of `allow_hosts` cannot be read.
    """
    rules = [read_allowed(text) for text in allow_hosts]
    return _gated(rules, per_host=PICTURES_PER_HOST, connect=connect, read=read)


def clip_client(
    base_url: str, allow_hosts: Iterable[str] = (), *, connect: float = 10.0, read: float = 30.0
) -> httpx.AsyncClient:
    """Make the client for clips and uploads: public addresses, the provider's exact host and port, what the job opens.

    Args:
        base_url: The provider's.
        allow_hosts: As in `network.allow_hosts`.
        connect: Seconds for a connection.
        read: Seconds of silence.

    Raises:
        ValueError: If the URL or an entry of `allow_hosts` cannot be read.
    """
    rules = [allowed_by_url(base_url), *(read_allowed(text) for text in allow_hosts)]
    return _gated(rules, connect=connect, read=read)


def _gated(rules: list[Allowed], *, per_host: int = 0, connect: float, read: float) -> httpx.AsyncClient:
    return Client(
        transport=Transport(trusted_certificates(), gate=Gate(tuple(rules)), per_host=per_host),
        headers=HEADERS,
        timeout=httpx.Timeout(connect=connect, read=read, write=read, pool=None),
        follow_redirects=True,
        max_redirects=REDIRECTS,
        trust_env=False,
    )


def api_client(*, proxy: str | None, connect: float, read: float) -> httpx.AsyncClient:
    """Make the client for calls to the one place that the job names: many in flight, connections kept, no redirects."""
    return Client(
        transport=Transport(trusted_certificates(), proxy=proxy),
        headers=HEADERS,
        timeout=httpx.Timeout(connect=connect, read=read, write=read, pool=None),
        follow_redirects=False,
        trust_env=False,
    )


def environment_proxy(base_url: str) -> str | None:
    """Give the proxy that the environment (or the system) names for a URL; None on loopback and where it names none.

    Raises:
        Unavailable: If it is of a kind that cannot be used.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    named = urllib.request.getproxies()
    proxy = named.get(parts.scheme) or named.get("all")
    if not proxy:
        return None
    url = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(url).scheme not in {"http", "https"}:
        raise Unavailable(
            f"the environment names a {urlsplit(url).scheme} proxy for {host}, which is not supported",
            hint=f"set {parts.scheme.upper()}_PROXY to an http:// proxy, or NO_PROXY={host}",
        )
    return url
