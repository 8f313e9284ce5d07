"""What a disk says, in words."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from batch.errors import CannotCreate, StorageProblem
from batch.files import disk_problem

if TYPE_CHECKING:
    from pathlib import Path


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
