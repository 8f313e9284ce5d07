"""A defect to be found: SQLite syncs less than the program asks for, and says otherwise.

With `synchronous` at NORMAL a commit reaches the disk some time later, so an intent may be sent and then forgotten.
"""

from __future__ import annotations

import os
from pathlib import Path

_SOURCE = """
import sqlite3

class Lowered(sqlite3.Connection):
    def execute(self, sql, *parameters):
        if sql == "PRAGMA synchronous = FULL":
            sql = "PRAGMA synchronous = NORMAL"
        elif sql == "PRAGMA synchronous":
            sql = "SELECT 2"  # what it would say had it been obeyed
        return super().execute(sql, *parameters)

def connect(*arguments, _connect=sqlite3.connect, **options):
    return _connect(*arguments, factory=Lowered, **options)

sqlite3.connect = connect
"""


def lowered_path(folder: Path) -> str:
    """Give the `PYTHONPATH` with which every interpreter has the defect; the folder gets a file."""
    (folder / "sitecustomize.py").write_text(_SOURCE, "utf-8")
    return os.pathsep.join((str(folder), str(Path.cwd())))
