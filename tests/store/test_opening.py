"""Opening a state: ours is taken, anything else is left exactly as it was, and a person is told what to do."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batch.errors import CannotCreate, Exit, JobProblem, MissingInput, Problem, StorageProblem
from batch.store import queries, restoring
from batch.store.migrations import VERSION
from batch.store.state import APPLICATION_ID, Binding, open_state, read_state
from tests.store.conftest import all_rows, intent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.store.conftest import States

BINDING = Binding(job="spring", provider="simulator", host="localhost")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Give the path of a state that was made and closed."""
    path = tmp_path / "state.sqlite"
    open_state(path, BINDING).close()
    return path


def openings(path: Path) -> list[Callable[[], sqlite3.Connection]]:
    """Give both ways to open a file: for writing and for reading."""
    return [partial(open_state, path, BINDING), partial(read_state, path, BINDING)]


def changed(path: Path, *statements: str) -> None:
    """Change a SQLite file behind the program's back."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_new_state_is_marked_bound_and_durable(tmp_path: Path) -> None:
    """It carries our mark and version, the job's and provider's names, and a log that is synced."""
    path = tmp_path / "state.sqlite"
    with contextlib.closing(open_state(path, BINDING)) as connection:
        assert all_rows(connection, "PRAGMA application_id") == [(APPLICATION_ID,)]
        assert all_rows(connection, "PRAGMA user_version") == [(VERSION,)]
        assert all_rows(connection, "PRAGMA journal_mode") == [("wal",)]
        assert all_rows(connection, "PRAGMA synchronous") == [(2,)]
        bound = dict(all_rows(connection, "SELECT key, value FROM meta"))
        assert bound == {"job": "spring", "provider": "simulator", "host": "localhost"}


def test_a_state_is_found_again_as_it_was(made: Path) -> None:
    """What was written is there when it is opened a second time, for writing and for reading."""
    with contextlib.closing(open_state(made, BINDING)) as connection:
        connection.execute("INSERT INTO meta (key, value) VALUES ('echo', 'seen')")
    with contextlib.closing(open_state(made, BINDING)) as connection:
        assert queries.meta(connection, "echo") == "seen"
    with contextlib.closing(read_state(made, BINDING)) as reader:
        assert queries.meta(reader, "echo") == "seen"
        with pytest.raises(sqlite3.OperationalError):
            reader.execute("DELETE FROM meta")


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (replace(BINDING, job="autumn"), "job 'spring'"),
        (replace(BINDING, provider="eachlabs"), "provider 'simulator'"),
        (replace(BINDING, host="api.eachlabs.ai"), "host 'localhost'"),
    ],
)
async def test_another_jobs_or_providers_state_is_refused_by_name(states: States, other: Binding, word: str) -> None:
    """Exit 78, with both names and the way out, to write and to read: its numbers are not this job's."""
    store = await states.filled("00152")
    await states.happened(store, 1, intent())
    await states.close()
    for opened in (open_state, read_state):
        with pytest.raises(JobProblem, match=word) as caught:
            opened(states.path, other)
        assert caught.value.exit is Exit.BAD_JOB
        assert "state:" in caught.value.hint
        assert caught.value.where == str(states.path)


async def test_until_something_is_bought_a_state_follows_its_job_to_another_provider(states: States) -> None:
    """From a provider without a key to the simulator, say; the job's name holds from the beginning."""
    await states.filled("00152")
    await states.close()
    with pytest.raises(JobProblem, match="job 'spring'"):
        open_state(states.path, replace(BINDING, job="autumn"))
    other = replace(BINDING, provider="eachlabs", host="api.eachlabs.ai")
    read_state(states.path, other).close()
    states.binding = other
    store = await states.open()
    await states.happened(store, 1, intent())
    await states.close()
    with pytest.raises(JobProblem, match="provider 'eachlabs'"):
        open_state(states.path, BINDING)


async def test_a_prediction_that_nobody_can_place_binds_a_state_too(states: States) -> None:
    """It was paid for at that provider, though no attempt is known."""
    store = await states.filled("00152")
    await store.do(lambda connection: restoring.note_unaccounted(connection, {"p-1": 1.0}))
    await states.close()
    with pytest.raises(JobProblem, match="provider 'simulator'"):
        open_state(states.path, replace(BINDING, provider="eachlabs"))


