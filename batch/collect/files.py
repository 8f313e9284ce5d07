"""Large files on their way: written beside their name and hashed meanwhile, synced, renamed, synced again."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

from batch.files import disk_problem, make_folder, sync_folder

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_BUFFER: Final = 1 << 18


def part_path(target: Path) -> Path:
    """Give the name under which a file is written until it is whole: hidden, short, and the same for the same file."""
    digest = hashlib.sha256(target.name.encode("utf-8", "surrogateescape")).hexdigest()
    return target.with_name(f".{digest[:24]}.part")


def make_room(target: Path) -> None:
    """Make the folder of a file that is to come; it waits for the disk.

    Raises:
        StorageProblem: If the disk is full or fails.
        CannotCreate: If there can be no such folder.
    """
    try:
        make_folder(target.parent)
    except OSError as error:
        raise disk_problem(error, target) from error


class PartFile:
    """A file on its way, hashed while it is written.

    It ends by `keep` or by `discard`; what a killed process left behind is replaced by the next one for the same
    target. Not for two writers of one target at once.

    Args:
        target: What it will be called; its folder is made if need be.

    Raises:
        StorageProblem: If the disk is full or fails; so do all methods, which discard the file first.
        CannotCreate: If there can be no such file.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = part_path(target)
        self.size = 0
        self._hash = hashlib.sha256()
        self._file: BinaryIO | None = None
        try:
            if not target.parent.is_dir():
                make_folder(target.parent)
            self.path.unlink(missing_ok=True)
            self._file = self.path.open("xb+", buffering=_BUFFER)
        except OSError as error:
            raise disk_problem(error, target) from error

    @property
    def sha256(self) -> str:
        """Of everything written so far, in hex."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        assert self._file is not None
        try:
            self._file.write(chunk)
        except OSError as error:
            self.discard()
            raise disk_problem(error, self.target) from error
        self._hash.update(chunk)
        self.size += len(chunk)

    def read_at(self, offset: int, size: int) -> bytes:
        """Give bytes back, as many as asked for unless the file ends before."""
        assert self._file is not None
        try:
            self._file.seek(offset)
            return self._file.read(size)
        except OSError as error:
            self.discard()
            raise disk_problem(error, self.target) from error

    def keep(self) -> None:
        """Put the file under its name, durably; the caller has made sure that nothing else has that name."""
        assert self._file is not None
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._file = None
            self.path.replace(self.target)
            sync_folder(self.target.parent)
        except OSError as error:
            self.discard()
            raise disk_problem(error, self.target) from error

    def discard(self) -> None:
        """Remove the file, unless it was kept; never fails, since it runs where something else already has."""
        file, self._file = self._file, None
        try:
            if file is not None:
                # Closing flushes, and on a full disk that fails once more.
                file.close()
        except OSError:
            pass
        finally:
            self._unlink()

    def _unlink(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            return


def same_content(path: Path, *, size: int, sha256: str) -> bool:
    """Tell whether an existing file holds exactly what another one does.

    Raises:
        StorageProblem: If the disk fails.
        CannotCreate: If it cannot be read.
    """
    try:
        if not path.is_file() or path.stat().st_size != size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError as error:
        raise disk_problem(error, path) from error
