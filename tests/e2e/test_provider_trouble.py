"""A provider that loses answers, refuses, is dear, slow, broke or gone: what is bought, what is said, what it costs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.proof.shop import Shop


def test_one_of_each_in_one_run(shop: Shop) -> None:
    """A lost answer is adopted, a passing failure bought again once, a refusal never, and bad downloads repeated."""
    shop.rows("LOST", "PASSING", "REFUSED", "FREE", "PLAIN")
    rules = (
        '{on: submit, fault: lost_answer_after_accept, match: "LOST"}',
        '{on: render, fault: error, error_code: PROVIDER_SERVER_ERROR, match: "PASSING", times: 1}',
        '{on: render, fault: refused, match: "REFUSED"}',
        '{on: render, fault: cost, value: 0, match: "FREE"}',
        "{on: download, fault: short, nth: 1}",
        "{on: download, fault: status, status: 403, nth: 2}",
        "{on: download, fault: html, status: 200, nth: 3}",
    )
    shop.job(provider=shop.faults(*rules))
    ended = shop.run()
    ledger = shop.ledger()

    assert ended.exit == 1, ended.err
    assert ended.items == {"done": 4, "refused": 1}
    assert ledger.bought == {
        "push in on LOST": 1,
        "push in on PASSING": 2,
        "push in on REFUSED": 1,
        "push in on FREE": 1,
        "push in on PLAIN": 1,
    }
    assert shop.posts() == 6
    assert ended.summary["cost"] == {
        "estimated_usd": "2.40",
        "settled_usd": "1.20",
        "reserved_usd": "0.00",
        "possibly_charged_usd": "0.40",
    }
    assert "LOST: the lost answer was found" in ended.err
    assert "refused by the provider" in ended.err
    for sku in ("LOST", "PASSING", "FREE", "PLAIN"):
        clip = shop.out / sku / f"{sku}-16x9-4s.mp4"
        assert hashlib.sha256(clip.read_bytes()).hexdigest() == ledger.clips[f"push in on {sku}"]
    assert shop.leftovers() == []

    assert shop.run().exit == 1
    assert shop.posts() == 6, "neither what is done nor what was refused is bought again"


def test_an_answer_that_is_never_found_is_held_with_its_money(shop: Shop) -> None:
    """What may have been accepted is not bought again: exit code 4, also of the next run, which sends nothing."""
    shop.rows("A-1", "A-2")
    rules = ("{on: submit, fault: lost_answer_after_accept, nth: 1}", "{on: render, fault: unlisted, nth: 1}")
    shop.job(provider=shop.faults(*rules), limits={"submit_concurrency": 1}, reconcile={"grace": 400})
    ended = shop.run()
    assert ended.exit == 4, ended.err
    assert ended.items == {"done": 1, "unconfirmed": 1}
    assert (ended.cost("settled"), ended.cost("reserved")) == ("0.40", "0.40")
    assert "held" in ended.err

    again = shop.run()
    assert again.exit == 4
    assert again.items == {"skipped": 1, "unconfirmed": 1}
    assert again.cost("reserved") == "0.40"
    assert shop.posts() == 2


def test_too_many_requests_pause_and_all_is_done(shop: Shop) -> None:
    """After a 429 nothing is sent for the cooldown; nothing was bought by it, and everything is made in the end."""
    shop.rows("A-1", "A-2")
    shop.job(provider=shop.faults('{on: submit, fault: status, status: 429, body: {error: "too many"}, times: 2}'))
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 2}), ended.err
    assert set(shop.ledger().bought.values()) == {1}
    assert "submitting pauses" in ended.err
    assert ended.cost("estimated") == "0.80"


def test_a_balance_that_runs_out_stops_submitting(shop: Shop) -> None:
    """What the money reaches for is bought and fetched; the rest waits, with exit code 8 and the balance named."""
    shop.rows("A-1", "A-2")
    with shop.simulator("--balance", "0.50") as url:
        shop.job(provider={"base_url": url})
        ended = shop.run()
    assert ended.exit == 8, ended.err
    assert ended.items == {"done": 1, "pending": 1}
    assert (ended.cost("settled"), ended.cost("reserved")) == ("0.40", "0.00")
    assert "balance" in ended.err


def test_a_refused_key_ends_the_run_and_buys_nothing(shop: Shop) -> None:
    """A 401 on the first submit ends the run with 77, and frees what was reserved."""
    shop.job(provider=shop.faults('{on: submit, fault: status, status: 401, body: {error: "Invalid API key"}}'))
    ended = shop.run()
    assert ended.exit == 77
    assert ended.items == {"pending": 3}
    assert (ended.cost("reserved"), ended.cost("estimated")) == ("0.00", "0.00")
    assert "EACHLABS_API_KEY" in ended.err


def test_a_model_that_is_gone_is_found_out_before_anything_is_bought(shop: Shop) -> None:
    """The listing is read first: exit code 69, and no submit."""
    shop.job(provider=shop.faults('{on: models, fault: status, status: 404, body: {error: "model not found"}}'))
    ended = shop.run()
    assert ended.exit == 69
    assert "sora-2-image-to-video" in ended.err
    assert shop.posts() == 0


def test_a_provider_that_is_down_is_said(shop: Shop) -> None:
    """Nobody listens at the address: exit code 69, nothing begun."""
    with shop.simulator() as url:
        pass
    shop.job(provider={"base_url": url})
    ended = shop.run()
    assert ended.exit == 69
    assert "nothing was bought" in ended.err
    status = shop.command("status", "--json")
    assert status.items == {"pending": 3}
    assert status.cost("reserved") == "0.00"


def test_every_cap_stops_at_its_own_place_and_the_next_run_goes_on(shop: Shop) -> None:
    """`max_items` ends with 10, the run's and the item's budget with 8, and each new run has a budget of its own."""
    shop.job(limits={"max_items": 1})
    by_items = shop.run()
    assert by_items.exit == 10, by_items.err
    assert by_items.items == {"done": 1, "pending": 2}

    shop.job(budget={"per_run_usd": 0.5})
    by_run = shop.run()
    assert by_run.exit == 8, by_run.err
    assert by_run.items == {"done": 1, "skipped": 1, "pending": 1}
    assert "budget.per_run_usd (0.50)" in by_run.err

    shop.job(budget={"per_item_usd": 0.3})
    posts = shop.posts()
    by_item = shop.run()
    assert by_item.exit == 8, by_item.err
    assert by_item.items == {"skipped": 2, "pending": 1}
    assert shop.posts() == posts

    shop.job(budget={"per_run_usd": 0.5})
    last = shop.run()
    assert (last.exit, last.items) == (0, {"done": 1, "skipped": 2}), last.err
    assert set(shop.ledger().bought.values()) == {1}
    ids = [ended.summary["run"]["id"] for ended in (by_items, by_run, by_item, last)]
    assert ids == sorted(set(ids)), "a run that was stopped by a cap has ended"


def test_max_runtime_leaves_what_renders_to_the_next_run(shop: Shop) -> None:
    """When the time is over the run ends with 10, whatever still renders; nothing of it is lost."""
    shop.rows("A-1")
    shop.job(provider=shop.faults("{on: render, fault: stuck}"), limits={"max_runtime": 2})
    ended = shop.run()
    assert ended.exit == 10, ended.err
    assert ended.items == {"pending": 1}
    assert ended.cost("reserved") == "0.40"


def test_an_item_past_its_deadline_is_left_and_keeps_its_place(shop: Shop) -> None:
    """It may still be running at the provider: with one place in flight nothing more is bought, and 4 is the end."""
    shop.rows("A-1", "A-2")
    faults = shop.faults('{on: render, fault: stuck, match: "A-1"}')
    shop.job(provider=faults, limits={"in_flight": 1, "item_deadline": 400})
    ended = shop.run()
    assert ended.exit == 4, ended.err
    assert ended.items == {"pending": 2}
    assert "past item_deadline" in ended.err
    assert shop.posts() == 1


def test_the_breaker_stops_before_more_is_spent(shop: Shop) -> None:
    """After two failures in a row nothing more is bought: exit code 69."""
    shop.rows("A-1", "A-2", "A-3", "A-4")
    faults = shop.faults("{on: render, fault: error, error_code: PROVIDER_BAD_REQUEST}")
    shop.job(provider=faults, limits={"in_flight": 1}, breaker={"in_a_row": 2})
    ended = shop.run()
    assert ended.exit == 69, ended.err
    assert ended.items == {"failed": 2, "pending": 2}
    assert shop.posts() == 2
    assert ended.err.count("--keep-going") == 1


def test_a_dearer_clip_raises_what_the_next_ones_reserve(shop: Shop) -> None:
    """What the provider charged beyond the estimate is said, and counts for the rest of the run."""
    shop.rows("A-1", "A-2")
    faults = shop.faults('{on: render, fault: cost, value: 0.80, match: "A-1"}')
    shop.job(provider=faults, limits={"in_flight": 1})
    ended = shop.run()
    assert ended.exit == 0, ended.err
    assert ended.cost("estimated") == "1.20"
    assert ended.cost("settled") == "1.20"
    assert any("charged $0.80 for A-1, estimated $0.40" in note for note in ended.summary["notes"])


def test_a_dearer_price_is_remembered_when_the_run_is_killed(shop: Shop) -> None:
    """The run that goes on is the same run: it reserves what its own clips were seen to cost."""
    shop.rows("A-1", "B-2", "C-3")
    faults = shop.faults(
        '{on: render, fault: cost, value: 0.80, match: "A-1"}',
        '{on: render, fault: slow_render, seconds: 1600, match: "B-2"}',  # 4 s at this speed
    )
    shop.job(provider=faults, limits={"in_flight": 1})
    shop.kill_when(lambda: len(shop.ledger().accepted) == 2)
    ended = shop.run()
    assert ended.exit in {0, 4}, ended.err  # 4: the kill may have come before the answer
    assert ended.cost("estimated") == "2.00"


def test_a_failure_that_was_dearer_raises_the_reserve_too(shop: Shop) -> None:
    """A settled cost above the estimate says what the model costs, whatever became of the clip."""
    shop.rows("A-1", "B-2")
    faults = shop.faults('{on: render, fault: error, error_code: PROVIDER_BAD_REQUEST, cost: 0.90, match: "A-1"}')
    shop.job(provider=faults, limits={"in_flight": 1})
    ended = shop.run()
    assert (ended.exit, ended.items) == (1, {"done": 1, "failed": 1}), ended.err
    assert ended.cost("estimated") == "1.30"
    assert any("charged $0.90 for A-1" in note for note in ended.summary["notes"])


def test_a_model_that_is_gone_does_not_keep_paid_clips_from_coming_home(shop: Shop) -> None:
    """Nothing new is bought, and what was bought is fetched while it can be: exit code 69 all the same."""
    shop.rows("A-1")
    faults = shop.faults()
    shop.job(provider=faults)
    assert shop.command("submit", "--yes", "--json").exit == 0

    shop.rows("A-1", "B-2")
    shop.faults('{on: models, fault: status, status: 404, body: {error: "model not found"}}')
    ended = shop.run()
    assert (ended.exit, ended.items) == (69, {"done": 1, "pending": 1}), ended.err
    assert "no longer lists the model" in ended.err
    assert ended.summary["stopped"][0]["cause"] == "model_gone"
    assert shop.posts() == 1


def test_what_fails_in_a_later_call_is_not_bought_again_before_the_model_was_looked_at(shop: Shop) -> None:
    """That call has nothing else to buy, so nobody has asked yet whether the model is there and what it costs."""
    shop.rows("A-1")
    failing = '{on: render, fault: error, error_code: PROVIDER_SERVER_ERROR, match: "A-1", times: 1}'
    shop.job(provider=shop.faults(failing, "{on: render, fault: slow_render, seconds: 800}"))
    assert shop.command("submit", "--yes", "--json").exit == 0

    shop.faults('{on: models, fault: status, status: 404, body: {error: "model not found"}}', failing)
    ended = shop.run()
    assert (ended.exit, ended.items) == (69, {"pending": 1}), ended.err
    assert "no longer lists the model" in ended.err
    assert shop.posts() == 1

    shop.faults()
    assert shop.run().items == {"done": 1}
    assert shop.ledger().bought == {"push in on A-1": 2}


def test_a_request_that_is_turned_down_for_every_item_trips_the_breaker(shop: Shop) -> None:
    """A 400 is for ever, so a provider that gives it to everybody must not use the whole catalogue up."""
    shop.rows("A-1", "A-2", "A-3", "A-4")
    faults = shop.faults("{on: submit, fault: status, status: 400, body: {}}")
    shop.job(provider=faults, limits={"submit_concurrency": 1}, breaker={"in_a_row": 2})
    ended = shop.run()
    assert (ended.exit, ended.items) == (69, {"failed": 2, "pending": 2}), ended.err
    assert shop.posts() == 2


def test_what_earlier_runs_still_hold_is_shown_apart(shop: Shop) -> None:
    """It is reserved as before, and leaves the new run's cap alone."""
    shop.rows("A-1")
    faults = shop.faults('{on: render, fault: stuck, match: "A-1"}')
    shop.job(provider=faults, limits={"max_runtime": 2}, budget={"per_run_usd": 0.5})
    first = shop.run()
    assert (first.exit, first.cost("reserved")) == (10, "0.40"), first.err
    assert not any("earlier runs" in note for note in first.summary["notes"])

    shop.rows("A-1", "B-2")
    second = shop.run()
    assert (second.exit, second.items) == (10, {"done": 1, "pending": 1}), second.err
    assert second.summary["run"]["cost"]["reserved_usd"] == "0.00"
    assert any(note.startswith("$0.40 of what is reserved is held by earlier runs") for note in second.summary["notes"])


