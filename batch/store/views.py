"""The state as a report shows it: streamed item by item, so that a million of them need no memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from batch.core.advice import advice
from batch.core.lifecycle import UNPAID, Phase
from batch.core.money import from_micros
from batch.core.summary import Cost, ItemView, PredictionView, RejectedView
from batch.store.decisions import DECISION_COLUMNS, read_decision, standing
from batch.store.numbers import is_partial, unaccounted
from batch.store.problems import read_word
from batch.store.queries import newest_plan, newest_run
from batch.store.rows import read_clip
from batch.store.takes import chains

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from batch.store.takes import Chains

_STATES = {
    Phase.PLANNED: "pending",
    Phase.SUBMITTING: "pending",
    Phase.RUNNING: "pending",
    Phase.RENDERED: "pending",
    Phase.UNCONFIRMED: "unconfirmed",
    Phase.HELD: "unconfirmed",
    Phase.MISSING: "unconfirmed",
    Phase.UNCOLLECTED: "failed",
    Phase.DONE: "done",
    Phase.FAILED: "failed",
    Phase.REFUSED: "refused",
    Phase.CANCELLED: "failed",
    Phase.ABANDONED: "failed",
}

_UNPAID = ", ".join(f"'{state.value}'" for state in sorted(UNPAID))

_VIEW = f"""
    SELECT lower(hex(item.key)), item.sku, item.line, item.variant, item.take, item.phase, item.image, item.source,
           item.prompt, orders.model, orders.aspect, orders.duration, item.row, item.reason, item.accepted,
           item.clip, item.done_run, orders.estimate, item.plan, item.source_sha256,
           newest.prediction_id, newest.intent_at, newest.ended_at, newest.render_seconds, newest.code,
           newest.duplicates, newest.warnings,
           (SELECT coalesce(sum(settled), 0) FROM attempt WHERE attempt.item_id = item.id),
           (SELECT coalesce(sum(estimate), 0) FROM attempt WHERE attempt.item_id = item.id
                AND state NOT IN ({_UNPAID})),
           (SELECT coalesce(sum(estimate * ((settled IS NULL AND unsettled = 1) + json_array_length(duplicates))), 0)
                FROM attempt WHERE attempt.item_id = item.id),
           (SELECT coalesce(sum(estimate), 0) FROM attempt WHERE attempt.item_id = item.id
                AND settled IS NULL AND unsettled = 0 AND state NOT IN ({_UNPAID})),
           {DECISION_COLUMNS}
    FROM item
    JOIN orders ON orders.id = item.order_id
    LEFT JOIN attempt AS newest ON newest.item_id = item.id AND newest.number = item.attempts
    LEFT JOIN decision ON decision.id = item.decision
    WHERE (item.plan = ? OR item.attempts > 0) AND item.phase != 'rejected'
    ORDER BY item.id
