"""What the report says of channels, and of products that left the manifest."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from batch.channels import builtin_channels
from batch.core.suiting import suits
from batch.core.summary import GoneProduct
from batch.core.verdicts import facts_of
from batch.report import write_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from batch.core.summary import ItemView, ReportHead

CHANNELS = (builtin_channels()["google-merchant"], builtin_channels()["tiktok-ads"], builtin_channels()["shopify"])


def judged(item: ItemView, **clip: float) -> ItemView:
    """Hold an item's clip, with some of its facts changed, against the channels."""
    assert item.clip is not None
    facts = {"container": "mp4", "video_codec": "h264", "audio_codec": "aac", "frame_rate": 30.0}
    changed = replace(item.clip, **facts, **clip)  # type: ignore[arg-type]
    found = tuple(suits(channel, facts_of(changed)) for channel in CHANNELS)
    return replace(item, clip=changed, channels=found)


def test_each_clip_and_all_together_are_held_against_the_channels(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]
) -> None:
    """In the page, the tables and the document; clips that fail alike stand together."""
    item = make_item()
    views = [judged(item, seconds=4.0), judged(item, seconds=3.5), judged(item)]
    paths = write_report(tmp_path, head, views, [], output_dir=tmp_path, channels=CHANNELS)
    told = json.loads(paths.json.read_text())
    google, tiktok, shopify = told["channels"]
    assert (google["met"], google["disputed"], google["missed"]) == (1, 0, 2)
    assert google["reasons"] == [{"verdict": "missed", "what": "for example 4 s long, not 6 to 240 s", "clips": 2}]
    assert google["sources"][0]["read"] == "2026-11-27"
    assert (tiktok["met"], tiktok["disputed"], shopify["met"]) == (1, 2, 3)
    verdicts = {each["channel"]: each["verdict"] for each in told["items"][0]["channels"]}
    assert verdicts == {"google-merchant": "missed", "tiktok-ads": "disputed", "shopify": "met"}
    with paths.csv.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["sb_channels_met"], rows[0]["sb_channels_missed"]) == (
        "shopify",
        "google-merchant: 4 s long, not 6 to 240 s",
    )
    assert rows[2]["sb_channels_met"] == "google-merchant, tiktok-ads, shopify"
    page = paths.html.read_text("utf-8")
    assert "for example 4 s long, not 6 to 240 s (2 clips)" in page
    assert "https://support.google.com/merchants/answer/15216925" in page


def test_a_product_that_left_the_manifest_is_listed_with_its_clips(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]
) -> None:
    """And told from an item whose row has changed since."""
    items = [make_item(sku="gone", line=0, gone=True), make_item(sku="changed", line=0)]
    gone = [GoneProduct(sku="gone", clips=("gone/gone.mp4",), open=1), GoneProduct(sku="<b>", clips=())]
    paths = write_report(tmp_path, head, items, [], output_dir=tmp_path, gone=gone)
    told = json.loads(paths.json.read_text())
    assert told["gone"][0] == {"sku": "gone", "clips": ["gone/gone.mp4"], "open": 1}
    assert [item["gone"] for item in told["items"]] == [True, False]
    page = paths.html.read_text("utf-8")
    assert "2 products gone from the manifest" in page
    assert "gone/gone.mp4 (1 item still under way)" in page
    assert "&lt;b&gt;" in page
    assert page.count("the product is no longer in the manifest") == 1
    assert page.count("its row has changed since") == 1
