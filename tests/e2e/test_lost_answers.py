"""Answers to a submit that got lost: whatever else goes on, the prediction that was paid for is found by its upload."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from batch.cli import main
from tests.proof.shop import wait_until

if TYPE_CHECKING:
    import pytest

    from tests.proof.shop import Shop


def test_a_submit_that_is_open_while_another_is_looked_up_is_no_stranger(shop: Shop) -> None:
    """The history shows B-2 before its answer is here; killed before that comes, the next run still knows it again."""
    shop.rows("A-1", "B-2")
    faults = shop.faults(
        '{on: submit, fault: lost_answer_after_accept, match: "A-1"}',
        '{on: submit, fault: delay, seconds: 30, when: after, match: "B-2"}',
    )
    with shop.simulator("--faults", str(shop.folder / faults["faults"])) as url:
        shop.job(provider={"base_url": url})
        shop.kill_when(lambda: bool(shop.clips()))  # A-1 was looked up, beside the open submit of B-2
        assert len(shop.ledger().accepted) == 2
        ended = shop.run()
    assert ended.exit == 0, ended.err
    assert ended.items == {"done": 2}
    assert shop.posts() == 2


def test_an_echo_that_was_written_in_another_way_is_still_ours(shop: Shop) -> None:
    """A provider that percent-encodes the picture's address in its answer names the same upload."""
    shop.rows("A-1")
    rules = ("{on: submit, fault: lost_answer_after_accept}", "{on: render, fault: echo, form: percent_id}")
    shop.job(provider=shop.faults(*rules))
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err
    assert shop.posts() == 1


def test_a_lost_answer_is_looked_for_under_the_model_that_it_was_bought_from(shop: Shop) -> None:
    """The job has another model by now; the history of the old one shows what was paid for."""
    shop.rows("A-1")
    faults = shop.faults("{on: submit, fault: lost_answer_after_accept}")
    with shop.simulator("--faults", str(shop.folder / faults["faults"])) as url:
        shop.job(provider={"base_url": url})
        assert shop.command("submit", "--yes", "--json").exit == 4
        shop.job(provider={"base_url": url}, model="kling-v2-1-standard-image-to-video", defaults={"duration": 5})
        wait_until(lambda: bool(shop.ledger().ended))
        collecting = shop.command("collect", "--json")
    assert (collecting.exit, collecting.items) == (0, {"done": 1}), collecting.err


def test_a_provider_whose_clock_is_an_hour_ahead_is_asked_about_its_own_time(shop: Shop) -> None:
    """Even where the look at the history is the first call of all, and the only one."""
    shop.rows("A-1")
    faults = shop.faults("{on: submit, fault: lost_answer_after_accept}")
    with shop.simulator("--faults", str(shop.folder / faults["faults"]), "--clock-skew", "3600") as url:
        shop.job(provider={"base_url": url})
        assert shop.command("submit", "--yes", "--json").exit == 4
        wait_until(lambda: bool(shop.ledger().ended))
        collecting = shop.command("collect", "--json")
    assert (collecting.exit, collecting.items) == (0, {"done": 1}), collecting.err


def test_an_answer_with_the_id_of_another_item_is_no_answer(shop: Shop) -> None:
    """Two items never share a prediction: what the second one really got is looked up, and else it is held."""
    shop.rows("A-1", "B-2", "C-3")
    rules = ("{on: submit, fault: same_id, accepted: true, nth: 2}", "{on: submit, fault: same_id, nth: 3}")
    shop.job(provider=shop.faults(*rules), limits={"submit_concurrency": 1}, reconcile={"grace": 400})
    ended = shop.run()
    assert (ended.exit, ended.items) == (4, {"done": 2, "unconfirmed": 1}), ended.err
    assert "which is that of another submit" in ended.err
    assert len({path.read_bytes() for path in shop.clips()}) == 2
    assert (ended.cost("settled"), ended.cost("reserved")) == ("0.80", "0.40")
    assert shop.posts() == 3


def test_a_submit_that_the_run_did_not_wait_for_is_unconfirmed_and_not_pending(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The time is over and an answer still open: numbers and exit code say that it may have been paid for."""
    monkeypatch.setattr("batch.running.engine._OPEN_POST_SECONDS", 0.2)
    monkeypatch.setenv("EACHLABS_API_KEY", "k")
    shop.rows("A-1")
    faults = shop.faults("{on: submit, fault: delay, seconds: 30, when: after}")
    with shop.simulator("--faults", str(shop.folder / faults["faults"])) as url:
        shop.job(provider={"base_url": url}, limits={"max_runtime": 2})
        code = main(["run", str(shop.job_file), "--yes", "--json"])
        summary = json.loads(capsys.readouterr().out)
        assert code == summary["exit"] == 4
        assert {word: n for word, n in summary["items"].items() if n} == {"total": 1, "unconfirmed": 1}
        assert summary["cost"]["reserved_usd"] == "0.40"
        last = shop.run()
    assert last.items == {"done": 1}, last.err
    assert shop.posts() == 1


def test_what_was_made_twice_may_have_been_charged_twice(shop: Shop) -> None:
    """One of them is adopted; the other's price stands under possibly charged, in the sums and beside the item."""
    shop.rows("A-1")
    faults = shop.faults("{on: submit, fault: lost_answer_after_accept, nth: 1}")
    with shop.simulator("--faults", str(shop.folder / faults["faults"])) as url:
        shop.job(provider={"base_url": url})
        assert shop.command("submit", "--yes", "--json").exit == 4
        (record,) = shop.ledger().accepted.values()
        body = {"model": "sora-2-image-to-video", "version": "0.0.1", "input": record["input"]}
        key = {"Authorization": "Bearer simulator-needs-no-key"}
        assert httpx.post(f"{url}/v1/prediction", json=body, headers=key).status_code == 200
        wait_until(lambda: len(shop.ledger().ended) == 2)
        ended = shop.command("collect", "--json")
    assert (ended.exit, ended.items) == (4, {"done": 1}), ended.err
    assert (ended.cost("settled"), ended.cost("possibly_charged")) == ("0.40", "0.40")
    report = json.loads((shop.out / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["items"][0]["cost"]["possibly_charged_usd"] == "0.40"
    month = shop.command("report", "--month", f"{datetime.now(UTC):%Y-%m}")
    assert all(id_ in month.out for id_ in shop.ledger().accepted)


def test_an_echo_of_something_else_proves_nothing(shop: Shop) -> None:
    """An account whose predictions do not name our uploads was never seen to, and the one that is held says so."""
    shop.rows("A-1", "B-2")
    rules = (
        "{on: render, fault: echo, form: missing}",
        "{on: submit, fault: lost_answer_after_accept, nth: 2}",
        "{on: render, fault: unlisted, nth: 2}",
    )
    shop.job(provider=shop.faults(*rules), limits={"submit_concurrency": 1}, reconcile={"grace": 400})
    ended = shop.run()
    assert (ended.exit, ended.items) == (4, {"done": 1, "unconfirmed": 1}), ended.err
    assert "was never seen" in ended.err
