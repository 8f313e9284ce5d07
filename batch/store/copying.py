"""The copy of a state that is made after each run, for the day on which the state itself is damaged or lost."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from batch.files import part_of, sync_folder
from batch.store.seal import close_seal, digest

if TYPE_CHECKING:
    from pathlib import Path

_SPARE = 50_000_000


def copy_path(state: Path) -> Path:
    """Say where a state's copy lies."""
    return state.with_name(f"{state.name}.copy")


def copy_is_current(state: Path, reader: sqlite3.Connection) -> bool:
    """Say whether the copy knows all that happened to items: a plan alone is made again from its manifest.

    Half a copy beside it, which a killed command has left, is a reason to make one anew: nobody else would remove it.
    """
    copy = copy_path(state)
    if not copy.exists() or part_of(copy).exists():
        return False
    try:
        with closing(_reading(copy)) as known:
            return _newest(known) == _newest(reader)
    except sqlite3.Error:
        return False


def _newest(connection: sqlite3.Connection) -> tuple[int, ...]:
    tables = ("event", "run", "decision")
    query = f"SELECT {', '.join(f'(SELECT coalesce(max(id), 0) FROM {table})' for table in tables)}"
    return tuple(int(newest) for newest in connection.execute(query).fetchone())


def _reading(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def make_copy(state: Path) -> str:
    """Replace the copy by one of what is committed now; until it is whole, the one before stays.

    Returns:
        Why there is no new copy; empty where there is one.
    """
    target = copy_path(state)
    part = part_of(target)
    try:
        _check_room(state)
        part.unlink(missing_ok=True)
        with closing(_reading(state)) as reader:
            reader.execute("VACUUM INTO ?", (str(part),))
        _sync(part)
        close_seal(target, digest(part))  # right before the rename and after it: a kill in between costs nothing
        part.replace(target)
        sync_folder(target.parent)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        return f"the state's copy could not be made: {error}"
    return ""


def _check_room(state: Path) -> None:
    """Leave the last room of a disk to the clips."""
    if shutil.disk_usage(state.parent).free < state.stat().st_size + _SPARE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(state.parent))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
