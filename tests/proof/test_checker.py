"""The checker itself: it is silent over a good run, and names each promise that somebody breaks behind its back."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.proof.books import State
from tests.proof.checker import Terms, new_exposure, violations
from tests.proof.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proof.shop import Ended

Good = tuple[Shop, "Ended"]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, template: bytes) -> Good:
    """A run of two items, of which one failed once and was bought again."""
    folder = tmp_path_factory.mktemp("good") / "shop"
    folder.mkdir()
    shop = Shop(folder=folder, template=template, provider_folder=folder / "out" / "simulator")
    shop.rows("A-1", "A-2")
    again = shop.faults(
        '{on: render, fault: error, error_code: PROVIDER_SERVER_ERROR, match: "A-2", times: 1, cost: 0.4}'
    )
    shop.job(provider=again)
    return shop, shop.run()


@pytest.fixture
def good(original: Good, tmp_path: Path) -> Good:
    """A copy of it, to be broken."""
    shop, ended = original
    shutil.copytree(shop.folder, tmp_path / "shop")
    folder = tmp_path / "shop"
    return replace(shop, folder=folder, provider_folder=folder / "out" / "simulator"), ended


def test_a_good_run_breaks_nothing(good: Good) -> None:
    """Nothing is found where nothing is wrong, and caps that were kept are no finding."""
    shop, ended = good
    assert ended.items == {"done": 2}, ended.err
    assert violations(shop, ended, Terms(caps={"run": "1.20", "item": "0.80"}, key="never-shown")) == []


def _sql(*statements: str) -> Callable[[Shop], None]:
    def act(shop: Shop) -> None:
        with closing(sqlite3.connect(shop.state)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return act


def _ledger(change: Callable[[list[dict[str, object]]], object]) -> Callable[[Shop], None]:
    def act(shop: Shop) -> None:
        path = shop.provider_folder / "ledger.jsonl"
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        change(lines)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")

    return act


def _clip(change: Callable[[Path], object]) -> Callable[[Shop], None]:
    return lambda shop: (change(shop.clips()[0]), None)[1]


def _under_its_name(more: bytes = b"") -> Callable[[Shop], None]:
    """Leave a clip, with more bytes or none, of an item that has still to be collected."""

    def act(shop: Shop) -> None:
        _sql("UPDATE item SET phase = 'running' WHERE id = 1")(shop)
        clip = shop.clips()[0]
        clip.write_bytes(clip.read_bytes() + more)

    return act


def _bought_again_after_success(lines: list[dict[str, object]]) -> None:
    """Pretend that the first purchase of the item that was bought twice had been a success."""
    bought = [line for line in lines if line["event"] == "accepted" and "A-2" in str(line["input"])]
    next(line for line in lines if line["event"] == "settled" and line["id"] == bought[0]["id"])["status"] = "success"


def _never_retried(lines: list[dict[str, object]]) -> None:
    failed = next(line for line in lines if line.get("status") == "error")
    ending = failed["ending"]
    assert isinstance(ending, dict)
    ending["error_code"] = "INPUT_VALIDATION_ERROR"


def _sold_twice(lines: list[dict[str, object]]) -> None:
    lines.append({**lines[0], "id": "another"})


def _dearer(lines: list[dict[str, object]]) -> None:
    next(line for line in lines if line.get("status") == "success")["cost"] = "0.50"


BREAKS: dict[str, tuple[str, Callable[[Shop], None]]] = {
    "one upload sold twice": ("1:", _ledger(_sold_twice)),
    "bought again after a success": ("1:", _ledger(_bought_again_after_success)),
    "bought again after an error that forbids it": ("1:", _ledger(_never_retried)),
    "an attempt that the state forgot": ("1:", _sql("UPDATE attempt SET upload_id = 'x' WHERE item_id = 1")),
    "a success whose item is planned": ("2:", _sql("UPDATE item SET phase = 'planned' WHERE id = 1")),
    "a success that nobody is told of": ("2:", _sql("UPDATE item SET phase = 'running' WHERE id = 1")),
    "an item that the report calls otherwise": ("2:", _sql("UPDATE item SET phase = 'uncollected' WHERE id = 1")),
    "a clip with another byte": ("3:", _clip(lambda path: path.write_bytes(path.read_bytes() + b"x"))),
    "a clip that is gone": ("3:", _clip(lambda path: path.unlink())),
    "a note that is gone": ("3:", _clip(lambda path: path.with_name(f"{path.name}.json").unlink())),
    "a download left half-done": ("3:", _clip(lambda path: path.with_name(".x.part").write_bytes(b""))),
    "a clip of no item": ("3:", _clip(lambda path: path.with_name("other.mp4").write_bytes(b""))),
    "another file under the name of a clip to come": ("3:", _under_its_name(b"x")),
    "an event out of order": ("4:", _sql("UPDATE event SET kind = 'Rendered' WHERE id = 1")),
    "an event of an attempt to come": ("4:", _sql("UPDATE event SET attempt = 3 WHERE id = 2")),
    "another cost than the provider's": ("5:", _ledger(_dearer)),
    "a sum that is off": ("6:", _sql("UPDATE purse SET settled = settled + 1 WHERE scope = 'all'")),
    "money of a lost attempt that is free": ("6:", _sql("UPDATE attempt SET state = 'held' WHERE item_id = 1")),
    "a key in a file": ("7:", _clip(lambda path: path.with_name("log").write_text("never-shown"))),
    "an item in mid-submit at the end": ("8:", _sql("UPDATE item SET phase = 'submitting' WHERE id = 1")),
    "an exit code that hides a failure": ("10:", _sql("UPDATE item SET phase = 'failed' WHERE id = 1")),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_broken_promise_is_named(good: Good, name: str) -> None:
    """What is broken is found, under the number of the promise that it breaks."""
    shop, ended = good
    number, act = BREAKS[name]
    act(shop)
    found = violations(shop, ended, Terms(key="never-shown"))
    assert any(what.startswith(number) for what in found), found


def test_a_clip_that_a_killed_run_fetched_waits_under_its_name(good: Good) -> None:
    """A `submit` after the kill ends well and leaves it to whoever collects."""
    shop, ended = good
    _under_its_name()(shop)
    assert not [what for what in violations(shop, ended, Terms()) if what.startswith("3:")]


@pytest.mark.parametrize("caps", [{"run": "1.10"}, {"day": "1.10"}, {"item": "0.70"}])
def test_a_cap_that_was_passed_is_named(good: Good, caps: dict[str, str]) -> None:
    """The log of intents is held against every cap, at every moment."""
    shop, ended = good
    assert [what[:2] for what in violations(shop, ended, Terms(caps=caps))] == ["9:"]


def test_a_kill_that_leaves_too_much_unknown_is_named(good: Good) -> None:
    """More new attempts of unknown fate than POSTs may be open is a finding; as many is none."""
    shop, _ = good
    before = State.read(shop.state)
    _sql("UPDATE attempt SET state = 'intended'")(shop)
    after = State.read(shop.state)
    assert len(new_exposure(before, after, concurrency=2)) == 1
    assert new_exposure(before, after, concurrency=3) == []
