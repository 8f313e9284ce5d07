"""Takes: an item that is made once more in another's place, which keeps its clip and leaves the plan."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from batch.core.decision import Judgement
from batch.core.item import item_key, shared_part
from batch.core.override import Override
from batch.core.phases import Phase
from batch.store.changes import read_one, set_meta
from batch.store.numbers import newest_plan
from batch.store.queries import article

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from batch.core.note import Note
    from batch.core.trial import Trial
    from batch.store.queries import Article

_UNBOUGHT = frozenset({Phase.PLANNED, Phase.REJECTED, Phase.FAILED})
"""Phases in which a take of which nothing was ever accepted can be withdrawn."""

_OVERRIDE = "SELECT sku, variant, aspect, take, row_prompt, row_negative, prompt, lower(hex(before)), note, by, at"


class UnknownFitError(Exception):
    """A key cannot be made again from what the state says, so that a plan made later could come to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who wants a new take, when (Unix seconds), and why; the reason may be empty."""

    by: str
    at: float
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTake:
    """A take that is planned.

    Attributes:
        key: In hex.
        take: 1 or more.
        estimate: Micro-dollars for one attempt.
    """

    key: str
    sku: str
    take: int
    estimate: int


def _read(row: tuple[Any, ...]) -> Override:
    sku, variant, aspect, take, row_prompt, row_negative, prompt, before, note, by, at = row
    return Override(
        sku=sku,
        variant=variant,
        aspect=aspect,
        take=take,
        row_prompt=row_prompt,
        row_negative=row_negative,
        prompt=prompt,
        before=before,
        note=note,
        by=by,
        at=at,
    )


def overrides(connection: sqlite3.Connection, trial: Trial | None = None) -> tuple[Override, ...]:
    """List the overrides that hold: of each row's item the highest take, or the one that a call asks for.

    Where a lower take was approved after the highest was asked for, that one follows it, unless it is the first.
    """
    if trial is not None and trial.only is not None:
        asked = {one for one in trial.only if one.take}
        every = (_read(row) for row in connection.execute(f"{_OVERRIDE} FROM override")) if asked else ()
        return tuple(one for one in every if (one.sku, one.variant, one.aspect, one.take) in asked)
    # Of a group, SQLite gives the other columns from the row that has the maximum.
    query = f"{_OVERRIDE}, max(take) FROM override GROUP BY sku, variant, aspect, row_prompt, row_negative"
    highest = [_read(row[:-1]) for row in connection.execute(query)]
    approved = _approved_last(connection) if highest else {}
    return tuple(found for one in highest for found in _with_approved(connection, one, approved))


def _approved_last(connection: sqlite3.Connection) -> dict[tuple[str, int, str], tuple[int, str, float]]:
    """Give take, prompt and moment of the clip that was approved last, by SKU, variant and aspect; of redone rows."""
    query = """
        SELECT item.sku, item.variant, orders.aspect, item.take, item.prompt, max(decision.at)
        FROM decision JOIN item ON item.decision = decision.id JOIN orders ON orders.id = item.order_id
        WHERE judgement = ? AND phase = ? AND (item.sku, item.variant, orders.aspect) IN
            (SELECT sku, variant, aspect FROM override)
        GROUP BY item.sku, item.variant, orders.aspect
    """
    rows = connection.execute(query, (Judgement.APPROVE.value, Phase.DONE.value))
    return {(sku, variant, aspect): (take, prompt, at) for sku, variant, aspect, take, prompt, at in rows}


def _with_approved(
    connection: sqlite3.Connection, highest: Override, approved: Mapping[tuple[str, int, str], tuple[int, str, float]]
) -> Iterable[Override]:
    known = approved.get((highest.sku, highest.variant, highest.aspect))
    if known is None or known[0] == highest.take or known[2] <= highest.at:
        yield highest
        return
    take, prompt, _ = known
    lower = _of_take(connection, highest.sku, highest.variant, highest.aspect, take)
    if not (prompt == highest.row_prompt if lower is None else _row_of(lower) == _row_of(highest)):
        yield highest
        return
    yield replace(highest, durations=_lengths(connection, highest))
    if lower is not None:
        yield lower


def _row_of(override: Override) -> tuple[str, str]:
    return override.row_prompt, override.row_negative


def _of_take(connection: sqlite3.Connection, sku: str, variant: int, aspect: str, take: int) -> Override | None:
    query = f"{_OVERRIDE} FROM override WHERE sku = ? AND variant = ? AND aspect = ? AND take = ?"
    row = connection.execute(query, (sku, variant, aspect, take)).fetchone()
    return None if row is None else _read(row)


def _lengths(connection: sqlite3.Connection, override: Override) -> frozenset[str]:
    """List the lengths at which a take was tried."""
    query = (
        "SELECT DISTINCT duration FROM item JOIN orders ON orders.id = order_id"
        " WHERE sku = ? AND variant = ? AND aspect = ? AND take = ? AND (attempts > 0 OR phase != 'planned')"
    )
    values = (override.sku, override.variant, override.aspect, override.take)
    return frozenset(str(duration) for (duration,) in connection.execute(query, values))


def override_of(connection: sqlite3.Connection, item: Article) -> Override | None:
    """Give the override that an item was made by; None for a first take."""
    return _of_take(connection, item.sku, item.variant, item.aspect, item.take)


def made_after(connection: sqlite3.Connection, key: str) -> Override | None:
    """Give the override of the take that was made in place of an item; None where it is the newest."""
    query = f"{_OVERRIDE} FROM override WHERE before = ? ORDER BY take DESC LIMIT 1"
    row = connection.execute(query, (bytes.fromhex(key),)).fetchone()
    return None if row is None else _read(row)


def was_answered(connection: sqlite3.Connection, note: Note, at: float) -> bool:
    """Say whether a take was made for a redo of a clip, even if one in between left no clip and so no note."""
    if made_after(connection, note.key) is not None:
        return True
    query = (
        "SELECT EXISTS (SELECT 1 FROM override WHERE sku = ? AND variant = ? AND aspect = ? AND take > ? AND at >= ?)"
    )
    values = (note.sku, note.variant, note.aspect, note.take, at)
    return bool(connection.execute(query, values).fetchone()[0])


def newest_of(connection: sqlite3.Connection, override: Override) -> int | None:
    """Give the item of the highest take of an override's row: the planned one, or else the last; None before a plan."""
    row = connection.execute(
        "SELECT item.id FROM item JOIN orders ON orders.id = order_id"
        " WHERE sku = ? AND variant = ? AND take > 0 AND aspect = ?"
        " ORDER BY take DESC, plan DESC, item.id DESC LIMIT 1",
        (override.sku, override.variant, override.aspect),
    ).fetchone()
    return None if row is None else int(row[0])


