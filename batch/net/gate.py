"""The gate: what a connection may be opened to, decided on the address that is dialled.

Checking a URL before the request proves little: a name can resolve to another address a moment later, and a redirect
leads elsewhere. So the check sits inside the connection: names are resolved here, every address is looked at, and only
those that passed are handed on to be dialled. Every redirect is a request of its own and comes through here again.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from batch.core.addresses import DEFAULT_PORTS, Allowed, forbidden, read_literal
from batch.errors import SoraBatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from yarl import URL


class AddressRefused(SoraBatchError, OSError):
    """A connection was not opened, because of where it would have led.

    It is an `OSError` so that the HTTP library treats it like any other failure to connect; use `refused_reason` to
    find it again under the error that arrives.
    """


def refused_reason(error: BaseException) -> str | None:
    """Say why the gate refused a connection, out of whatever error arrived; None if it was not the gate."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, AddressRefused):
            return str(cause)
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return None


@dataclass(frozen=True, slots=True)
class Gate:
    """Which hosts are open although their addresses are not public.

    Attributes:
        open_to: Exact hosts, with or without a port; public addresses need no entry.
    """

    open_to: tuple[Allowed, ...] = ()

    def is_open(self, host: str, port: int) -> bool:
        """Tell whether a host and port were opened by name."""
        return any(rule.covers(host, port) for rule in self.open_to)

    def check_url(self, url: URL) -> None:
        """Check what can be told from a URL alone: its scheme, and its host where that is an address.

        Args:
            url: As the library that dials reads it; another reading could see another host.

        Raises:
            AddressRefused: If nothing may be fetched from there.
        """
        host = url.raw_host
        if url.scheme not in DEFAULT_PORTS or not host:
            raise AddressRefused(f"only http and https URLs are fetched, not {url.scheme or 'this'}")
        if url.raw_user or url.raw_password:
            raise AddressRefused("URLs with a user name or password in them are not fetched")
        if self.is_open(host, url.port or DEFAULT_PORTS[url.scheme]):
            return
        try:
            literal = read_literal(host)
        except ValueError as error:
            raise AddressRefused(str(error)) from None
        if literal is not None and (reason := forbidden(literal)) is not None:
            raise AddressRefused(f"{host} is not a public address ({reason})")


class GatedResolver(AbstractResolver):
    """Resolves names, and passes on only addresses that may be dialled.

    Args:
        gate: What is open.
        inner: Does the resolving; the system's resolver in a thread where left out.
    """

    def __init__(self, gate: Gate, inner: AbstractResolver | None = None) -> None:
        self._gate = gate
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the addresses of a host that may be dialled.

        Raises:
            AddressRefused: If it has addresses, and none of them may be.
            OSError: If it has none.
        """
        if self._inner is None:
            self._inner = ThreadedResolver()
        found = await self._inner.resolve(host, port, family)
        if self._gate.is_open(host, port):
            return found
        passed, reasons = _sift(found)
        if not passed:
            raise AddressRefused(f"{host} leads to no public address ({', '.join(reasons) or 'it has none'})")
        return passed

    async def close(self) -> None:
        """Close the inner resolver."""
        if self._inner is not None:
            await self._inner.close()


def _sift(found: Sequence[ResolveResult]) -> tuple[list[ResolveResult], list[str]]:
    passed: list[ResolveResult] = []
    reasons: dict[str, None] = {}
    for result in found:
        reason = forbidden(ip_address(result["host"]))
        if reason is None:
            passed.append(result)
        else:
            reasons[f"{result['host']} is {reason}"] = None
    return passed, list(reasons)
