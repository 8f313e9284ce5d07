"""Delivered clips are looked at in the end of a run, and the report shows what was seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from tests.proof.shop import Shop


def items(shop: Shop) -> dict[str, Any]:
    """Read the report's items by their SKU."""
    told = json.loads((shop.out / "report" / "report.json").read_bytes())
    return {item["sku"]: item for item in told["items"]}


def test_each_clip_is_looked_at_once_and_the_report_shows_it(shop: Shop) -> None:
    """Score, remarks, strip and poster of each; what a run did not look at, `report` does; nothing twice."""
    shop.rows("A-1", "A-2")
    shop.job(quality={"look": False})
    assert shop.run().exit == 0
    assert {item["look"] for item in items(shop).values()} == {None}

    shop.rows("A-1", "A-2", "A-3")
    shop.job(quality={"look": True, "frame_rate": 24}, provider={"clips": "fresh"})
    assert shop.run().exit == 0
    looked = items(shop)
    assert [sku for sku, item in looked.items() if item["look"]] == ["A-3"], "a run looks at what it fetched"
    look = looked["A-3"]["look"]
    assert look["measured"]["likeness"] > 0.95, "it was held against the frame that was sent"
    assert [remark["id"] for remark in look["remarks"]] == ["frame-rate"]
    for name in ("strip", "poster"):
        with Image.open(shop.out / look[name]) as picture:
            assert picture.format == "JPEG"
    page = (shop.out / "report" / "report.html").read_text("utf-8")
    assert "10 frames a second" in page
    assert f"../{look['strip']}" in page

    record = shop.out / "report" / "looks" / "looks.jsonl"
    record.write_bytes(record.read_bytes() + b'{"version": 1, "clip": "cut sho')  # as a killed command leaves it
    assert shop.command("report", "--json").exit == 0
    assert all(item["look"] for item in items(shop).values())
    before = record.read_bytes()
    assert shop.command("report", "--json").exit == 0
    assert record.read_bytes() == before


def test_a_clip_that_cannot_be_decoded_is_said_and_the_others_are_looked_at(shop: Shop) -> None:
    """It was paid for and stays; somebody has damaged it since."""
    shop.rows("A-1", "A-2")
    shop.job(quality={"look": False})
    assert shop.run().exit == 0
    (shop.out / "A-1" / "A-1-16x9-4s.mp4").write_bytes(b"damaged")
    shop.job(quality={"look": True})
    told = shop.command("report", "--json")
    assert told.exit == 0
    assert "A-1-16x9-4s.mp4: the clip cannot be decoded" in told.err
    looked = items(shop)
    assert [sku for sku, item in looked.items() if item["look"]] == ["A-2"]
