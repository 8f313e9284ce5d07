"""The numbers of a job as they stand: all that `status` asks, and so nothing heavy is imported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.money import from_micros
from batch.core.phases import AT_PROVIDER, Phase
from batch.core.totals import Cost, ItemCounts
from batch.store.problems import read_word

if TYPE_CHECKING:
    import sqlite3

UNACCOUNTED = "unaccounted"
"""Where the state remembers what a rebuild could not tell."""


def meta(connection: sqlite3.Connection, key: str) -> str | None:
    """Read what the state remembers under a key."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def unaccounted(connection: sqlite3.Connection) -> dict[str, float]:
    """List the predictions of which a rebuilt state cannot tell the item, with when they were made (Unix seconds).

    Nothing is bought while there are any.
    """
    found: dict[str, float] = json.loads(meta(connection, UNACCOUNTED) or "{}")
    return found


def newest_plan(connection: sqlite3.Connection) -> int:
    """Give the number of the newest plan; 0 before the first."""
    return int(meta(connection, "plan") or 0)


def is_partial(connection: sqlite3.Connection) -> bool:
    """Say whether the newest plan left rows out on purpose: a sample, or what one call was about."""
    return bool(meta(connection, "partial"))


def count_in(connection: sqlite3.Connection, *phases: Phase) -> int:
    """Count the items in some phases, whatever plan they are of."""
    marks = ", ".join("?" * len(phases))
    query = f"SELECT count(*) FROM item WHERE phase IN ({marks})"
    return int(connection.execute(query, [p.value for p in phases]).fetchone()[0])


def in_flight(connection: sqlite3.Connection) -> int:
    """Count the predictions that may hold one of the account's places."""
    return count_in(connection, *AT_PROVIDER)


def counts(connection: sqlite3.Connection) -> ItemCounts:
    """Count the newest plan's items as scripts read them."""
    tally = {read_word(Phase, phase): items for phase, items in connection.execute("SELECT phase, items FROM tally")}
    row = connection.execute("SELECT done FROM run ORDER BY id DESC LIMIT 1").fetchone()
    (rejected_rows,) = connection.execute("SELECT count(*) FROM rejected").fetchone()

    def total(*phases: Phase) -> int:
        return sum(tally.get(phase, 0) for phase in phases)

    done = min(total(Phase.DONE), 0 if row is None else row[0])
    return ItemCounts(
        done=done,
        skipped=total(Phase.DONE) - done,
        failed=total(Phase.FAILED, Phase.CANCELLED, Phase.UNCOLLECTED, Phase.ABANDONED),
        refused=total(Phase.REFUSED),
        unconfirmed=total(Phase.UNCONFIRMED, Phase.HELD, Phase.MISSING),
        pending=total(Phase.PLANNED, Phase.SUBMITTING, Phase.RUNNING, Phase.RENDERED),
        rejected=rejected_rows + total(Phase.REJECTED),
    )


def cost(connection: sqlite3.Connection, scope: str = "all") -> Cost:
    """Give the four numbers of the whole job, of a run (`run:7`) or of a day (`day:2026-11-23`)."""
    row = connection.execute(
        "SELECT estimated, reserved, settled, possibly FROM purse WHERE scope = ?", (scope,)
    ).fetchone()
    estimated, reserved, settled, possibly = row or (0, 0, 0, 0)
    return Cost(
        estimated=from_micros(estimated),
        reserved=from_micros(reserved),
        settled=from_micros(settled),
        possibly_charged=from_micros(possibly),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """The newest run: `ended` is empty while it goes on, or where its process died."""

    id: int
    started_at: float
    ended_at: float | None
    ended: str
    done: int


def newest_run(connection: sqlite3.Connection) -> RunRow | None:
    """Read the newest run."""
    row = connection.execute(
        "SELECT id, started_at, ended_at, ended, done FROM run ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    run_id, started_at, ended_at, ended, done = row
    return RunRow(id=run_id, started_at=started_at, ended_at=ended_at, ended=ended, done=done)
