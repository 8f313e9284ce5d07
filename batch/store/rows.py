"""Between table rows and the values of the state machine."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from batch.core.lifecycle import Attempt, AttemptState, Phase, Record
from batch.core.summary import ClipFacts
from batch.store.problems import read_word

if TYPE_CHECKING:
    import sqlite3

    from batch.core.events import Event

_ATTEMPT_COLUMNS = (
    "number, state, run_id, day, intent_at, clock_offset, answered_at, ended_at, estimate, settled, unsettled,"
    " upload_id, upload_url, frame_sha256, recipe, prediction_id, request_id, render_seconds, code, message, looks,"
    " duplicates, warnings"
)

READ_RECORD = f"""
    SELECT item.id, phase, accepted, spent, codes, not_before, reason, clip, {_ATTEMPT_COLUMNS}
    FROM item LEFT JOIN attempt ON attempt.item_id = item.id AND attempt.number = item.attempts
"""
"""Columns for `read_record`; the caller adds WHERE."""

WRITE_ATTEMPT = f"""
    INSERT INTO attempt (item_id, {_ATTEMPT_COLUMNS})
    VALUES (:item_id, :number, :state, :run_id, :day, :intent_at, :clock_offset, :answered_at, :ended_at, :estimate,
            :settled, :unsettled, :upload_id, :upload_url, :frame_sha256, :recipe, :prediction_id, :request_id,
            :render_seconds, :code, :message, :looks, :duplicates, :warnings)
    ON CONFLICT (item_id, number) DO UPDATE SET
        state = excluded.state, answered_at = excluded.answered_at, ended_at = excluded.ended_at,
        settled = excluded.settled, unsettled = excluded.unsettled, prediction_id = excluded.prediction_id,
        request_id = excluded.request_id, render_seconds = excluded.render_seconds, code = excluded.code,
        message = excluded.message, looks = excluded.looks, duplicates = excluded.duplicates
"""


def read_record(row: sqlite3.Row | tuple[Any, ...]) -> Record:
    """Turn a row of `READ_RECORD` into a record."""
    item_id, phase, accepted, spent, codes, not_before, reason, clip = row[:8]
    return Record(
        item_id=item_id,
        phase=read_word(Phase, phase),
        attempt=None if row[8] is None else _read_attempt(tuple(row[8:])),
        accepted=accepted,
        spent=spent,
        codes=tuple(json.loads(codes)),
        not_before=not_before,
        reason=reason,
        clip=None if clip is None else read_clip(clip),
    )


def _read_attempt(row: tuple[Any, ...]) -> Attempt:
    (number, state, run_id, day, intent_at, clock_offset, answered_at, ended_at, estimate) = row[:9]
    (settled, unsettled, upload_id, upload_url, frame_sha256, recipe, prediction_id, request_id) = row[9:17]
    (render_seconds, code, message, looks, duplicates, warnings) = row[17:]
    return Attempt(
        number=number,
        state=read_word(AttemptState, state),
        run_id=run_id,
        day=day,
        intent_at=intent_at,
        clock_offset=clock_offset,
        answered_at=answered_at,
        ended_at=ended_at,
        estimate=estimate,
        settled=settled,
        unsettled_for_good=bool(unsettled),
        upload_id=upload_id,
        upload_url=upload_url,
        frame_sha256=frame_sha256,
        recipe=recipe,
        prediction_id=prediction_id,
        request_id=request_id,
        render_seconds=render_seconds,
        code=code,
        message=message,
        looks=looks,
        duplicates=tuple(json.loads(duplicates)),
        warnings=tuple(json.loads(warnings)),
    )


def write_attempt(item_id: int, attempt: Attempt) -> dict[str, Any]:
    """Turn an attempt into the parameters of `WRITE_ATTEMPT`."""
    return {
        "item_id": item_id,
        "number": attempt.number,
        "state": attempt.state.value,
        "run_id": attempt.run_id,
        "day": attempt.day,
        "intent_at": attempt.intent_at,
        "clock_offset": attempt.clock_offset,
        "answered_at": attempt.answered_at,
        "ended_at": attempt.ended_at,
        "estimate": attempt.estimate,
        "settled": attempt.settled,
        "unsettled": int(attempt.unsettled_for_good),
        "upload_id": attempt.upload_id,
        "upload_url": attempt.upload_url,
        "frame_sha256": attempt.frame_sha256,
        "recipe": attempt.recipe,
        "prediction_id": attempt.prediction_id,
        "request_id": attempt.request_id,
        "render_seconds": attempt.render_seconds,
        "code": attempt.code,
        "message": attempt.message,
        "looks": attempt.looks,
        "duplicates": json.dumps(attempt.duplicates),
        "warnings": json.dumps(attempt.warnings),
    }


def read_clip(text: str) -> ClipFacts:
    """Read a clip's facts from their JSON."""
    facts: dict[str, Any] = json.loads(text)
    return ClipFacts(**{**facts, "warnings": tuple(facts["warnings"])})


def write_clip(clip: ClipFacts) -> str:
    """Write a clip's facts as JSON."""
    return json.dumps(asdict(clip))


def event_json(event: Event) -> str:
    """Write what an event says beyond its kind and moment."""
    data = {field.name: getattr(event, field.name) for field in fields(event) if field.name != "at"}
    return json.dumps(data, default=asdict)  # a clip's facts are the only value inside
