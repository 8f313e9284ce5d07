"""What was found out about pictures, kept between commands in a small SQLite file that may be lost at any time."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batch.inputs.picturefacts import Facts, Seen, Unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FILE_NAME = "pictures.sqlite"
_AT_ONCE = 500  # older SQLite takes at most 999 parameters
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS file (
        path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        sha256 TEXT NOT NULL, length INTEGER NOT NULL,
        format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, reason TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS url (
        url TEXT PRIMARY KEY, etag TEXT NOT NULL, modified TEXT NOT NULL,
        sha256 TEXT NOT NULL, length INTEGER NOT NULL,
        format TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, reason TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS mark (fingerprint TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS marked (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL)
        WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when a file does: bytes, and time of the last change in nanoseconds. Negative: not there."""

    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was fetched from a URL, and the validators that its server gave; empty where it gave none."""

    facts: Facts
    etag: str
    modified: str


class PictureCache:
    """The file. Whatever is wrong with it, the worst that happens is that pictures are read again.

    Args:
        folder: Where `pictures.sqlite` lies; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._connection = _open(folder / FILE_NAME)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def files(self, paths: list[str]) -> dict[str, tuple[Stamp, Facts]]:
        """Give what is known of files, and how they were then."""
        rows = self._rows("SELECT * FROM file WHERE path IN", paths)
        return {row[0]: (Stamp(row[1], row[2]), _facts(row[3:])) for row in rows}

    def urls(self, urls: list[str]) -> dict[str, Fetched]:
        """Give what is known of URLs."""
        rows = self._rows("SELECT * FROM url WHERE url IN", urls)
        return {row[0]: Fetched(etag=row[1], modified=row[2], facts=_facts(row[3:])) for row in rows}

    def put_files(self, found: Iterable[tuple[str, Stamp, Facts]]) -> None:
        """Keep what was found out about files."""
        rows = [(path, stamp.size, stamp.mtime_ns, *_columns(facts)) for path, stamp, facts in found]
        with self._writing():
            self._connection.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def put_url(self, url: str, fetched: Fetched) -> None:
        """Keep what was fetched from a URL; what was marked holds no longer."""
        row = (url, fetched.etag, fetched.modified, *_columns(fetched.facts))
        with self._writing():
            self._connection.execute("INSERT OR REPLACE INTO url VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            self._connection.execute("DELETE FROM mark")

    def mark(self, fingerprint: str, stamps: Iterable[tuple[str, Stamp]]) -> None:
        """Remember how the files of a plan are now."""
        with self._writing():
            self._connection.execute("DELETE FROM mark")
            self._connection.execute("DELETE FROM marked")
            rows = ((path, stamp.size, stamp.mtime_ns) for path, stamp in stamps)
            self._connection.executemany("INSERT INTO marked VALUES (?, ?, ?)", rows)
            self._connection.execute("INSERT INTO mark VALUES (?)", (fingerprint,))

    def marked(self, fingerprint: str) -> list[tuple[str, Stamp]] | None:
        """Give how the files of a plan were; None if it is not the plan that was marked last."""
        with contextlib.suppress(sqlite3.Error):
            if self._connection.execute("SELECT fingerprint FROM mark").fetchone() == (fingerprint,):
                rows = self._connection.execute("SELECT path, size, mtime_ns FROM marked").fetchall()
                return [(path, Stamp(size, mtime)) for path, size, mtime in rows]
        return None

    def _rows(self, select: str, keys: list[str]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            with contextlib.suppress(sqlite3.Error):
                yield from self._connection.execute(f"{select} ({','.join('?' * len(some))})", some).fetchall()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with contextlib.suppress(sqlite3.Error), self._connection:
            yield


def _open(path: Path) -> sqlite3.Connection:
    for _ in range(2):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return _prepared(str(path))
        except sqlite3.OperationalError:  # cannot be opened or is locked: its content may be sound
            break
        except sqlite3.DatabaseError:  # damaged: it holds nothing that cannot be found out again
            with contextlib.suppress(OSError):
                path.unlink()
        except OSError:
            break
    return _prepared(":memory:")


def _prepared(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=5)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _columns(facts: Facts) -> tuple[str, int, str, int, int, str]:
    match facts.seen:
        case Seen(format=name, width=width, height=height):
            return (facts.sha256, facts.length, name, width, height, "")
        case Unusable(reason=reason):
            return (facts.sha256, facts.length, "", 0, 0, reason)


def _facts(row: tuple[Any, ...]) -> Facts:
    sha256, length, name, width, height, reason = row
    seen = Unusable(reason=reason) if reason else Seen(format=name, width=width, height=height)
    return Facts(sha256=sha256, length=length, seen=seen)
