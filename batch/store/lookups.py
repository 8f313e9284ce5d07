"""Finding items by what a person or a provider calls them. Nothing here writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.audit import Booked
from batch.core.echo import upload_ids
from batch.core.phases import AttemptState, Phase
from batch.store.problems import read_word
from batch.store.queries import LET_GO_STATES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

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
        phase=read_word(Phase, phase),
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
    """Say which item has a prediction, in any of its attempts that no person let go."""
    query = f"SELECT item_id FROM attempt WHERE prediction_id = ? AND state NOT IN {LET_GO_STATES}"
    row = connection.execute(query, (prediction_id,)).fetchone()
    return None if row is None else int(row[0])


def attempt_of_echo(connection: sqlite3.Connection, echo: str) -> tuple[int, int] | None:
    """Say which attempt (item, number) an echoed picture belongs to."""
    for upload_id in upload_ids(echo):
        row = connection.execute("SELECT item_id, number FROM attempt WHERE upload_id = ?", (upload_id,)).fetchone()
        if row is not None:
            return int(row[0]), int(row[1])
    return None


def named_by_its_answer(connection: sqlite3.Connection, item_id: int, prediction_id: str) -> bool:
    """Say whether nothing but a submit's answer ever said that a prediction is an item's: no echo, and no person."""
    query = "SELECT kind FROM event WHERE item_id = ? AND json_extract(data, '$.prediction_id') = ?"
    kinds = {str(kind) for (kind,) in connection.execute(query, (item_id, prediction_id))}
    return kinds == {ev.SubmitAccepted.__name__}


def sku_of(connection: sqlite3.Connection, item_id: int) -> str:
    """Give an item's SKU."""
    return str(connection.execute("SELECT sku FROM item WHERE id = ?", (item_id,)).fetchone()[0])


_BOOKED = """
    SELECT item_id, sku, number, state, intent_at, prediction_id, settled, duplicates
    FROM attempt JOIN item ON item.id = item_id
"""


def _booked(row: tuple[int, str, int, str, float, str | None, int | None, str]) -> Booked:
    item_id, sku, number, state, intent_at, prediction_id, settled, duplicates = row
    return Booked(
        item_id=item_id,
        sku=sku,
        number=number,
        state=read_word(AttemptState, state),
        intent_at=intent_at,
        prediction_id=prediction_id,
        settled=settled,
        duplicates=tuple(json.loads(duplicates)),
    )


def clocks_apart(connection: sqlite3.Connection, offset: float) -> float:
    """Say by how many seconds, at most, two clocks were further apart at some intent than they are now."""
    query = "SELECT max(abs(clock_offset - ?)) FROM attempt"
    return float(connection.execute(query, (offset,)).fetchone()[0] or 0.0)


def models_bought(connection: sqlite3.Connection) -> list[str]:
    """List the models of all items that were ever submitted."""
    query = "SELECT DISTINCT model FROM orders JOIN item ON order_id = orders.id WHERE attempts > 0 ORDER BY model"
    return [str(model) for (model,) in connection.execute(query)]


def intents_of(connection: sqlite3.Connection, model: str) -> Iterator[float]:
    """List when a model's attempts were begun, in order."""
    query = (
        "SELECT intent_at FROM attempt JOIN item ON item.id = item_id JOIN orders ON orders.id = order_id"
        " WHERE model = ? ORDER BY intent_at"
    )
    yield from (float(at) for (at,) in connection.execute(query, (model,)))


def booked_between(connection: sqlite3.Connection, model: str, first: float, last: float) -> list[Booked]:
    """List a model's attempts that were begun between two moments, both included."""
    query = f"{_BOOKED} JOIN orders ON orders.id = order_id WHERE intent_at BETWEEN ? AND ? AND model = ?"
    return [_booked(row) for row in connection.execute(query, (first, last, model))]


def booked_by_prediction(connection: sqlite3.Connection, ids: list[str]) -> dict[str, Booked]:
    """Find the attempts of some prediction ids, also where the id is a duplicate's."""
    found: dict[str, Booked] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        marks = ", ".join("?" * len(part))
        last = f"ORDER BY state NOT IN {LET_GO_STATES}"  # who has it now is who is found
        for row in connection.execute(f"{_BOOKED} WHERE prediction_id IN ({marks}) {last}", part):
            one = _booked(row)
            found[one.prediction_id or ""] = one
    wanted = set(ids)
    for one in booked_with_duplicates(connection):
        found |= {id_: one for id_ in one.duplicates if id_ in wanted and id_ not in found}
    return found


def booked_with_duplicates(connection: sqlite3.Connection) -> list[Booked]:
    """List the attempts of which more than one prediction is known."""
    return [_booked(row) for row in connection.execute(f"{_BOOKED} WHERE duplicates != '[]'")]


def booked_attempt(connection: sqlite3.Connection, item_id: int, number: int) -> Booked:
    """Read one attempt."""
    return _booked(connection.execute(f"{_BOOKED} WHERE item_id = ? AND number = ?", (item_id, number)).fetchone())


def succeeded_twice(connection: sqlite3.Connection) -> Iterator[tuple[str, tuple[str, ...]]]:
    """List the items (SKU, prediction ids) of which more than one attempt has succeeded."""
    query = (
        "SELECT sku, group_concat(prediction_id) FROM attempt JOIN item ON item.id = item_id"
        " WHERE state = ? GROUP BY item_id HAVING count(*) > 1"
    )
    for sku, ids in connection.execute(query, (AttemptState.SUCCEEDED.value,)):
        yield sku, tuple(ids.split(","))


def strangers_among(connection: sqlite3.Connection, ids: list[str]) -> set[str]:
    """Say which of some predictions were found before to be somebody else's."""
    found: set[str] = set()
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        marks = ", ".join("?" * len(part))
        query = f"SELECT prediction_id FROM stranger WHERE prediction_id IN ({marks})"
        found.update(str(id_) for (id_,) in connection.execute(query, part))
    return found


def planned_with_prompt(connection: sqlite3.Connection, prompt: str) -> list[str]:
    """List the SKUs of items that are to be bought with exactly this prompt."""
    query = "SELECT sku FROM item WHERE phase = ? AND prompt = ? ORDER BY id LIMIT 20"
    return [str(sku) for (sku,) in connection.execute(query, (Phase.PLANNED.value, prompt))]


def nameless(connection: sqlite3.Connection) -> list[int]:
    """List the items that were submitted and whose clip has no name yet: only a rebuild leaves such."""
    return [
        int(item_id) for (item_id,) in connection.execute("SELECT id FROM item WHERE attempts > 0 AND name IS NULL")
    ]
