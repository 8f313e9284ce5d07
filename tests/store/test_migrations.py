"""A state of an older version becomes one of ours, in order, each step whole or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from batch.errors import JobProblem
from batch.store import migrations
from batch.store.state import APPLICATION_ID, Binding, open_state, read_state
from tests.store.conftest import all_rows

if TYPE_CHECKING:
    from pathlib import Path

BINDING = Binding(job="spring", provider="simulator", host="localhost")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Give a state of version 1 with something in it, as its program left it."""
    path = tmp_path / "state.sqlite"
    schema = resources.files("batch.store").joinpath("schema.sql").read_text("utf-8")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema)
        bound = [("job", BINDING.job), ("provider", BINDING.provider), ("host", BINDING.host)]
        connection.executemany("INSERT INTO meta VALUES (?, ?)", bound)
        connection.execute("INSERT INTO meta VALUES ('echo', 'seen')")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    return path


def shape(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Name everything that a schema holds."""
    return set(all_rows(connection, "SELECT type, name FROM sqlite_master"))


def test_an_old_state_becomes_what_a_new_one_is(old: Path, tmp_path: Path) -> None:
    """The same tables and indexes, the same version, and nothing lost."""
    with contextlib.closing(open_state(old, BINDING)) as connection:
        assert all_rows(connection, "PRAGMA user_version") == [(migrations.VERSION,)]
        assert all_rows(connection, "SELECT value FROM meta WHERE key = 'echo'") == [("seen",)]
        with contextlib.closing(open_state(tmp_path / "new.sqlite", BINDING)) as new:
            assert shape(connection) == shape(new)


def test_who_only_reads_is_told_what_brings_it_up_to_date(old: Path) -> None:
    """Reading changes nothing."""
    before = old.read_bytes()
    with pytest.raises(JobProblem, match="older version 1") as caught:
        read_state(old, BINDING)
    assert "collect" in caught.value.hint
    assert old.read_bytes() == before


def test_a_step_that_fails_leaves_the_version_before(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements of a step that came before the failing one are undone; steps before it stand."""
    broken = (*migrations.MIGRATIONS, "CREATE TABLE extra (id INTEGER);\nCREATE TABLE meta (id INTEGER);\n")
    monkeypatch.setattr(migrations, "MIGRATIONS", broken)
    monkeypatch.setattr(migrations, "VERSION", len(broken) + 1)
    with contextlib.closing(sqlite3.connect(old, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrations.migrate(connection)
        assert all_rows(connection, "PRAGMA user_version") == [(len(broken),)]
        assert ("table", "extra") not in shape(connection)
