"""Opening a state: is it ours, is it whole, is it of a version that we know?"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.errors import CannotCreate, JobProblem, MissingInput, Problem, StateDamaged, StorageProblem
from batch.store.copying import copy_path
from batch.store.migrations import VERSION, make_tables, migrate
from batch.store.numbers import unaccounted
from batch.store.problems import storage_problem
from batch.store.seal import Seal, look_at_seal, seal_path
from batch.store.soundness import contradiction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self

    from batch.core.location import JobLocation

APPLICATION_ID = 0x736F7261  # "sora": tells our state from any other SQLite file
_SHORTEST = 100  # bytes of SQLite's own header; of less it makes an empty database


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a state belongs to: one job, and from its first attempt on one provider."""

    job: str
    provider: str
    host: str

    @classmethod
    def of(cls, location: JobLocation) -> Self:
        """Give what the state of a job belongs to."""
        return cls(job=location.name, provider=location.provider, host=location.host)


def open_state(path: Path, binding: Binding, *, search: bool = True) -> sqlite3.Connection:
    """Open a state for writing, or make it. The caller holds the run lock.

    Args:
        search: Whether a state that nobody sealed is searched for contradictions; else the caller does it.

    Raises:
        StateDamaged: If the file is damaged, or was there and is gone.
        StorageProblem: If it is no state at all.
        JobProblem: If it belongs to another job or provider, or to a newer version.
        CannotCreate: If it cannot be made.
    """
    if _has_bytes(path):
        _check_header(path)
    else:
        _check_not_lost(path)
    seal = _sealed(path)
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    except sqlite3.Error as error:
        raise CannotCreate(
            f"the state cannot be opened: {error}", where=str(path), hint="make its folder writable"
        ) from error
    try:
        with explained(path):
            empty = _is_empty(connection)  # new, or its first transaction never ended
            if empty:
                _check_not_lost(path)
            else:  # before anything is changed: it may be somebody else's
                _check_version(connection, path)
                _check_binding(connection, path, binding)
                _check_whole(connection, path, seal, search=search)
            _prepare(connection, path)
            if empty:
                _create(connection, binding)
            migrate(connection)
            _bind(connection, binding)
    except BaseException:
        connection.close()
        raise
    return connection


