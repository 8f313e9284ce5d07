"""One run at a time, whoever dies in between."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from batch.errors import Busy, Exit, StorageProblem
from batch.store.lock import RunLock, lock_holder, lock_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.store.conftest import States

_HOLD = """
import sys
from pathlib import Path
from batch.store.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run another process that holds the lock."""
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    """Exit 75, with the process's number; `status` names it too, and can do so again and again."""
    path = tmp_path / "state.sqlite.lock"
    with holder(path) as process:
        with pytest.raises(Busy, match=f"process {process.pid}") as caught:
            RunLock(path)
        assert caught.value.exit is Exit.TRY_LATER
        assert [lock_holder(path) for _ in range(3)] == [str(process.pid)] * 3


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    """The kernel frees it; its number in the file means nothing any more."""
    path = tmp_path / "state.sqlite.lock"
    with holder(path) as process:
        process.kill()
        process.wait()
        assert lock_holder(path) == ""
        lock = RunLock(path)
        assert lock_holder(path) == str(os.getpid())
        lock.release()
    assert lock_holder(path) == ""


def test_a_disk_that_is_full_is_no_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing down who holds the lock needs room; without it the run says so, and lets the lock go."""
    path = tmp_path / "state.sqlite.lock"

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(StorageProblem, match="the disk is full"):
            RunLock(path)
    RunLock(path).release()


def test_the_file_stays_so_that_there_is_one_lock(tmp_path: Path) -> None:
    """Removing it would let a third process lock another file of the same name."""
    path = tmp_path / "state.sqlite.lock"
    RunLock(path).release()
    inode = path.stat().st_ino
    lock = RunLock(path)
    assert path.stat().st_ino == inode
    lock.release()


def test_asking_who_holds_it_makes_no_file(tmp_path: Path) -> None:
    """`status` writes nothing."""
    path = tmp_path / "state.sqlite.lock"
    assert lock_holder(path) == ""
    assert not path.exists()


def test_whoever_may_only_read_the_lock_sees_its_holder(tmp_path: Path) -> None:
    """`status` of another user tells the truth."""
    path = tmp_path / "state.sqlite.lock"
    lock = RunLock(path)
    path.chmod(0o444)
    assert lock_holder(path) == str(os.getpid())
    lock.release()


def test_a_state_named_by_a_link_has_the_same_lock(tmp_path: Path) -> None:
    """Two jobs cannot write one file by naming it differently."""
    (tmp_path / "real").mkdir()
    state = tmp_path / "real" / "state.sqlite"
    state.touch()
    link = tmp_path / "link.sqlite"
    link.symlink_to(state)
    assert lock_path(link) == lock_path(state) == state.resolve().with_name("state.sqlite.lock")


async def test_an_open_state_is_locked_and_a_closed_one_free(states: States) -> None:
    """For as long as the store is open."""
    await states.open()
    with pytest.raises(Busy):
        await states.open()
    await states.close()
    await states.open()
