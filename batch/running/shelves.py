"""Where an export goes: a folder, or a prefix in object storage. Both put whole files there, or none."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from batch.core.objects import ObjectPlace, read_object_url
from batch.errors import Busy, CannotCreate, UsageProblem
from batch.files import atomic, disk_problem, make_folder, part_of, sync_folder
from batch.net.buckets import BucketProblem, Buckets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from batch.export.ledger import Entry

_CHUNK: Final = 1 << 20
_HINT: Final = "choose another -o, or make it writable"
_KINDS: Final = {
    ".csv": "text/csv; charset=utf-8",
    ".tsv": "text/tab-separated-values; charset=utf-8",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
}


class Link(StrEnum):
    """How a clip gets into a folder."""

    COPY = "copy"
    HARD = "hard"  # takes no room; copied where the file system cannot
    SYMLINK = "symlink"


class Way(StrEnum):
    """How a clip got there."""

    KEPT = "there already"
    COPIED = "copied"
    LINKED = "linked"
    UPLOADED = "uploaded"


class ChangedMeanwhile(Exception):
    """A clip is not the one that was looked at a moment ago."""


class Shelf(Protocol):
    """A place that takes files by plain names."""

    where: str

    async def read(self, name: str) -> bytes | None:
        """Give a small file whole; None where there is none."""

    async def look(self, name: str) -> str | None:
        """Give the SHA-256 of what lies there; empty where nobody can tell, None where nothing does."""

    async def put_clip(self, name: str, source: Path, entry: Entry, lies: str | None) -> Way:
        """Put a clip there, if it is not yet.

        Args:
            entry: What it has to be.
            lies: As `look` told.

        Raises:
            ChangedMeanwhile: If the source is another one by now; what lay there does so still.
        """

    async def put_file(self, name: str, data: bytes) -> None:
        """Write a file, over what lies there."""

    async def remove(self, name: str, sha256: str) -> bool:
        """Remove what lies there if it is still what we put; say whether nothing lies there now."""

    def close(self) -> None:
        """Let others write there."""


class FolderShelf:
    """A folder of this machine, which only one export at a time writes to.

    Args:
        folder: Made if need be.
        link: How clips get there; None copies, and leaves links to the right clip as they are.

    Raises:
        Busy: If another export is writing to it.
        CannotCreate: If it cannot be made.
        StorageProblem: If the disk is full or fails.
    """

    def __init__(self, folder: Path, link: Link | None) -> None:
        self.where = str(folder)
        self._folder = folder
        self._link = link
        try:
            make_folder(folder)
            self._lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise disk_problem(error, folder, what="the export's folder cannot be made", hint=_HINT) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                return  # a network share that locks no folders: two exports at a time are their callers' business
            os.close(self._lock)
            hint = "wait for its end, or choose another -o"
            raise Busy("another export is writing to it", where=str(folder), hint=hint) from error

    def close(self) -> None:
        """Let others write there."""
        os.close(self._lock)

    async def read(self, name: str) -> bytes | None:
        """Give a small file whole; None where there is none."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise disk_problem(error, self._folder / name, what="it cannot be read", hint=_HINT) from error

    async def look(self, name: str) -> str | None:
        """Give the SHA-256 of what lies there; empty where nobody can tell, None where nothing does."""
        return await asyncio.to_thread(_digest, self._folder / name)

    async def put_clip(self, name: str, source: Path, entry: Entry, lies: str | None) -> Way:
        """Put a clip there, as `link` says."""
        try:
            return await asyncio.to_thread(self._put, self._folder / name, source, entry, lies)
        except OSError as error:
            what = "the clip cannot be put there"
            raise disk_problem(error, self._folder / name, what=what, hint=_HINT) from error

    def _put(self, path: Path, source: Path, entry: Entry, lies: str | None) -> Way:
        is_right = lies == entry.sha256
        same = is_right and not path.is_symlink() and path.samefile(source)
        part = part_of(path)
        match self._link:
            case Link.SYMLINK:
                target = os.path.relpath(source, self._folder)
                if path.is_symlink() and os.readlink(path) == target:  # noqa: PTH115 - compared as it is written
                    return Way.KEPT
                part.unlink(missing_ok=True)
                part.symlink_to(target)
            case Link.HARD if not same:
                part.unlink(missing_ok=True)
                try:
                    part.hardlink_to(source.resolve())
                except OSError:  # another disk, or a file system without hard links
                    if is_right and not path.is_symlink():
                        return Way.KEPT
                    return self._copy(path, source, entry)
            case Link.COPY if not is_right or same or path.is_symlink():
                return self._copy(path, source, entry)
            case None if not is_right:
                return self._copy(path, source, entry)
            case _:
                return Way.KEPT
        part.replace(path)
        sync_folder(self._folder)
        return Way.LINKED

    def _copy(self, path: Path, source: Path, entry: Entry) -> Way:
        digest = hashlib.sha256()
        with source.open("rb") as file, atomic(path) as copy:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
            if digest.hexdigest() != entry.sha256:
                raise ChangedMeanwhile
        return Way.COPIED

    async def put_file(self, name: str, data: bytes) -> None:
        """Write a file, over what lies there."""
        path = self._folder / name
        try:
            with atomic(path) as file:
                file.write(data)
        except OSError as error:
            raise disk_problem(error, path, hint=_HINT) from error

    async def remove(self, name: str, sha256: str) -> bool:
        """Remove what lies there if it is still what we put; say whether nothing lies there now."""
        path = self._folder / name
        if not path.is_symlink() and await self.look(name) not in {None, sha256}:
            return False
        try:
            for file in (path, part_of(path)):
                file.unlink(missing_ok=True)
            sync_folder(self._folder)
        except OSError as error:
            raise disk_problem(error, path, what="it cannot be removed", hint=_HINT) from error
        return True


