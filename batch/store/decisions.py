"""What persons decided about clips. Only ever added to; the newest of an item holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batch.core.decision import Decision, Judgement
from batch.core.phases import Phase
from batch.core.trial import Wanted
from batch.store.problems import read_word

if TYPE_CHECKING:
    import sqlite3

DECISION_COLUMNS = "decision.judgement, decision.prompt, decision.note, decision.by, decision.at"
"""Columns for `read_decision`."""


def read_decision(row: tuple[Any, ...]) -> Decision | None:
    """Turn a row of `DECISION_COLUMNS` into a decision; None where a join found none."""
    judgement, prompt, note, by, at = row
    if judgement is None:
        return None
    return Decision(judgement=read_word(Judgement, judgement), prompt=prompt, note=note, by=by, at=at)


def holding(connection: sqlite3.Connection, item_id: int) -> Decision | None:
    """Give the decision that holds, also where it takes an earlier one back; None where nobody ever decided."""
    query = f"SELECT {DECISION_COLUMNS} FROM item JOIN decision ON decision.id = item.decision WHERE item.id = ?"
    row = connection.execute(query, (item_id,)).fetchone()
    return None if row is None else read_decision(row)


def standing(decision: Decision | None) -> Decision | None:
    """Give what stands: nothing where a decision takes an earlier one back."""
    return None if decision is None or decision.judgement is Judgement.OPEN else decision


def approved(connection: sqlite3.Connection) -> dict[Wanted, str]:
    """Give the take of each row's items that was approved last, if any was, and its length as it was ordered."""
    query = """
        SELECT sku, variant, aspect, take, duration FROM item
        JOIN decision ON decision.id = item.decision JOIN orders ON orders.id = order_id
        WHERE judgement = ? AND phase = ? ORDER BY decision.at, take, item.id
    """
    rows = connection.execute(query, (Judgement.APPROVE.value, Phase.DONE.value))
    newest = {tuple(row[:3]): row for row in rows}
    return {Wanted(*row[:4]): str(row[4]) for row in newest.values()}


def is_known(connection: sqlite3.Connection, item_id: int, decision: Decision) -> bool:
    """Say whether the very same decision was written before."""
    query = (
        "SELECT 1 FROM decision WHERE item_id = ? AND judgement = ? AND prompt IS ? AND note = ? AND by = ? AND at = ?"
    )
    values = (item_id, decision.judgement.value, decision.prompt, decision.note, decision.by, decision.at)
    return connection.execute(query, values).fetchone() is not None


def record(connection: sqlite3.Connection, item_id: int, decision: Decision) -> None:
    """Write a decision, which holds from now on."""
    cursor = connection.execute(
        "INSERT INTO decision (item_id, judgement, prompt, note, by, at) VALUES (?, ?, ?, ?, ?, ?)",
        (item_id, decision.judgement.value, decision.prompt, decision.note, decision.by, decision.at),
    )
    connection.execute("UPDATE item SET decision = ? WHERE id = ?", (cursor.lastrowid, item_id))
