"""What SQLite meets while a state is read: the disk's trouble is told as such, our own mistakes as defects."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from batch.cli import main, verify
from batch.errors import Exit
from batch.store.problems import outside_problem

if TYPE_CHECKING:
    from pathlib import Path


def failure(path: Path, statement: str) -> sqlite3.Error:
    """Give what SQLite raises for a statement."""
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.Error) as caught:
        connection.execute(statement)
    return caught.value


def test_a_broken_file_ends_with_74_and_not_as_a_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it is noticed."""
    (tmp_path / "broken").write_bytes(b"no database at all" * 100)
    error = failure(tmp_path / "broken", "SELECT * FROM sqlite_master")

    def broken(_: object) -> int:
        raise error

    monkeypatch.setattr(verify, "run", broken)
    assert main(["verify", str(tmp_path)]) == Exit.STORAGE
    assert "the state, or the cache beside it" in capsys.readouterr().err


def test_a_wrong_statement_stays_a_defect(tmp_path: Path) -> None:
    """Nobody is sent to look at his disk for it."""
    assert outside_problem(failure(tmp_path / "fine", "SELECT nothing")) is None
    assert outside_problem(ValueError()) is None
