"""What SQLite says, in words that help."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from batch.errors import StateDamaged, StorageProblem

if TYPE_CHECKING:
    import sqlite3

_OUTSIDE = frozenset({5, 6, 8, 10, 11, 13, 14, 15, 26})
"""SQLite's primary codes that tell of a disk, a file or another program, and not of a wrong statement of ours: busy,
locked, readonly, ioerr, corrupt, full, cantopen, protocol, notadb (https://sqlite.org/rescode.html)."""
_DAMAGE = frozenset({"database disk image is malformed", "file is not a database"})
_Word = TypeVar("_Word", bound=StrEnum)


def read_word(kind: type[_Word], text: str) -> _Word:
    """Read a phase or a state.

    Raises:
        StateDamaged: If it is none: somebody, or the disk, has changed it.
    """
    try:
        return kind(text)
    except ValueError:
        raise StateDamaged(f"it holds the word {text!r}, which means nothing", where="the state") from None


def storage_problem(error: sqlite3.Error, path: str) -> StorageProblem:
    """Say in words what SQLite could not do."""
    text = str(error)
    if text in _DAMAGE:
        return StateDamaged(text, where=path)
    usual = "look at this file, its folder and its disk, then give the same command again"
    hints = {
        "database or disk is full": "make room on this disk, then give the same command again; nothing is lost",
        "disk I/O error": "the disk failed: look at the system's log, then give the same command again",
        "attempt to write a readonly database": "make the state file and its folder writable",
    }
    return StorageProblem(f"the state cannot be used: {text}", where=path, hint=hints.get(text, usual))


def outside_problem(error: Exception) -> StorageProblem | None:
    """Say in words what SQLite met where nobody caught it, on a connection that reads; None for anything else.

    A wrong statement is a defect and stays one.
    """
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or code & 0xFF not in _OUTSIDE:
        return None
    return storage_problem(error, "the state, or the cache beside it")  # type: ignore[arg-type]
