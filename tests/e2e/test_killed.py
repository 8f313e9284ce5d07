"""Killed, interrupted, doubled: the same command goes on, and the provider has sold each item once."""

from __future__ import annotations

import hashlib
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proof.shop import Ended, Shop

SKUS = ("A-1", "A-2", "A-3", "A-4")
KILLED = -signal.SIGKILL


def accepted(shop: Shop, count: int) -> Callable[[], bool]:
    """Hold when the provider has accepted this many predictions."""
    return lambda: len(shop.ledger().accepted) >= count


def ended(shop: Shop, count: int) -> Callable[[], bool]:
    """Hold when this many predictions have ended."""
    return lambda: len(shop.ledger().ended) >= count


def collected(shop: Shop, count: int) -> Callable[[], bool]:
    """Hold when this many clips lie in their place."""
    return lambda: len(shop.clips()) >= count


def check_complete(shop: Shop, last: Ended) -> None:
    """Check that all is over: nothing bought twice, each clip the one that the provider made, all money accounted for.

    Where the kill came between an intent and its POST, nobody can know that the provider never saw it: such an item is
    held, its money stays reserved, and the ledger does not have it.
    """
    ledger = shop.ledger()
    held = last.items.get("unconfirmed", 0)
    assert last.exit == (4 if held else 0), last.err
    assert set(last.items) <= {"done", "skipped", "unconfirmed"}
    assert sum(last.items.values()) == len(SKUS)
    assert set(ledger.bought.values()) == {1}
    assert len(ledger.bought) == len(SKUS) - held
    for sku in SKUS:
        clip = shop.out / sku / f"{sku}-16x9-4s.mp4"
        if f"push in on {sku}" in ledger.bought:
            assert hashlib.sha256(clip.read_bytes()).hexdigest() == ledger.clips[f"push in on {sku}"]
            assert clip.with_name(f"{clip.name}.json").is_file()
    assert shop.leftovers() == []
    assert last.cost("settled") == f"{0.4 * len(ledger.bought):.2f}"
    assert last.cost("reserved") == f"{0.4 * held:.2f}"
    assert last.cost("possibly_charged") == "0.00"


def test_killed_again_and_again_beside_a_provider_that_goes_on(shop: Shop) -> None:
    """Kill -9 while a POST is open, while clips render and while they are fetched: nothing is lost or bought twice."""
    shop.rows(*SKUS)
    faults = shop.faults(
        '{on: submit, fault: delay, seconds: 1, when: after, match: "A-2"}',
        "{on: download, fault: slow, bytes_per_second: 40000, nth: 1}",
    )
    with shop.simulator("--faults", str(shop.folder / faults["faults"])) as url:
        shop.job(provider={"base_url": url}, limits={"in_flight": 2})
        assert shop.kill_when(shop.state.exists).exit == KILLED
        assert shop.kill_when(accepted(shop, 2)).exit == KILLED
        assert shop.kill_when(lambda: bool(shop.leftovers())).exit == KILLED
        check_complete(shop, shop.run())


def test_a_submit_leaves_no_half_fetched_clip_of_a_killed_run(shop: Shop) -> None:
    """It fetches nothing, and yet nothing half-done lies there after its clean end; `collect` brings the clip."""
    shop.rows("A-1")
    slow = shop.faults("{on: download, fault: slow, bytes_per_second: 40000, times: 1}")
    with shop.simulator("--faults", str(shop.folder / slow["faults"])) as url:
        shop.job(provider={"base_url": url})
        assert shop.kill_when(lambda: bool(shop.leftovers())).exit == KILLED
        assert shop.command("submit", "--yes", "--json").exit == 0
        assert (shop.leftovers(), shop.clips()) == ([], [])
        assert shop.command("collect", "--wait", "--json").exit == 0
    assert len(shop.clips()) == len(shop.ledger().accepted) == 1


