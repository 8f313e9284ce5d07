"""The state at a million items: loading them, moving them, and finding the last ten.

Transitions are measured in turns: a thousand waiters on `Store.apply`, then the same work with a commit each.

    .venv/bin/python -m tests.benchmarks.bench_state

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import statistics
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from batch.core import events as ev
from batch.core.lifecycle import Phase
from batch.core.media import Size
from batch.core.order import Order
from batch.core.pricing import ExactPrice
from batch.running.clock import utc_day
from batch.store import changes, queries
from batch.store.loading import LoadedPlan, load_plan
from batch.store.seal import close_seal
from batch.store.state import Binding, open_state
from batch.store.store import open_store
from tests.benchmarks.figures import told

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from batch.store.store import Store

ITEMS = 1_000_000
BATCH = 50_000
WAITERS = 1_000
ALONE = 2_000
ROUNDS = 5
LEFT = 10
BINDING = Binding(job="bench", provider="simulator", host="localhost")
ORDER = Order(
    duration=4,
    duration_seconds=Decimal(4),
    aspect="16:9",
    inputs={"duration": 4, "aspect_ratio": "16:9"},
    frame=Size(1280, 720),
    price=ExactPrice(usd=Decimal("0.40")),
)
EVENTS_OF_AN_ITEM = 4


def batches() -> Iterator[pl.DataFrame]:
    """A million rows as a plan gives them."""
    for start in range(0, ITEMS, BATCH):
        numbers = range(start, start + BATCH)
        frame = pl.DataFrame({"line": numbers, "key": [hashlib.sha256(b"%d" % n).hexdigest() for n in numbers]})
        number = pl.col("line").cast(pl.String)
        yield frame.with_columns(
            sku=pl.lit("sku-") + number,
            file=pl.lit("catalogue.parquet"),
            variant=pl.lit(1),
            take=pl.lit(0),
            order=pl.lit(0),
            prompt=pl.lit("A slow turn of product ") + number + pl.lit(" on white marble, soft studio light"),
            negative_prompt=pl.lit(None, pl.String),
            image=pl.lit("images/") + number + pl.lit(".jpg"),
            source=pl.lit("/catalogue/images/") + number + pl.lit(".jpg"),
            source_sha256=pl.col("key"),
            row=pl.lit('{"sku": "sku-') + number + pl.lit('", "title": "Product"}'),
        )


def load(connection: sqlite3.Connection, frames: Sequence[pl.DataFrame]) -> LoadedPlan:
    """Load the plan."""
    return load_plan(connection, model="sora-2", orders=(ORDER,), batches=frames, rejected=(), fingerprint="f")


def life(item_id: int, at: float) -> tuple[ev.Event, ...]:
    """What happens to an item from its intent to its clip's rendering."""
    intent = ev.Intended(
        at=at,
        run_id=1,
        day=utc_day(at),
        estimate=400_000,
        upload_id=f"u{item_id}",
        upload_url=f"https://cdn.example/uploads/u{item_id}.jpg",
        frame_sha256="f" * 64,
        recipe=1,
    )
    return (
        intent,
        ev.SubmitAccepted(at=at, prediction_id=f"p{item_id}", request_id="r"),
        ev.Rendered(at=at, cost=None, render_seconds=200.0),
        ev.CostSettled(at=at, cost=400_000),
    )


async def together(store: Store, ids: Sequence[int]) -> float:
    """Transitions a second with a waiter for each item."""

    async def one(item_id: int) -> None:
        for event in life(item_id, time.time()):
            await store.apply(item_id, event)

    start = time.perf_counter()
    await asyncio.gather(*(one(item_id) for item_id in ids))
    return len(ids) * EVENTS_OF_AN_ITEM / (time.perf_counter() - start)


def alone(connection: sqlite3.Connection, ids: Sequence[int]) -> float:
    """Transitions a second with a commit for each."""
    start = time.perf_counter()
    for item_id in ids:
        for event in life(item_id, time.time()):
            connection.execute("BEGIN IMMEDIATE")
            changes.apply(connection, item_id, event)
            connection.execute("COMMIT")
    return len(ids) * EVENTS_OF_AN_ITEM / (time.perf_counter() - start)


