"""What the state remembers of products whose rows have changed, or are gone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batch.core.ingredients import Ingredients
from batch.core.phases import ENDED, Phase
from batch.core.summary import GoneProduct
from batch.store.numbers import is_partial, newest_plan
from batch.store.problems import read_word
from batch.store.rows import read_clip

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable


def gone_products(connection: sqlite3.Connection) -> list[GoneProduct]:
    """List the products of which something was bought and that no row of the newest plan has, not even a bad one.

    None where that plan left rows out on purpose.
    """
    if is_partial(connection):
        return []
    plan = newest_plan(connection)
    rows = connection.execute(
        "SELECT sku, phase, clip FROM item WHERE plan != ? AND attempts > 0"
        " AND sku NOT IN (SELECT sku FROM item WHERE plan = ? UNION ALL SELECT sku FROM rejected) ORDER BY id",
        (plan, plan),
    )
    return _products(rows)


def bought_skus(connection: sqlite3.Connection) -> list[str]:
    """List every SKU of which something was bought."""
    return [sku for (sku,) in connection.execute("SELECT DISTINCT sku FROM item WHERE attempts > 0")]


def products(connection: sqlite3.Connection, skus: Collection[str]) -> list[GoneProduct]:
    """Read what was bought of some SKUs, which the caller knows to be gone."""
    if not skus:
        return []
    rows = connection.execute("SELECT sku, phase, clip FROM item WHERE attempts > 0 ORDER BY id")
    return _products(row for row in rows if row[0] in skus)


def _products(rows: Iterable[tuple[str, str, str | None]]) -> list[GoneProduct]:
    clips: dict[str, list[str]] = {}
    under_way: dict[str, int] = {}
    for sku, phase, clip in rows:
        paths = clips.setdefault(sku, [])
        if clip is not None:
            paths.append(read_clip(clip).path)
        if read_word(Phase, phase) not in ENDED:
            under_way[sku] = under_way.get(sku, 0) + 1
    return [GoneProduct(sku=sku, clips=tuple(paths), open=under_way.get(sku, 0)) for sku, paths in clips.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An item of the state, with everything that decided how its clip turns out.

    Attributes:
        bought: Whether something of it was ever submitted.
        clip: Its path, relative to the output folder; empty where there is none.
        ended_at: Unix seconds; None where it has not ended.
    """

    item_id: int
    key: str
    sku: str
    phase: Phase
    reason: str
    bought: bool
    clip: str
    prediction_id: str
    intent_at: float | None
    ended_at: float | None
    ingredients: Ingredients


_EARLIER = """
    SELECT item.id, lower(hex(key)), sku, phase, reason, attempts, clip, prediction_id, intent_at, ended_at, plan,
           prompt, negative, source, source_sha256, variant, take, model, aspect, inputs, framing
    FROM item JOIN orders ON orders.id = item.order_id
    LEFT JOIN attempt ON attempt.item_id = item.id AND attempt.number = item.attempts
"""


def items_of(connection: sqlite3.Connection, sku: str) -> list[Earlier]:
    """Read all items of a SKU, the newest last."""
    return _earlier(connection, connection.execute(f"{_EARLIER} WHERE sku = ? ORDER BY item.id", (sku,)))


def items_like(connection: sqlite3.Connection, source_sha256: str, prompt: str) -> list[Earlier]:
    """Read the bought items of any SKU that have this picture and these words: their SKU may have been renamed."""
    where = "WHERE source_sha256 = ? AND prompt = ? AND attempts > 0 ORDER BY item.id"
    return _earlier(connection, connection.execute(f"{_EARLIER} {where}", (source_sha256, prompt)))


def _earlier(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> list[Earlier]:
    fits = connection.execute("SELECT plan, fit FROM plan_fit ORDER BY plan").fetchall()
    return [_item(row, fits) for row in rows]


def _item(row: tuple[Any, ...], fits: list[tuple[int, str]]) -> Earlier:
    (item_id, key, sku, phase, reason, attempts, clip, prediction_id, intent_at, ended_at, plan) = row[:11]
    (prompt, negative, source, source_sha256, variant, take, model, aspect, inputs, framing) = row[11:]
    # Each is what held from its plan on; an item's own was that of the newest plan that held it.
    fit = next((text for since, text in reversed(fits) if since <= abs(plan)), None)
    return Earlier(
        item_id=item_id,
        key=key,
        sku=sku,
        phase=read_word(Phase, phase),
        reason=reason,
        bought=attempts > 0,
        clip="" if clip is None else read_clip(clip).path,
        prediction_id=prediction_id or "",
        intent_at=intent_at,
        ended_at=ended_at,
        ingredients=Ingredients(
            source_sha256=source_sha256,
            source=source,
            prompt=prompt,
            negative_prompt=negative,
            model=model,
            inputs=json.loads(inputs),
            aspect=aspect,
            fit=None if fit is None else json.loads(fit) | json.loads(framing or "{}"),
            variant=variant,
            take=take,
        ),
    )
