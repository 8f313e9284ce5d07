"""Report files are whole or absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batch.files import atomic, write_atomic

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
