"""A new export buys only what would turn out otherwise: same picture bytes, words, model, inputs and fit, same item."""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from batch.cli import main
from batch.cli.explain import _known, _standing
from batch.core.ingredients import Change, Ingredients, changes, shortened
from batch.core.job import Job
from batch.core.phases import Phase
from batch.inputs.manifest import open_manifest
from batch.models import builtin_profiles
from batch.planning import make_plan, open_book
from batch.planning.looking import limits_of
from batch.store.history import Earlier
from tests.proof.shop import Shop, draw

SORA = builtin_profiles()["sora-2-image-to-video"]
BEFORE = "sku,title,image,price\n00152,Mug,a.png,12\nB-2,Lamp,b.png,30\n"
DEFAULTS = {"prompt": "It turns", "duration": 4}
WITH_TITLE = {"prompt": "The {title} turns", "duration": 4}


def job(**keys: Any) -> Job:
    """Make a job."""
    return Job.model_validate({"name": "x", "manifest": {"path": "m.csv"}, "defaults": DEFAULTS, **keys})


def keys(folder: Path, manifest: str, of: Job | None = None) -> set[str]:
    """Give the keys of a plan's items; nothing must be rejected."""
    of = of or job()
    (folder / "m.csv").write_text(manifest, encoding="utf-8")
    with open_manifest(of.manifest, folder, io.BytesIO()) as opened, open_book(folder / "cache") as book:
        plan = make_plan(of, SORA, opened, book)
        found = {key for batch in plan.batches() for key in batch["key"]}
        assert not plan.totals.rejected
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with two pictures."""
    for number, name in enumerate(("a.png", "b.png")):
        Image.new("RGB", (320, 320), (number * 90, 50, 60)).save(tmp_path / name)
    (tmp_path / "moved").mkdir()
    shutil.copy(tmp_path / "a.png", tmp_path / "moved" / "mug-final.png")
    return tmp_path


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("12", "13").replace("30", "29"),
        "sku,title,image,price,vendor\n00152,Mug,a.png,12,Halden\nB-2,Lamp,b.png,30,\n",
        "price,image,title,sku\n12,a.png,Mug,00152\n30,b.png,Lamp,B-2\n",
        "sku,title,image,price\nB-2,Lamp,b.png,30\n00152,Mug,a.png,12\n",
        BEFORE.replace("Mug", "MUG").replace("Lamp", "Reading lamp"),
        BEFORE.replace("a.png", "moved/mug-final.png"),
        BEFORE + "00152,Mug,a.png,12\n",
        "sku,title,image,price,duration,aspect_ratio,variants\n00152,Mug,a.png,12,4s,16:9,1\nB-2,Lamp,b.png,30,4,,\n",
        BEFORE.replace("\n", "\r\n"),
    ],
    ids=["price", "new column", "column order", "row order", "title", "file name", "repeated", "defaults", "line ends"],
)
def test_what_decides_nothing_buys_nothing(after: str, folder: Path) -> None:
    """The items of the new export are those of the old one."""
    assert keys(folder, after) == keys(folder, BEFORE)


def test_a_picture_that_was_only_touched_buys_nothing(folder: Path) -> None:
    """Its bytes count, not when they were written, nor what the job calls the same setting."""
    before = keys(folder, BEFORE)
    os.utime(folder / "a.png")
    same = {"image": {"margin": Decimal("0.060"), "background": "auto", "min_side": 100}, "limits": {"in_flight": 3}}
    assert keys(folder, BEFORE, job(**same)) == before


async def test_the_same_bytes_behind_another_address_buy_nothing(folder: Path) -> None:
    """Pictures behind URLs are fetched before anything is paid, and known by what they hold."""
    data = (folder / "a.png").read_bytes()
    urls = ("https://old.example/a.png", "https://cdn.example/x/y.png?v=2")
    answer = httpx.MockTransport(lambda _: httpx.Response(200, stream=httpx.ByteStream(data)))
    with open_book(folder / "cache") as book:
        async with httpx.AsyncClient(transport=answer) as client:
            await book.fetch_all(urls, client, limits_of(job().image))
    found = [keys(folder, f"sku,image\n00152,{source}\n") for source in (*urls, "a.png")]
    assert found[0] == found[1] == found[2] != set()


def new_bytes(folder: Path) -> None:
    """Replace a picture by another of the same name."""
    Image.new("RGB", (320, 320), (1, 2, 3)).save(folder / "a.png")


@pytest.mark.parametrize(
    ("after", "of", "new"),
    [
        (BEFORE.replace("a.png", "moved/mug-final.png"), job(), 1),
        (BEFORE.replace("00152", "00153"), job(), 1),
        (BEFORE.replace(",Mug", ",mug"), job(defaults=WITH_TITLE), 1),
        (BEFORE, job(defaults={**DEFAULTS, "duration": 8}), 2),
        (BEFORE, job(defaults={**DEFAULTS, "aspect_ratio": "9:16"}), 2),
        (BEFORE, job(image={"fit": "contain"}), 2),
        (BEFORE, job(image={"margin": Decimal("0.1")}), 2),
    ],
    ids=["picture bytes", "sku", "title in the prompt", "duration", "aspect", "fit", "margin"],
)
def test_what_decides_something_is_a_new_item(after: str, of: Job, new: int, folder: Path) -> None:
    """And only that: the other row's item stays what it was, unless the job itself has changed."""
    Image.new("RGB", (320, 320), (1, 2, 3)).save(folder / "moved" / "mug-final.png")
    before = keys(folder, BEFORE, job(defaults=WITH_TITLE) if of.defaults.prompt == WITH_TITLE["prompt"] else job())
    assert len(keys(folder, after, of) - before) == new


