"""A small catalogue goes the whole way: planned, bought, fetched, reported; and never bought twice."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from batch.cli import main

if TYPE_CHECKING:
    from tests.proof.shop import Shop

ITEM_KEYS = ["total", "done", "failed", "refused", "unconfirmed", "pending", "rejected", "skipped"]
COST_KEYS = ["estimated_usd", "settled_usd", "reserved_usd", "possibly_charged_usd"]


def files_below(folder: Path) -> set[str]:
    """List what lies below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_catalogue_becomes_verified_clips_and_nothing_is_bought_twice(shop: Shop) -> None:
    """One run makes all clips; a second sends nothing; status and report tell the same from the state alone."""
    first = shop.run()
    ledger = shop.ledger()

    assert first.exit == 0, first.err
    assert first.summary["exit"] == 0
    assert list(first.summary["items"]) == ITEM_KEYS
    assert list(first.summary["cost"]) == COST_KEYS
    assert first.items == {"done": 3}
    assert first.summary["items"]["total"] == 3
    assert ledger.bought == {"push in on 00152": 1, "push in on B-2": 1, "push in on C-3": 1}
    assert first.cost("settled") == str(sum(Decimal(end["cost"]) for end in ledger.ended.values())) == "1.20"
    assert first.cost("estimated") == "1.20"
    assert first.cost("reserved") == first.cost("possibly_charged") == "0.00"

    for sku in ("00152", "B-2", "C-3"):
        clip = shop.out / sku / f"{sku}-16x9-4s.mp4"
        sidecar = json.loads(clip.with_name(f"{clip.name}.json").read_text(encoding="utf-8"))
        made = ledger.clips[f"push in on {sku}"]
        assert hashlib.sha256(clip.read_bytes()).hexdigest() == made
        assert sidecar["clip"]["sha256"] == made
        assert sidecar["simulated"] is True
        assert sidecar["digital_source_type"].endswith("/algorithmicMedia"), "a program drew it, no trained model"
    assert len(shop.clips()) == 3
    assert main(["verify", str(shop.out)]) == 0
    assert shop.leftovers() == []
    assert sorted(first.summary["report"]) == ["csv", "html", "json", "parquet"]
    assert all(Path(path).is_file() for path in first.summary["report"].values())

    requests = shop.requests()
    second = shop.run()
    assert (second.exit, second.items) == (0, {"skipped": 3})
    assert second.summary["cost"] == first.summary["cost"]
    assert shop.requests() == requests

    (shop.folder / "manifest.csv").unlink()
    status = shop.command("status", "--json")
    assert status.exit == 0
    assert status.summary["items"] == first.summary["items"]
    assert status.summary["cost"] == first.summary["cost"]

    page = shop.out / "report" / "report.html"
    page.unlink()
    (shop.out / "report" / "report.csv").unlink()
    report = shop.command("report", "--json")
    assert report.exit == 0, report.err
    assert "00152" in page.read_text(encoding="utf-8")
    with (shop.out / "report" / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["sku"] for row in csv.DictReader(file)} == {"00152", "B-2", "C-3"}

    listed = invoice(shop)
    assert {row["id"]: row["settled_usd"] for row in listed} == {id_: e["cost"] for id_, e in ledger.ended.items()}


def test_what_a_frame_costs_the_picture_is_said_in_the_report(shop: Shop) -> None:
    """A picture that is enlarged, or whose product `cover` cuts, is bought, and its card says so."""
    small = Image.new("RGB", (320, 320), (235, 233, 228))
    small.paste((180, 40, 40), (100, 20, 220, 300))
    small.save(shop.folder / "SMALL.png")
    shop.rows("00152", "SMALL")
    shop.job(image={"fit": "cover"})
    ended = shop.run()
    assert ended.items == {"done": 2}
    assert "warning: 2 pictures smaller than the frame, which may look soft" in ended.err
    document = json.loads((shop.out / "report" / "report.json").read_text(encoding="utf-8"))
    warnings = {item["sku"]: " ".join(item["warnings"]) for item in document["items"]}
    assert "enlarged 4.0 times" in warnings["SMALL"]
    assert "cuts the product" in warnings["SMALL"]
    assert "cuts the product" not in warnings["00152"]


def invoice(shop: Shop) -> list[dict[str, str]]:
    """List the predictions of every month in which the provider accepted any."""
    moments = [datetime.fromtimestamp(record["time"], UTC) for record in shop.ledger().accepted.values()]
    lines: list[dict[str, str]] = []
    for month in sorted({moment.strftime("%Y-%m") for moment in moments}):
        listed = shop.command("report", "--month", month)
        assert listed.exit == 0, listed.err
        lines += csv.DictReader(io.StringIO(listed.out))
    return lines


def test_only_what_is_new_is_bought(shop: Shop) -> None:
    """An added row buys itself, a changed prompt buys anew, and taking the change back buys nothing."""
    shop.rows("A-1")
    assert shop.run().items == {"done": 1}

    shop.rows("A-1", "A-2")
    added = shop.run()
    assert added.items == {"done": 1, "skipped": 1}
    assert shop.ledger().bought == {"push in on A-1": 1, "push in on A-2": 1}

    shop.job(defaults={"prompt": "pull back from {sku}"})
    changed = shop.run()
    assert (changed.exit, changed.items) == (0, {"done": 2})
    assert shop.ledger().bought["pull back from A-1"] == shop.ledger().bought["pull back from A-2"] == 1
    assert len(shop.clips()) == 4

    shop.job()
    posts = shop.posts()
    assert shop.run().items == {"skipped": 2}
    assert shop.posts() == posts


def test_plan_writes_nothing_but_its_cache(shop: Shop) -> None:
    """`plan` makes no state, starts no provider, and leaves only what can be deleted."""
    before = files_below(shop.folder)
    planned = shop.command("plan", "--json")
    assert planned.exit == 0, planned.err
    new = files_below(shop.folder) - before
    assert all(path.startswith("out/cache/") for path in new), new


def test_rejected_rows_do_not_keep_the_others_from_going_on(shop: Shop) -> None:
    """A bad row is named with line, SKU, column and reason; the others are made, and the exit code says 1."""
    shop.rows("A-1", more=[["B-2", "missing.png"]])
    ended = shop.run()
    assert ended.exit == 1
    assert ended.items == {"done": 1, "rejected": 1}
    with (shop.out / "rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["sku"], row["line"], row["column"]) == ("B-2", "3", "image")
    assert "missing.png" in row["value"]
    assert row["reason"]


def test_strict_buys_nothing_while_a_row_is_bad(shop: Shop) -> None:
    """`--strict` ends with 65 before anything is sent."""
    shop.rows("A-1", more=[["B-2", "missing.png"]])
    ended = shop.run("--strict")
    assert ended.exit == 65
    assert "rejected.csv" in ended.err
    assert shop.posts() == 0


def test_a_list_of_aspects_makes_an_item_of_each_and_on_finish_hears_of_it(shop: Shop) -> None:
    """Both shapes of one product lie under names of their own; the job's command reads what `--json` prints."""
    shop.rows("A-1")
    shop.job(defaults={"aspect_ratio": ["16:9", "9:16"]}, on_finish=["sh", "-c", "cat > summary.json"])
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 2}), ended.err
    assert [clip.name for clip in shop.clips()] == ["A-1-16x9-4s.mp4", "A-1-9x16-4s.mp4"]
    assert json.loads((shop.folder / "summary.json").read_text(encoding="utf-8")) == ended.summary
