"""A plan into the state: bought once, whatever the manifest does afterwards."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from batch.core import events as ev
from batch.store import queries, views
from batch.store.changes import apply, begin_run, end_run, finish, reserve
from batch.store.loading import load_plan
from tests.store.conftest import NO_CAPS, NOW, all_rows, clip, intent, items, load, order

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from tests.store.conftest import States

ACCEPTED = ev.SubmitAccepted(at=NOW, prediction_id="p1", request_id="r1")
RENDERED = ev.Rendered(at=NOW, cost=400_000, render_seconds=200.0)


def offered(connection: sqlite3.Connection) -> list[str]:
    """List the SKUs that may be bought, in the order in which they would be."""
    return [article.sku for article, _ in queries.planned(connection, after=0, limit=100)]


def make(connection: sqlite3.Connection, item_id: int, run_id: int = 1) -> None:
    """Let an item be bought, made and fetched."""
    reserve(connection, item_id, intent(run_id=run_id), NO_CAPS, [f"{item_id}.mp4"])
    apply(connection, item_id, ACCEPTED)
    apply(connection, item_id, RENDERED)
    finish(connection, item_id, ev.Downloaded(at=NOW, clip=clip()), run_id)


def test_a_new_plan_is_offered_in_manifest_order(connection: sqlite3.Connection) -> None:
    """Batch after batch, all of it planned, and countable."""
    plan = load(connection, items(["c", "a"]), items(["b"], prompt="other"))
    assert (plan.number, plan.items) == (1, 3)
    assert offered(connection) == ["c", "a", "b"]
    assert (queries.counts(connection).pending, queries.counts(connection).total) == (3, 3)


def test_offers_come_in_pages(connection: sqlite3.Connection) -> None:
    """Each item once, however small the page."""
    load(connection, items([f"s{number}" for number in range(10)]))
    seen: list[str] = []
    last = 0
    while page := queries.planned(connection, after=last, limit=3):
        seen += [article.sku for article, _ in page]
        last = page[-1][0].item_id
    assert seen == [f"s{number}" for number in range(10)]


def test_what_is_needed_to_buy_comes_back_exactly(connection: sqlite3.Connection) -> None:
    """Inputs in the types of the wire, money in micro-dollars, lengths as decimals."""
    load(connection, items(["00152"]), orders=(order("0.4000001", aspect="9:16", duration=8),))
    ((article, not_before),) = queries.planned(connection, after=0, limit=1)
    assert not_before == 0.0
    assert (article.sku, article.variant, article.take, article.prompt) == ("00152", 1, 0, "turn slowly")
    assert article.inputs == {"duration": 8, "aspect_ratio": "9:16", "strength": Decimal("0.5")}
    assert isinstance(article.inputs["duration"], int)
    assert isinstance(article.inputs["strength"], Decimal)
    assert (article.duration_seconds, article.width, article.height) == (Decimal(8), 720, 1280)
    assert article.estimate == 400_001
    assert queries.article(connection, article.item_id) == article


def test_the_same_plan_again_buys_nothing_again(connection: sqlite3.Connection) -> None:
    """Done items stay done, with their clip and money; the number goes up and nothing else."""
    load(connection, items(["a", "b"]))
    begin_run(connection, NOW)
    make(connection, 1)
    before = all_rows(connection, "SELECT id, key, phase, name, clip, done_run FROM item ORDER BY id")
    assert load(connection, items(["a", "b"])).number == 2
    assert all_rows(connection, "SELECT id, key, phase, name, clip, done_run FROM item ORDER BY id") == before
    assert offered(connection) == ["b"]
    counts = queries.counts(connection)
    assert (counts.done, counts.pending, counts.total) == (1, 1, 2)


def test_a_changed_row_is_a_new_item_and_the_old_one_stays(connection: sqlite3.Connection) -> None:
    """The clip of the old prompt is kept and paid for; it is counted no more."""
    load(connection, items(["a"]))
    begin_run(connection, NOW)
    make(connection, 1)
    load(connection, items(["a"], prompt="another"))
    assert offered(connection) == ["a"]
    counts = queries.counts(connection)
    assert (counts.done, counts.skipped, counts.pending, counts.total) == (0, 0, 1, 1)
    assert all_rows(connection, "SELECT phase FROM item ORDER BY id") == [("done",), ("planned",)]
    assert queries.cost(connection).settled == Decimal("0.40")


def test_a_row_that_is_gone_is_not_bought_and_comes_back_as_it_was(connection: sqlite3.Connection) -> None:
    """Planned again where nothing had happened; done where it was done."""
    load(connection, items(["a", "b"]))
    begin_run(connection, NOW)
    make(connection, 1)
    load(connection, items(["c"]))
    assert offered(connection) == ["c"]
    assert queries.counts(connection).total == 1
    load(connection, items(["a", "b"]))
    assert offered(connection) == ["b"]
    assert_told(connection, done=1, skipped=0)


def test_a_row_that_moves_is_shown_where_it_now_stands(connection: sqlite3.Connection) -> None:
    """Line, file, picture's place and the manifest's columns are the newest; what was bought is not touched."""
    load(connection, items(["a"]))
    moved = items(["a"]).with_columns(
        line=pl.lit(9, pl.Int64), file=pl.lit("n.csv"), image=pl.lit("x.png"), row=pl.lit('{"title": "A"}')
    )
    load(connection, moved)
    (view,) = views.items(connection)
    assert (view.line, view.image, view.row) == (9, "x.png", {"title": "A"})


def test_a_new_price_is_what_further_attempts_reserve(connection: sqlite3.Connection) -> None:
    """Of the items that are known already, too; what is reserved stays as it was."""
    load(connection, items(["a", "b"]), orders=(order("0.40"),))
    begin_run(connection, NOW)
    reserve(connection, 1, intent(), NO_CAPS, ["a.mp4"])
    load(connection, items(["a", "b"]), orders=(order("0.55"),))
    assert queries.article(connection, 2).estimate == 550_000
    assert queries.cost(connection).reserved == Decimal("0.40")
    assert all_rows(connection, "SELECT count(*) FROM orders") == [(1,)]


def test_orders_are_told_apart(connection: sqlite3.Connection) -> None:
    """An index into this plan's orders, wherever they stand in the state."""
    load(connection, items(["x"]), orders=(order(aspect="9:16"),))
    load(connection, items(["a"], order_index=1), items(["b"]), orders=(order(duration=8), order(aspect="9:16")))
    found = {
        article.sku: (article.aspect, article.duration) for article, _ in queries.planned(connection, after=0, limit=9)
    }
    assert found == {"a": ("9:16", "4"), "b": ("16:9", "8")}


