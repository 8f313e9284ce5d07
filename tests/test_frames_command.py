"""`frames`: what would be sent, beside what it is made from, before anything is paid."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from batch.report.contact import ON_A_PAGE, Shot, write_contact
from batch.report.contactsheet import ROWS_A_SHEET
from tests.frames.drawn import picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.proof.shop import Shop

ROWS = """\
sku,image,focus
00152,plain.jpg,
<b>three</b>,three.jpg,
left,three.jpg,left
broken,broken.png,
pale,pale.jpg,
"""


def test_frames_are_shown_before_paying_those_worth_a_look_first(shop: Shop) -> None:
    """One call: a page that needs no other file, a sheet, one JSON object; nothing is bought, no state made."""
    for name, drawn in (("plain", "drop shadow"), ("three", "three products"), ("pale", "white on white")):
        (shop.folder / f"{name}.jpg").write_bytes(picture(drawn).data)
    file = io.BytesIO()
    Image.effect_noise((400, 400), 90).save(file, "PNG")
    whole = file.getvalue()
    (shop.folder / "broken.png").write_bytes(whole[:9000] + bytes(500) + whole[9500:])
    (shop.folder / "manifest.csv").write_text(ROWS, encoding="utf-8")
    shop.job(defaults={"aspect_ratio": ["16:9"], "variants": 3})
    ended = shop.command("frames", "--json", "-o", str(shop.folder / "look"))
    told = ended.summary
    assert [(one["sku"], [flag["id"] for flag in one["flags"]]) for one in told["items"]] == [
        ("broken", ["rejected"]),
        ("pale", ["low-contrast"]),
        ("<b>three</b>", ["several-products"]),
        ("00152", []),
        ("left", []),
    ]
    assert ended.exit == 1
    assert (told["frames"], told["flagged"], told["left_out"]) == (5, 3, 0)
    page = (shop.folder / "look" / "frames.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/jpeg;base64,') == page.count("<img") == 8
    assert "<b>three" not in page
    with Image.open(shop.folder / "look" / "frames.png") as sheet:
        assert sheet.width > 1000
    assert sorted(path.name for path in (shop.folder / "look").iterdir()) == ["frames.html", "frames.png"]
    assert not shop.state.exists()


def shots(count: int, thumbs: Path) -> Iterator[Shot]:
    """So many frames, the last of them worth a look."""
    thumb = thumbs / "thumb.jpg"
    Image.new("RGB", (32, 18), "navy").save(thumb)
    for number in range(count):
        flagged = number == count - 1
        yield Shot(
            sku=f"S{number}",
            line=number + 2,
            aspect="16:9",
            picture="a.jpg",
            pixels="640x640",
            fit="subject",
            background="edge",
            scale=1.0,
            share=0.5,
            seam=0.0,
            flags=(("seam", "it shows"),) if flagged else (),
            weight=0 if flagged else 9,
            source=thumb,
            frame=thumb,
        )


def test_a_large_catalogue_has_several_pages_and_old_ones_go(tmp_path: Path) -> None:
    """No page and no sheet grows with it."""
    many = write_contact(tmp_path, "x", lambda thumbs: shots(ON_A_PAGE + 1, thumbs))
    assert [path.name for path in many.pages] == ["frames.html", "frames-2.html"]
    assert len(many.sheets) == -(-(ON_A_PAGE + 1) // ROWS_A_SHEET)
    assert many.shots[0].sku == f"S{ON_A_PAGE}"
    assert 'href="frames-2.html"' in many.pages[0].read_text(encoding="utf-8")
    (tmp_path / "frames-mine.html").write_text("mine", encoding="utf-8")
    few = write_contact(tmp_path, "x", lambda thumbs: shots(1, thumbs))
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"frames.html", "frames.png", "frames-mine.html"}
    assert few.beyond_sheets == 0
