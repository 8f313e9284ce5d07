"""A person decides about what may have been charged: what is shown, what each word does, and what is refused."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from tests.proof.shop import Ended, Shop

SKUS = ("A-1", "A-2")


@pytest.fixture
def held(shop: Shop) -> Shop:
    """A shop with an item that is held: its answer was lost, and the provider's history never shows it."""
    shop.rows(*SKUS)
    rules = ("{on: submit, fault: lost_answer_after_accept, nth: 1}", "{on: render, fault: unlisted, nth: 1}")
    shop.job(provider=shop.faults(*rules), limits={"submit_concurrency": 1}, reconcile={"grace": 400})
    ended = shop.run()
    assert (ended.exit, ended.items) == (4, {"done": 1, "unconfirmed": 1}), ended.err
    return shop


def prediction_of(shop: Shop, sku: str) -> str:
    """Give the id under which the provider made an item's clip, from its own ledger."""
    (found,) = [id_ for id_, line in shop.ledger().accepted.items() if line["input"]["prompt"] == f"push in on {sku}"]
    return found


def decisions(shop: Shop) -> list[tuple[str, dict[str, Any]]]:
    """List what people decided, from the event log."""
    kinds = ("AdoptedByHand", "NotCharged", "Abandoned")
    with closing(sqlite3.connect(f"file:{shop.state}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT kind, data FROM event WHERE kind IN (?, ?, ?) ORDER BY id", kinds).fetchall()
    return [(kind, json.loads(data)) for kind, data in rows]


def check_refused(ended: Ended, *words: str) -> None:
    """Check that a decision was refused in words, with the exit code of a wrong command line."""
    assert ended.exit == 2, ended.err
    for word in words:
        assert word in ended.err


def test_that_nothing_is_shown_yet_is_no_proof_that_nothing_was_charged(shop: Shop) -> None:
    """Within the grace period the provider's history may be late: only who insists frees the money."""
    shop.rows("A-1")
    rules = ("{on: submit, fault: lost_answer_after_accept, nth: 1}", "{on: render, fault: unlisted, nth: 1}")
    shop.job(provider=shop.faults(*rules), reconcile={"grace": 60_000})
    shop.kill_when(lambda: len(shop.ledger().accepted) == 1)
    check_refused(shop.command("resolve", "A-1", "--not-charged"), "may be late", "--force")
    assert shop.command("status", "--json").summary["cost"]["reserved_usd"] == "0.40"
    assert shop.command("resolve", "A-1", "--not-charged", "--force").exit == 0


def test_what_is_known_is_shown_and_nothing_is_changed(held: Shop) -> None:
    """When and what was sent, its upload, and what lies near it; a decided or finished item ends with 0."""
    before = held.state.read_bytes()
    shown = held.command("resolve", "A-1", "--json")
    assert shown.exit == 4, shown.err
    facts = shown.summary
    assert (facts["sku"], facts["phase"], facts["prompt"]) == ("A-1", "held", "push in on A-1")
    assert facts["attempt"]["upload_url"].endswith(f"{facts['attempt']['upload_id']}.jpg")
    assert facts["attempt"]["estimate_usd"] == "0.40"
    assert [(one["id"], one["echo"], one["owner"]) for one in facts["near"]] == [
        (prediction_of(held, "A-2"), "another item's", "A-2")
    ]
    assert facts["history"] == {"complete": True, "trouble": ""}
    text = held.command("resolve", "A-1")
    assert text.exit == 4
    for word in ("held", "push in on A-1", "another item's (A-2)", "--adopt ID", "--not-charged", "--abandon"):
        assert word in text.out
    by_key = held.command("resolve", facts["key"][:8], "--json")
    assert by_key.summary["key"] == facts["key"]
    assert held.command("resolve", "A-2").exit == 0
    assert held.state.read_bytes() == before
    assert decisions(held) == []


def test_adopting_goes_on_with_the_prediction(held: Shop) -> None:
    """The clip is fetched by the next call, nothing is bought, and the event says who, why and what the echo said."""
    adopted = held.command("resolve", "A-1", "--adopt", prediction_of(held, "A-1"), "--reason", "support found it")
    assert adopted.exit == 0, adopted.err
    assert "collect" in adopted.out
    ((kind, data),) = decisions(held)
    assert (kind, data["reason"], data["echo"]) == ("AdoptedByHand", "support found it", "matches")
    assert data["by"]
    collected = held.command("collect", "--json", "--wait")
    assert (collected.exit, collected.items) == (0, {"done": 1, "skipped": 1}), collected.err
    assert (collected.cost("settled"), collected.cost("reserved")) == ("0.80", "0.00")
    assert held.posts() == 2
    assert len(held.clips()) == 2
    check_refused(held.command("resolve", "A-1", "--abandon"), "done")


def test_what_is_another_items_or_nobodys_is_not_adopted(held: Shop) -> None:
    """An id that is taken is refused for good, and so is one that the provider does not know."""
    check_refused(held.command("resolve", "A-1", "--adopt", prediction_of(held, "A-2"), "--force"), "A-2")
    check_refused(held.command("resolve", "A-1", "--adopt", "no-such-prediction", "--force"), "knows no prediction")
    check_refused(held.command("resolve", "A-1", "--reason", "because"), "--adopt")
    check_refused(held.command("resolve", "Z-9"), "Z-9")
    assert decisions(held) == []


def test_a_prediction_of_another_upload_needs_a_person_to_insist(shop: Shop) -> None:
    """Two items are held; the one's prediction is given to the other only with --force, and that is said."""
    shop.rows(*SKUS)
    rules = ("{on: submit, fault: lost_answer_after_accept}", "{on: render, fault: unlisted}")
    shop.job(provider=shop.faults(*rules), reconcile={"grace": 200})
    assert shop.run().items == {"unconfirmed": 2}
    other = prediction_of(shop, "A-2")
    check_refused(shop.command("resolve", "A-1", "--adopt", other), "an upload of A-2", "--force")
    forced = shop.command("resolve", "A-1", "--adopt", other, "--force")
    assert forced.exit == 0
    assert "all the same" in forced.err
    ((_, data),) = decisions(shop)
    assert data["echo"] == "another item's"
    ended = shop.command("collect", "--json")
    assert (ended.exit, ended.items) == (4, {"done": 1, "unconfirmed": 1}), ended.err


def test_not_charged_frees_the_money_and_buys_again(held: Shop) -> None:
    """The reservation is gone at once; the next run sends one more, and the item is done."""
    freed = held.command("resolve", "A-1", "--not-charged", "--reason", "not on the invoice")
    assert freed.exit == 0, freed.err
    status = held.command("status", "--json")
    assert (status.cost("reserved"), status.cost("estimated")) == ("0.00", "0.40")
    held.job()
    ended = held.run()
    assert (ended.exit, ended.items) == (0, {"done": 1, "skipped": 1}), ended.err
    assert held.posts() == 3
    assert ended.cost("settled") == "0.80"
    assert [kind for kind, _ in decisions(held)] == ["NotCharged"]


@pytest.mark.parametrize("verdict", ["not-charged", "abandon"])
def test_what_was_let_go_can_be_taken_back(held: Shop, verdict: str) -> None:
    """The prediction turns up after all: nothing more is bought, and its clip is fetched."""
    assert held.command("resolve", "A-1", f"--{verdict}").exit == 0
    back = held.command("resolve", "A-1", "--adopt", prediction_of(held, "A-1"), "--reason", "it is on the invoice")
    assert back.exit == 0, back.err
    assert (held.command("status", "--json").cost("reserved"), held.posts()) == ("0.40", 2)
    ended = held.run()
    assert (ended.exit, ended.items) == (0, {"done": 1, "skipped": 1}), ended.err
    assert (ended.cost("settled"), ended.cost("possibly_charged"), held.posts()) == ("0.80", "0.00", 2)
    assert len(held.clips()) == 2


def test_an_abandoned_prediction_that_the_provider_knows_again_can_be_taken_back(shop: Shop) -> None:
    """By the id that the item had when it was given up."""
    shop.rows("A-1")
    shop.job(provider=shop.faults("{on: poll, fault: not_found}"))
    assert shop.run().items == {"unconfirmed": 1}
    assert shop.command("resolve", "A-1", "--abandon").exit == 0
    shop.job()
    assert shop.command("resolve", "A-1", "--adopt", prediction_of(shop, "A-1")).exit == 0
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err
    assert shop.posts() == 1


def test_what_was_given_up_holds_no_prediction_that_is_anothers(shop: Shop) -> None:
    """A wrong answer named it, and it answered 404: the item whose picture it shows adopts it all the same."""
    shop.rows(*SKUS)
    rules = (
        "{on: submit, fault: malformed, match: A-1}",
        "{on: submit, fault: same_id, accepted: true, match: A-2}",
        "{on: poll, fault: not_found}",
    )
    limits = {"submit_concurrency": 1}
    shop.job(provider=shop.faults(*rules), limits=limits, reconcile={"grace": 200}, canary=False)
    assert shop.run().items == {"unconfirmed": 2}
    assert shop.command("resolve", "A-2", "--abandon").exit == 0
    shop.job(limits=limits)
    ended = shop.run()
    assert ended.items["done"] == 1, ended.err
    assert (shop.posts(), len(shop.clips())) == (2, 1)
    assert "A-1: the lost answer was found" in ended.err


def test_not_charged_is_refused_while_the_provider_shows_the_prediction(shop: Shop) -> None:
    """It is listed late, after the item was held: it was charged, and is to be adopted."""
    shop.rows("A-1")
    rules = ("{on: submit, fault: lost_answer_after_accept}", "{on: render, fault: listed_late, seconds: 1600}")
    with shop.simulator("--faults", str(shop.folder / shop.faults(*rules)["faults"])) as url:
        shop.job(provider={"base_url": url}, reconcile={"grace": 100})
        assert shop.run().items == {"unconfirmed": 1}
        wait_until(lambda: bool(shop.command("resolve", "A-1", "--json").summary["near"]))
        refused = shop.command("resolve", "A-1", "--not-charged")
        check_refused(refused, prediction_of(shop, "A-1"), "--adopt")
        assert shop.command("resolve", "A-1", "--adopt", prediction_of(shop, "A-1")).exit == 0
        ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err
    assert shop.posts() == 1


def test_abandoned_is_never_bought_again_and_stays_in_the_books(held: Shop) -> None:
    """Its estimate moves to possibly charged; the run after it has nothing to do and says that one failed."""
    given_up = held.command("resolve", "A-1", "--abandon", "--reason", "not worth it", "--json")
    assert (given_up.exit, given_up.summary["phase"]) == (0, "abandoned"), given_up.err
    ended = held.run()
    assert (ended.exit, ended.items) == (1, {"failed": 1, "skipped": 1}), ended.err
    assert (ended.cost("possibly_charged"), ended.cost("reserved")) == ("0.40", "0.00")
    assert held.posts() == 2
    report = (held.out / "report" / "report.csv").read_text(encoding="utf-8-sig")
    assert "not worth it" in report


def test_a_missing_prediction_can_be_given_up_or_replaced(shop: Shop) -> None:
    """The provider forgets an id that it gave: its money is reserved until somebody decides."""
    shop.rows("A-1")
    faults = shop.faults("{on: poll, fault: not_found, times: 1000}")
    shop.job(provider={**faults, "speed": 1000})
    ended = shop.run()
    assert (ended.exit, ended.items) == (4, {"unconfirmed": 1}), ended.err
    prediction = prediction_of(shop, "A-1")
    check_refused(shop.command("resolve", "A-1", "--adopt", prediction), "already")
    assert shop.command("resolve", "A-1", "--abandon").exit == 0
    assert shop.run().cost("possibly_charged") == "0.40"
    assert shop.posts() == 1


def test_a_clip_that_cannot_be_fetched_can_be_given_up(shop: Shop) -> None:
    """What the provider said that it charged stays settled."""
    shop.rows("A-1")
    shop.job(provider=shop.faults("{on: download, fault: status, status: 404}"))
    assert shop.run().exit == 4
    refused = shop.command("resolve", "A-1", "--not-charged")
    check_refused(refused, "charged $0.40")
    check_refused(shop.command("resolve", "A-1", "--adopt", "another"), "collect")
    assert shop.command("resolve", "A-1", "--abandon").exit == 0
    ended = shop.run()
    assert (ended.exit, ended.cost("settled"), ended.cost("possibly_charged")) == (1, "0.40", "0.00")


def test_an_ambiguous_sku_lists_its_items(shop: Shop) -> None:
    """Two aspects of one product are held: the beginning of a key tells them apart."""
    shop.rows("A-1")
    rules = ("{on: submit, fault: lost_answer_after_accept}", "{on: render, fault: unlisted}")
    shop.job(provider=shop.faults(*rules), reconcile={"grace": 100}, defaults={"aspect_ratio": ["16:9", "9:16"]})
    assert shop.run().items == {"unconfirmed": 2}
    listed = shop.command("resolve", "A-1")
    check_refused(listed, "16:9", "9:16", "held")
    key = listed.err.splitlines()[1].split()[0]
    assert shop.command("resolve", key, "--abandon").exit == 0
    assert shop.command("resolve", "A-1", "--json").summary["phase"] == "held"


def test_a_run_that_holds_the_lock_comes_first(held: Shop) -> None:
    """A decision ends with 75 while a run is at work; what is known is shown all the same."""
    held.rows(*SKUS, "A-3")
    slow = held.faults('{on: render, fault: slow_render, seconds: 4000, match: "A-3"}')
    held.job(provider=slow, limits={"submit_concurrency": 1}, reconcile={"grace": 400})
    with held.start("run", "--yes", "--json") as process:
        wait_until(lambda: len(held.ledger().accepted) == 3, process)
        assert held.command("resolve", "A-1", "--abandon").exit == 75
        assert held.command("retry", "--failed").exit == 75
        process.send_signal(signal.SIGTERM)
        finish(process)
    assert decisions(held) == []
