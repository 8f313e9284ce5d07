"""Whether a state contradicts itself: asked where no seal can say that it is what its last writer left."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from batch.core.counting import counted
from batch.core.phases import UNPAID, AttemptState, Phase
from batch.store.migrations import VERSION, make_tables, migrate

_ENDED_BADLY = frozenset({AttemptState.FAILED, AttemptState.REFUSED, AttemptState.CANCELLED, *UNPAID})
"""What a person may have had retried: planned again, or failed since because its picture was of no use any more."""

_POSSIBLE: dict[Phase, frozenset[AttemptState]] = {
    Phase.PLANNED: _ENDED_BADLY,
    Phase.SUBMITTING: frozenset({AttemptState.INTENDED}),
    Phase.UNCONFIRMED: frozenset({AttemptState.UNCONFIRMED}),
    Phase.HELD: frozenset({AttemptState.HELD}),
    Phase.RUNNING: frozenset({AttemptState.ACCEPTED}),
    Phase.MISSING: frozenset({AttemptState.MISSING}),
    Phase.RENDERED: frozenset({AttemptState.SUCCEEDED}),
    Phase.UNCOLLECTED: frozenset({AttemptState.SUCCEEDED}),
    Phase.DONE: frozenset({AttemptState.SUCCEEDED}),
    Phase.FAILED: _ENDED_BADLY,
    Phase.REFUSED: frozenset({AttemptState.REFUSED}),
    Phase.CANCELLED: frozenset({AttemptState.CANCELLED}),
    Phase.REJECTED: UNPAID,
    Phase.ABANDONED: frozenset({AttemptState.ABANDONED}),
}
"""What the newest attempt can be in each phase."""

_UNTRIED = frozenset({Phase.PLANNED, Phase.REJECTED})

_STANDINGS = """
    SELECT phase, item.attempts > 0, state, count(*)
    FROM item LEFT JOIN attempt ON attempt.item_id = item.id AND attempt.number = item.attempts GROUP BY 1, 2, 3
"""

_UNPAID = ", ".join(f"'{state.value}'" for state in sorted(UNPAID))
_BOOKS = f"""
    SELECT total(estimate * (state NOT IN ({_UNPAID}))),
           total(estimate * (settled IS NULL AND NOT unsettled AND state NOT IN ({_UNPAID}))),
           total(settled), total(estimate * ((settled IS NULL AND unsettled) + json_array_length(duplicates)))
    FROM attempt
"""


def contradiction(connection: sqlite3.Connection) -> str:
    """Say what is wrong with a state; empty where nothing is found. Reads all of it.

    Raises:
        sqlite3.DatabaseError: If it cannot even be read.
    """
    (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        return str(verdict)
    if not _shaped_like_ours(connection):
        return "its tables are not those of its version"
    for phase, tried, state, count in connection.execute(_STANDINGS):
        if not _possible(phase, state, tried=bool(tried)):
            return f"{counted(count, 'item is', 'items are')} {phase!r} while the newest attempt is {state!r}"
    told = connection.execute(
        "SELECT coalesce(sum(estimated), 0), coalesce(sum(reserved), 0), coalesce(sum(settled), 0),"
        " coalesce(sum(possibly), 0) FROM purse WHERE scope = 'all'"
    ).fetchone()
    if tuple(connection.execute(_BOOKS).fetchone()) != tuple(told):
        return "its sums of money are not those of its attempts"
    return ""


def _shaped_like_ours(connection: sqlite3.Connection) -> bool:
    """Compare the tables with what their version has; an older state is compared once it was brought up to date."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        return True
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        make_tables(model)
        migrate(model)
        return _shape(model) <= _shape(connection)


def _shape(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    return set(connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def _possible(phase: str, state: str | None, *, tried: bool) -> bool:
    try:
        place = Phase(phase)
        if state is None:
            return not tried and place in _UNTRIED
        return AttemptState(state) in _POSSIBLE[place]
    except ValueError:
        return False
