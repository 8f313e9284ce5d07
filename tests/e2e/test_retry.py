"""`retry`: what ended without a clip is planned again by a person's word, and bought under the same caps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from tests.proof.shop import Shop


def test_what_failed_is_bought_again_and_nothing_else(shop: Shop) -> None:
    """Each kind by its own option; what is done is never among them, and the money of before stays in the books."""
    shop.rows("GOOD", "FAILED", "REFUSED")
    once = shop.faults(
        '{on: render, fault: error, error_code: UNKNOWN_TROUBLE, match: "FAILED", times: 1}',
        '{on: render, fault: refused, match: "REFUSED", times: 1}',
    )
    shop.job(provider=once)
    first = shop.run()
    assert first.items == {"done": 1, "failed": 1, "refused": 1}, first.err
    assert shop.run().items == {"skipped": 1, "failed": 1, "refused": 1}

    retried = shop.command("retry", "--failed", "--reason", "their trouble is over", "--json")
    assert (retried.exit, retried.summary["estimated_usd"]) == (0, "0.40"), retried.err
    assert [(item["sku"], item["was"]) for item in retried.summary["items"]] == [("FAILED", "failed")]
    assert shop.posts() == 3, "it buys nothing by itself"
    assert shop.command("plan", "--json").exit == 0
    assert shop.run().items == {"done": 1, "skipped": 1, "refused": 1}

    assert shop.command("retry", "--sku", "REFUSED", "--json").exit == 0
    last = shop.run()
    assert (last.exit, last.items) == (0, {"done": 1, "skipped": 2})
    assert shop.ledger().bought == {"push in on GOOD": 1, "push in on FAILED": 2, "push in on REFUSED": 2}
    assert last.cost("estimated") == "2.00"
    assert shop.command("audit", "--json").exit == 0


def test_what_cannot_be_retried_is_said_and_changes_nothing(shop: Shop) -> None:
    """Unknown, done, no longer in the manifest, or nothing named at all: the others are left alone, too."""
    shop.rows("GOOD", "FAILED", "GONE")
    shop.job(
        provider=shop.faults(
            '{on: render, fault: refused, match: "FAILED"}', '{on: render, fault: refused, match: "GONE"}'
        )
    )
    shop.run("--keep-going")
    shop.rows("GOOD", "FAILED")
    shop.run()
    for words, said in (
        (("--sku", "FAILED", "--sku", "GOOD"), "GOOD: it is done"),
        (("--sku", "FAILED", "--sku", "NONE"), "NONE: no item has this SKU"),
        (
            (
                "--sku",
                "GONE",
            ),
            "GONE: it is refused",
        ),
        (("--sku", "FAILED", "--failed"), "FAILED: it is refused"),
        ((), "it is not said which items"),
    ):
        ended = shop.command("retry", *words, "--json")
        assert (ended.exit, said in ended.err) == (2, True), ended.err
    assert shop.command("retry", "--failed", "--json").summary["items"] == []
    assert shop.run().items == {"skipped": 1, "refused": 1}


def test_a_picture_that_could_not_be_framed_gets_another_try(shop: Shop) -> None:
    """It is looked at again, and nothing is bought for it as long as it is of no use."""
    Image.new("RGBA", (640, 640), (0, 0, 0, 0)).save(shop.folder / "clear.png")
    shop.rows("A-1", more=[("CLEAR", "clear.png")])
    shop.job()
    assert shop.run().items == {"done": 1, "rejected": 1}
    ended = shop.command("retry", "--rejected", "--json")
    assert [(item["sku"], item["was"]) for item in ended.summary["items"]] == [("CLEAR", "rejected")]
    assert shop.command("status", "--json").items == {"done": 1, "pending": 1}
    assert shop.run().items == {"rejected": 1, "skipped": 1}
    assert shop.posts() == 1


def test_a_kill_after_a_retry_is_gone_on_from(shop: Shop) -> None:
    """The state that it leaves, with an item planned again and another at the provider, contradicts nothing."""
    shop.rows("A-1", "A-2")
    shop.job(provider=shop.faults('{on: render, fault: refused, times: 2, match: "A-"}'), limits={"in_flight": 1})
    assert shop.run("--keep-going").items == {"refused": 2}
    assert shop.command("retry", "--refused", "--json").exit == 0
    shop.kill_when(lambda: shop.posts() == 3)
    last = shop.run()
    assert (last.exit, last.items) == (0, {"done": 2}), last.err
    assert shop.posts() == 4
