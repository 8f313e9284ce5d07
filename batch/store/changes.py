"""What a transaction can do to the state. Every function here runs inside one, on the writer's connection."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.events import Intended, SubmitAccepted, SubmitUnclear
from batch.core.lifecycle import Attempt, Phase, Record, advance
from batch.core.naming import folded
from batch.store.rows import READ_RECORD, WRITE_ATTEMPT, event_json, read_record, write_attempt, write_clip

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from batch.core.events import Downloaded, Event, SubmitEvent

_RESUME_WITHIN = 24 * 3600.0

SIGNALLED = "stopped by a signal; the same command goes on where it was"
"""Why a run ended that goes on when the same job is run again soon; the report says it as it stands."""

DIED = "died"
"""Why a run ended whose process never said so, and that began too long ago to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Most micro-dollars that may be spent and reserved together; None where there is no cap."""

    run: int | None
    day: int | None
    item: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What money is wanted for: under which run and UTC day an attempt would count, and its micro-dollars."""

    run_id: int
    day: str
    estimate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapReached:
    """An attempt that would have gone beyond a cap; nothing was written.

    Attributes:
        scope: `run`, `day` or `item`.
        cap: Micro-dollars.
        committed: Micro-dollars spent and reserved under it already.
    """

    scope: str
    cap: int
    committed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the state knows it."""

    id: int
    started_at: float
    resumed: bool


_IN_NEWEST_PLAN = """
    SELECT 1 FROM item WHERE id = ? AND plan = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'plan')
"""

# One statement for all scopes, and one for both phases: these run with every event.
_MOVE_MONEY = """
    INSERT INTO purse (scope, estimated, reserved, settled, possibly)
    VALUES (?, ?, ?, ?, ?), (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)
    ON CONFLICT (scope) DO UPDATE SET
        estimated = estimated + excluded.estimated, reserved = reserved + excluded.reserved,
        settled = settled + excluded.settled, possibly = possibly + excluded.possibly
"""
_MOVE_TALLY = f"""
    INSERT INTO tally (phase, items)
    SELECT column1, column2 FROM (VALUES (?, -1), (?, 1)) WHERE EXISTS ({_IN_NEWEST_PLAN})
    ON CONFLICT (phase) DO UPDATE SET items = items + excluded.items
"""


def read_one(connection: sqlite3.Connection, item_id: int) -> Record:
    """Read an item's record."""
    row = connection.execute(READ_RECORD + " WHERE item.id = ?", (item_id,)).fetchone()
    return read_record(row)


def apply(connection: sqlite3.Connection, item_id: int, event: Event) -> Record:
    """Write an event and the record that follows from it, with all sums that depend on them.

    Raises:
        IllegalEventError: If the event cannot happen to the item now; nothing is written then.
    """
    before = read_one(connection, item_id)
    after = advance(before, event)
    _write_record(connection, before, after)
    number = after.attempt.number if after.attempt else 0
    connection.execute(
        "INSERT INTO event (item_id, attempt, at, kind, data) VALUES (?, ?, ?, ?, ?)",
        (item_id, number, event.at, type(event).__name__, event_json(event)),
    )
    return after


def answered(connection: sqlite3.Connection, item_id: int, event: SubmitEvent) -> Record:
    """Write what came of a submit. A prediction that another attempt has is no answer: what ours got is unclear."""
    if isinstance(event, SubmitAccepted) and _has_attempt(connection, event.prediction_id):
        message = f"the answer names prediction {event.prediction_id}, which is that of another submit"
        return apply(connection, item_id, SubmitUnclear(at=event.at, message=message))
    return apply(connection, item_id, event)


def _has_attempt(connection: sqlite3.Connection, prediction_id: str) -> bool:
    query = "SELECT 1 FROM attempt WHERE prediction_id = ? LIMIT 1"
    return connection.execute(query, (prediction_id,)).fetchone() is not None


def reserve(
    connection: sqlite3.Connection, item_id: int, intent: Intended, caps: Caps, names: Iterable[str]
) -> Record | CapReached:
    """Reserve an attempt's price under every cap and write its intent, or say which cap it would break.

    Args:
        names: Candidates for the clip's name, best first; used where the item has none yet.
    """
    purpose = Purpose(run_id=intent.run_id, day=intent.day, estimate=intent.estimate)
    reached = cap_reached(connection, item_id, purpose, caps)
    if reached is not None:
        return reached
    give_name(connection, item_id, names)
    return apply(connection, item_id, intent)


def cap_reached(connection: sqlite3.Connection, item_id: int, purpose: Purpose, caps: Caps) -> CapReached | None:
    """Say which cap an attempt would break, if any."""
    item = read_one(connection, item_id).committed if caps.item is not None else 0
    for scope, cap, committed in (
        ("item", caps.item, item),
        ("run", caps.run, _committed(connection, f"run:{purpose.run_id}")),
        ("day", caps.day, _committed(connection, f"day:{purpose.day}")),
    ):
        if cap is not None and committed + purpose.estimate > cap:
            return CapReached(scope=scope, cap=cap, committed=committed)
    return None


def _committed(connection: sqlite3.Connection, scope: str) -> int:
    row = connection.execute("SELECT reserved + settled + possibly FROM purse WHERE scope = ?", (scope,)).fetchone()
    return 0 if row is None else int(row[0])


