"""Which addresses may be dialled, and how exceptions are written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.core.addresses import Allowed, allowed_by_url, forbidden, is_loopback, read_allowed, read_literal

FORBIDDEN = [
    ("0.0.0.0", "unspecified"),
    ("0.1.2.3", "reserved"),
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("100.64.0.1", "carrier-grade NAT"),
    ("100.100.100.200", "a cloud's metadata service"),
    ("168.63.129.16", "a cloud's metadata service"),
    ("169.254.169.254", "a cloud's metadata service"),
    ("169.254.0.1", "link-local"),
    ("192.0.0.192", "a cloud's metadata service"),
    ("192.0.0.1", "reserved"),
    ("192.0.2.1", "documentation"),
    ("192.88.99.1", "6to4 relay"),
    ("198.18.0.1", "benchmarking"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "reserved"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::7f00:1", "reserved"),
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:10.0.0.1", "private"),
    ("64:ff9b::7f00:1", "NAT64"),
    ("64:ff9b::808:808", "NAT64"),
    ("64:ff9b:1::1", "NAT64"),
    ("2001:0:1::1", "Teredo"),
    ("2001:2::1", "reserved"),
    ("2001:db8::1", "documentation"),
    ("2002:7f00:1::", "6to4"),
    ("3fff::1", "documentation"),
    ("4000::1", "reserved"),
    ("fc00::1", "private"),
    ("fd00:ec2::254", "a cloud's metadata service"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "link-local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
]


@pytest.mark.parametrize(("text", "reason"), FORBIDDEN)
def test_special_addresses_are_forbidden_with_their_reason(text: str, reason: str) -> None:
    """Every kind of address that is not on the public internet is named for what it is."""
    assert forbidden(ip_address(text)) == reason


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]
)
def test_public_addresses_may_be_dialled(text: str) -> None:
    """Neighbours of the special ranges stay open."""
    assert forbidden(ip_address(text)) is None


@given(st.ip_addresses())
def test_what_the_standard_library_calls_private_is_always_forbidden(address: IPv4Address | IPv6Address) -> None:
    """The rules are never laxer than `ipaddress`, whose versions disagree on mapped addresses."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert forbidden(address) is not None


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "1.2.3.4.5", "::1::", "[::g]"])
def test_unusual_spellings_of_an_address_are_no_literals_and_no_names(host: str) -> None:
    """What one reader takes for 127.0.0.1 and another for a name is refused by both."""
    with pytest.raises(ValueError, match="usual form"):
        read_literal(host)


def test_names_and_usual_literals_are_told_apart() -> None:
    """A name gives None, an address itself, with or without brackets."""
    assert read_literal("cdn.example.com") is None
    assert read_literal("0x7f.example") is None
    assert read_literal("[::1]") == ip_address("::1")
    assert read_literal("10.0.0.1") == ip_address("10.0.0.1")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("images.local", Allowed("images.local", None)),
        ("Images.Local.:8080", Allowed("images.local", 8080)),
        ("10.0.0.5:80", Allowed("10.0.0.5", 80)),
        ("[::1]", Allowed("::1", None)),
        ("[0:0::1]:8443", Allowed("::1", 8443)),
        ("fd00::5", Allowed("fd00::5", None)),
        ("bücher.local", Allowed("xn--bcher-kva.local", None)),
    ],
)
def test_exceptions_are_read(text: str, allowed: Allowed) -> None:
    """Hosts, hosts with ports and IPv6 addresses can be opened."""
    assert read_allowed(text) == allowed


@pytest.mark.parametrize("text", ["", "http://x", "a b", "x:0", "x:65536", "x:port", "[::1", "user@host", "x/y"])
def test_exceptions_that_cannot_be_read_say_so(text: str) -> None:
    """A misspelt exception is an error, not an exception for something else."""
    with pytest.raises(ValueError, match=r"no host|port"):
        read_allowed(text)


def test_an_exception_is_exact() -> None:
    """One port of one name is opened: no other port, no subdomain, no other spelling that resolves to the same."""
    rule = read_allowed("localhost:8080")
    assert rule.covers("LOCALHOST", 8080)
    assert not rule.covers("localhost", 8081)
    assert not rule.covers("a.localhost", 8080)
    assert not rule.covers("127.0.0.1", 8080)
    assert read_allowed("localhost").covers("localhost.", 1)


def test_a_base_url_opens_its_own_port() -> None:
    """Where the URL names no port, the scheme's is meant."""
    assert allowed_by_url("https://api.eachlabs.ai") == Allowed("api.eachlabs.ai", 443)
    assert allowed_by_url("http://[::1]:8765/base") == Allowed("::1", 8765)
    with pytest.raises(ValueError, match="no http or https"):
        allowed_by_url("ftp://x")


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("localhost", True),
        ("x.localhost", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("x", False),
    ],
)
def test_loopback_is_known_by_its_spelling(host: str, *, answer: bool) -> None:
    """Nothing is resolved to find out."""
    assert is_loopback(host) is answer
