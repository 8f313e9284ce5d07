"""Predictions of ours that the provider says it does not know, or calls finished without giving a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.proof.shop import Shop

THREE = ("A-1", "A-2", "A-3")


def test_what_is_known_to_be_missing_does_not_accuse_the_key(shop: Shop) -> None:
    """Three that went missing are asked for again by every run, and do not keep it from buying what is new."""
    shop.rows(*THREE)
    shop.job(provider=shop.faults("{on: poll, fault: not_found}"))
    missing = shop.run()
    assert (missing.exit, missing.items) == (4, {"unconfirmed": 3}), missing.err

    shop.rows(*THREE, "NEW")
    shop.faults(*(f'{{on: poll, fault: not_found, match: "{id_}"}}' for id_ in shop.ledger().accepted))
    ended = shop.run()
    assert (ended.exit, ended.items) == (4, {"done": 1, "unconfirmed": 3}), ended.err
    assert ended.cost("reserved") == "1.20"


def test_another_accounts_key_is_still_found_out(shop: Shop) -> None:
    """Three that were running, all unknown: the run stops before it takes them for missing."""
    shop.rows(*THREE)
    shop.job(provider=shop.faults("{on: render, fault: stuck}"))
    assert shop.command("submit", "--yes", "--json").exit == 0
    shop.faults("{on: poll, fault: not_found}")
    ended = shop.run()
    assert (ended.exit, ended.items) == (77, {"pending": 3}), ended.err


def test_a_success_whose_clip_comes_later_is_looked_at_again(shop: Shop) -> None:
    """The address may come a little after the word; what was paid for is not given up at the first look."""
    shop.rows("A-1")
    faults = shop.faults("{on: poll, fault: output, shape: none, times: 2}")
    shop.job(provider=faults, polling={"first": 400})  # after its end
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err
    assert ended.cost("settled") == "0.40"
    assert shop.posts() == 1


def test_a_success_that_never_has_a_clip_may_have_been_charged(shop: Shop) -> None:
    """It fails, is not bought again, and a cost of zero for it is no answer."""
    shop.rows("A-1")
    rules = ("{on: render, fault: output, shape: none}", "{on: render, fault: cost, value: 0}")
    shop.job(provider=shop.faults(*rules))
    ended = shop.run()
    assert (ended.exit, ended.items) == (1, {"failed": 1}), ended.err
    assert (ended.cost("settled"), ended.cost("possibly_charged")) == ("0.00", "0.40")
    assert shop.posts() == 1


def test_a_cost_that_could_not_be_asked_for_is_asked_for_again(shop: Shop) -> None:
    """Only an answer without a cost is one: two calls that got none leave the question open."""
    shop.rows("A-1")
    rules = (
        "{on: poll, fault: cost, value: 0, nth: 1}",
        "{on: poll, fault: status, status: 503, after: 1, times: 2}",
    )
    shop.job(provider=shop.faults(*rules), polling={"first": 400})
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err
    assert (ended.cost("settled"), ended.cost("possibly_charged")) == ("0.40", "0.00")


def test_a_success_that_is_taken_back_for_a_while_is_waited_for(shop: Shop) -> None:
    """Asked for a fresh address, the provider says that it is still rendering: the clip is not given up for that."""
    shop.rows("A-1")
    rules = (
        "{on: download, fault: status, status: 403, nth: 1}",
        "{on: poll, fault: unfinished, after: 1, times: 6}",
    )
    shop.job(provider=shop.faults(*rules), polling={"first": 400})
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err
    assert shop.posts() == 1


def test_the_body_of_another_prediction_is_no_look_at_ours(shop: Shop) -> None:
    """Its end, its cost and its address are somebody else's; ours is asked for again."""
    shop.rows("A-1", "A-2")
    shop.job(provider=shop.faults("{on: poll, fault: foreign_body, times: 4}"), polling={"first": 400})
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 2}), ended.err
    assert len({path.read_bytes() for path in shop.clips()}) == 2
    assert ended.cost("settled") == "0.80"
