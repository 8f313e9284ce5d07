"""What the provider shows around an attempt: the predictions near it in time, and whose picture each of them echoes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from batch.core.echo import names_upload
from batch.core.money import format_usd
from batch.running.history import BEFORE, look_at, nearest_first, read_history
from batch.store import lookups

if TYPE_CHECKING:
    import sqlite3

    from batch.core.lifecycle import Attempt
    from batch.core.prediction import Execution
    from batch.providers.base import Provider

MOST_LOOKS = 50
"""Predictions near an attempt whose echo is read: more would not help a person."""


class Echo(StrEnum):
    """Whose picture a prediction echoes."""

    MATCHES = "matches"  # the attempt's own upload: it is this one's prediction
    ANOTHERS = "another item's"  # an upload of another attempt of this job
    FOREIGN = "not ours"  # no upload that this state knows
    HIDDEN = "not shown"  # the provider echoes no picture
    UNREAD = "not looked at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A prediction near an attempt.

    Attributes:
        owner: The SKU of the item that it belongs to by its id or its echo; empty where none is known.
    """

    row: Execution
    echo: Echo
    owner: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give it for scripts."""
        return {
            "id": self.row.id,
            "created_at": self.row.created_at.isoformat() if self.row.created_at else None,
            "model": self.row.model,
            "status": self.row.status.value,
            "cost_usd": None if self.row.cost is None else format_usd(self.row.cost),
            "echo": self.echo.value,
            "owner": self.owner,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the provider shows around an attempt, nearest first.

    Attributes:
        complete: Whether the history was read to its end, with every echo: only then absence says something.
        trouble: Why it was not read; empty where it was.
    """

    near: tuple[Near, ...] = ()
    complete: bool = False
    trouble: str = ""

    @property
    def matching(self) -> tuple[str, ...]:
        """The predictions that were made of the attempt's own upload."""
        return tuple(one.row.id for one in self.near if one.echo is Echo.MATCHES)


async def gather(
    provider: Provider, connection: sqlite3.Connection, model: str, attempt: Attempt, *, until: float
) -> Evidence:
    """Read the history around an attempt and look at what is nearest to it.

    Args:
        until: Unix seconds of the provider's clock after which a prediction can no longer be the attempt's.
    """
    history = await read_history(provider, model, since=attempt.intent_there - BEFORE, until=until)
    rows = nearest_first(history.rows, attempt.intent_there)
    near = [await judge(provider, connection, attempt, row) for row in rows[:MOST_LOOKS]]
    near += [Near(row=row, echo=Echo.UNREAD) for row in rows[MOST_LOOKS:]]
    read = all(one.echo not in {Echo.UNREAD, Echo.HIDDEN} for one in near)
    trouble = "" if history.trouble is None else history.trouble.message
    return Evidence(near=tuple(near), complete=history.complete and read, trouble=trouble)


async def judge(provider: Provider, connection: sqlite3.Connection, attempt: Attempt, row: Execution) -> Near:
    """Say whose a prediction is: what the state knows first, then what its echo says."""
    owner = lookups.item_of_prediction(connection, row.id)
    prediction = await look_at(provider, row.id)
    if prediction is None:
        return Near(row=row, echo=Echo.UNREAD)
    echo, echoed = read_echo(connection, attempt, prediction.image_url)
    known = lookups.sku_of(connection, owner) if owner is not None else echoed
    return Near(row=row, echo=echo, owner=known)


def read_echo(connection: sqlite3.Connection, attempt: Attempt, image_url: str | None) -> tuple[Echo, str]:
    """Hold an echoed picture against an attempt's upload and all others; give the SKU of another's, too."""
    if image_url is None:
        return Echo.HIDDEN, ""
    if names_upload(image_url, attempt.upload_id):
        return Echo.MATCHES, ""
    other = lookups.attempt_of_echo(connection, image_url)
    return (Echo.FOREIGN, "") if other is None else (Echo.ANOTHERS, lookups.sku_of(connection, other[0]))