"""


def items(connection: sqlite3.Connection) -> Iterator[ItemView]:
    """Give every item of the newest plan, and older ones that were ever submitted, in manifest order."""
    plan = newest_plan(connection)
    run = newest_run(connection)
    takes, partial = chains(connection), is_partial(connection)
    for row in connection.execute(_VIEW, (plan,)):
        yield _view(row, None if partial else plan, 0 if run is None else run.id, takes)


def _view(row: tuple[Any, ...], plan: int | None, run_id: int, takes: Chains) -> ItemView:
    """Give a row as a view; `plan` says which items still have their row, None that nobody knows."""
    (key, sku, line, variant, take, phase_text, image, source, prompt, model, aspect, duration) = row[:12]
    (manifest_row, reason, accepted, clip_text, done_run, estimate, item_plan, source_sha256) = row[12:20]
    (prediction_id, intent_at, ended_at, render_seconds, code, duplicates, of_frame) = row[20:27]
    (settled, estimated, possibly, reserved) = row[27:31]
    phase = read_word(Phase, phase_text)
    clip = None if clip_text is None else read_clip(clip_text)
    after = takes.after.get(key, "")
    elsewhere = takes.lines.get((sku, variant, aspect), 0) if after else 0
    return ItemView(
        key=key,
        sku=sku,
        line=line if plan is None or item_plan == plan else elsewhere,
        variant=variant,
        take=take,
        state="skipped" if phase is Phase.DONE and done_run != run_id else _STATES[phase],
        phase=phase.value,
        image=image,
        source=source,
        source_sha256=source_sha256,
        prompt=prompt,
        model=model,
        aspect=aspect,
        duration=duration,
        row=json.loads(manifest_row),
        reason=reason,
        advice="" if after else advice(phase, code),
        attempts=accepted,
        prediction_id=prediction_id or "",
        clip=clip,
        warnings=(
            *json.loads(of_frame or "[]"),
            *(clip.warnings if clip else ()),
            *_duplicate_warning(duplicates),
        ),
        estimate=from_micros(estimate),
        cost=Cost(
            estimated=from_micros(estimated),
            settled=from_micros(settled),
            reserved=from_micros(reserved),
            possibly_charged=from_micros(possibly),
        ),
        submitted_at=_moment(intent_at),
        ended_at=_moment(ended_at),
        render_seconds=render_seconds,
        decision=standing(read_decision(row[31:])),
        before=takes.before.get((sku, variant, aspect, take), "") if take else "",
        after=after,
    )


def _duplicate_warning(duplicates: str | None) -> tuple[str, ...]:
    ids = json.loads(duplicates) if duplicates else []
    return (f"the provider made this more than once; also charged may be {', '.join(ids)}",) if ids else ()


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def rejected(connection: sqlite3.Connection) -> Iterator[RejectedView]:
    """Give every row of the newest plan that could not become an item, or whose picture proved unusable later."""
    query = """
        SELECT file, line, sku, column_name, value, reason FROM rejected
        UNION ALL
        SELECT file, line, sku, 'image', image, reason FROM item WHERE phase = 'rejected' AND plan = ?
        ORDER BY 1, 2
    """
    for file, line, sku, column, value, reason in connection.execute(query, (newest_plan(connection),)):
        yield RejectedView(file=file, line=line, sku=sku, column=column, value=value, reason=reason)


def predictions(connection: sqlite3.Connection, month: str) -> Iterator[PredictionView]:
    """Give every prediction whose intent lies in a UTC month, such as `2026-11`, in the order of their intents.

    What the provider made more often than it was asked for is among them: the invoice may have it.
    """
    query = """
        SELECT prediction_id, sku, day, attempt.estimate, settled, intent_at
            FROM attempt JOIN item ON item.id = item_id WHERE prediction_id IS NOT NULL AND day LIKE ?
        UNION ALL
        SELECT value, sku, day, attempt.estimate, NULL, intent_at
            FROM attempt JOIN item ON item.id = item_id, json_each(duplicates) WHERE day LIKE ?
        ORDER BY 6, 1
    """
    for prediction_id, sku, day, estimate, settled, _ in connection.execute(query, (f"{month}-%", f"{month}-%")):
        yield PredictionView(
            id=prediction_id,
            sku=sku,
            day=day,
            estimate=from_micros(estimate),
            settled=None if settled is None else from_micros(settled),
        )


def with_person(connection: sqlite3.Connection, *, since: float) -> int:
    """Count items that need a person: unconfirmed, held, missing, not collected, or bought more than once.

    Args:
        since: Unix seconds; what was bought more than once and had ended before was said then. The report still does.
    """
    (items_,) = connection.execute(
        "SELECT count(*) FROM item WHERE phase IN (?, ?, ?, ?)",
        [phase.value for phase in (Phase.UNCONFIRMED, Phase.HELD, Phase.MISSING, Phase.UNCOLLECTED)],
    ).fetchone()
    (duplicated,) = connection.execute(
        "SELECT count(DISTINCT item_id) FROM attempt WHERE duplicates != '[]' AND (ended_at IS NULL OR ended_at >= ?)",
        (since,),
    ).fetchone()
    return int(items_) + int(duplicated) + len(unaccounted(connection))