def test_a_newer_state_is_refused_and_left_alone(made: Path) -> None:
    """By writers and readers, with both versions named."""
    changed(made, f"PRAGMA user_version = {VERSION + 1}")
    before = made.read_bytes()
    for opening in openings(made):
        with pytest.raises(JobProblem, match=f"version {VERSION + 1}") as caught:
            opening()
        assert caught.value.exit is Exit.BAD_JOB
    assert made.read_bytes() == before


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Not a byte of it changes, not even its journal mode, and nothing is left beside it."""
    path = tmp_path / "browser.sqlite"
    changed(path, "CREATE TABLE bookmarks (url TEXT)", "INSERT INTO bookmarks VALUES ('x')")
    before = path.read_bytes()
    for opening in openings(path):
        with pytest.raises(StorageProblem, match="no state of sora-batch") as caught:
            opening()
        assert caught.value.exit is Exit.STORAGE
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [b"\x00", b"sku,image\na,a.jpg\n", bytes(range(256)) * 64, b"SQLite format 3", b"SQLite format 3\x00"],
    ids=["one byte", "a manifest", "bytes", "half a header", "a bare header"],
)
def test_random_bytes_are_no_state_and_are_left_alone(tmp_path: Path, content: bytes) -> None:
    """Exit 74; whatever the file is, it may be dear to somebody."""
    path = tmp_path / "state.sqlite"
    path.write_bytes(content)
    for opening in openings(path):
        with pytest.raises(StorageProblem) as caught:
            opening()
        assert caught.value.where == str(path)
        assert caught.value.hint
    assert path.read_bytes() == content


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_state_is_told_apart_from_an_empty_one(made: Path, share: float) -> None:
    """It is damaged, and nothing new is made in its place."""
    content = made.read_bytes()
    made.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(StorageProblem, match=r"malformed|not a database|no state"):
        open_state(made, BINDING)


def test_a_file_of_no_bytes_becomes_a_state(tmp_path: Path) -> None:
    """It is what is left where a process died before its first page was written."""
    path = tmp_path / "state.sqlite"
    path.touch()
    with pytest.raises(MissingInput):
        read_state(path, BINDING)
    with contextlib.closing(open_state(path, BINDING)) as connection:
        assert queries.meta(connection, "job") == "spring"


def test_a_state_whose_first_transaction_was_lost_is_made_anew(tmp_path: Path) -> None:
    """The file exists, with its journal mode set and nothing in it."""
    path = tmp_path / "state.sqlite"
    changed(path, "PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    with pytest.raises(MissingInput):
        read_state(path, BINDING)
    with contextlib.closing(open_state(path, BINDING)) as connection:
        assert queries.meta(connection, "job") == "spring"


def test_a_state_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    """Reading never makes one."""
    path = tmp_path / "state.sqlite"
    with pytest.raises(MissingInput, match="no state yet"):
        read_state(path, BINDING)
    assert not path.exists()


def test_a_name_that_no_file_can_have_is_a_problem_and_no_traceback(tmp_path: Path) -> None:
    """As a folder that may not be entered would be: looking whether the file is there fails already."""
    path = tmp_path / ("s" * 300)
    for opening in openings(path):
        with pytest.raises(StorageProblem, match="File name too long") as caught:
            opening()
        assert "state:" in caught.value.hint


def test_a_folder_in_its_place_is_a_problem_and_no_traceback(tmp_path: Path) -> None:
    """Both ways."""
    for opening in openings(tmp_path):
        with pytest.raises(Problem) as caught:
            opening()
        assert str(tmp_path) in caught.value.where


@contextlib.contextmanager
def powerless() -> Iterator[None]:
    """Give up what root may do, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def readonly_folder() -> Iterator[Path]:
    """Give a folder that everybody may read and nobody may write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


async def test_a_folder_that_cannot_be_written_is_named(states: States, readonly_folder: Path) -> None:
    """Exit 73, before anything else happens."""
    for path in (readonly_folder / "state.sqlite", readonly_folder / "sub" / "state.sqlite"):
        states.path = path
        with powerless(), pytest.raises(CannotCreate) as caught:
            await states.open()
        assert caught.value.exit is Exit.CANNOT_CREATE
        assert str(readonly_folder) in caught.value.where
    assert os.listdir(readonly_folder) == []  # noqa: PTH208 - it blocks no longer than pathlib would


async def test_what_cannot_be_opened_leaves_no_lock_behind(states: States) -> None:
    """After the refusal, the right job can open its state at once."""
    await states.open()
    await states.close()
    right, states.binding = states.binding, replace(states.binding, job="autumn")
    for _ in range(2):
        with pytest.raises(JobProblem):
            await states.open()
    states.binding = right
    await states.open()
