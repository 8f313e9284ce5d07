"""A cheap trial of a few products at a short length, and the approved ones made at full length."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.proof.shop import draw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.proof.shop import Shop

SKUS = ("A-1", "A-2", "A-3", "A-4", "A-5")


def lengths(shop: Shop) -> list[tuple[str, int]]:
    """List what was bought: the SKU and the seconds."""
    bought = shop.ledger().accepted.values()
    return sorted((str(one["input"]["prompt"]).rpartition(" ")[2], int(one["input"]["duration"])) for one in bought)


def decide(shop: Shop, decisions: Mapping[str, str], *, prompt: str = "", take: int = 0) -> str:
    """Let a person decide about the clips of some SKUs; gives what the command says."""
    path = shop.folder / "decisions.csv"
    now = datetime.now(UTC).isoformat()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("key", "sku", "decision", "prompt", "note", "by", "at"))
        report = json.loads((shop.out / "report" / "report.json").read_text(encoding="utf-8"))
        for item in report["items"]:
            if item["sku"] in decisions and item["take"] == take:
                writer.writerow((item["key"], item["sku"], decisions[item["sku"]], prompt, "", "Ada", now))
    ended = shop.command("review", "--apply", str(path))
    assert ended.exit == 0, ended.out
    return ended.out


@pytest.mark.slow
def test_a_trial_is_short_and_small_and_only_what_was_approved_is_made_whole(shop: Shop) -> None:
    """Rows of their own length too; then the whole job buys the rest once, and nothing of the promoted again."""
    header = ("sku", "image", "duration")
    shop.rows(header=header, more=[(sku, "A-1.png", "12" if sku == "A-1" else "") for sku in SKUS])
    draw(shop.folder / "A-1.png", 0)
    shop.job(defaults={"prompt": "push in on {sku}", "duration": 8})

    planned = shop.command("plan", "--sample", "3", "--duration", "4")
    assert "less than the whole job: 3 SKUs at most, 4 s each" in planned.out
    assert "price:    $1.20" in planned.out
    first = shop.run("--sample", "3", "--duration", "4")
    assert (first.exit, first.items) == (0, {"done": 3})
    tried = [sku for sku, _ in lengths(shop)]
    assert lengths(shop) == [(sku, 4) for sku in tried]
    assert shop.run("--sample", "3", "--duration", "4").items == {"skipped": 3}

    approved, rejected, _ = tried
    decide(shop, {approved: "approve", rejected: "reject"})
    redone = decide(shop, {rejected: "redo"})
    assert f"`sora-batch run {shop.job_file} --sample 3 --duration 4` buys it for $0.40" in redone
    decide(shop, {rejected: "reject"})
    assert shop.command("promote", "--yes", "--json").items == {"done": 1}
    whole = {sku: 12 if sku == "A-1" else 8 for sku in SKUS}
    assert (approved, whole[approved]) in lengths(shop)
    assert len(lengths(shop)) == 4
    again = shop.command("promote", "--yes", "--json")
    assert (again.exit, again.items) == (0, {})
    assert again.summary["why"] == "1 approved clip is made at full length already"

    assert shop.run().exit == 0
    assert lengths(shop) == sorted([*((sku, 4) for sku in tried), *whole.items()])
    assert "gone" not in shop.command("plan").out


@pytest.mark.parametrize("before", ["reject", "approve"])
def test_the_take_that_was_approved_last_is_made_whole_and_no_later_one(shop: Shop, before: str) -> None:
    """Its words count: the row's own for the first take. The whole job then has nothing left to buy of it."""
    shop.rows("A-1")
    shop.job(defaults={"prompt": "push in on {sku}", "duration": 8})
    trial = ("--duration", "4")
    assert shop.run(*trial).exit == 0
    decide(shop, {"A-1": "redo"}, prompt="pan over A-1")
    assert shop.run(*trial).items == {"done": 1}
    decide(shop, {"A-1": before}, take=1)
    decide(shop, {"A-1": "approve"}, take=0)
    assert "  of it in this run: estimated $0.80, settled $0.80\n" in shop.command("promote", "--yes").out
    assert shop.run().items == {"skipped": 1}
    assert shop.run(*trial).items == {"skipped": 1}, "at the trial's length, the later take has its place"
    bought = [(one["input"]["prompt"], one["input"]["duration"]) for one in shop.ledger().accepted.values()]
    assert bought == [("push in on A-1", 4), ("pan over A-1", 4), ("push in on A-1", 8)]


def test_a_plan_follows_what_was_approved_after_it_was_made(shop: Shop) -> None:
    """The later take was planned at full length and not bought; then the first one is approved after all."""
    shop.rows("A-1")
    whole = {"prompt": "push in on {sku}", "duration": 8}
    shop.job(provider=shop.faults(), defaults=whole)
    trial = ("--duration", "4")
    assert shop.run(*trial).exit == 0
    decide(shop, {"A-1": "redo"}, prompt="pan over A-1")
    assert shop.run(*trial).items == {"done": 1}
    shop.faults('{on: models, fault: status, status: 404, body: {error: "model not found"}}')
    assert shop.run().exit == 69
    decide(shop, {"A-1": "approve"}, take=0)
    shop.faults()
    assert shop.run().items == {"done": 1}
    assert shop.ledger().bought == {"push in on A-1": 2, "pan over A-1": 1}


def test_a_promotion_that_is_killed_goes_on_and_buys_nothing_twice(shop: Shop) -> None:
    """Of two approved clips one was sent when it died; a plain run meanwhile would take it home, too."""
    shop.rows("A-1", "A-2")
    shop.job(defaults={"prompt": "push in on {sku}", "duration": 8}, limits={"in_flight": 1})
    assert shop.run("--duration", "4").exit == 0
    decide(shop, {"A-1": "approve", "A-2": "approve"})
    shop.job(
        provider=shop.faults("{on: render, fault: slow_render, seconds: 800}"),
        defaults={"prompt": "push in on {sku}", "duration": 8},
        limits={"in_flight": 1},
    )
    shop.kill_when(lambda: len(shop.ledger().accepted) == 3, "promote", "--yes", "--json")
    assert shop.command("collect", "--wait").exit in {0, 4}  # 4: the kill may have come before the answer
    ended = shop.command("promote", "--yes", "--json")
    assert ended.exit in {0, 4}, ended.err
    assert lengths(shop) == [("A-1", 4), ("A-1", 8), ("A-2", 4), ("A-2", 8)]


def test_a_trial_of_a_length_that_the_model_does_not_make_is_refused_before_anything_is_written(shop: Shop) -> None:
    """It names the lengths that there are."""
    shop.rows("A-1")
    shop.job()
    refused = shop.run("--duration", "5")
    assert refused.exit == 2
    assert "--duration 5: this model makes clips of 4, 8, 12, 16, 20 seconds" in refused.err
    assert not shop.state.exists()


def test_nothing_approved_is_nothing_to_promote(shop: Shop) -> None:
    """It buys nothing, and says why."""
    shop.rows("A-1")
    shop.job()
    assert shop.run().exit == 0
    ended = shop.command("promote")
    assert (ended.exit, ended.out) == (0, "nothing to promote: nobody approved a clip yet: `sora-batch review JOB`\n")
    assert len(shop.ledger().accepted) == 1
