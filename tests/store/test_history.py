"""What the state remembers of products whose rows have changed, or are gone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.store import changes, history
from batch.store.loading import load_plan
from batch.store.state import Binding, open_state
from tests.store.conftest import NO_CAPS, NOW, clip, intent, items, load, order

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

BINDING = Binding(job="spring", provider="simulator", host="localhost")
SUBJECT = {"background": "auto", "fit": "subject"}


@contextlib.contextmanager
def state(folder: Path) -> Iterator[sqlite3.Connection]:
    """A new state."""
    with contextlib.closing(open_state(folder / "state.sqlite", BINDING)) as connection:
        yield connection


def planned(connection: sqlite3.Connection, *batches: pl.DataFrame, fit: dict[str, str] | None = None) -> None:
    """Make a plan with its fit the newest one."""
    load_plan(
        connection, model="sora-2", orders=(order(),), batches=batches, rejected=(), fingerprint="f", fit=fit or SUBJECT
    )


def buy(connection: sqlite3.Connection, sku: str, *, done: bool) -> None:
    """Submit an item, and bring its clip home."""
    (item_id,) = connection.execute("SELECT id FROM item WHERE sku = ? ORDER BY id DESC LIMIT 1", (sku,)).fetchone()
    name = f"{sku}/{sku}-{item_id}.mp4"
    changes.reserve(connection, item_id, intent(upload=name), NO_CAPS, [name])
    changes.apply(connection, item_id, ev.SubmitAccepted(at=NOW, prediction_id=f"p-{item_id}", request_id="r"))
    if done:
        changes.apply(connection, item_id, ev.Rendered(at=NOW, cost=400_000, render_seconds=1.0))
        changes.apply(connection, item_id, ev.Downloaded(at=NOW, clip=clip(name)))


def test_what_left_the_manifest_is_known_with_its_clips(tmp_path: Path) -> None:
    """A changed row is not gone, nor is a rejected one, nor what was never bought."""
    with state(tmp_path) as connection:
        planned(connection, items(["changed", "gone", "rejected", "unbought", "flying"]))
        for sku in ("changed", "gone", "rejected"):
            buy(connection, sku, done=True)
        buy(connection, "flying", done=False)
        bad = [("m.csv", 3, "rejected", "image", "x.jpg", "there is no such file")]
        load(connection, items(["changed"], prompt="another"), rejected=bad)
        found = {one.sku: (one.clips, one.open) for one in history.gone_products(connection)}
        assert found == {"gone": (("gone/gone-2.mp4",), 0), "flying": ((), 1)}
        assert sorted(history.bought_skus(connection)) == ["changed", "flying", "gone", "rejected"]
        assert [one.sku for one in history.products(connection, {"gone"})] == ["gone"]


def test_an_item_keeps_the_fit_that_it_was_bought_with(tmp_path: Path) -> None:
    """Written once while it stays the same; what older versions planned has none."""
    with state(tmp_path) as connection:
        load(connection, items(["A"], prompt="before"))
        planned(connection, items(["A"], prompt="one"))
        planned(connection, items(["A"], prompt="two"))
        planned(connection, items(["A"], prompt="three"), fit={**SUBJECT, "fit": "contain"})
        told = [(item.ingredients.prompt, item.ingredients.fit) for item in history.items_of(connection, "A")]
        contain = {**SUBJECT, "fit": "contain"}
        assert told == [("before", None), ("one", SUBJECT), ("two", SUBJECT), ("three", contain)]
        assert connection.execute("SELECT count(*) FROM plan_fit").fetchone() == (2,)


def test_a_renamed_product_is_found_by_its_picture_and_words(tmp_path: Path) -> None:
    """Only where something of it was bought."""
    with state(tmp_path) as connection:
        planned(connection, items(["A", "B"]))
        buy(connection, "A", done=True)
        (first,) = history.items_like(connection, f"{2:064x}", "turn slowly")
        assert (first.sku, first.clip, first.bought) == ("A", "A/A-1.mp4", True)
        assert history.items_like(connection, f"{3:064x}", "turn slowly") == []
