"""What the state is asked. Nothing here writes; every function takes a connection that may be read-only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from batch.core.naming import folded
from batch.core.phases import LET_GO, UNPAID, AttemptState, Phase
from batch.store.numbers import RunRow, cost, count_in, counts, in_flight, meta, newest_plan, newest_run, unaccounted
from batch.store.problems import read_word
from batch.store.rows import READ_RECORD, read_clip, read_record

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from batch.core.lifecycle import Record


__all__ = [
    "Article",
    "PlannedOrder",
    "RunRow",
    "anything_accepted",
    "article",
    "cheapest",
    "clips_made",
    "cost",
    "count_in",
    "counts",
    "dearest",
    "in_flight",
    "in_newest_plan",
    "is_clip",
    "item_of_key",
    "keys_with_phase",
    "last_denied",
    "meta",
    "newest_plan",
    "newest_run",
    "open_uploads",
    "our_predictions",
    "phase_of",
    "planned",
    "planned_orders",
    "recent_submits",
    "records_in",
    "records_of",
    "row_text",
    "settled_uploads",
    "submitted_in",
    "unaccounted",
]


LET_GO_STATES = "({})".format(", ".join(f"'{state.value}'" for state in sorted(LET_GO)))
"""For SQL: the states of attempts that a person let go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What an item is, as far as buying and naming it needs: its row under the job, as the plan had it.

    Attributes:
        framing: What its row says of its own frame, as JSON; None where the job's `image` keys hold.
        name: Of the clip, relative to the output folder; None before the first intent.
        inputs: The model's inputs without prompt and picture.
        estimate: Micro-dollars for one attempt.
    """

    item_id: int
    key: str
    sku: str
    variant: int
    take: int
    prompt: str
    negative_prompt: str | None
    image: str
    source: str
    source_sha256: str
    framing: str | None
    name: str | None
    model: str
    duration: str
    duration_seconds: Decimal | None
    aspect: str
    inputs: Mapping[str, Any]
    width: int
    height: int
    estimate: int


_ARTICLE = """
    SELECT item.id, lower(hex(key)), sku, variant, take, prompt, negative, image, source, source_sha256, framing, name,
           model, duration, duration_seconds, aspect, inputs, width, height, estimate
    FROM item JOIN orders ON orders.id = item.order_id