def test_rejected_rows_are_those_of_the_newest_plan(connection: sqlite3.Connection) -> None:
    """And count as rejected items."""
    load(connection, items(["a"]), rejected=[("m.csv", 3, "b", "image", "x.gif", "no such file")])
    assert queries.counts(connection).rejected == 1
    (row,) = views.rejected(connection)
    assert (row.line, row.sku, row.column, row.value, row.reason) == (3, "b", "image", "x.gif", "no such file")
    load(connection, items(["a"]))
    assert queries.counts(connection).rejected == 0


def test_clips_of_earlier_runs_are_skipped_and_those_of_this_one_done(connection: sqlite3.Connection) -> None:
    """Counted and shown alike, also after a new plan has dropped some of them in the middle of a run."""
    load(connection, items(["a", "b", "c", "d"]))
    begin_run(connection, NOW)
    make(connection, 1)
    end_run(connection, 1, NOW, "done")
    begin_run(connection, NOW)
    make(connection, 2, run_id=2)
    make(connection, 3, run_id=2)
    assert_told(connection, done=2, skipped=1)
    load(connection, items(["a", "b"]))  # c, of this run, is gone
    assert_told(connection, done=1, skipped=1)
    load(connection, items(["a"]))
    assert_told(connection, done=0, skipped=1)


def test_a_clip_of_an_item_that_left_the_manifest_is_kept_and_not_counted(connection: sqlite3.Connection) -> None:
    """It was on its way when the row was taken out."""
    load(connection, items(["a", "b"]))
    begin_run(connection, NOW)
    make(connection, 1)
    end_run(connection, 1, NOW, "done")
    begin_run(connection, NOW)
    reserve(connection, 2, intent(run_id=2), NO_CAPS, ["b.mp4"])
    apply(connection, 2, ACCEPTED)
    load(connection, items(["a"]))
    apply(connection, 2, RENDERED)
    finish(connection, 2, ev.Downloaded(at=NOW, clip=clip()), 2)
    assert_told(connection, done=0, skipped=1)


def assert_told(connection: sqlite3.Connection, *, done: int, skipped: int) -> None:
    """Hold the counters and the item views of the newest plan against each other."""
    counts = queries.counts(connection)
    shown = [view.state for view in views.items(connection) if view.line]
    assert (counts.done, counts.skipped) == (done, skipped) == (shown.count("done"), shown.count("skipped"))
    assert counts.total == len(shown)


async def test_a_plan_that_breaks_in_the_middle_leaves_the_old_one(states: States) -> None:
    """Also the very first: the state stays whole and takes the next one."""
    store = await states.open()

    def broken(connection: sqlite3.Connection) -> None:
        def batches() -> Iterator[pl.DataFrame]:
            yield items(["a"])
            raise LookupError("the manifest changed while it was read")

        load_plan(connection, model="sora-2", orders=(order(),), batches=batches(), rejected=(), fingerprint="broken")

    for expected in (0, 2):
        with pytest.raises(LookupError):
            await store.do(broken)
        assert queries.counts(store.reader).total == expected
        await store.do(lambda connection: load(connection, items(["b", "c"])))
        assert offered(store.reader) == ["b", "c"]
    indexes = {row[1] for row in all_rows(store.reader, "PRAGMA index_list(item)")}
    assert indexes == {"item_key", "item_phase", "item_take"}


async def test_one_item_twice_in_a_plan_is_one_item(states: States) -> None:
    """Also where the plan is not the first: nothing is offered twice."""
    store = await states.filled("a")
    await store.do(lambda connection: load(connection, items(["a", "b"]), items(["a", "b"])))
    assert queries.counts(store.reader).total == 2