async def loading(path: Path, frames: Sequence[pl.DataFrame]) -> float:
    """Seconds until a million items are on disk."""
    store = await open_store(path, BINDING, now=time.time())
    start = time.perf_counter()
    await store.do(lambda connection: load(connection, frames))
    taken = time.perf_counter() - start
    await store.close()
    return taken


async def transitions(path: Path) -> tuple[float, float]:
    """Transitions a second, and how many times a commit for each that is; medians of several rounds."""
    fast, ratios = [], []
    ids = iter(range(1, ITEMS))
    for _ in range(ROUNDS):
        with contextlib.closing(open_state(path, BINDING)) as connection:
            slow = alone(connection, [next(ids) for _ in range(ALONE // EVENTS_OF_AN_ITEM)])
        close_seal(path)
        store = await open_store(path, BINDING, now=time.time())
        fast.append(await together(store, [next(ids) for _ in range(WAITERS)]))
        await store.close()
        ratios.append(fast[-1] / slow)
    return statistics.median(fast), statistics.median(ratios)


def finish_nearly_all(path: Path) -> None:
    """Leave ten items planned, and give all others an attempt that ended a day ago."""
    with contextlib.closing(open_state(path, BINDING)) as connection:
        connection.execute("BEGIN")
        connection.execute(
            "INSERT OR REPLACE INTO attempt (item_id, number, state, run_id, day, intent_at, clock_offset, answered_at,"
            " estimate, settled, unsettled, upload_id, upload_url, frame_sha256, recipe, prediction_id, request_id,"
            " message, looks, duplicates) SELECT id, 1, 'succeeded', 1, '2026-11-22', ?, 0, ?, 400000, 400000, 0, 'u',"
            " 'url', '', 1, 'p' || id, '', '', 0, '[]' FROM item WHERE id <= ?",
            (time.time() - 86_400, time.time() - 86_400, ITEMS - LEFT),
        )
        connection.execute(
            "UPDATE item SET phase = ?, attempts = 1, accepted = 1 WHERE id <= ?", (Phase.DONE.value, ITEMS - LEFT)
        )
        connection.execute("COMMIT")
    close_seal(path)


async def resuming(path: Path) -> tuple[float, float]:
    """Seconds until the first of the ten is in hand, and until all of a run's first questions are answered."""
    start = time.perf_counter()
    store = await open_store(path, BINDING, now=time.time())
    found = queries.planned(store.reader, after=0, limit=64)
    first = time.perf_counter() - start
    queries.planned_orders(store.reader)
    queries.in_flight(store.reader)
    queries.anything_accepted(store.reader)
    queries.submitted_in(store.reader, 1)
    queries.recent_submits(store.reader, time.time() - 60)
    queries.records_in(store.reader, Phase.RUNNING, Phase.MISSING)
    queries.counts(store.reader)
    everything = time.perf_counter() - start
    await store.close()
    assert len(found) == LEFT
    return first, everything


def main() -> None:
    """Measure on one file."""
    frames = list(batches())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "state.sqlite")
        taken = [asyncio.run(loading(Path(folder, f"{number}.sqlite"), frames)) for number in range(2)]
        taken.append(asyncio.run(loading(path, frames)))
        told("state: loading 1,000,000 items into a new state", statistics.median(taken), "s", 10)
        told("state: loading the same 1,000,000 again", asyncio.run(loading(path, frames)), "s", None)
        frames.clear()
        rate, ratio = asyncio.run(transitions(path))
        told("state: durable transitions, 1,000,000 rows, 1,000 waiters", rate, "1/s", None)
        told("state: the same beside one commit per transition", ratio, "x", None)
        finish_nearly_all(path)
        resumed = [asyncio.run(resuming(path)) for _ in range(ROUNDS)]
        told("state: resuming 1,000,000 items with 10 left", statistics.median(r[0] for r in resumed), "s", 2)
        told("state: all first questions of that run", statistics.median(r[1] for r in resumed), "s", 2)


if __name__ == "__main__":
    main()
