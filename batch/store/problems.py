"""What SQLite says, in words that help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.errors import StorageProblem

if TYPE_CHECKING:
    import sqlite3


def storage_problem(error: sqlite3.Error, path: str) -> StorageProblem:
    """Say in words what SQLite could not do."""
    text = str(error)
    usual = "look at this file, its folder and its disk, then give the same command again"
    hints = {
        "database or disk is full": "make room on this disk, then give the same command again; nothing is lost",
        "database disk image is malformed": "the state is damaged: `sora-batch doctor` says what can be done",
        "file is not a database": "this file is no state of sora-batch: name another one under `state:`",
        "disk I/O error": "the disk failed: look at the system's log, then give the same command again",
        "attempt to write a readonly database": "make the state file and its folder writable",
    }
    return StorageProblem(f"the state cannot be used: {text}", where=path, hint=hints.get(text, usual))
