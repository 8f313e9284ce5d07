"""A state that was cut, flipped, replaced or lost is named, and nothing is bought from it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from batch.cli import main
from batch.store.copying import copy_path
from batch.store.seal import seal_path
from tests.proof.harm import HARMS, copied, finished_shop, flip_in
from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proof.forge import Forge
    from tests.proof.shop import Shop

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, template: bytes, forge: Forge) -> Shop:
    """A shop whose three clips are made."""
    return finished_shop(tmp_path_factory.mktemp("finished") / "shop", template, forge)


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_state_is_named_and_nothing_is_bought(finished: Shop, tmp_path: Path, harm: str) -> None:
    """`run` ends with 74 (78 where the damage is a version number), names the file, and leaves it as it is."""
    shop = copied(finished, tmp_path)
    HARMS[harm](shop.state)
    before = shop.state.read_bytes() if shop.state.exists() else None
    requests = shop.requests()
    ended = shop.run()
    assert ended.exit in {74, 78}, ended.err
    assert "state.sqlite" in ended.err
    assert "Traceback" not in ended.err
    assert "defect" not in ended.err
    assert shop.requests() == requests
    assert (shop.state.read_bytes() if shop.state.exists() else None) == before


def test_a_stale_copy_in_its_place_is_noticed(shop: Shop) -> None:
    """An old backup knows nothing of what was bought since: it would buy it again."""
    shop.rows("A-1")
    assert shop.run().exit == 0
    backup = shop.state.read_bytes()
    shop.rows("A-1", "A-2")
    assert shop.run().exit == 0
    shop.state.write_bytes(backup)
    ended = shop.run()
    assert ended.exit == 74, ended.err
    assert "doctor" in ended.err
    assert shop.posts() == 2


def test_a_killed_run_leaves_a_state_that_is_searched_for_contradictions(shop: Shop) -> None:
    """Its seal is open: the next run goes on, unless the file contradicts itself."""
    shop.rows("A-1", "A-2")
    shop.job(limits={"in_flight": 1})
    shop.kill_when(lambda: len(shop.clips()) == 1)
    log = shop.state.with_name("state.sqlite-wal")
    with closing(sqlite3.connect(shop.state)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    good = shop.state.read_bytes()
    assert not log.exists() or not log.stat().st_size
    flip_in(b"succeeded")(shop.state)
    ended = shop.run()
    assert ended.exit == 74, ended.err
    shop.state.write_bytes(good)
    flip_in(b"done_run")(shop.state)
    assert shop.run().exit == 74
    shop.state.write_bytes(good)
    again = shop.run()
    assert again.exit in {0, 4}, again.err
    assert set(shop.ledger().bought.values()) == {1}


def test_the_copy_is_made_when_something_changed_and_not_otherwise(shop: Shop) -> None:
    """It is a whole state of its own, sealed; a run that has nothing to do leaves it alone."""
    assert shop.run().exit == 0
    copy = shop.state.with_name("state.sqlite.copy")
    with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as connection:
        assert connection.execute("SELECT count(*) FROM item WHERE phase = 'done'").fetchone() == (3,)
        assert connection.execute("PRAGMA user_version").fetchone() != (0,)
    made = copy.stat().st_mtime_ns
    assert shop.run().exit == 0
    assert copy.stat().st_mtime_ns == made
    assert not list(shop.out.glob("*.part"))


def test_a_reader_beside_the_end_of_a_run_does_no_harm(shop: Shop) -> None:
    """Where the log cannot be folded because somebody reads, the next run goes on all the same."""
    slow = shop.faults("{on: render, fault: slow_render, seconds: 800}")
    shop.job(provider=slow)
    with shop.start("run", "--yes", "--json") as process:
        wait_until(lambda: len(shop.ledger().accepted) == 3, process)
        with closing(sqlite3.connect(f"file:{shop.state}?mode=ro", uri=True, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM item").fetchone()
            first = finish(process)
    assert first.exit == 0, first.err
    again = shop.run()
    assert (again.exit, again.items) == (0, {"skipped": 3}), again.err


def test_a_large_state_is_searched_before_anything_is_bought_from_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes a while, so clips are fetched meanwhile; before all was looked at, it is neither sealed nor copied."""
    monkeypatch.setattr("batch.store.store.SEARCHED_AT_ONCE", 0)
    shop.rows("A-1", "A-2")
    slow = shop.faults('{on: render, fault: slow_render, seconds: 2000, match: "A-1"}')
    with shop.simulator("--faults", str(shop.folder / slow["faults"])) as url:
        shop.job(provider={"base_url": url}, limits={"in_flight": 1})
        shop.kill_when(lambda: len(shop.ledger().accepted) == 1)
        with closing(sqlite3.connect(shop.state)) as connection, connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        good = shop.state.read_bytes()
        with closing(sqlite3.connect(shop.state)) as connection, connection:
            connection.execute("UPDATE item SET phase = 'done' WHERE sku = 'A-1'")
        assert main(["run", str(shop.job_file), "--yes", "--json"]) == 74
        assert "newest attempt is" in capsys.readouterr().err
        assert shop.posts() == 1
        assert seal_path(shop.state).read_bytes() == b""
        assert not copy_path(shop.state).exists()

        shop.state.write_bytes(good)
        assert main(["run", str(shop.job_file), "--yes", "--json"]) in {0, 4}
    assert set(shop.ledger().bought.values()) == {1}
    assert seal_path(shop.state).read_bytes() != b""
    assert copy_path(shop.state).exists()