def test_a_run_that_cannot_fetch_leaves_nothing_half_fetched_either(shop: Shop) -> None:
    """What a killed run was fetching goes as soon as the next one begins, whatever becomes of that one."""
    shop.rows("A-1")
    slow = shop.faults("{on: download, fault: slow, bytes_per_second: 40000, times: 1}")
    with shop.simulator("--faults", str(shop.folder / slow["faults"])) as url:
        shop.job(provider={"base_url": url}, limits={"max_runtime": 1})
        assert shop.kill_when(lambda: bool(shop.leftovers())).exit == KILLED
    assert shop.run().exit != 0, "nobody is there to fetch from"
    assert shop.leftovers() == []


def test_killed_together_with_the_simulator_inside(shop: Shop) -> None:
    """The simulator inside `run` dies with it, and goes on from its own disk with the next run."""
    shop.rows(*SKUS)
    shop.job(limits={"in_flight": 1})
    assert shop.kill_when(accepted(shop, 1)).exit == KILLED
    assert shop.kill_when(collected(shop, 2)).exit == KILLED
    check_complete(shop, shop.run())


def test_signals_save_everything_and_a_second_run_is_turned_away(shop: Shop) -> None:
    """SIGTERM ends with 143 and SIGINT with 130, both with a report; meanwhile another run gets 75 at once."""
    shop.rows(*SKUS)
    slow = shop.faults('{on: render, fault: slow_render, seconds: 3000, match: "A-1"}')  # 7.5 s at this speed
    shop.job(provider=slow, limits={"in_flight": 1})
    with shop.start("run", "--yes", "--json") as process:
        wait_until(accepted(shop, 1), process)
        second = shop.run()
        process.send_signal(signal.SIGTERM)
        first = finish(process)
    assert second.exit == 75
    assert str(process.pid) in second.err
    assert first.exit == 143, first.err
    assert first.summary["exit"] == 143
    assert first.items == {"pending": 4}
    assert "stopped by a signal; the same command goes on" in Path(first.summary["report"]["html"]).read_text("utf-8")
    assert "Traceback" not in first.err

    interrupted = shop.kill_when(accepted(shop, 3), number=signal.SIGINT)
    assert interrupted.exit == interrupted.summary["exit"] == 130
    last = shop.run()
    check_complete(shop, last)
    assert last.summary["run"]["id"] == first.summary["run"]["id"], "an interrupted run goes on as the same run"


def test_a_signal_while_the_manifest_is_read_ends_the_run_at_once(shop: Shop) -> None:
    """A manifest that does not end on standard input is no reason to stay when SIGTERM comes."""
    shop.job(manifest={"path": "-"})
    with shop.start("run", "--yes", "--json", stdin=subprocess.PIPE) as process:
        wait_until(shop.state.exists, process)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        end = finish(process)
    assert end.exit == 143
    assert "Traceback" not in end.err
    assert shop.posts() == 0


def test_submit_now_collect_later_cancel_what_renders(shop: Shop) -> None:
    """`submit` leaves clips to `collect`, which takes what is there and ends with 0; `cancel` ends the rest."""
    shop.rows("A-1", "A-2")
    faults = shop.faults('{on: render, fault: stuck, match: "A-2"}')
    with shop.simulator("--faults", str(shop.folder / faults["faults"])) as url:
        shop.job(provider={"base_url": url})
        submitted = shop.command("submit", "--yes", "--json")
        assert (submitted.exit, submitted.items) == (0, {"pending": 2}), submitted.err
        wait_until(ended(shop, 1))

        collecting = shop.command("collect", "--json")
        assert collecting.exit == 0, collecting.err
        assert collecting.items == {"done": 1, "pending": 1}
        assert collecting.cost("settled") == collecting.cost("reserved") == "0.40"

        other = shop.command("cancel", "--sku", "A-1", "--json")
        assert (other.exit, other.summary["cancelled"]) == (0, [])
        mistyped = shop.command("cancel", "--sku", "A-2", "--sku", "A2", "--json")
        assert (mistyped.exit, "no item of SKU A2; nothing was cancelled" in mistyped.err) == (2, True)
        cancelled = shop.command("cancel", "--json")
        assert cancelled.exit == 0, cancelled.err
        assert [text.split()[0] for text in cancelled.summary["cancelled"]] == ["A-2"]
        status = shop.command("status", "--json")
        assert status.items == {"done": 1, "failed": 1}
        assert (status.cost("settled"), status.cost("reserved")) == ("0.40", "0.00")
        assert {end["status"] for end in shop.ledger().ended.values()} == {"success", "cancelled"}

        posts = shop.posts()
        assert shop.run().exit == 1
        assert shop.posts() == posts, "a cancelled item is not bought again by itself"