def plan_take(
    connection: sqlite3.Connection, old: Article, *, prompt: str, fit: Mapping[str, Any], asked: Asked
) -> NewTake:
    """Let a new take have an item's place in the newest plan, which holds the item.

    Args:
        prompt: What it is asked for with.
        fit: How the job fits pictures, where the state does not know how this one was.
        asked: Who wants it.

    Raises:
        UnknownFitError: If its key could not be made again by a plan; nothing is written then.
    """
    own = override_of(connection, old)
    override = Override(
        sku=old.sku,
        variant=old.variant,
        aspect=old.aspect,
        take=_next_take(connection, old),
        row_prompt=old.prompt if own is None else own.row_prompt,
        row_negative=old.negative_prompt or "",
        prompt=prompt,
        before=old.key,
        note=asked.note,
        by=asked.by,
        at=asked.at,
    )
    key = _key(old, _fit_of(connection, old, fit), prompt=prompt, take=override.take)
    write_override(connection, override)
    item_id = _insert(connection, old, override, key)
    leave_plan(connection, old.item_id)
    enter_plan(connection, item_id)
    return NewTake(key=key, sku=old.sku, take=override.take, estimate=old.estimate)


def withdraw(connection: sqlite3.Connection, override: Override, fit: Mapping[str, Any]) -> bool:
    """Take a take back of which nothing was ever bought; the item before it has its place again.

    Where the picture or the job has changed since, that item is another's place's: the next run plans anew.

    Args:
        override: What the take was made by.
        fit: As for `plan_take`.

    Returns:
        Whether it is withdrawn; what was bought stays.
    """
    made = _items_of(connection, override)
    records = [read_one(connection, item_id) for item_id in made]
    if any(record.accepted or record.phase not in _UNBOUGHT for record in records):
        return False
    connection.execute(
        "DELETE FROM override WHERE sku = ? AND variant = ? AND aspect = ? AND take = ?",
        (override.sku, override.variant, override.aspect, override.take),
    )
    plan = newest_plan(connection)
    planned = [item_id for item_id in made if _plan_of(connection, item_id) == plan]
    for item_id in planned:
        leave_plan(connection, item_id)
    if not made or not all(_takes_place_again(connection, item_id, override, fit) for item_id in planned):
        set_meta(connection, "fingerprint", "")
    return True


