"""Folders that stay, parts that do not, and what a disk says in words."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from batch import files
from batch.errors import CannotCreate, StorageProblem
from batch.files import disk_problem, make_folder, passing_part, settle_folder, sweep_parts

if TYPE_CHECKING:
    from pathlib import Path


def a_dead_process() -> int:
    """Give the number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_a_folder_that_a_killed_run_has_made_is_synced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kill may have come between making it and syncing its name: to be there is not to be durable."""
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    folder = tmp_path / "out" / "shop"
    folder.mkdir(parents=True)
    make_folder(folder / "A-1")
    assert synced[-3:] == [tmp_path, folder.parent, folder]
    make_folder(folder / "A-1")
    make_folder(folder / "A-2")
    assert synced[-3:] == [folder.parent, folder, folder], "what is known to stay is not synced again"


def test_folders_of_others_are_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written, nothing of ours was made; and it may not even be readable."""
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    monkeypatch.setattr(os, "access", lambda path, _mode: path != tmp_path)
    settle_folder(tmp_path / "out")
    assert synced == [tmp_path, tmp_path / "out"]  # the first because something was made in it


def test_parts_of_dead_writers_are_swept_and_those_of_living_ones_are_not(tmp_path: Path) -> None:
    """A killed process cannot clean up after itself, and another one beside us may be writing right now."""
    ours = passing_part(tmp_path)
    ours.parent.mkdir()
    dead, alive = (ours.with_name(f"{number}-1-0.part") for number in (a_dead_process(), os.getppid()))
    for part in (ours, dead, alive):
        part.touch()
    sweep_parts(tmp_path)
    assert sorted(ours.parent.iterdir()) == [alive]


def test_no_two_passing_parts_have_one_name(tmp_path: Path) -> None:
    """Two writers of the same thing must not write into each other's file."""
    assert passing_part(tmp_path) != passing_part(tmp_path)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, StorageProblem, "the disk is full"),
        (errno.EDQUOT, StorageProblem, "the disk is full"),
        (errno.EIO, StorageProblem, "the disk cannot be written"),
        (errno.EACCES, CannotCreate, "the report cannot be made"),
        (errno.ENOTDIR, CannotCreate, "the report cannot be made"),
    ],
)
def test_a_full_disk_is_no_matter_of_names(tmp_path: Path, number: int, kind: type, words: str) -> None:
    """Another path helps against a missing permission, and not against a full disk: their exit codes differ too."""
    problem = disk_problem(OSError(number, os.strerror(number)), tmp_path, what="the report cannot be made", hint="-")
    assert type(problem) is kind
    assert problem.what.startswith(words)
