"""A plan into the state: new items are added, known ones updated, those that left the manifest kept but not bought."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batch.core.canonical import canonical
from batch.core.money import to_micros
from batch.core.pricing import upper
from batch.core.trial import WHOLE
from batch.store.changes import set_meta

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    import polars as pl

    from batch.core.order import Order

ITEM_COLUMNS = (
    "key",
    "sku",
    "file",
    "line",
    "variant",
    "take",
    "order",
    "prompt",
    "negative_prompt",
    "image",
    "source",
    "source_sha256",
    "framing",
    "row",
)
"""Columns of a plan's batches, in the order in which they are written."""

_INDEXES = (
    "CREATE UNIQUE INDEX item_key ON item(key)",
    "CREATE INDEX item_phase ON item(phase)",
)

_INSERT = """
    INSERT INTO item (key, sku, file, line, variant, take, order_id, prompt, negative, image, source, source_sha256,
                      framing, row, plan)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UPSERT = """
    ON CONFLICT (key) DO UPDATE SET plan = excluded.plan, file = excluded.file, line = excluded.line,
        image = excluded.image, source = excluded.source, framing = excluded.framing, row = excluded.row,
        order_id = excluded.order_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPlan:
    """What a load left behind."""

    number: int
    items: int


def load_plan(
    connection: sqlite3.Connection,
    *,
    model: str,
    orders: tuple[Order, ...],
    batches: Iterable[pl.DataFrame],
    rejected: Iterable[tuple[str, int, str, str, str, str]],
    fingerprint: str,
    fit: Mapping[str, Any] | None = None,
    partial: bool = False,
    command: str = WHOLE,
) -> LoadedPlan:
    """Make a plan the newest one, in the transaction that the caller has begun.

    Args:
        batches: Frames with `ITEM_COLUMNS`; `order` is an index into `orders`.
        rejected: File, line, SKU, column, value, reason of each row that could not become an item.
        fingerprint: Of everything that the plan was made from.
        fit: How it fits its pictures, as the keys of its items have it; None: not known.
        partial: Whether rows were left out for this plan alone, so that what it has not is not gone.
        command: What buys the rest of it, as `Trial.command`.
    """
    number = _next_number(connection)
    order_ids = [_order_id(connection, model, order) for order in orders]
    empty = connection.execute("SELECT 1 FROM item LIMIT 1").fetchone() is None
    if empty:  # indexes that come last cost a third
        _drop_indexes(connection)
    statement = _INSERT if empty else _INSERT + _UPSERT
    for batch in batches:
        connection.executemany(statement, _rows(batch, order_ids, number).iter_rows())
    if empty:
        for index in _INDEXES:
            connection.execute(index)
    connection.execute("DELETE FROM rejected")
    connection.executemany("INSERT INTO rejected VALUES (?, ?, ?, ?, ?, ?)", rejected)
    _keep_fit(connection, number, fit)
    set_meta(connection, "plan", str(number))
    set_meta(connection, "partial", "1" if partial else "")
    set_meta(connection, "command", command)
    _count_done_anew(connection, number)
    set_meta(connection, "fingerprint", fingerprint)
    return LoadedPlan(number=number, items=count_phases(connection, number))


def _keep_fit(connection: sqlite3.Connection, number: int, fit: Mapping[str, Any] | None) -> None:
    """Write down how a plan fits its pictures, where that is not what the plan before did."""
    if fit is None:
        return
    before = connection.execute("SELECT fit FROM plan_fit ORDER BY plan DESC LIMIT 1").fetchone()
    text = canonical(fit)
    if before is None or before[0] != text:
        connection.execute("INSERT INTO plan_fit (plan, fit) VALUES (?, ?)", (number, text))


def _rows(batch: pl.DataFrame, order_ids: list[int], plan: int) -> pl.DataFrame:
    """Give a batch as the table wants it, column by column: SQLite calling Python for every row costs a third."""
    import polars as pl  # noqa: PLC0415 - start-up counts; whoever has a batch has loaded it

    return batch.select(ITEM_COLUMNS).with_columns(
        key=pl.col("key").str.decode("hex"),
        order=pl.Series(order_ids, dtype=pl.Int64).gather(batch["order"]),
        plan=pl.lit(plan),
    )


def count_phases(connection: sqlite3.Connection, plan: int) -> int:
    """Count the items of a plan by phase anew; give their number."""
    connection.execute("DELETE FROM tally")
    connection.execute(
        "INSERT INTO tally (phase, items) SELECT phase, count(*) FROM item WHERE plan = ? GROUP BY phase", (plan,)
    )
    (items,) = connection.execute("SELECT coalesce(sum(items), 0) FROM tally").fetchone()
    return int(items)


def _count_done_anew(connection: sqlite3.Connection, plan: int) -> None:
    """Let the newest run, which may go on, count only those of its clips that the new plan still holds."""
    connection.execute(
        "UPDATE run SET done = (SELECT count(*) FROM item WHERE done_run = run.id AND plan = ?)"
        " WHERE id = (SELECT max(id) FROM run)",
        (plan,),
    )


def _drop_indexes(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX IF EXISTS item_key")
    connection.execute("DROP INDEX IF EXISTS item_phase")


def _next_number(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = 'plan'").fetchone()
    return 1 if row is None else int(row[0]) + 1


def _order_id(connection: sqlite3.Connection, model: str, order: Order) -> int:
    """Find or make the order's row; a changed price updates what further attempts reserve."""
    inputs = canonical(order.inputs)
    frame = order.frame
    identity = canonical(
        {"model": model, "inputs": inputs, "aspect": order.aspect, "width": frame.width, "height": frame.height}
    )
    values: tuple[Any, ...] = (
        identity,
        model,
        "" if order.duration is None else str(order.duration),
        None if order.duration_seconds is None else str(order.duration_seconds),
        order.aspect,
        json.dumps(json.loads(inputs)),
        frame.width,
        frame.height,
        to_micros(upper(order.price)),
    )
    connection.execute(
        "INSERT INTO orders (identity, model, duration, duration_seconds, aspect, inputs, width, height, estimate)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO UPDATE SET estimate = excluded.estimate",
        values,
    )
    (order_id,) = connection.execute("SELECT id FROM orders WHERE identity = ?", (identity,)).fetchone()
    return int(order_id)
