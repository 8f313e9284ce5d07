"""Putting back what a damaged or lost state knew. Every function here runs inside a transaction of a new state."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.canonical import canonical
from batch.core.decision import Judgement
from batch.core.naming import folded
from batch.core.override import Override
from batch.core.phases import RETRYABLE, UNPAID, AttemptState, Phase
from batch.store import decisions, takes
from batch.store.changes import apply, read_one, set_meta
from batch.store.numbers import UNACCOUNTED, unaccounted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from batch.core.decision import Decision
    from batch.core.lifecycle import Record
    from batch.core.note import Note
    from batch.store.salvage import Salvaged

BY_NOTE = "the note beside the clip"
BY_FILE = "the damaged file"

_GONE = "its end was in the part of the state that is lost"


def newest_moment(connection: sqlite3.Connection) -> float:
    """Say up to when a state knows everything: Unix seconds of its last event, or of the beginning of its last run."""
    query = "SELECT max(coalesce((SELECT max(at) FROM event), 0), coalesce((SELECT max(started_at) FROM run), 0))"
    return float(connection.execute(query).fetchone()[0])


def restore_clip(connection: sqlite3.Connection, note: Note, now: float) -> bool:
    """Make an item done whose clip and note lie in their place; False where the state has another story of it."""
    item_id = _item_of(connection, bytes.fromhex(note.key))
    if item_id is None:
        item_id = _insert_item(connection, note)
    record = read_one(connection, item_id)
    if record.phase is Phase.DONE:
        return True
    if not _bring_to(connection, record, note, now):
        return False
    _render(connection, item_id, note, now)
    _give_name(connection, item_id, note.clip.path)
    apply(connection, item_id, ev.Downloaded(at=now, clip=note.clip))
    return True


def restore_decision(connection: sqlite3.Connection, note: Note) -> None:
    """Put back what a person decided about a clip, unless the state knows of something newer."""
    item_id = _item_of(connection, bytes.fromhex(note.key))
    if item_id is None or note.decision is None:
        return
    known = decisions.holding(connection, item_id)
    if known is None or known.at < note.decision.at:
        decisions.record(connection, item_id, note.decision)


def restore_overrides(connection: sqlite3.Connection, notes: Sequence[Note]) -> None:
    """Put back what redos say in place of rows: those whose takes were made, then those that nobody had bought yet.

    Where there are any that the state did not know, its plan was made without them, and is made anew.
    """
    asked = {note.key: note.decision for note in notes if note.decision is not None}
    new = [takes.write_override(connection, one) for note in notes if (one := _made_by(note, asked)) is not None]
    for note in notes:
        redo = asked.get(note.key)
        if redo is None or redo.judgement is not Judgement.REDO or takes.was_answered(connection, note, redo.at):
            continue
        new.append(takes.write_override(connection, _still_asked(connection, note, redo)))
    if any(new):
        set_meta(connection, "fingerprint", "")


def _made_by(note: Note, asked: Mapping[str, Decision]) -> Override | None:
    """Give the override that a clip was made by; None for a first take."""
    if not note.take or not note.before or note.row_prompt is None:
        return None
    redo = asked.get(note.before)
    return Override(
        sku=note.sku,
        variant=note.variant,
        aspect=note.aspect,
        take=note.take,
        row_prompt=note.row_prompt,
        row_negative=note.negative_prompt or "",
        prompt=note.prompt,
        before=note.before,
        note="" if redo is None else redo.note,
        by=BY_NOTE if redo is None else redo.by,
        at=note.submitted_at if redo is None else redo.at,
    )


def _still_asked(connection: sqlite3.Connection, note: Note, redo: Decision) -> Override:
    """Give the override of a redo whose clip is not here, or was never bought."""
    query = "SELECT coalesce(max(take), 0) FROM override WHERE sku = ? AND variant = ? AND aspect = ?"
    (known,) = connection.execute(query, (note.sku, note.variant, note.aspect)).fetchone()
    return Override(
        sku=note.sku,
        variant=note.variant,
        aspect=note.aspect,
        take=max(known, note.take) + 1,
        row_prompt=note.prompt if note.row_prompt is None else note.row_prompt,
        row_negative=note.negative_prompt or "",
        prompt=note.prompt if redo.prompt is None else redo.prompt,
        before=note.key,
        note=redo.note,
        by=redo.by,
        at=redo.at,
    )


def _item_of(connection: sqlite3.Connection, key: bytes) -> int | None:
    row = connection.execute("SELECT id FROM item WHERE key = ?", (key,)).fetchone()
    return None if row is None else int(row[0])


def _bring_to(connection: sqlite3.Connection, record: Record, note: Note, now: float) -> bool:
    """Bring an item to the prediction that its note names; False where nothing leads there."""
    attempt = record.attempt
    if attempt is not None and attempt.prediction_id == note.prediction_id:
        return record.phase in {Phase.RUNNING, Phase.MISSING, Phase.RENDERED, Phase.UNCOLLECTED}
    if record.phase in {Phase.UNCONFIRMED, Phase.HELD}:
        apply(connection, record.item_id, ev.Adopted(at=now, prediction_id=note.prediction_id))
        return True
    if not _make_way(connection, record, now):
        return False
    restored = ev.Restored(
        at=now,
        source=BY_NOTE,
        prediction_id=note.prediction_id,
        run_id=0,
        day=_day(note.submitted_at),
        intent_at=note.submitted_at,
        estimate=note.estimate,
        upload_id="",
        upload_url="",
        frame_sha256=note.frame_sha256,
        recipe=note.recipe,
    )
    apply(connection, record.item_id, restored)
    return True


def _make_way(connection: sqlite3.Connection, record: Record, now: float) -> bool:
    """End an attempt that a later one is known to have followed; False where the item cannot have a further one."""
    if record.phase in {Phase.RUNNING, Phase.MISSING}:
        gone = ev.Failed(at=now, code=None, message=_GONE, refused=False, cost=None, render_seconds=None, retry_at=now)
        return apply(connection, record.item_id, gone).phase is Phase.PLANNED
    if record.phase in RETRYABLE:  # a person's word has come after what this state knows
        again = ev.Retried(at=now, by=BY_FILE, reason=_GONE)
        return apply(connection, record.item_id, again).phase is Phase.PLANNED
    return record.phase is Phase.PLANNED


def _render(connection: sqlite3.Connection, item_id: int, note: Note, now: float) -> None:
    record = read_one(connection, item_id)
    if record.phase in {Phase.RUNNING, Phase.MISSING}:
        made = ev.Rendered(at=now, cost=note.settled, render_seconds=note.render_seconds)
        record = apply(connection, item_id, made)
    if record.attempt is not None and record.attempt.reserved:
        told = note.settled
        apply(connection, item_id, ev.CostUnknown(at=now) if told is None else ev.CostSettled(at=now, cost=told))


def _give_name(connection: sqlite3.Connection, item_id: int, path: str) -> None:
    connection.execute("INSERT OR IGNORE INTO name (folded, item_id) VALUES (?, ?)", (folded(path), item_id))
    connection.execute("UPDATE item SET name = ? WHERE id = ?", (path, item_id))


def _insert_item(connection: sqlite3.Connection, note: Note) -> int:
    """Insert an item that is in no plan any more: should its row come back, it is not bought again."""
    values = (
        bytes.fromhex(note.key),
        note.sku,
        note.variant,
        note.take,
        _order_of(connection, note),
        note.prompt,
        note.negative_prompt,
        note.source,
        note.source,
        note.source_sha256,
        json.dumps(dict(note.row)),
    )
    cursor = connection.execute(
        "INSERT INTO item (key, plan, sku, file, line, variant, take, order_id, prompt, negative, image, source,"
        " source_sha256, row) VALUES (?, 0, ?, '', 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    return int(cursor.lastrowid or 0)


def _order_of(connection: sqlite3.Connection, note: Note) -> int:
    inputs = canonical(note.inputs)
    frame = {"width": note.width, "height": note.height}
    identity = canonical({"model": note.model, "inputs": inputs, "aspect": note.aspect, **frame})
    seconds = None if note.seconds is None else str(note.seconds)
    connection.execute(
        "INSERT OR IGNORE INTO orders (identity, model, duration, duration_seconds, aspect, inputs, width, height,"
        " estimate) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (identity, note.model, seconds or "", seconds, note.aspect, inputs, *frame.values(), note.estimate),
    )
    (order_id,) = connection.execute("SELECT id FROM orders WHERE identity = ?", (identity,)).fetchone()
    return int(order_id)


def restore_attempt(connection: sqlite3.Connection, found: Salvaged, now: float) -> bool:
    """Put back an attempt that only the damaged file shows; False where its item cannot be told."""
    item_id = _item_of(connection, found.key)
    if item_id is None:
        return found.state in UNPAID
    record = read_one(connection, item_id)
    number = 0 if record.attempt is None else record.attempt.number
    if found.state in UNPAID or record.phase is Phase.DONE or found.number < number:
        return True
    if found.number == number:
        _add_id(connection, record, found, now)
    elif _make_way(connection, record, now):
        _add_attempt(connection, item_id, found, now)
    return True


def _add_id(connection: sqlite3.Connection, record: Record, found: Salvaged, now: float) -> None:
    """Let an attempt whose answer the copy did not have yet go on with its prediction."""
    known = record.attempt is not None and record.attempt.upload_id == found.upload_id
    if known and found.prediction_id and record.phase in {Phase.UNCONFIRMED, Phase.HELD}:
        apply(connection, record.item_id, ev.Adopted(at=now, prediction_id=found.prediction_id))


def _add_attempt(connection: sqlite3.Connection, item_id: int, found: Salvaged, now: float) -> None:
    """Let an item go on with an attempt: with its prediction, or as one whose answer is lost, which is looked up."""
    estimate, recipe = max(0, found.estimate), found.recipe
    if found.prediction_id and found.state != AttemptState.INTENDED:
        restored = ev.Restored(
            at=now,
            source=BY_FILE,
            prediction_id=found.prediction_id,
            run_id=found.run_id,
            day=found.day,
            intent_at=found.intent_at,
            estimate=estimate,
            upload_id=found.upload_id,
            upload_url=found.upload_url,
            frame_sha256=found.frame_sha256,
            recipe=recipe,
        )
        apply(connection, item_id, restored)
        return
    intended = ev.Intended(
        at=found.intent_at,
        run_id=found.run_id,
        day=found.day,
        estimate=estimate,
        upload_id=found.upload_id,
        upload_url=found.upload_url,
        frame_sha256=found.frame_sha256,
        recipe=recipe,
    )
    apply(connection, item_id, intended)
    apply(connection, item_id, ev.SubmitUnclear(at=now, message="its answer was in the part of the state that is lost"))


def note_unaccounted(connection: sqlite3.Connection, made: Mapping[str, float]) -> None:
    """Remember predictions, and when they were made, of which nobody can tell the item; nothing is bought meanwhile."""
    set_meta(connection, UNACCOUNTED, json.dumps({**made, **unaccounted(connection)}))


def account_for(connection: sqlite3.Connection, prediction_id: str) -> None:
    """Take a prediction off that list."""
    left = {one: at for one, at in unaccounted(connection).items() if one != prediction_id}
    set_meta(connection, UNACCOUNTED, json.dumps(left))


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()
