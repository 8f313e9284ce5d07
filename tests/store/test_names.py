"""Clip names in the state: no two items get what some file system takes for one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch.core.naming import NameFields, candidates, folded
from batch.store import changes, queries
from batch.store.state import Binding
from tests.store.conftest import NO_CAPS, intent, items, load, writing

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

HOSTILE = ["../../etc/x", "CON", "con", "x" * 300, "X" * 300, "\N{GRINNING FACE}", "a/b", "a:b", "a_b", "A_B", ".a_b"]
TEMPLATES = ("{sku}/{sku}-{aspect}-{duration}s.mp4", "{sku}.mp4", "all/{sku}.mp4")


def named(connection: sqlite3.Connection, skus: list[str], template: str) -> list[str]:
    """Let every SKU be bought, and give the names of their clips."""
    load(connection, items(skus))
    for item_id in range(1, len(skus) + 1):
        article = queries.article(connection, item_id)
        fields = NameFields(
            sku=article.sku,
            aspect=article.aspect,
            duration=article.duration,
            model=article.model,
            variant=article.variant,
            take=article.take,
            key=article.key,
        )
        changes.reserve(connection, item_id, intent(), NO_CAPS, candidates(template, fields))
    names = [queries.article(connection, item_id).name for item_id in range(1, len(skus) + 1)]
    assert None not in names
    return [name for name in names if name is not None]


def assert_apart(names: list[str]) -> None:
    """Hold names against file systems that ignore case or composition, their `.part` files and sidecars too."""
    assert len({folded(name) for name in names}) == len(names)
    assert len({folded(name.removesuffix(".mp4")) for name in names}) == len(names)


@pytest.mark.parametrize("template", TEMPLATES)
def test_known_troublemakers_get_names_of_their_own(connection: sqlite3.Connection, template: str) -> None:
    """Traversals, reserved names, long ones, and those that differ in case or in a forbidden letter only."""
    assert_apart(named(connection, HOSTILE, template))


def test_skus_that_differ_in_case_only_are_told_apart_by_their_keys(connection: sqlite3.Connection) -> None:
    """The first keeps the plain name; the others get eight characters of their keys."""
    first, second, third = named(connection, ["Lamp", "LAMP", "lamp"], "{sku}.mp4")
    assert first == "Lamp.mp4"
    keys = [queries.article(connection, item_id).key for item_id in (2, 3)]
    assert [second, third] == [f"LAMP-{keys[0][:8]}.mp4", f"lamp-{keys[1][:8]}.mp4"]


ALPHABET = st.sampled_from("aA\u00df\u1e9esS/\\:. _\u00e9e\u0301\u212b\u00e5\u0130\u0131I\u200d\N{GRINNING FACE}")


@given(
    skus=st.lists(
        st.text(ALPHABET, min_size=1, max_size=5) | st.text(max_size=8), min_size=2, max_size=12, unique=True
    ),
    template=st.sampled_from(TEMPLATES),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_two_skus_share_a_name(tmp_path_factory: pytest.TempPathFactory, skus: list[str], template: str) -> None:
    """Whatever they are made of."""
    path: Path = tmp_path_factory.mktemp("names") / "state.sqlite"
    with writing(path, Binding(job="spring", provider="simulator", host="localhost")) as connection:
        connection.execute("BEGIN")
        assert_apart(named(connection, skus, template))
        connection.execute("ROLLBACK")
