"""A state with items in it, and everything that a test of it needs to make things happen."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from batch.core import events as ev
from batch.core.media import Size
from batch.core.order import Order
from batch.core.pricing import ExactPrice
from batch.core.summary import ClipFacts
from batch.store import changes
from batch.store.changes import Caps
from batch.store.loading import LoadedPlan, load_plan
from batch.store.lock import RunLock, lock_path
from batch.store.state import Binding, open_state
from batch.store.store import Store, open_store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

NOW = 1_795_435_200.0  # 2026-11-23 12:00 UTC
DAY = "2026-11-23"
PRICE = 400_000
NO_CAPS = Caps(run=None, day=None, item=None)


def order(usd: str = "0.40", *, aspect: str = "16:9", duration: int = 4) -> Order:
    """Give what a row orders."""
    return Order(
        duration=duration,
        duration_seconds=Decimal(duration),
        aspect=aspect,
        inputs={"duration": duration, "aspect_ratio": aspect, "strength": Decimal("0.5")},
        frame=Size(1280, 720) if aspect == "16:9" else Size(720, 1280),
        price=ExactPrice(usd=Decimal(usd)),
    )


def items(skus: Sequence[str], *, prompt: str = "turn slowly", order_index: int = 0) -> pl.DataFrame:
    """Give a batch of a plan, as the plan makes it: one item a SKU."""
    rows = [
        {
            "key": hashlib.sha256(f"{sku}\0{prompt}\0{order_index}".encode(errors="surrogatepass")).hexdigest(),
            "sku": sku,
            "file": "m.csv",
            "line": line,
            "variant": 1,
            "take": 0,
            "order": order_index,
            "prompt": prompt,
            "negative_prompt": None,
            "image": f"{line}.jpg",
            "source": f"/p/{line}.jpg",
            "source_sha256": f"{line:064x}",
            "framing": None,
            "row": f'{{"line": "{line}"}}',
        }
        for line, sku in enumerate(skus, start=2)
    ]
    schema = {"line": pl.Int64, "variant": pl.Int32, "take": pl.Int32, "order": pl.Int32, "negative_prompt": pl.String}
    return pl.DataFrame(rows, schema_overrides=schema)


def load(
    connection: sqlite3.Connection,
    *batches: pl.DataFrame,
    orders: tuple[Order, ...] = (order(),),
    rejected: Sequence[tuple[str, int, str, str, str, str]] = (),
) -> LoadedPlan:
    """Make these batches the newest plan."""
    return load_plan(connection, model="sora-2", orders=orders, batches=batches, rejected=rejected, fingerprint="f")


def intent(
    *, run_id: int = 1, day: str = DAY, estimate: int = PRICE, at: float = NOW, upload: str = "u"
) -> ev.Intended:
    """Give an intent."""
    return ev.Intended(
        at=at,
        run_id=run_id,
        day=day,
        estimate=estimate,
        upload_id=upload,
        upload_url=f"https://cdn/{upload}.jpg",
        frame_sha256="f0",
        recipe=1,
    )


def clip(name: str = "a/a.mp4") -> ClipFacts:
    """Give a clip's facts."""
    return ClipFacts(path=name, bytes=9, sha256="c0", seconds=4.0, width=1280, height=720, has_audio=True)


@dataclass(slots=True, kw_only=True)
class States:
    """Opens one state, again and again, as a run does; whatever is left open is closed with the test.

    Attributes:
        binding: Whom the state belongs to.
    """

    path: Path
    binding: Binding = field(default_factory=lambda: Binding(job="spring", provider="simulator", host="localhost"))
    opened: list[Store] = field(default_factory=list)

    async def open(self, *, now: float = NOW) -> Store:
        """Lock, open and recover it."""
        store = await open_store(self.path, self.binding, now=now)
        self.opened.append(store)
        return store

    async def close(self) -> None:
        """Close the newest."""
        await self.opened.pop().close()

    async def filled(self, *skus: str, usd: str = "0.40") -> Store:
        """Open it with one run, and one item for each SKU, whose ids count from 1."""
        store = await self.open()
        await store.do(lambda connection: load(connection, items(skus), orders=(order(usd),)))
        await store.do(lambda connection: changes.begin_run(connection, NOW))
        return store

    async def happened(self, store: Store, item_id: int, *events: ev.Event) -> None:
        """Let events happen to an item."""
        for event in events:
            await store.apply(item_id, event)


@pytest.fixture
async def states(tmp_path: Path) -> AsyncIterator[States]:
    """Give a place for a state that does not exist yet."""
    states = States(path=tmp_path / "state" / "state.sqlite")
    yield states
    while states.opened:
        await states.close()


@contextlib.contextmanager
def writing(path: Path, binding: Binding) -> Iterator[sqlite3.Connection]:
    """Give a state's own writing connection, without a thread."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = RunLock(lock_path(path))
    connection = open_state(path, binding)
    try:
        yield connection
    finally:
        connection.close()
        lock.release()


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Give the writing connection of a new state."""
    with writing(tmp_path / "state.sqlite", Binding(job="spring", provider="simulator", host="localhost")) as opened:
        yield opened


def all_rows(connection: sqlite3.Connection, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Read everything that a query gives."""
    return connection.execute(query, values).fetchall()
