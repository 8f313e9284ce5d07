"""One run at a time: an exclusive lock beside the state."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from typing import TYPE_CHECKING

from batch.errors import Busy, Problem, StorageProblem
from batch.files import disk_problem

if TYPE_CHECKING:
    from pathlib import Path


def lock_path(state: Path) -> Path:
    """Say where the lock of a state lies: beside the file itself, by whatever link it was named."""
    file = state.resolve()
    return file.with_name(file.name + ".lock")


class RunLock:
    """Holds the lock for as long as the object, or the process, lives. The kernel frees it when the process dies.

    Raises:
        Busy: If another process holds it; names that process.
        CannotCreate: If the lock file cannot be made.
        StorageProblem: If the disk is full or fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            what = "the lock file cannot be made"
            raise disk_problem(error, path, what=what, hint="make its folder writable") from error
        for pause in (0.02, 0.05, None):  # somebody may just be asking who holds it
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if pause is None or error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                    raise self._refused(error) from error
                time.sleep(pause)
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(self._descriptor)
            raise disk_problem(error, path) from error

    def _refused(self, error: OSError) -> Problem:
        holder = os.pread(self._descriptor, 64, 0).decode("ascii", "replace").strip()
        os.close(self._descriptor)
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            hint = "keep the state on a local disk"
            return StorageProblem(f"the lock cannot be taken: {error.strerror}", where=str(self._path), hint=hint)
        return _busy(self._path, holder or "unknown")

    def release(self) -> None:
        """Let the next run begin. The file stays: removing it would let two runs hold two different locks."""
        os.close(self._descriptor)


def lock_holder(path: Path) -> str:
    """Name the process that holds the lock, or give an empty text if none does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # whoever may look need not be able to write
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.pread(descriptor, 64, 0).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(descriptor)
    return ""


def refuse_if_held(path: Path) -> None:
    """End early, before anything heavy is imported; who passes takes the lock all the same.

    Raises:
        Busy: If another process holds the lock; names that process.
    """
    holder = lock_holder(path)
    if holder:
        raise _busy(path, holder)


def _busy(path: Path, holder: str) -> Busy:
    return Busy(
        f"another run of this job is at work (process {holder})",
        where=str(path),
        hint="wait for it, or look at it with `sora-batch status JOB --watch`",
    )