OLD = Ingredients(
    source_sha256="a" * 64,
    source="/p/mug.jpg",
    prompt="The mug turns",
    negative_prompt=None,
    model="sora-2-image-to-video",
    inputs={"duration": 4, "aspect_ratio": "16:9", "strength": 0.5},
    aspect="16:9",
    fit={"background": "auto", "fit": "subject", "margin": 0.06},
    variant=1,
    take=0,
)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, ()),
        ({"source": "/q/x.jpg"}, ()),
        ({"inputs": {"duration": 4, "aspect_ratio": "16:9", "strength": Decimal("0.50")}}, ()),
        ({"source_sha256": "b" * 64}, (("picture", "mug.jpg (aaaaaaaa)", "mug.jpg (bbbbbbbb)"),)),
        ({"prompt": "The cup turns"}, (("prompt", "The mug turns", "The cup turns"),)),
        ({"negative_prompt": "text"}, (("negative_prompt", "", "text"),)),
        ({"model": "kling"}, (("model", "sora-2-image-to-video", "kling"),)),
        (
            {"aspect": "9:16", "inputs": {"duration": 4, "aspect_ratio": "9:16", "strength": 0.5}},
            (("aspect", "16:9", "9:16"),),
        ),
        (
            {"inputs": {"duration": 8, "aspect_ratio": "16:9"}},
            (("inputs.duration", "4", "8"), ("inputs.strength", "0.5", "")),
        ),
        (
            {"fit": {"background": "auto", "fit": "contain", "margin": Decimal("0.06")}},
            (("image.fit", "subject", "contain"),),
        ),
        ({"variant": 2, "take": 1}, (("variant", "1", "2"), ("take", "0", "1"))),
    ],
)
def test_each_ingredient_that_changed_is_told(changed: dict[str, Any], told: tuple[tuple[str, str, str], ...]) -> None:
    """With what it was and what it is; what decides nothing is none."""
    assert changes(OLD, replace(OLD, **changed)) == tuple(Change(what=w, old=o, new=n) for w, o, n in told)


def test_a_fit_that_nobody_wrote_down_is_said_to_be_unknown() -> None:
    """Where nothing else has changed, it must have been the fit; else it is not guessed at."""
    old = replace(OLD, fit=None)
    (change,) = changes(old, OLD)
    assert (change.what, change.new) == ("image", "background auto, fit subject, margin 0.06")
    assert "not known" in change.old
    assert [each.what for each in changes(old, replace(OLD, prompt="x"))] == ["prompt"]


def test_long_texts_are_cut_to_where_they_differ() -> None:
    """So that a person sees the difference, and not two equal beginnings."""
    same = "The camera stays still while the product turns slowly on the spot. " * 3
    old, new = shortened(f"{same}White marble below. {same}", f"{same}Oak below. {same}")
    assert "White marble" in old
    assert "Oak below" in new
    assert max(len(old), len(new)) <= 66


