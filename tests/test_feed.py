"""The feed: every item that may be bought is offered once at a time, and nothing else is."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from batch.core import events as ev
from batch.running.feed import Feed
from tests.store.conftest import NOW, States, intent, items, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ACCEPTED = ev.SubmitAccepted(at=NOW, prediction_id="p", request_id="r")
FAILED = ev.Failed(at=NOW, code="WORKER_LOST", message="", refused=False, cost=0, render_seconds=1.0, retry_at=NOW)


@pytest.fixture
async def states(tmp_path: Path) -> AsyncIterator[States]:
    """Give a place for a state."""
    states = States(path=tmp_path / "state.sqlite")
    yield states
    while states.opened:
        await states.close()


async def feed_of(states: States) -> Feed:
    """Give the feed of a state whose frames cost nothing."""

    async def frame(*_: object) -> str:
        return "frame"

    desk: Any = SimpleNamespace(
        store=states.opened[-1],
        only=None,
        timing=SimpleNamespace(longest_retry_pause=150.0),
        clock=SimpleNamespace(now=lambda: NOW + 1),
        changed=asyncio.Event(),
        picture_path=lambda _: None,
        frame_target=lambda _: None,
        fit=None,
        frames=SimpleNamespace(frame=frame),
    )
    return Feed(desk, ahead=2)


async def offered(feed: Feed) -> list[str]:
    """Take everything that the feed has now."""
    skus = []
    while not feed.empty:
        ready = await feed.next()
        assert ready is not None
        skus.append(ready.article.sku)
    return skus


async def test_an_item_that_fails_before_its_turn_is_offered_once(states: States) -> None:
    """It was running when the feed began, and lies behind what was read: it comes with its turn, and only then."""
    skus = [f"S{number}" for number in range(100)]
    store = await states.filled(*skus)
    await states.happened(store, 100, intent(), ACCEPTED)
    feed = await feed_of(states)
    assert not feed.empty  # the first items are read
    await states.happened(store, 100, FAILED)
    feed.put_back(100, NOW)
    assert sorted(await offered(feed)) == sorted(skus)


async def test_an_item_that_left_the_manifest_is_not_bought_again(states: States) -> None:
    """What it had running is paid for and fetched; when that fails, nobody wants a further attempt."""
    store = await states.filled("gone", "stays")
    await states.happened(store, 1, intent(), ACCEPTED)
    await store.do(lambda connection: load(connection, items(["stays"])))
    feed = await feed_of(states)
    assert not feed.empty
    await states.happened(store, 1, FAILED)
    feed.put_back(1, NOW)
    assert await offered(feed) == ["stays"]