def _takes_place_again(
    connection: sqlite3.Connection, item_id: int, override: Override, fit: Mapping[str, Any]
) -> bool:
    """Put the item before a take back into its place, if the row as it is now still comes to it."""
    row = connection.execute("SELECT id FROM item WHERE key = ?", (bytes.fromhex(override.before),)).fetchone()
    if row is None:
        return False
    taken, before = article(connection, item_id), article(connection, int(row[0]))
    try:
        now = _key(taken, _fit_of(connection, taken, fit), prompt=before.prompt, take=before.take)
    except UnknownFitError:
        return False
    if now != before.key:
        return False
    connection.execute(
        "UPDATE item SET (file, line, image, source, framing, row, order_id) ="
        " (SELECT file, line, image, source, framing, row, order_id FROM item WHERE id = ?) WHERE id = ?",
        (item_id, before.item_id),
    )
    enter_plan(connection, before.item_id)
    return True


def write_override(connection: sqlite3.Connection, override: Override) -> bool:
    """Write an override, unless its take is known already; say whether it is new."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO override"
        " (sku, variant, aspect, take, row_prompt, row_negative, prompt, before, note, by, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            override.sku,
            override.variant,
            override.aspect,
            override.take,
            override.row_prompt,
            override.row_negative,
            override.prompt,
            bytes.fromhex(override.before),
            override.note,
            override.by,
            override.at,
        ),
    )
    return cursor.rowcount > 0


def _items_of(connection: sqlite3.Connection, override: Override) -> list[int]:
    query = (
        "SELECT item.id FROM item JOIN orders ON orders.id = order_id"
        " WHERE sku = ? AND variant = ? AND take = ? AND take > 0 AND aspect = ? ORDER BY item.id"
    )
    values = (override.sku, override.variant, override.take, override.aspect)
    return [int(item_id) for (item_id,) in connection.execute(query, values)]


def _next_take(connection: sqlite3.Connection, old: Article) -> int:
    """Count on from what is known, and from what was ever tried: a take that was only planned leaves no gap."""
    tried = (
        "SELECT max(take) FROM item JOIN orders ON orders.id = order_id"
        " WHERE sku = ? AND variant = ? AND take > 0 AND aspect = ? AND (attempts > 0 OR phase != 'planned')"
    )
    known = "SELECT max(take) FROM override WHERE sku = ? AND variant = ? AND aspect = ?"
    values = (old.sku, old.variant, old.aspect)
    found = [connection.execute(query, values).fetchone()[0] or 0 for query in (tried, known)]
    return max(*found, old.take) + 1


def _fit_of(connection: sqlite3.Connection, of: Article, fit: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find how an item's picture is fitted: what the state says, or else the job, if it leads to the item's own key.

    A key that a later plan does not come to would be bought twice.

    Raises:
        UnknownFitError: If neither does.
    """
    known = connection.execute("SELECT fit FROM plan_fit ORDER BY plan DESC LIMIT 1").fetchone()
    told: list[Mapping[str, Any]] = [] if known is None else [json.loads(known[0], parse_float=Decimal)]
    for one in (*told, fit):
        if _key(of, one, prompt=of.prompt, take=of.take) == of.key:
            return one
    raise UnknownFitError