ITEM = Earlier(
    item_id=1,
    key="ab" * 32,
    sku="A",
    phase=Phase.RUNNING,
    reason="",
    bought=True,
    clip="",
    prediction_id="p-1",
    intent_at=1_795_435_200.0,
    ended_at=None,
    ingredients=OLD,
)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "not new, in flight since 2026-11-23, prediction p-1; nothing is bought"),
        (
            {"phase": Phase.HELD, "reason": "lost"},
            "not new, held, waiting for a person or the provider: lost: `sora-batch resolve",
        ),
        ({"phase": Phase.REFUSED, "reason": "a face"}, "not new, refused, without a clip: a face; nothing is bought"),
        ({"phase": Phase.PLANNED}, "not new, to be bought again after a failure"),
        ({"phase": Phase.PLANNED, "bought": False}, "not new, planned before and not bought yet"),
    ],
)
def test_an_item_that_is_known_says_where_it_stands(changed: dict[str, Any], words: str) -> None:
    """In every phase that a new plan can meet it in."""
    arguments = argparse.Namespace(job=Path("j.yaml"))
    assert words in _known(replace(ITEM, **changed), "A", arguments)
    assert _standing(replace(ITEM, phase=Phase.PLANNED)) == "never bought"


def test_a_second_night_buys_what_changed_and_says_why(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the command line: bought, a harmless export, then one with everything that can happen to a row."""

    def plan(*arguments: str, code: int = 0) -> str:
        assert main(["plan", str(shop.job_file), *arguments]) == code
        captured = capsys.readouterr()
        return captured.err if code == 2 else captured.out

    def export(header: str, *rows: str) -> None:
        shop.rows(header=header.split(","), more=[row.split(",") for row in rows])

    shop.rows("00152", "B-2", "C-3")
    export("sku,image,title", "00152,00152.png,", "B-2,B-2.png,", "C-3,C-3.png,")
    channels = ["google-merchant", "pinterest", "youtube-shorts"]
    shop.job(defaults={"prompt": "push in on the {title|product}"}, destinations=channels)
    text = plan()
    assert "warning: google-merchant suits 0 of 3 items: 4 s long, not 6 to 240 s (all)" in text
    assert "channels: every item suits pinterest" in text
    assert shop.run().exit == 0

    shutil.move(shop.folder / "B-2.png", shop.folder / "b.png")
    export("title,sku,price,image", ",B-2,9,b.png", ",00152,8,00152.png")
    night = json.loads(plan("--json"))
    assert (night["items"]["done"], night["items"]["to_buy"], night["items"]["changed"]) == (2, 0, 0)
    assert night["gone"]["listed"] == [{"sku": "C-3", "clips": ["C-3/C-3-16x9-4s.mp4"], "open": 0}]
    assert "done on" in plan("--explain", "B-2")

    draw(shop.folder / "b.png", 4)
    export("sku,image,title", "00152,00152.png,mug", "B-2,b.png,", "X,x.png,")
    assert "    2 of products that were bought before: `--explain SKU` says what" in plan(code=1)
    assert 'prompt: "push in on the product" -> "push in on the mug"' in plan("--explain", "00152")
    told = json.loads(plan("--explain", "B-2", "--json"))
    assert [change["what"] for change in told["items"][0]["changes"]] == ["picture"]
    assert "rejected, nothing is bought" in plan("--explain", "X")
    assert "gone from the manifest" in plan("--explain", "C-3")
    assert "did you mean 00152?" in plan("--explain", "00153", code=2)

    export("sku,image,title,focus", "00152,00152.png,,left")
    assert 'image.focus: (none) -> "0,0.5"' in plan("--explain", "00152")
    export("sku,image,title", "00152,00152.png,mug", "B-2,b.png,", "X,x.png,")

    assert shop.run().items == {"done": 2, "rejected": 1}
    assert (shop.out / "C-3" / "C-3-16x9-4s.mp4").exists()
    report = (shop.out / "report" / "report.json").read_text(encoding="utf-8")
    assert '"gone": [{"sku": "C-3"' in report
    assert '"channel": "youtube-shorts", "verdict": "missed"' in report
