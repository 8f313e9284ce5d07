"""Everything that a run depends on is looked at and named, without buying anything."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import yaml

from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from tests.proof.shop import Ended, Shop


def said(ended: Ended, level: str = "ok") -> str:
    """Give what was found of one level."""
    return "\n".join(one["what"] for one in ended.summary["findings"] if one["level"] == level)


def test_all_is_well_before_and_after_a_run(shop: Shop) -> None:
    """Versions, disk, file system, state, plan, profile, listing, schema, price, balance, clock; nothing is sent."""
    before = shop.command("doctor", "--json")
    assert before.exit == 0, before.out
    for words in (
        "SQLite",
        "GB are free",
        "file system is",
        "no state yet",
        "the plan wants 3 more items, for up to $1.20",
        "profile of sora-2-image-to-video is complete",
        "is listed",
        "schema of sora-2-image-to-video is what the profile says",
        "price, where it says one, is what is planned",
        "the balance is $1000.00",
        "clock",
    ):
        assert words in said(before)
    assert shop.posts() == 0
    assert not shop.state.exists()
    assert shop.run().exit == 0
    after = shop.command("doctor", "--json")
    assert "the state is whole: 3 items" in said(after)
    assert "the plan wants 0 more items" in said(after)


def test_what_differs_from_the_profile_is_named(shop: Shop) -> None:
    """A duration that is no longer offered, a field, a price: each in words; a short balance, too."""
    profile = {
        "extends": "sora-2-image-to-video",
        "last_checked": "2026-11-20",
        "duration": {"type": "integer", "values": [4, 8, 10], "default": 4},
        "inputs": {"seed": {"type": "integer", "default": 1}},
        "price": {"kind": "per_second", "rows": [{"usd": 0.05}]},
    }
    (shop.folder / "models.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    with shop.simulator("--balance", "0.50") as url:
        shop.job(models=["models.yaml"], provider={"base_url": url})
        ended = shop.command("doctor", "--json")
    notes = said(ended, "note")
    assert "'duration' may be 4, 8, 12, 16, 20 at the provider, and 4, 8, 10 in the profile" in notes
    assert "'seed', which the provider does not take" in notes
    assert "the provider asks $0.40 for 4 s, and $0.20 is planned" in notes
    assert "the balance is $0.50, and the plan wants up to $0.60" in notes


def test_a_damaged_state_is_named_with_what_it_can_be_rebuilt_from(shop: Shop) -> None:
    """Exit 74; the copy and the notes are counted. While a run is at work, it is named instead."""
    assert shop.run().exit == 0
    content = bytearray(shop.state.read_bytes())
    content[len(content) // 2] ^= 1
    shop.state.write_bytes(content)
    ended = shop.command("doctor")
    assert ended.exit == 74, ended.out
    for words in ("damaged", "--rebuild", "its copy of 20", "the notes beside 3 clips"):
        assert words in ended.out
    assert shop.command("doctor", "--rebuild").exit == 0
    slow = shop.faults("{on: render, fault: slow_render, seconds: 4000}")
    shop.rows("00152", "B-2", "C-3", "D-4")
    shop.job(provider=slow)
    with shop.start("run", "--yes", "--json") as process:
        wait_until(lambda: len(shop.ledger().accepted) == 4, process)
        beside = shop.command("doctor", "--json")
        process.send_signal(signal.SIGTERM)
        finish(process)
    assert f"process {process.pid}" in said(beside, "note")


def test_what_would_end_a_run_ends_the_doctor(shop: Shop) -> None:
    """A model that is gone, a manifest that is missing: the code of the first."""
    shop.job(provider=shop.faults('{on: models, fault: status, status: 404, body: {error: "model not found"}}'))
    gone = shop.command("doctor")
    assert gone.exit == 69
    assert "does not list" in gone.out
    shop.job()
    (shop.folder / "manifest.csv").unlink()
    assert shop.command("doctor").exit == 66


def test_live_buys_the_one_cheapest_item_and_keeps_what_it_tells(shop: Shop) -> None:
    """Through the ordinary path: the next run does not buy it again; later calls show it and look at the URL again."""
    shop.rows(header=("sku", "image", "duration"), more=[("A-1", "00152.png", "8"), ("B-2", "B-2.png", "4")])
    with shop.simulator("--lag", "400", "--output-ttl", "100000") as url:
        shop.job(provider={"base_url": url})
        live = shop.command("doctor", "--live", "--json")
        assert live.exit == 0, live.err
        assert list(shop.ledger().bought) == ["push in on B-2"]
        for words in ("it was listed", "comes back unchanged", "address still worked"):
            assert words in said(live)
        later = shop.command("doctor", "--json")
        assert "it was listed" in said(later)
        ended = shop.run()
        assert (ended.exit, ended.items) == (0, {"done": 1, "skipped": 1}), ended.err
        nothing = shop.command("doctor", "--live")
        assert nothing.exit == 2
        assert "nothing is left to buy" in nothing.err
    assert set(shop.ledger().bought.values()) == {1}


def test_live_is_bought_only_when_somebody_said_so(shop: Shop) -> None:
    """Away from a terminal nothing but --yes will do, not even a budget."""
    shop.environment["EACHLABS_API_KEY"] = "right-key-right-key"
    with shop.simulator("--require-key") as url:
        shop.job(budget={"per_run_usd": 1})
        text = shop.job_file.read_text(encoding="utf-8")
        start, end = text.index("provider:"), text.index("defaults:")
        provider = {"name": "eachlabs", "base_url": url}
        shop.job_file.write_text(f"{text[:start]}provider: {provider}\n{text[end:]}", encoding="utf-8")
        refused = shop.command("doctor", "--live")
    assert refused.exit == 2, refused.err
    assert "nobody confirmed" in refused.err
    assert shop.posts() == 0
    assert shop.command("doctor", "--yes").exit == 2
