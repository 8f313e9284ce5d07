"""Which network addresses may be fetched from, as plain rules over `ipaddress` values.

A manifest names URLs, and so does the provider: neither may lead this program to the machines behind the firewall.
`ipaddress.is_global` is not enough for that: it says yes to NAT64, 6to4, fec0::/10, multicast and some metadata
services. What is dialled is decided in `batch.net`; what may be dialled is decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/32", "unspecified"),
        ("0.0.0.0/8", "reserved"),
        ("10.0.0.0/8", "private"),
        ("100.100.100.200/32", "a cloud's metadata service"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's metadata service"),
        ("169.254.169.254/32", "a cloud's metadata service"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.192/32", "a cloud's metadata service"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "reserved"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("fd00:ec2::254/128", "a cloud's metadata service"),
        ("fd20:ce::254/128", "a cloud's metadata service"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")


def forbidden(address: IPv4Address | IPv6Address) -> str | None:
    """Say why an address must not be dialled; None where it may be.

    Everything that the IANA special-purpose registries set apart is forbidden, and of IPv6 everything outside the
    global unicast space. An IPv4-mapped address counts as the IPv4 address in it.

    >>> forbidden(ip_address("10.1.2.3")), forbidden(ip_address("::ffff:127.0.0.1")), forbidden(ip_address("8.8.8.8"))
    ('private', 'loopback', None)
    """
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _V4 if address in network), None)
    if address.ipv4_mapped is not None:
        return forbidden(address.ipv4_mapped)
    for network, reason in _V6:
        if address in network:
            return reason
    return None if address in _GLOBAL_UNICAST else "reserved"


def read_literal(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is written as an address; None where it is a name.

    Raises:
        ValueError: If it looks like an address but is not written in the one usual way. `127.1`, `2130706433` and
            `0177.0.0.1` reach an address too, which one depends on who reads them.
    """
    bare = host.removeprefix("[").removesuffix("]")
    if ":" not in bare and not bare.replace(".", "").isdigit():
        return None
    try:
        return ip_address(bare)
    except ValueError:
        raise ValueError(f"{host!r} is no address in its usual form") from None


@dataclass(frozen=True, slots=True)
class Allowed:
    """A host whose private addresses are open.

    Attributes:
        host: Lower case, in its ASCII form, without brackets and without a trailing dot.
        port: The one port that is open; None opens every port.
    """

    host: str
    port: int | None

    def covers(self, host: str, port: int) -> bool:
        """Tell whether a request for this host and port is meant; names are compared, never what they resolve to."""
        return self.host == normal_host(host) and self.port in (None, port)


def normal_host(host: str) -> str:
    """Give a host in the form in which two of them can be compared.

    >>> normal_host("Bücher.Example."), normal_host("[::1]"), normal_host("0:0::1")
    ('xn--bcher-kva.example', '::1', '::1')
    """
    bare = host.strip().removeprefix("[").removesuffix("]").rstrip(".").lower()
    try:
        return str(ip_address(bare))
    except ValueError:
        pass
    try:
        return bare.encode("idna").decode("ascii")
    except UnicodeError:
        return bare


def read_allowed(text: str) -> Allowed:
    """Read a line of `network.allow_hosts`: `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.

    Raises:
        ValueError: If it is none of these; the message is for the owner of the job.
    """
    match = re.fullmatch(r"(\[[^\[\]]+\]|[^:/@\s\[\]]+)(?::(\d{1,5}))?", text.strip())
    if match is None:
        try:
            return Allowed(str(ip_address(text.strip())), None)
        except ValueError:
            raise ValueError(f"{text!r} is no host and no host:port, such as images.local:8080") from None
    port = int(match[2]) if match[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise ValueError(f"{text!r}: a port lies between 1 and 65535")
    return Allowed(normal_host(match[1]), port)


def allowed_by_url(url: str) -> Allowed:
    """Give the exact host and port of a base URL, as the one place that it opens.

    Raises:
        ValueError: If it is no http or https URL with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"{url!r} is no http or https URL")
    return Allowed(normal_host(parts.hostname), parts.port or DEFAULT_PORTS[parts.scheme])


def is_loopback(host: str) -> bool:
    """Tell whether a host, as written, is this machine; nothing is resolved."""
    name = normal_host(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
