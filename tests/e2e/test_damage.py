"""A state that was cut, flipped, replaced or lost is named, and nothing is bought from it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proof.shop import Shop


def flip(share: float) -> Callable[[Path], None]:
    """Flip a bit at a share of the file."""

    def harm(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[min(len(content) - 1, int(share * len(content)))] ^= 0x04
        path.write_bytes(content)

    return harm


def flip_in(text: bytes) -> Callable[[Path], None]:
    """Flip a bit in every place where a text stands: damage that no check of structure sees."""

    def harm(path: Path) -> None:
        content = path.read_bytes()
        assert text in content
        path.write_bytes(content.replace(text, bytes([text[0] ^ 1]) + text[1:]))

    return harm


def cut(share: float) -> Callable[[Path], None]:
    """Keep only the first part."""

    def harm(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])

    return harm


def another(path: Path) -> None:
    """Put another program's file in its place."""
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()


HARMS: dict[str, Callable[[Path], None]] = {
    **{f"flipped at {share:.0%}": flip(share) for share in (0.0, 0.003, 0.02, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)},
    "a phase": flip_in(b"done"),
    "an SKU": flip_in(b"00152"),
    **{f"cut to {share:.0%}": cut(share) for share in (0.001, 0.1, 0.5, 0.9, 0.999)},
    "emptied": cut(0.0),
    "another program's": another,
    "lost": lambda path: path.unlink(),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, template: bytes) -> Shop:
    """A shop whose three clips are made."""
    from tests.proof.shop import Shop  # noqa: PLC0415 - the type alone is needed elsewhere

    folder = tmp_path_factory.mktemp("finished") / "shop"
    folder.mkdir()
    shop = Shop(folder=folder, template=template, provider_folder=folder / "out" / "simulator")
    shop.rows("00152", "B-2", "C-3")
    shop.job()
    assert shop.run().exit == 0
    return shop


def copied(shop: Shop, tmp_path: Path) -> Shop:
    """Give a shop of one's own, as another one is."""
    from tests.proof.shop import Shop  # noqa: PLC0415 - the same

    folder = tmp_path / "shop"
    shutil.copytree(shop.folder, folder)
    return Shop(folder=folder, template=shop.template, provider_folder=folder / "out" / "simulator")


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
