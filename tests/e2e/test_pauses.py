"""A provider that asks for a pause gets one: nobody who already stood in the row sends all the same."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.proof.shop import Shop

SKUS = ("A-1", "A-2", "A-3", "A-4")


def submit_times(shop: Shop) -> list[float]:
    """Give when each submit came, in seconds after the first."""
    times = [r["time"] for r in shop.requests() if r["method"] == "POST" and r["path"].rstrip("/") == "/v1/prediction"]
    return [time - times[0] for time in times]


def test_a_429_holds_back_those_who_wait_for_the_rate(shop: Shop) -> None:
    """Four wait for their turn at two a second; after the first one's 429 nothing comes for the whole cooldown."""
    shop.rows(*SKUS)
    faults = shop.faults("{on: submit, fault: status, status: 429, times: 1}")
    shop.job(provider=faults, limits={"submit_per_minute": 120, "cooldown": 800})  # two seconds at this speed
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 4}), ended.err
    assert submit_times(shop)[1] >= 2.0


def test_what_is_unknown_holds_back_those_who_wait_for_the_rate(shop: Shop) -> None:
    """With two answers lost and not looked up, nothing new is sent, whoever waited for the rate meanwhile."""
    shop.rows(*SKUS)
    rules = (
        "{on: submit, fault: lost_answer_after_accept, times: 2}",
        "{on: executions, fault: status, status: 503, times: 6}",
    )
    limits = {"submit_per_minute": 120, "submit_concurrency": 2}
    shop.job(provider=shop.faults(*rules), limits=limits)
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 4}), ended.err
    third = sorted(r["time"] for r in shop.requests() if r["method"] == "POST" and "prediction" in r["path"])[2]
    looks = [r["time"] for r in shop.requests() if "/v2/executions" in r["path"] and r["status"] == 200]
    assert third > looks[0]


def test_a_short_outage_of_uploads_is_borne(shop: Shop) -> None:
    """Four that try at once fail more often in a second than one: what counts is how long it lasts."""
    shop.rows(*SKUS)
    shop.job(provider=shop.faults("{on: presign, fault: status, status: 503, times: 12}"))
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 4}), ended.err


def test_uploads_that_stay_away_end_the_run(shop: Shop) -> None:
    """After ten minutes (at this speed, a second and a half) it is said, and nothing was bought."""
    shop.rows(*SKUS)
    shop.job(provider=shop.faults("{on: presign, fault: status, status: 503}"))
    ended = shop.run()
    assert (ended.exit, ended.items) == (75, {"pending": 4}), ended.err
    assert shop.posts() == 0


def test_a_short_outage_of_downloads_is_borne(shop: Shop) -> None:
    """A clip that was paid for is not given up after a few seconds of a busy server."""
    shop.rows("A-1")
    shop.job(provider=shop.faults("{on: download, fault: status, status: 503, times: 7}"))
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err


def test_a_cooldown_goes_on_after_a_kill(shop: Shop) -> None:
    """The run that goes on knows of the 429 of the one before: what is left of the pause is kept."""
    shop.rows("A-1")
    faults = shop.faults("{on: submit, fault: status, status: 429, nth: 1}")
    shop.job(provider=faults, limits={"cooldown": 2400})  # six seconds at this speed
    first = shop.kill_when(lambda: denied(shop))
    assert first.exit == -signal.SIGKILL, first
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err
    assert submit_times(shop)[1] >= 6.0


def denied(shop: Shop) -> bool:
    """Say whether the state knows of a submit that was turned down."""
    if not shop.state.exists():
        return False
    with closing(sqlite3.connect(shop.state, timeout=10)) as connection, suppress(sqlite3.OperationalError):
        return bool(connection.execute("SELECT 1 FROM attempt WHERE code = 'too_many'").fetchone())
    return False