class BucketShelf:
    """A prefix in a bucket. What we put there carries its SHA-256 as metadata, and is told by that.

    Args:
        text: `s3://bucket/prefix`.
        environ: The process's; it names the server and the keys.

    Raises:
        UsageProblem: If the address is none.
    """

    def __init__(self, text: str, environ: Mapping[str, str]) -> None:
        self.where = text.rstrip("/")
        self._buckets = Buckets(environ)
        self._place("export.json")

    def close(self) -> None:
        """Nothing is held: two exports to one prefix at a time are their callers' business."""

    async def read(self, name: str) -> bytes | None:
        """Give a small object whole; None where there is none."""
        place = self._place(name)
        try:
            if await self._buckets.look(place) is None:
                return None
            found = await self._buckets.open(place)
            return b"".join([piece async for piece in found.pieces])
        except BucketProblem as problem:
            raise self._told(problem) from None

    async def look(self, name: str) -> str | None:
        """Give the SHA-256 that an object carries; empty where it carries none, None where there is no object."""
        try:
            found = await self._buckets.look(self._place(name))
        except BucketProblem as problem:
            raise self._told(problem) from None
        return None if found is None else found.sha256

    async def put_clip(self, name: str, source: Path, entry: Entry, lies: str | None) -> Way:
        """Upload a clip, unless it is there."""
        if lies == entry.sha256:
            return Way.KEPT
        await self._put(name, source, entry.sha256)
        # The upload read the file by itself: only where it is the same before and after is it what was checked.
        if await asyncio.to_thread(_digest, source) != entry.sha256:
            await self.remove(name, entry.sha256)
            raise ChangedMeanwhile
        return Way.UPLOADED

    async def put_file(self, name: str, data: bytes) -> None:
        """Write a small object."""
        await self._put(name, data, hashlib.sha256(data).hexdigest())

    async def remove(self, name: str, sha256: str) -> bool:
        """Remove an object if it is still what we put; say whether there is none now."""
        lies = await self.look(name)
        if lies not in {None, sha256}:
            return False
        try:
            await self._buckets.remove(self._place(name))
        except BucketProblem as problem:
            raise self._told(problem) from None
        return True

    async def _put(self, name: str, data: Path | bytes, sha256: str) -> None:
        kind = _KINDS.get(os.path.splitext(name)[1], "application/octet-stream")  # noqa: PTH122 - no path
        try:
            await self._buckets.put(self._place(name), data, kind=kind, sha256=sha256)
        except BucketProblem as problem:
            raise self._told(problem) from None

    def _place(self, name: str) -> ObjectPlace:
        try:
            return read_object_url(f"{self.where}/{name}")
        except ValueError as error:
            raise UsageProblem(f"-o {self.where}: {error}", hint="write it as s3://bucket/prefix") from error

    def _told(self, problem: BucketProblem) -> CannotCreate:
        return CannotCreate(f"the export cannot be put there: {problem.reason}", where=self.where, hint=problem.hint)


def _digest(path: Path) -> str | None:
    """Give a file's SHA-256; empty where it cannot be read, None where nothing has its name."""
    try:
        return digest_of(path)[1]
    except OSError:
        return "" if os.path.lexists(path) else None


def digest_of(path: Path) -> tuple[int, str]:
    """Give a file's length and SHA-256.

    Raises:
        OSError: If it cannot be read.
    """
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            length += len(chunk)
    return length, digest.hexdigest()
