"""Folders that stay, and what a disk says in words."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from batch import files
from batch.errors import CannotCreate, StorageProblem
from batch.files import disk_problem, settle_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_that_a_killed_run_has_made_is_synced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kill may have come between making it and syncing its name: to be there is not to be durable."""
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    folder = tmp_path / "out" / "shop"
    folder.mkdir(parents=True)
    settle_folder(folder)
    assert synced[:3] == [folder, folder.parent, tmp_path]


def test_folders_of_others_are_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written, nothing of ours was made; and it may not even be readable."""
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    monkeypatch.setattr(os, "access", lambda path, _mode: path != tmp_path)
    settle_folder(tmp_path / "out")
    assert synced == [tmp_path, tmp_path / "out"]  # the first when it was made


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