def test_frames_of_ended_attempts_are_removed_and_those_in_doubt_stay(shop: Shop) -> None:
    """Of a clip, a failure, a refusal and a denied submit nothing stays; an attempt in doubt may need its own yet."""
    shop.rows("DONE", "FAILED", "REFUSED", "DENIED", "DOUBT")
    rules = (
        '{on: render, fault: error, error_code: PROVIDER_SERVER_ERROR, match: "FAILED"}',
        '{on: render, fault: refused, match: "REFUSED"}',
        '{on: submit, fault: status, status: 400, body: {error: "no"}, match: "DENIED"}',
        '{on: submit, fault: lost_answer_after_accept, match: "DOUBT"}',
        '{on: render, fault: unlisted, match: "DOUBT"}',
    )
    shop.job(provider=shop.faults(*rules), reconcile={"grace": 400})
    ended = shop.run("--keep-going")
    assert ended.items == {"done": 1, "failed": 2, "refused": 1, "unconfirmed": 1}, ended.err
    assert shop.frames_left() == 1


def test_frames_that_an_earlier_run_could_not_remove_are_removed_by_the_next(shop: Shop) -> None:
    """The provider refused to remove them once; the next run that has something to do comes back to them."""
    shop.rows("A-1", "A-2")
    shop.job(provider=shop.faults("{on: delete, fault: status, status: 500, times: 20}"))
    assert shop.run().exit == 0
    assert shop.frames_left() == 2
    shop.rows("A-1", "A-2", "A-3")
    shop.job(provider=shop.faults())
    assert shop.run().exit == 0
    assert shop.frames_left() == 0
