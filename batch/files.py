"""Files that are whole or absent, and folders that stay, whatever happens while they are written."""

from __future__ import annotations

import errno
import itertools
import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from batch.errors import CannotCreate, Problem, StorageProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PART_SUFFIX = ".part"
PASSING = "passing"

_numbers = itertools.count()
_MAKING_FOLDERS: Final = threading.Lock()
_SETTLED: Final[set[Path]] = set()
_NOT_A_MATTER_OF_NAMES: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE})
_CHECK_FOLDER: Final = "check `output.dir` in the job and its permissions"


def disk_problem(
    error: OSError, path: Path, *, what: str = "the file cannot be made", hint: str = _CHECK_FOLDER
) -> Problem:
    """Put an error of our own disk into words: full or failing, or something that cannot be made there.

    Args:
        what: What went wrong, where the disk is sound.
        hint: What to do then.
    """
    reason = error.strerror or str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageProblem(f"the disk is full ({reason})", where=str(path), hint="make room, then run the job again")
    if error.errno in _NOT_A_MATTER_OF_NAMES:
        return StorageProblem(f"the disk cannot be written ({reason})", where=str(path), hint="mend it, then run again")
    return CannotCreate(f"{what} ({reason})", where=str(path), hint=hint)


def part_of(path: Path) -> Path:
    """Name the file that stands for `path` until it is whole; it lies in the same folder, so a rename suffices."""
    return path.with_name(path.name + PART_SUFFIX)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut; a file's own fsync says nothing of its name.

    Raises:
        OSError: If the disk fails. File systems that cannot sync a folder at all (some network shares) are let pass.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they survive a power cut.

    One that is there already may have been made a moment ago by a run that was killed before it synced the folder
    above, so each folder's place is synced once a process. Those that only others can write in are left alone: we have
    made nothing there. Callers in several threads wait for each other: none is told of a folder that another has yet
    to sync.

    Raises:
        OSError: If it cannot be made, or the disk fails.
    """
    with _MAKING_FOLDERS:
        _make_folder(folder.absolute())


def _make_folder(folder: Path) -> None:
    if folder in _SETTLED and folder.is_dir():
        return
    above = folder.parent
    if not folder.is_dir():
        _make_folder(above)
        folder.mkdir(exist_ok=True)
    elif above == folder or not all(os.access(one, os.R_OK | os.W_OK | os.X_OK) for one in (folder, above)):
        return
    else:
        _make_folder(above)
    sync_folder(above)
    _SETTLED.add(folder)


def settle_folder(folder: Path) -> None:
    """Make a folder if need be, and make sure that it and what it holds stay.

    Raises:
        OSError: If it cannot be made, or the disk fails.
    """
    make_folder(folder)
    sync_folder(folder)


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to, which becomes `path` when the block ends without an error.

    Until then `path` is what it was. Two writers of one path must keep each other out by themselves:
    both would write to the same part file.

    Raises:
        OSError: As the operating system says; the part file is gone then.
    """
    part = part_of(path)
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def passing_part(folder: Path) -> Path:
    """Name a part file that no other thread or process writes to, under a folder of its own in `folder`.

    For what has no name yet, or may be written by several at once. `sweep_parts` removes what killed writers left.
    """
    return folder / PASSING / f"{os.getpid()}-{threading.get_ident()}-{next(_numbers)}{PART_SUFFIX}"


def sweep_parts(folder: Path) -> None:
    """Remove the passing parts whose writers are gone; called before this process writes any. Never fails.

    A writer on another machine may lose its part: what it writes is made again when it is needed.
    """
    with suppress(OSError):
        for part in (folder / PASSING).iterdir():
            if not _is_another_alive(part.name.partition("-")[0]):
                with suppress(OSError):
                    part.unlink()


def _is_another_alive(process: str) -> bool:
    if not process.isdecimal() or int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write a whole file at once; text as UTF-8, with its line ends as they are."""
    data = content.encode() if isinstance(content, str) else content
    with atomic(path) as file:
        file.write(data)
