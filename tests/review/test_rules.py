"""Who may ask the review's server, and for what."""

from __future__ import annotations

import pytest

from batch.review.rules import asked_for, is_loopback, is_ours, lies_beside_page, type_of


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/secret/report/", "report/"),
        ("/secret/a%20b/c.mp4", "a b/c.mp4"),
        ("/secret/%C3%A4.mp4", "ä.mp4"),
        ("/secret/%2e%2e/state.sqlite", "../state.sqlite"),
        ("/secret/%ff.mp4", ""),
        ("/secret", ""),
        ("/secre/report/", None),
        ("/secrets/report/", None),
        ("/%73ecret/report/", None),
        ("//secret/report/", None),
        ("/", None),
        ("", None),
    ],
)
def test_a_path_asks_for_a_name_only_with_the_token(path: str, name: str | None) -> None:
    """The token is the first part of the path, as it stands; what follows is a name and never a way."""
    assert asked_for(path, "secret") == name


@pytest.mark.parametrize(
    ("hosts", "fine"),
    [
        (["127.0.0.1:8080"], True),
        (["LOCALHOST:1"], True),
        (["localhost"], True),
        (["[::1]:80"], True),
        ([], False),
        (["localhost", "evil.example"], False),
        (["evil.example:8080"], False),
        (["localhost.evil.example"], False),
        (["127.0.0.1.evil.example"], False),
        (["127.0.0.1:80@evil.example"], False),
        (["localhost:"], False),
        (["0.0.0.0:80"], False),
    ],
)
def test_only_a_loopback_name_is_answered(hosts: list[str], fine: bool) -> None:
    """A foreign name that was made to lead to this machine is that of a hostile page."""
    assert is_loopback(hosts) == fine


@pytest.mark.parametrize(
    ("origin", "fine"),
    [
        ("http://localhost:8080", True),
        (None, False),
        ("null", False),
        ("http://localhost:8081", False),
        ("http://127.0.0.1:8080", False),
        ("https://localhost:8080", False),
        ("http://localhost:8080.evil.example", False),
    ],
)
def test_decisions_come_from_our_own_page(origin: str | None, fine: bool) -> None:
    """Neither another site nor another server on this machine may decide, nor who names no origin."""
    assert is_ours(origin, "localhost:8080") == fine


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("report/report.csv", True),
        (f"report/thumbs/{'a' * 32}.jpg", True),
        (f"report/looks/{'0' * 32}-strip.jpg", True),
        (f"report/looks/{'0' * 32}-poster.jpg", True),
        ("report/report.html", False),
        ("report/looks/looks.jsonl", False),
        ("report/.lock", False),
        (f"report/thumbs/{'a' * 32}.jpg\n", False),
        (f"report/thumbs/../{'a' * 32}.jpg", False),
        ("state.sqlite", False),
    ],
)
def test_beside_the_page_lies_only_what_it_refers_to(name: str, fine: bool) -> None:
    """Measures, locks and the state are not for a browser."""
    assert lies_beside_page(name) == fine


def test_what_we_do_not_know_is_never_shown_as_a_page() -> None:
    """Bytes that came from elsewhere have no say in what they are."""
    types = [type_of(name) for name in ("a.MP4", "a.jpg", "a.html", "a.svg", "a")]
    assert types == ["video/mp4", "image/jpeg", *["application/octet-stream"] * 3]
