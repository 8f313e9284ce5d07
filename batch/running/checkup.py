"""Looking at this machine's side of a job: versions, disk, the state and what it could be rebuilt from."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from batch import __version__
from batch.core.counting import counted
from batch.core.money import format_usd
from batch.core.phases import RESOLVABLE
from batch.errors import Exit, MissingInput, Problem
from batch.running.findings import Finding, Level, bad
from batch.store import queries
from batch.store.copying import copy_path
from batch.store.filesystem import check_local, state_file_system
from batch.store.lock import lock_holder, lock_path
from batch.store.state import Binding, damage, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from batch.inputs.jobfile import LoadedJob

_LEAST_FREE = 1_000_000_000


def versions() -> Iterator[Finding]:
    """Name what runs."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    what = f"sora-batch {__version__}, Python {python}, SQLite {sqlite3.sqlite_version}"
    yield Finding(level=Level.GOOD, what=what)


def disk(loaded: LoadedJob) -> Iterator[Finding]:
    """Look at the output folder and its disk."""
    folder = loaded.location.output
    try:
        while not folder.exists():
            folder = folder.parent
    except OSError as error:  # a folder that may not be entered, a name that is too long
        what = f"{folder} cannot be used: {error.strerror}"
        yield Finding(level=Level.BAD, what=what, hint="set `output.dir`", exit=Exit.CANNOT_CREATE)
        return
    free = shutil.disk_usage(folder).free
    what = f"{free / 1e9:.1f} GB are free for {loaded.location.output}"
    if not os.access(folder, os.W_OK | os.X_OK):
        hint = "set `output.dir`, or make it writable"
        yield Finding(level=Level.BAD, what=f"{folder} cannot be written", hint=hint, exit=Exit.CANNOT_CREATE)
    elif free < _LEAST_FREE:
        yield Finding(level=Level.NOTE, what=what, hint="a clip takes 2 to 20 MB; make room before a large run")
    else:
        yield Finding(level=Level.GOOD, what=what)


def state(loaded: LoadedJob) -> Iterator[Finding]:
    """Look at the state: whose it is, whether it is whole, who writes it, and what waits in it."""
    location = loaded.location
    try:
        check_local(location.state)
    except Problem as problem:
        yield bad(problem)
        return
    kind = state_file_system(location.state) or "of a kind that this system does not tell"
    yield Finding(level=Level.GOOD, what=f"the state's file system is {kind}")
    holder = lock_holder(lock_path(location.state))
    if holder:
        yield Finding(
            level=Level.NOTE, what=f"a run is at work on this job (process {holder}); its state was not checked"
        )
        return
    binding = Binding.of(location)
    try:
        why = damage(location.state, binding)
        if why:
            yield _damaged(loaded, why)
            return
        with closing(read_state(location.state, binding)) as connection:
            yield from _contents(connection)
    except MissingInput:
        yield Finding(level=Level.GOOD, what=f"no state yet; the first run makes {location.state}")
    except Problem as problem:
        yield bad(problem)


def _damaged(loaded: LoadedJob, why: str) -> Finding:
    """Say what a damaged state can be brought back from."""
    path = loaded.location.state
    copy = copy_path(path)
    made = f"its copy of {_moment(copy)}, " if copy.exists() else "no copy, "
    notes = sum(1 for _ in loaded.location.output.rglob("*.mp4.json"))
    hint = (
        "nothing is submitted from it; `sora-batch doctor JOB --rebuild` brings it back from"
        f" {made}the notes beside {counted(notes, 'clip')}, what can still be read of it, and the provider's history;"
        " the damaged file is kept"
    )
    return Finding(level=Level.BAD, what=f"{path}: {why}", hint=hint, exit=Exit.STORAGE)


def _moment(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


def _contents(connection: sqlite3.Connection) -> Iterator[Finding]:
    counts, cost = queries.counts(connection), queries.cost(connection)
    what = f"the state is whole: {counted(counts.total, 'item')}, ${format_usd(cost.reserved)} reserved"
    yield Finding(level=Level.GOOD, what=what)
    waiting = queries.count_in(connection, *RESOLVABLE)
    if waiting:
        hint = "`sora-batch resolve JOB ITEM` shows each, and takes your decision"
        yield Finding(level=Level.NOTE, what=f"{counted(waiting, 'item waits', 'items wait')} for a person", hint=hint)
    unknown = list(queries.unaccounted(connection))
    if unknown:
        them = counted(len(unknown), "prediction was", "predictions were")
        what = f"since the state was rebuilt, nobody knows what {them} for; nothing is bought"
        hint = "\n      ".join(f"sora-batch resolve JOB {one}" for one in unknown[:20])
        yield Finding(level=Level.BAD, what=what, hint=hint, exit=Exit.NEEDS_PERSON)