"""


def _article(row: tuple[Any, ...]) -> Article:
    (item_id, key, sku, variant, take, prompt, negative, image, source, source_sha256, framing, name) = row[:12]
    (model, duration, seconds, aspect, inputs, width, height, estimate) = row[12:]
    return Article(
        item_id=item_id,
        key=key,
        sku=sku,
        variant=variant,
        take=take,
        prompt=prompt,
        negative_prompt=negative,
        image=image,
        source=source,
        source_sha256=source_sha256,
        framing=framing,
        name=name,
        model=model,
        duration=duration,
        duration_seconds=None if seconds is None else Decimal(seconds),
        aspect=aspect,
        inputs=json.loads(inputs, parse_float=Decimal),
        width=width,
        height=height,
        estimate=estimate,
    )


def planned(connection: sqlite3.Connection, *, after: int, limit: int) -> list[tuple[Article, float]]:
    """List items of the newest plan that may be submitted, with the moment from which they may, in manifest order.

    Args:
        after: Only items with a larger id.
    """
    rows = connection.execute(
        _ARTICLE.replace("FROM item", ", not_before FROM item")
        + " WHERE phase = ? AND plan = ? AND item.id > ? ORDER BY item.id LIMIT ?",
        (Phase.PLANNED.value, newest_plan(connection), after, limit),
    ).fetchall()
    return [(_article(row[:-1]), float(row[-1])) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrder:
    """Items of equal order that are still to be bought.

    Attributes:
        duration: As the model wants it, as text.
        estimate: Micro-dollars for one.
    """

    duration: str
    duration_seconds: Decimal | None
    estimate: int
    items: int


def planned_orders(connection: sqlite3.Connection) -> list[PlannedOrder]:
    """Count what the newest plan still wants to buy, by order."""
    rows = connection.execute(
        "SELECT duration, duration_seconds, estimate, items FROM orders JOIN"
        " (SELECT order_id, count(*) AS items FROM item WHERE phase = ? AND plan = ? GROUP BY order_id)"
        " ON order_id = orders.id",
        (Phase.PLANNED.value, newest_plan(connection)),
    )
    return [
        PlannedOrder(
            duration=duration,
            duration_seconds=None if seconds is None else Decimal(seconds),
            estimate=estimate,
            items=items,
        )
        for duration, seconds, estimate, items in rows
    ]


def cheapest(connection: sqlite3.Connection) -> tuple[int, PlannedOrder] | None:
    """Give the item of the newest plan that costs least and may be bought, with its order; None if there is none."""
    row = connection.execute(
        "SELECT item.id, duration, duration_seconds, estimate FROM item JOIN orders ON orders.id = order_id"
        " WHERE phase = ? AND plan = ? ORDER BY estimate, item.id LIMIT 1",
        (Phase.PLANNED.value, newest_plan(connection)),
    ).fetchone()
    if row is None:
        return None
    item_id, duration, seconds, estimate = row
    length = None if seconds is None else Decimal(seconds)
    return item_id, PlannedOrder(duration=duration, duration_seconds=length, estimate=estimate, items=1)


def article(connection: sqlite3.Connection, item_id: int) -> Article:
    """Read what an item is."""
    return _article(connection.execute(_ARTICLE + " WHERE item.id = ?", (item_id,)).fetchone())


def item_of_key(connection: sqlite3.Connection, key: str) -> int | None:
    """Find the item of a key in hex; None where there is none, or it is no key."""
    try:
        row = connection.execute("SELECT id FROM item WHERE key = ?", (bytes.fromhex(key),)).fetchone()
    except ValueError:
        return None
    return None if row is None else int(row[0])


def phase_of(connection: sqlite3.Connection, item_id: int) -> Phase:
    """Say where an item stands."""
    return read_word(Phase, connection.execute("SELECT phase FROM item WHERE id = ?", (item_id,)).fetchone()[0])


def in_newest_plan(connection: sqlite3.Connection, item_id: int) -> bool:
    """Say whether the newest plan holds an item; what left the manifest is fetched, and not bought again."""
    query = "SELECT 1 FROM item WHERE id = ? AND plan = ?"
    return connection.execute(query, (item_id, newest_plan(connection))).fetchone() is not None


def is_clip(connection: sqlite3.Connection, name: str) -> bool:
    """Say whether a file in the output folder is the clip of an item.

    Args:
        name: Relative to the output folder, with forward slashes, exactly as the state has it.
    """
    query = "SELECT clip FROM name JOIN item ON item.id = item_id WHERE folded = ? AND clip IS NOT NULL"
    found = connection.execute(query, (folded(name),)).fetchone()
    return found is not None and read_clip(found[0]).path == name


def row_text(connection: sqlite3.Connection, item_id: int) -> str:
    """Read the manifest's own columns of an item, as JSON text."""
    return str(connection.execute("SELECT row FROM item WHERE id = ?", (item_id,)).fetchone()[0])


def records_in(connection: sqlite3.Connection, *phases: Phase) -> list[Record]:
    """Read the records of all items in some phases, whatever plan they are of."""
    marks = ", ".join("?" * len(phases))
    rows = connection.execute(READ_RECORD + f" WHERE phase IN ({marks})", [p.value for p in phases])
    return [read_record(row) for row in rows]


def is_planned_for(connection: sqlite3.Connection, item_id: int) -> bool:
    """Say whether the newest plan still wants an item."""
    query = "SELECT plan = ? FROM item WHERE id = ?"
    return bool(connection.execute(query, (newest_plan(connection), item_id)).fetchone()[0])


def records_of(connection: sqlite3.Connection, sku: str) -> list[Record]:
    """Read the records of all items of a SKU."""
    return [read_record(row) for row in connection.execute(READ_RECORD + " WHERE sku = ?", (sku,))]


def submitted_in(connection: sqlite3.Connection, run_id: int) -> int:
    """Count the attempts of a run that were accepted, or may have been."""
    unpaid = [state.value for state in UNPAID]
    marks = ", ".join("?" * len(unpaid))
    query = f"SELECT count(*) FROM attempt WHERE run_id = ? AND state NOT IN ({marks})"
    (attempts,) = connection.execute(query, (run_id, *unpaid)).fetchone()
    return int(attempts)


def dearest(connection: sqlite3.Connection, run_id: int, model: str) -> Decimal:
    """Give how many times its estimate the dearest attempt of a run and a model has cost; 1 where none was dearer."""
    rows = connection.execute(
        "SELECT DISTINCT settled, orders.estimate FROM attempt JOIN item ON item.id = item_id"
        " JOIN orders ON orders.id = order_id"
        " WHERE run_id = ? AND model = ? AND orders.estimate > 0 AND settled > orders.estimate",
        (run_id, model),
    )
    return max((Decimal(settled) / Decimal(estimate) for settled, estimate in rows), default=Decimal(1))