def _key(of: Article, fit: Mapping[str, Any], *, prompt: str, take: int) -> str:
    own = json.loads(of.framing or "{}", parse_float=Decimal)
    return item_key(
        shared=shared_part(model=of.model, inputs=of.inputs, aspect=of.aspect, fit={**fit, **own}),
        sku=of.sku,
        source_sha256=of.source_sha256,
        prompt=prompt,
        negative_prompt=of.negative_prompt,
        variant=of.variant,
        take=take,
    )


def _insert(connection: sqlite3.Connection, old: Article, override: Override, key: str) -> int:
    """Insert the new take's item; one that was withdrawn before is there already."""
    connection.execute(
        "INSERT INTO item (key, plan, sku, file, line, variant, take, order_id, prompt, negative, image, source,"
        " source_sha256, framing, row)"
        " SELECT ?, 0, sku, file, line, variant, ?, order_id, ?, negative, image, source, source_sha256, framing, row"
        " FROM item WHERE id = ? ON CONFLICT (key) DO NOTHING",
        (bytes.fromhex(key), override.take, override.prompt, old.item_id),
    )
    return int(connection.execute("SELECT id FROM item WHERE key = ?", (bytes.fromhex(key),)).fetchone()[0])


def _plan_of(connection: sqlite3.Connection, item_id: int) -> int:
    return int(connection.execute("SELECT plan FROM item WHERE id = ?", (item_id,)).fetchone()[0])


def leave_plan(connection: sqlite3.Connection, item_id: int) -> None:
    """Take an item out of the newest plan; its plan's number turns negative, and still says how it was fitted."""
    connection.execute("UPDATE item SET plan = -plan WHERE id = ?", (item_id,))
    _count(connection, item_id, -1)


def enter_plan(connection: sqlite3.Connection, item_id: int) -> None:
    """Put an item into the newest plan."""
    connection.execute("UPDATE item SET plan = ? WHERE id = ?", (newest_plan(connection), item_id))
    _count(connection, item_id, 1)


def _count(connection: sqlite3.Connection, item_id: int, change: int) -> None:
    connection.execute(
        "INSERT INTO tally (phase, items) SELECT phase, ? FROM item WHERE id = ?"
        " ON CONFLICT (phase) DO UPDATE SET items = items + excluded.items",
        (change, item_id),
    )
    connection.execute(
        "UPDATE run SET done = done + ? WHERE id = (SELECT max(id) FROM run)"
        " AND id = (SELECT done_run FROM item WHERE id = ?)",
        (change, item_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """Which take follows which, for all items that have more than one; read once.

    Attributes:
        before: By SKU, variant, aspect and take: key of the item that the take was made in place of.
        after: By key: key of the take that was made in its place.
        lines: By SKU, variant and aspect: the line of the row whose item is a further take now.
    """

    before: Mapping[tuple[str, int, str, int], str]
    after: Mapping[str, str]
    lines: Mapping[tuple[str, int, str], int]


def chains(connection: sqlite3.Connection) -> Chains:
    """Read which take follows which."""
    query = "SELECT sku, variant, aspect, take, lower(hex(before)) FROM override"
    before = {tuple(row[:4]): row[4] for row in connection.execute(query)}
    after: dict[str, str] = {}
    lines: dict[tuple[str, int, str], int] = {}
    plan = newest_plan(connection)
    for key, sku, variant, aspect, take, line, planned in _takes(connection, plan):
        if replaced := before.get((sku, variant, aspect, take)):
            after[replaced] = key  # of several, the planned one comes last
        if planned:
            lines[sku, variant, aspect] = line
    return Chains(before=before, after=after, lines=lines)


def _takes(connection: sqlite3.Connection, plan: int) -> Iterable[tuple[str, str, int, str, int, int, int]]:
    yield from connection.execute(
        "SELECT lower(hex(key)), sku, variant, aspect, take, line, plan = ? FROM item"
        " JOIN orders ON orders.id = order_id WHERE take > 0 ORDER BY plan = ?, item.id",
        (plan, plan),
    )