def test_collect_finds_a_lost_answer_and_fetches_its_clip_at_once(shop: Shop) -> None:
    """`submit` leaves it unconfirmed and says 4; `collect` adopts it, and looks without waiting for a first poll."""
    shop.rows("A-1")
    faults = shop.faults("{on: submit, fault: lost_answer_after_accept}")
    with shop.simulator("--faults", str(shop.folder / faults["faults"])) as url:
        shop.job(provider={"base_url": url}, polling={"first": "11h"})  # a hundred seconds at this speed
        submitted = shop.command("submit", "--yes", "--json")
        assert submitted.exit == 4, submitted.err
        assert submitted.items == {"unconfirmed": 1}
        wait_until(ended(shop, 1))
        collecting = shop.command("collect", "--json")
    assert (collecting.exit, collecting.items) == (0, {"done": 1}), collecting.err
    assert shop.posts() == 1


def test_a_collect_in_between_gives_a_killed_run_no_second_budget(shop: Shop) -> None:
    """It goes on as the same run, under its cap, also when cron fetched the clips of it meanwhile."""
    shop.rows("A-1", "A-2")
    with shop.simulator() as url:
        shop.job(provider={"base_url": url}, limits={"submit_per_minute": 1}, budget={"per_run_usd": 0.5})
        killed = shop.kill_when(accepted(shop, 1), "submit", "--yes", "--json")
        assert killed.exit == KILLED
        wait_until(ended(shop, 1))
        collecting = shop.command("collect", "--json")
        assert collecting.items == {"done": 1, "pending": 1}, collecting.err
        shop.job(provider={"base_url": url}, budget={"per_run_usd": 0.5})
        last = shop.command("submit", "--yes", "--json")
    assert last.exit == 8, last.err
    assert last.summary["run"]["id"] == collecting.summary["run"]["id"]
    assert shop.posts() == 1


def test_another_program_that_looks_into_the_state_takes_nothing_from_it(shop: Shop) -> None:
    """A look with any SQLite tool during a run leaves the run's log in place; killed then, it has forgotten nothing."""
    shop.rows("A-1", "A-2")
    slow = shop.faults("{on: render, fault: slow_render, seconds: 1200}")  # three seconds at this speed
    with shop.simulator("--faults", str(shop.folder / slow["faults"])) as url:
        shop.job(provider={"base_url": url})
        looked: list[int] = []

        def look() -> bool:
            if shop.state.exists():
                with closing(sqlite3.connect(shop.state, timeout=10)) as connection, suppress(sqlite3.OperationalError):
                    looked.append(*connection.execute("SELECT count(*) FROM attempt").fetchone())
            return accepted(shop, 2)()

        assert shop.kill_when(look).exit == KILLED
        last = shop.run()
    assert set(shop.ledger().bought.values()) == {1}
    assert (last.exit, last.items) == (0, {"done": 2}), last.err


def test_what_a_killed_run_left_in_the_cache_is_swept_even_if_nothing_is_left_to_do(shop: Shop) -> None:
    """A power cut may bring a part back after all is done, and no later run would touch the cache again."""
    shop.rows("A-1")
    shop.job()
    assert shop.run().exit == 0
    with subprocess.Popen(["true"]) as gone:  # its number belongs to nobody now
        pass
    part = shop.out / "cache" / "frames" / "passing" / f"{gone.pid}-1-0.part"
    part.write_bytes(b"half a frame")
    assert (shop.run().exit, shop.leftovers()) == (0, [])