def clips_made(connection: sqlite3.Connection) -> tuple[int, float]:
    """Add up the bytes and seconds of the newest thousand clips."""
    query = (
        "SELECT coalesce(sum(json_extract(clip, '$.bytes')), 0), coalesce(sum(json_extract(clip, '$.seconds')), 0.0)"
        " FROM (SELECT clip FROM item WHERE phase = ? ORDER BY id DESC LIMIT 1000)"
    )
    made_bytes, made_seconds = connection.execute(query, (Phase.DONE.value,)).fetchone()
    return int(made_bytes), float(made_seconds)


def anything_accepted(connection: sqlite3.Connection) -> bool:
    """Say whether this job ever had a prediction."""
    return connection.execute("SELECT 1 FROM attempt WHERE prediction_id IS NOT NULL LIMIT 1").fetchone() is not None


def recent_submits(connection: sqlite3.Connection, since: float) -> list[float | None]:
    """List when the submits since a moment were answered; None for those whose answer never came."""
    rows = connection.execute(
        "SELECT answered_at FROM attempt WHERE intent_at >= ?",
        (since - 3600,),  # the index is on intents, and no POST stays open for an hour
    ).fetchall()
    return [row[0] for row in rows if row[0] is None or row[0] >= since]


def last_denied(connection: sqlite3.Connection, code: str, *, since: float) -> float | None:
    """Say when a submit was last turned down with a code since a moment; None where none was."""
    (at,) = connection.execute(
        "SELECT max(answered_at) FROM attempt WHERE intent_at >= ? AND code = ? AND answered_at >= ?",
        (since - 3600, code, since),  # as above
    ).fetchone()
    return None if at is None else float(at)


def our_predictions(connection: sqlite3.Connection, ids: list[str], *, let_go: bool = True) -> set[str]:
    """Say which of some prediction ids are known to the state, as ours or as strangers'.

    Args:
        let_go: Also those of attempts that a person let go, which may turn out to be another attempt's.
    """
    known: set[str] = set()
    held = "" if let_go else f" AND state NOT IN {LET_GO_STATES}"
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        marks = ", ".join("?" * len(part))
        for table, which in (("attempt", held), ("stranger", "")):
            query = f"SELECT prediction_id FROM {table} WHERE prediction_id IN ({marks}){which}"
            known.update(row[0] for row in connection.execute(query, part))
    return known


def open_uploads(connection: sqlite3.Connection) -> tuple[str, ...]:
    """List the uploads of all attempts that may have been accepted and have no prediction's id."""
    rows = connection.execute(
        "SELECT upload_id FROM item JOIN attempt ON item_id = item.id AND number = item.attempts"
        " WHERE phase IN (?, ?, ?)",
        [phase.value for phase in (Phase.SUBMITTING, Phase.UNCONFIRMED, Phase.HELD)],
    )
    return tuple(upload_id for (upload_id,) in rows)


def settled_uploads(connection: sqlite3.Connection, limit: int) -> Iterator[tuple[int, int, str]]:
    """List attempts (item, number, upload) that have ended and whose frame still lies at the provider."""
    ended = [
        state.value
        for state in AttemptState
        if state
        not in {
            AttemptState.INTENDED,
            AttemptState.UNCONFIRMED,
            AttemptState.HELD,
            AttemptState.ACCEPTED,
            AttemptState.MISSING,
        }
    ]
    marks = ", ".join("?" * len(ended))
    query = f"SELECT item_id, number, upload_id FROM attempt WHERE upload_gone = 0 AND state IN ({marks}) LIMIT ?"
    yield from connection.execute(query, (*ended, limit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A clip that lies under its name, its hash, and that of the frame it was made from."""

    item_id: int
    path: str
    sha256: str
    frame_sha256: str


def delivered(connection: sqlite3.Connection, *, run_id: int | None = None) -> Iterator[Delivered]:
    """List the clips that were fetched: by one run, or by all."""
    query = (
        "SELECT id, json_extract(clip, '$.path'), json_extract(clip, '$.sha256'), frame_sha256"
        " FROM item JOIN attempt ON item_id = id AND number = attempts"
        " WHERE phase = ? AND clip IS NOT NULL AND (? IS NULL OR done_run = ?)"
    )
    for item_id, path, sha256, frame_sha256 in connection.execute(query, (Phase.DONE.value, run_id, run_id)):
        yield Delivered(item_id=item_id, path=path, sha256=sha256, frame_sha256=frame_sha256)


def keys_with_phase(connection: sqlite3.Connection) -> Iterator[tuple[bytes, str]]:
    """List every item's key and phase: what a new plan is held against."""
    yield from connection.execute("SELECT key, phase FROM item")
