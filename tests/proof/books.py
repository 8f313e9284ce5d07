"""What three books say of the same run: the provider's ledger, the job's state, the files.

The state is read with SQL of its own, so that a misreading of the program is not repeated here.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Row = dict[str, Any]

_ITEMS = """
    SELECT id, lower(hex(key)) AS key, sku, variant, take, phase, accepted, name, clip,
           (SELECT aspect FROM orders WHERE orders.id = order_id) AS aspect,
           plan = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'plan') AS planned,
           attempts > 0 OR plan = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'plan') AS reported
    FROM item ORDER BY id
"""

LOST = ("intended", "unconfirmed", "held")
"""States of an attempt that may have been accepted, for all that the state knows."""


def json_lines(path: Path) -> list[Row]:
    """Read whole lines of JSON; the last one may still be on its way."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]


@dataclass(frozen=True)
class Ledger:
    """What the provider did, as it told its own disk before it answered.

    Attributes:
        lines: In their order: `accepted`, then `settled` or `cancelled` for the same id.
        requests: Every request that was answered, or given up.
    """

    lines: Sequence[Row]
    requests: Sequence[Row]

    @classmethod
    def read(cls, folder: Path) -> Ledger:
        """Read the simulator's folder."""
        return cls(lines=json_lines(folder / "ledger.jsonl"), requests=json_lines(folder / "requests.jsonl"))

    @cached_property
    def accepted(self) -> Mapping[str, Row]:
        """Predictions by id, in the order in which they were accepted."""
        return {line["id"]: line for line in self.lines if line["event"] == "accepted"}

    @cached_property
    def ended(self) -> Mapping[str, Row]:
        """Ends by id."""
        return {line["id"]: line for line in self.lines if line["event"] != "accepted"}

    @property
    def posts(self) -> list[Row]:
        """Requests for a prediction."""
        return [r for r in self.requests if r["method"] == "POST" and r["path"].rstrip("/") == "/v1/prediction"]


@dataclass(frozen=True)
class State:
    """The rows of a state, read beside a run or after it."""

    items: Sequence[Row]
    attempts: Sequence[Row]
    events: Sequence[Row]
    runs: Sequence[Row]
    purse: Mapping[str, Row]
    overrides: Sequence[Row] = ()

    @classmethod
    def read(cls, path: Path) -> State:
        """Read everything of interest in one transaction."""
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")

            def rows(query: str) -> list[Row]:
                return [dict(row) for row in connection.execute(query)]

            return cls(
                items=rows(_ITEMS),
                attempts=rows("SELECT * FROM attempt ORDER BY item_id, number"),
                events=rows("SELECT * FROM event ORDER BY id"),
                runs=rows("SELECT * FROM run ORDER BY id"),
                overrides=rows("SELECT *, lower(hex(before)) AS replaced FROM override"),
                purse={row["scope"]: row for row in rows("SELECT * FROM purse")},
            )

    @cached_property
    def by_upload(self) -> Mapping[str, Row]:
        """Attempts by the upload that names them at the provider."""
        return {attempt["upload_id"]: attempt for attempt in self.attempts}

    @cached_property
    def by_item(self) -> Mapping[int, Row]:
        """Items by id."""
        return {item["id"]: item for item in self.items}

    @property
    def intended(self) -> set[tuple[int, int]]:
        """Attempts whose POST may have been open when the state was read."""
        return {(a["item_id"], a["number"]) for a in self.attempts if a["state"] == "intended"}

    @property
    def lost(self) -> set[tuple[int, int]]:
        """Attempts of which nobody knows whether they were accepted."""
        return {(a["item_id"], a["number"]) for a in self.attempts if a["state"] in LOST}


def micros(dollars: str | Decimal) -> int:
    """Turn dollars into micro-dollars."""
    return int(Decimal(dollars) * 1_000_000)
