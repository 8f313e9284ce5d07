"""Report files are whole or absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from polars.exceptions import ComputeError

from batch.files import atomic, write_atomic
from batch.report.table import _disk_errors

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    """Until the block ends the name shows the former content, and afterwards no part file is left."""
    path = tmp_path / "report.json"
    write_atomic(path, "old")
    with atomic(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    """A writer that fails changes nothing."""
    path = tmp_path / "report.json"
    write_atomic(path, "old")

    def write_half() -> None:
        with atomic(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(
    "words",
    ["parquet: File out of specification: Invalid thrift: transport error", "IO error: No space left on device"],
)
def test_what_polars_says_of_a_full_disk_is_an_error_of_the_disk(words: str) -> None:
    """It has words of its own for it, and others for the last bytes of a file than for those before."""
    with pytest.raises(OSError, match="error"), _disk_errors():
        raise ComputeError(words)


def test_what_polars_says_of_anything_else_is_a_defect() -> None:
    """To call it a full disk would send a person to make room in vain."""
    with pytest.raises(ComputeError), _disk_errors():
        raise ComputeError("schema mismatch")
