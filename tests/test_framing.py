"""What a row says of its own frame: read strictly, part of the key only where it changes something, and obeyed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from batch.core.framing import Framing, parse_focus, read_framing
from batch.core.item import fit_rules
from batch.running.framing import fit_of, fit_settings
from tests.test_plan import items_of, job, pictures, planned, rejected_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proof.shop import Shop

HEADER = "sku,image,title,fit,background,focus\n"


@pytest.mark.parametrize(
    ("text", "focus"),
    [
        ("left", "0,0.5"),
        ("Top-Right", "1,0"),
        ("bottom left", "0,1"),
        ("centre", "0.5,0.5"),
        ("top center", "0.5,0"),
        ("0.30, 0.6", "0.3,0.6"),
        ("0.1,0.2,0.50,.6", "0.1,0.2,0.5,0.6"),
        ("0,0,1,1", "0,0,1,1"),
    ],
)
def test_a_focus_is_a_side_a_point_or_a_box(text: str, focus: str) -> None:
    """Written in one way, however it was written."""
    assert str(parse_focus(text)) == focus


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lefty",
        "left right",
        "0.5",
        "1.2,0",
        "0.5,0.5,0.6,0.2",
        "0,0,0,1",
        "1,2,3",
        "0.1.2,0",
        "-1,0",
        "nan,0",
        "1e9,0",
    ],
)
def test_what_is_no_focus_is_refused(text: str) -> None:
    """In words."""
    with pytest.raises(ValueError, match=r"expected|shares"):
        parse_focus(text)


def test_rows_that_cannot_be_meant_so_are_rejected_one_by_one(tmp_path: Path) -> None:
    """Line, SKU, column, value and reason; the others go on."""
    pictures(tmp_path, "a.png")
    rows = [
        "A,a.png,x,slim,,",
        "B,a.png,x,,red,",
        "C,a.png,x,,,north",
        "D,a.png,x,contain,,left",
        "E,a.png,x,Cover,#ABCDEF,0.2,",
        'F,a.png,x,,edge,"0.2,0.3"',
    ]
    rejected = rejected_of(tmp_path, HEADER + "\n".join(rows[:4] + rows[5:]) + "\n")
    assert [row[:4] for row in rejected] == [
        (2, "A", "fit", "slim"),
        (3, "B", "background", "red"),
        (4, "C", "focus", "north"),
        (5, "D", "focus", "left"),
    ]
    reasons = [row[4] for row in rejected]
    assert "subject, contain, cover, blur or strict" in reasons[0]
    assert "rename it" in reasons[0]
    assert "a colour such as #ffffff" in reasons[1]
    assert "a side such as left" in reasons[2]
    assert "this row's fit is contain" in reasons[3]


def test_only_rows_that_say_something_else_get_another_key(tmp_path: Path) -> None:
    """Empty columns, and the job's own values, buy nothing again."""
    pictures(tmp_path, "a.png")
    before = "sku,image,title\nA,a.png,x\nB,a.png,y\nC,a.png,z\nD,a.png,v\n"
    with planned(tmp_path, before) as plan:
        old = {item["sku"]: item["key"] for item in items_of(plan)}
    after = HEADER + "A,a.png,x,,,\nB,a.png,y,Subject,AUTO,\nC,a.png,z,cover,,\nD,a.png,v,,,left\n"
    with planned(tmp_path, after) as plan:
        items = {item["sku"]: item for item in items_of(plan)}
    assert [sku for sku in old if items[sku]["key"] != old[sku]] == ["C", "D"]
    assert [items[sku]["framing"] for sku in "ABCD"] == [
        None,
        '{"background":"auto","fit":"subject"}',
        '{"fit":"cover"}',
        '{"focus":"0,0.5"}',
    ]
    with planned(tmp_path, "sku,image,title\nC,a.png,z\n", job(image={"fit": "cover"})) as plan:
        assert items_of(plan)[0]["key"] == items["C"]["key"]


def test_a_row_overrides_the_job() -> None:
    """What it does not name stays the job's."""
    of = job(image={"fit": "contain", "background": "#102030", "margin": 0.1})
    framing = read_framing(fit="cover", background=None, focus="right", job_fit=of.image.fit)
    assert isinstance(framing, Framing)
    settings = fit_of(fit_settings(of), framing.text)
    assert (settings.fit, settings.background, settings.margin, str(settings.focus)) == (
        "cover",
        "#102030",
        0.1,
        "1,0.5",
    )
    assert fit_of(fit_settings(of), None) == fit_settings(of)
    assert framing.rules(fit_rules(of.image)) == {**fit_rules(of.image), "fit": "cover", "focus": "1,0.5"}


def test_a_run_frames_each_row_as_it_says(shop: Shop) -> None:
    """The note beside each clip says how."""
    shop.rows("A", "B")
    (shop.folder / "manifest.csv").write_text("sku,image,fit\nA,A.png,\nB,B.png,cover\n", encoding="utf-8")
    assert shop.run().items == {"done": 2}
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in shop.out.rglob("*.mp4.json")]
    assert {note["sku"]: note["source"]["fit"] for note in notes} == {"A": "subject", "B": "cover"}
