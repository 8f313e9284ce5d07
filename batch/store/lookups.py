"""Finding items by what a person or a provider calls them. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.echo import upload_ids
from batch.core.phases import Phase

if TYPE_CHECKING:
    import sqlite3

_KEY_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An item, by the words that tell it from others."""

    item_id: int
    key: str
    sku: str
    phase: Phase
    aspect: str
    duration: str
    variant: int
    take: int


_NAMED = """
    SELECT item.id, lower(hex(key)), sku, phase, aspect, duration, variant, take
    FROM item JOIN orders ON orders.id = item.order_id
"""


def _named(row: tuple[int, str, str, str, str, str, int, int]) -> Named:
    item_id, key, sku, phase, aspect, duration, variant, take = row
    return Named(
        item_id=item_id,
        key=key,
        sku=sku,
        phase=Phase(phase),
        aspect=aspect,
        duration=duration,
        variant=variant,
        take=take,
    )


def items_named(connection: sqlite3.Connection, words: str) -> list[Named]:
    """List the items of a SKU or, where no item has it, those whose key begins like this."""
    rows = connection.execute(f"{_NAMED} WHERE sku = ? ORDER BY item.id", (words,)).fetchall()
    start = words.lower()
    if not rows and 4 <= len(start) <= _KEY_DIGITS and set(start) <= set("0123456789abcdef"):
        first, last = (bytes.fromhex(start.ljust(_KEY_DIGITS, digit)) for digit in "0f")
        rows = connection.execute(f"{_NAMED} WHERE key BETWEEN ? AND ? ORDER BY item.id", (first, last)).fetchall()
    return [_named(row) for row in rows]


def item_of_prediction(connection: sqlite3.Connection, prediction_id: str) -> int | None:
    """Say which item has a prediction, in any of its attempts."""
    row = connection.execute("SELECT item_id FROM attempt WHERE prediction_id = ?", (prediction_id,)).fetchone()
    return None if row is None else int(row[0])


def attempt_of_echo(connection: sqlite3.Connection, echo: str) -> tuple[int, int] | None:
    """Say which attempt (item, number) an echoed picture belongs to."""
    for upload_id in upload_ids(echo):
        row = connection.execute("SELECT item_id, number FROM attempt WHERE upload_id = ?", (upload_id,)).fetchone()
        if row is not None:
            return int(row[0]), int(row[1])
    return None


def sku_of(connection: sqlite3.Connection, item_id: int) -> str:
    """Give an item's SKU."""
    return str(connection.execute("SELECT sku FROM item WHERE id = ?", (item_id,)).fetchone()[0])