def give_name(connection: sqlite3.Connection, item_id: int, names: Iterable[str]) -> None:
    """Give an item's clip the first name that no other has, unless it has one: a name once given never changes."""
    (name,) = connection.execute("SELECT name FROM item WHERE id = ?", (item_id,)).fetchone()
    if name is not None:
        return
    for candidate in names:
        place = folded(candidate)
        if connection.execute("SELECT 1 FROM name WHERE folded = ?", (place,)).fetchone() is None:
            connection.execute("INSERT INTO name (folded, item_id) VALUES (?, ?)", (place, item_id))
            connection.execute("UPDATE item SET name = ? WHERE id = ?", (candidate, item_id))
            return
    raise AssertionError(f"item {item_id}: the last candidate holds the item's key and cannot be taken")


def _write_record(connection: sqlite3.Connection, before: Record, after: Record) -> None:
    attempt = after.attempt
    connection.execute(
        "UPDATE item SET phase = ?, attempts = ?, accepted = ?, spent = ?, codes = ?, not_before = ?, reason = ?,"
        " clip = ? WHERE id = ?",
        (
            after.phase.value,
            attempt.number if attempt else 0,
            after.accepted,
            after.spent,
            json.dumps(after.codes),
            after.not_before,
            after.reason,
            None if after.clip is None else write_clip(after.clip),
            after.item_id,
        ),
    )
    if attempt is not None and attempt != before.attempt:
        connection.execute(WRITE_ATTEMPT, write_attempt(after.item_id, attempt))
        earlier = before.attempt if before.attempt and before.attempt.number == attempt.number else None
        _move_money(connection, earlier, attempt)
    if before.phase is not after.phase:
        _move_tally(connection, after.item_id, before.phase, after.phase)


def _move_money(connection: sqlite3.Connection, before: Attempt | None, after: Attempt) -> None:
    was = _money(before) if before else (0, 0, 0, 0)
    change = tuple(new - old for new, old in zip(_money(after), was, strict=True))
    if not any(change):
        return
    run, day = f"run:{after.run_id}", f"day:{after.day}"
    connection.execute(_MOVE_MONEY, ("all", *change, run, *change, day, *change))


def _money(attempt: Attempt) -> tuple[int, int, int, int]:
    return attempt.estimated, attempt.reserved, attempt.settled or 0, attempt.possibly


def _move_tally(connection: sqlite3.Connection, item_id: int, before: Phase, after: Phase) -> None:
    connection.execute(_MOVE_TALLY, (before.value, after.value, item_id))


def _in_newest_plan(connection: sqlite3.Connection, item_id: int) -> bool:
    return connection.execute(_IN_NEWEST_PLAN, (item_id,)).fetchone() is not None


def finish(connection: sqlite3.Connection, item_id: int, event: Downloaded, run_id: int) -> Record:
    """Write that a clip is here, and that this run fetched it: later runs count it as skipped.

    Items that have left the manifest are fetched too, and counted nowhere.
    """
    if _in_newest_plan(connection, item_id):
        connection.execute("UPDATE run SET done = done + 1 WHERE id = ?", (run_id,))
    connection.execute("UPDATE item SET done_run = ? WHERE id = ?", (run_id, item_id))
    return apply(connection, item_id, event)


def recover(
    connection: sqlite3.Connection, now: float, why: str = "the process ended before the answer was written down"
) -> int:
    """Turn every intent whose submit nobody waits for any more into an unconfirmed attempt; give their number."""
    lost = connection.execute("SELECT id FROM item WHERE phase = ?", (Phase.SUBMITTING.value,)).fetchall()
    for (item_id,) in lost:
        apply(connection, item_id, SubmitUnclear(at=now, message=why))
    return len(lost)


def run_to_resume(connection: sqlite3.Connection, now: float) -> int | None:
    """Give the run that the next call goes on with; None where it begins a new one."""
    row = connection.execute("SELECT id, started_at, ended_at, ended FROM run ORDER BY id DESC LIMIT 1").fetchone()
    if row is None:
        return None
    run_id, started_at, ended_at, ended = row
    interrupted = ended_at is None or ended == SIGNALLED
    # A clock that went back resumes as well: it must not give a second cap for free.
    return int(run_id) if interrupted and now - started_at < _RESUME_WITHIN else None


def begin_run(connection: sqlite3.Connection, now: float) -> Run:
    """Begin a run, or go on with the one whose process died or got a signal, if it began less than a day ago."""
    resumed = run_to_resume(connection, now)
    if resumed is not None:
        connection.execute("UPDATE run SET ended_at = NULL, ended = '' WHERE id = ?", (resumed,))
        (started_at,) = connection.execute("SELECT started_at FROM run WHERE id = ?", (resumed,)).fetchone()
        return Run(id=resumed, started_at=started_at, resumed=True)
    connection.execute("UPDATE run SET ended_at = ?, ended = ? WHERE ended_at IS NULL", (now, DIED))
    cursor = connection.execute("INSERT INTO run (started_at) VALUES (?)", (now,))
    return Run(id=int(cursor.lastrowid or 0), started_at=now, resumed=False)


def end_run(connection: sqlite3.Connection, run_id: int, now: float, why: str) -> None:
    """Write down why a run ended."""
    connection.execute("UPDATE run SET ended_at = ?, ended = ? WHERE id = ?", (now, why, run_id))


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Remember something about the job, the provider or the account."""
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def remember_strangers(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Remember predictions of the same account that are not ours."""
    connection.executemany("INSERT OR IGNORE INTO stranger (prediction_id) VALUES (?)", [(i,) for i in ids])


def upload_gone(connection: sqlite3.Connection, item_id: int, number: int) -> None:
    """Note that an attempt's frame was deleted at the provider."""
    connection.execute("UPDATE attempt SET upload_gone = 1 WHERE item_id = ? AND number = ?", (item_id, number))