def read_state(path: Path, binding: Binding) -> sqlite3.Connection:
    """Open a state for reading only, beside a run that writes it or alone.

    Raises:
        MissingInput: If there is none yet.
        StorageProblem: If the file is damaged, or no state at all.
        JobProblem: If it belongs to another job or provider, whose items and money would be shown as this one's, or
            is of another version than ours.
    """
    if not _has_bytes(path):
        _check_not_lost(path)
        raise _no_state(path)
    if path.stat().st_size < _SHORTEST:
        raise _no_database(path)
    # The file itself is not opened here: closing it would drop the locks of the connection that writes beside us, and
    # any other program that then looks into the state would take itself for the last one and remove its log.
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)
    except sqlite3.Error as error:
        raise storage_problem(error, str(path)) from error
    try:
        with explained(path):
            connection.execute("PRAGMA query_only = ON")
            if _is_empty(connection):
                _check_not_lost(path)
                raise _no_state(path)
            _check_version(connection, path)
            _check_binding(connection, path, binding)
            _check_not_older(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def damage(path: Path, binding: Binding) -> str:
    """Say how a state is damaged; empty where it is whole. Reads all of it and changes nothing.

    Raises:
        Problem: If the file is whole and not this job's, or not a state at all, or there never was one.
    """
    seal = _sealed(path)  # before SQLite has the file open: closing it again would drop SQLite's locks
    try:
        if _has_bytes(path):
            _check_header(path)  # as who writes does: with its log, SQLite may read a file whose beginning is damaged
        connection = read_state(path, binding)
    except StateDamaged as found:
        return found.what
    except Problem as problem:  # of another version, or no state at all: unless that is the damage
        return problem.what if seal is Seal.BROKEN else _reraised(problem)
    try:
        with explained(path):
            _check_whole(connection, path, seal, search=True)
    except StateDamaged as found:
        return found.what
    finally:
        connection.close()
    return ""


def _reraised(problem: Problem) -> str:
    raise problem


def _no_state(path: Path) -> MissingInput:
    return MissingInput("this job has no state yet", where=str(path), hint="`sora-batch run JOB` makes it")


def _is_empty(connection: sqlite3.Connection) -> bool:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(application == 0 and tables == 0)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say of what SQLite complains about while a state is read or written that it is the state, and what can be done.

    Raises:
        StorageProblem: In place of SQLite's error.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise _no_database(path) from error
        raise storage_problem(error, str(path)) from error


def _has_bytes(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # a folder that may not be entered, a name that is too long
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> StorageProblem:
    hint = "make it readable, or name another file under `state:`"
    return StorageProblem(f"the state cannot be read: {error.strerror}", where=str(path), hint=hint)


def _no_database(path: Path) -> StorageProblem:
    if _was_here(path):
        return StateDamaged("it does not begin like a state", where=str(path))
    return StorageProblem(
        "this file is no state of sora-batch",
        where=str(path),
        hint="name another file under `state:`, or put the right one back; nothing was sent",
    )


def _check_header(path: Path) -> None:
    """Look at a file's first bytes, before any connection to it is open."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise _unreadable(path, error) from error
    if head != b"SQLite format 3\x00":
        raise _no_database(path)


def _was_here(path: Path) -> bool:
    """Say whether a command ever wrote a state of this name: its seal or its copy lies beside it."""
    return seal_path(path).exists() or copy_path(path).exists()


def _check_not_lost(path: Path) -> None:
    """Refuse to begin anew where there was a state: everything would be bought again."""
    if _was_here(path):
        raise StateDamaged("it is gone, or empty, and what lies beside it says that there was one", where=str(path))


def _sealed(path: Path) -> Seal:
    """Compare the file with its seal, before SQLite opens it: whoever closes a file drops his process's locks on it."""
    try:
        seal = look_at_seal(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    log = path.with_name(f"{path.name}-wal")
    return Seal.OPEN if seal is Seal.WHOLE and log.exists() and log.stat().st_size else seal


def _check_whole(connection: sqlite3.Connection, path: Path, seal: Seal, *, search: bool) -> None:
    """Refuse what is not as its last command left it; where that one died before it could seal, what contradicts."""
    if seal is Seal.BROKEN:
        raise StateDamaged("its bytes are not those that the last command left", where=str(path))
    if seal is not Seal.WHOLE and search:
        _search(connection, path)


def _search(connection: sqlite3.Connection, path: Path) -> None:
    found = contradiction(connection)
    if found:
        raise StateDamaged(found, where=str(path))


def search_state(path: Path) -> None:
    """Search a state for contradictions, as it is committed now, while others write.

    Raises:
        StateDamaged: If it contradicts itself.
        StorageProblem: If it cannot be read.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with explained(path), closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN")
        _search(connection, path)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Set what durability rests on, and read every answer: SQLite refuses silently."""
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    (level,) = connection.execute("PRAGMA synchronous").fetchone()
    if mode != "wal" or level != 2:
        raise StorageProblem(
            f"this file system does not keep a write-ahead log (journal mode {mode})",
            where=str(path),
            hint="keep the state on a local disk: set `state:` in the job",
        )
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -65536")


def _create(connection: sqlite3.Connection, binding: Binding) -> None:
    meta = [("job", binding.job), ("provider", binding.provider), ("host", binding.host)]
    connection.execute("BEGIN IMMEDIATE")
    make_tables(connection)
    connection.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", meta)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("COMMIT")


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StorageProblem(
            "this SQLite file is no state of sora-batch",
            where=str(path),
            hint="name another file under `state:`, or put the right one back; nothing was sent",
        )
    if version > VERSION:
        raise JobProblem(
            f"the state is of version {version}, and this sora-batch knows versions up to {VERSION}",
            where=str(path),
            hint="use the newer sora-batch that wrote it",
        )


def _check_not_older(connection: sqlite3.Connection, path: Path) -> None:
    """Whoever only reads cannot bring a state up to date."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < VERSION:
        raise JobProblem(
            f"the state is of the older version {version}",
            where=str(path),
            hint="`sora-batch collect JOB` brings it up to date and buys nothing",
        )


def _check_binding(connection: sqlite3.Connection, path: Path, binding: Binding) -> None:
    bound = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('job', 'provider', 'host')"))
    for key, ours in (("job", binding.job), ("provider", binding.provider), ("host", binding.host)):
        if bound.get(key) != ours and (key == "job" or _was_used(connection)):
            raise _of_another(path, key, bound.get(key, "nothing"), ours)


def _was_used(connection: sqlite3.Connection) -> bool:
    """Say whether anything was ever asked of the provider: until then the job may change to another one."""
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM attempt)").fetchone()[0]) or bool(
        unaccounted(connection)
    )


def _bind(connection: sqlite3.Connection, binding: Binding) -> None:
    """Bind a state of which nothing was bought to the provider that the job now has."""
    connection.executemany(
        "UPDATE meta SET value = ?2 WHERE key = ?1 AND value <> ?2",
        [("provider", binding.provider), ("host", binding.host)],
    )


def _of_another(path: Path, key: str, theirs: str, ours: str) -> Problem:
    word = {"job": "job", "provider": "provider", "host": "provider's host"}[key]
    return JobProblem(
        f"this state belongs to the {word} {theirs!r}, and the job file says {ours!r}",
        where=str(path),
        hint="give the job a state of its own (`state:` or `output.dir`), or put the old name back",
    )
