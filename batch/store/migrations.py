"""How a state of an older version becomes one of ours: step by step, each in a transaction of its own."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MIGRATIONS: tuple[str, ...] = (
    # 2: a person's decisions. Their phases and attempt states are words that version 1 does not know, and whoever
    # looks a prediction's echo up needs the attempt that its upload belongs to.
    "CREATE INDEX attempt_upload ON attempt(upload_id);",
    # 3: how pictures were fitted, from which plan on: the one thing in an item's key that a state did not say, and
    # without which nobody can be told why an item is new. Clips say more of themselves from here on (JSON, in place).
    "CREATE TABLE plan_fit (plan INTEGER PRIMARY KEY, fit TEXT NOT NULL) STRICT;",
    # 4: what a row says of its own frame, as JSON; NULL where the job's `image` keys hold.
    "ALTER TABLE item ADD COLUMN framing TEXT;",
    # 5: what persons decided about clips, only ever added to, with the one that holds in its item; and the takes that
    # were made in place of others, with what they were asked for instead of what the row says.
    """
    CREATE TABLE decision (
        id        INTEGER PRIMARY KEY,
        item_id   INTEGER NOT NULL REFERENCES item(id),
        judgement TEXT NOT NULL,
        prompt    TEXT,
        note      TEXT NOT NULL,
        by        TEXT NOT NULL,
        at        REAL NOT NULL
    ) STRICT;
    CREATE INDEX decision_item ON decision(item_id);
    ALTER TABLE item ADD COLUMN decision INTEGER;
    CREATE TABLE override (
        sku          TEXT NOT NULL,
        variant      INTEGER NOT NULL,
        aspect       TEXT NOT NULL,
        take         INTEGER NOT NULL,
        row_prompt   TEXT NOT NULL,
        row_negative TEXT NOT NULL,
        prompt       TEXT NOT NULL,
        before       BLOB NOT NULL,
        note         TEXT NOT NULL,
        by           TEXT NOT NULL,
        at           REAL NOT NULL,
        PRIMARY KEY (sku, variant, aspect, take)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX override_before ON override(before);
    CREATE INDEX item_take ON item(sku, variant, take) WHERE take > 0;
    """,
)
"""The script at index n turns version n + 1 into version n + 2. What is here is never changed, only added to."""

VERSION = 1 + len(MIGRATIONS)
"""The version that this program writes."""


FIRST_VERSION = 1
"""What schema.sql makes; migrations go on from there."""


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of the first version; the caller has begun a transaction, and migrates after it."""
    from importlib import resources  # noqa: PLC0415 - start-up counts, and `status` makes no state

    schema = resources.files("batch.store").joinpath("schema.sql").read_text("utf-8")
    for statement in statements(schema):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FIRST_VERSION}")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a state up to our version; cut off, it stands at a version in between and is taken up from there."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number in range(version, VERSION):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements(MIGRATIONS[number - 1]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def statements(script: str) -> Iterator[str]:
    """Cut a script into statements: `executescript` would commit the transaction it runs in."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
