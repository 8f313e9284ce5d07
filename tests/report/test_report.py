"""The report's four files, through `write_report`."""

from __future__ import annotations

import csv
import json
import tracemalloc
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from PIL import Image

from batch.core.summary import ItemCounts, ItemView, RejectedView, ReportHead
from batch.errors import CannotCreate
from batch.report import write_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_four_files_tell_the_same(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """Page, tables and document are written under their names, and hold the item."""
    paths = write_report(tmp_path / "report", head, [make_item()], [], output_dir=tmp_path)
    assert {key: path.rpartition("/")[2] for key, path in paths.as_json().items()} == {
        "html": "report.html",
        "csv": "report.csv",
        "parquet": "report.parquet",
        "json": "report.json",
    }
    assert _csv(paths.csv)[0]["sb_prediction_id"] == "3f0c"
    assert pl.read_parquet(paths.parquet)["sb_prediction_id"].to_list() == ["3f0c"]
    assert json.loads(paths.json.read_text())["items"][0]["prediction_id"] == "3f0c"
    assert "3f0c" in paths.html.read_text()
    assert not list((tmp_path / "report").glob("*.part"))


def test_a_run_that_has_not_ended_is_told_from_none(tmp_path: Path, head: ReportHead) -> None:
    """From the state alone, a killed run looks like one that still goes on; where there was none, none is claimed."""
    for started, words in ((head.run_started_at, "its process was killed"), (None, "No run has begun.")):
        told = replace(head, run_started_at=started, ended="")
        assert words in write_report(tmp_path, told, [], [], output_dir=tmp_path).html.read_text("utf-8")


def test_json_has_the_documented_keys(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """Scripts find what the module's docstring promises, and only that."""
    row = RejectedView(file="a.csv", line=3, sku="7", column="image", value="x.jpg", reason="The picture is not there.")
    paths = write_report(tmp_path, head, [make_item(), make_item(clip=None)], [row], output_dir=tmp_path)
    told = json.loads(paths.json.read_text())
    assert list(told) == ["version", "head", "counts", "cost", "items", "rejected", "channels", "gone"]
    assert told["head"]["made_at"] == "2026-11-23T12:00:00Z"
    assert told["counts"] == head.counts.as_json()
    assert told["cost"] == head.cost.as_json()
    assert set(told["items"][0]["clip"]) == {
        *("path", "bytes", "sha256", "seconds", "width", "height", "has_audio"),
        *("container", "video_codec", "audio_codec", "frame_rate"),
    }
    assert told["items"][1]["clip"] is None
    assert told["items"][0]["cost"]["settled_usd"] == "0.80"
    assert told["items"][0]["row"] == {"SKU": "00152", "title": "Enamel mug"}
    assert told["rejected"] == [
        {"file": "a.csv", "line": 3, "sku": "7", "column": "image", "value": "x.jpg", "reason": row.reason}
    ]


def test_parquet_has_types(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """Amounts are decimals, moments are UTC, a SKU keeps its zeros."""
    frame = pl.read_parquet(write_report(tmp_path, head, [make_item()], [], output_dir=tmp_path).parquet)
    assert frame.columns[:2] == ["SKU", "title"]
    assert frame["SKU"].item() == "00152"
    assert frame.schema["sb_settled_usd"] == pl.Decimal(18, 6)
    assert frame["sb_settled_usd"].item() == Decimal("0.80")
    assert frame.schema["sb_submitted_at"] == pl.Datetime("us", "UTC")


def test_no_items_still_make_a_report(tmp_path: Path, head: ReportHead) -> None:
    """A run that could do nothing leaves tables with headers and a page that says so."""
    nothing = replace(head, counts=ItemCounts(rejected=2))
    paths = write_report(tmp_path, nothing, [], [], output_dir=tmp_path)
    assert _csv(paths.csv) == []
    assert pl.read_parquet(paths.parquet).height == 0
    assert json.loads(paths.json.read_text())["items"] == []
    assert "No row could become an item." in paths.html.read_text()


@pytest.mark.parametrize(
    "hostile", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", '=HYPERLINK("x";"y")']
)
def test_csv_cells_are_never_formulas(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView], hostile: str
) -> None:
    """Every text that a spreadsheet would run gets an apostrophe: values, results and headers alike."""
    item = make_item(row={"SKU": hostile, hostile: "x"}, prompt=hostile, reason=hostile)
    row = _csv(write_report(tmp_path, head, [item], [], output_dir=tmp_path).csv)[0]
    assert row["SKU"] == row["sb_prompt"] == row["sb_reason"] == f"'{hostile}"
    assert row[f"'{hostile}"] == "x"


def test_csv_leaves_ordinary_text_alone(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """SKUs with zeros, quotes, separators and line breaks come back as they were; text is quoted, numbers are not."""
    texts = {"SKU": "00152", "title": 'Mug; 3", "blue"\nsecond line', "mail": "a@b.example", "empty": ""}
    paths = write_report(tmp_path, head, [make_item(row=texts)], [], output_dir=tmp_path)
    row = _csv(paths.csv)[0]
    assert {name: row[name] for name in texts} == texts
    assert '"00152"' in paths.csv.read_text()
    assert row["sb_settled_usd"] == "0.800000"
    assert row["sb_submitted_at"] == "2026-11-23T12:00:00Z"
    assert paths.csv.read_bytes().startswith(b"\xef\xbb\xbf")


def test_manifest_columns_never_collide_with_results(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]
) -> None:
    """A former report can be the manifest: its result columns step aside."""
    item = make_item(row={"sb_status": "old", "SB_Key": "older", "manifest_sb_status": "mine"})
    row = _csv(write_report(tmp_path, head, [item], [], output_dir=tmp_path).csv)[0]
    assert row["sb_status"] == "done"
    assert row["manifest_sb_status"] == "old"
    assert row["manifest_sb_status_"] == "mine"
    assert row["manifest_SB_Key"] == "older"


def test_files_of_a_glob_may_have_different_columns(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has the columns of all rows, in the order of their first coming, over any number of chunks."""
    monkeypatch.setattr("batch.report.table.CHUNK_ROWS", 2)
    rows = [{"a": "1"}, {"a": "2"}, {"b": "3", "a": "4"}, {"c": "5"}]
    items = [make_item(row=row) for row in rows]
    frame = pl.read_parquet(write_report(tmp_path, head, items, [], output_dir=tmp_path).parquet)
    assert frame.columns[:3] == ["a", "b", "c"]
    assert frame["a"].to_list() == ["1", "2", "4", None]
    assert frame["c"].to_list() == [None, None, None, "5"]


def test_text_that_utf8_cannot_hold(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """A file name with stray bytes does not cost the report."""
    item = make_item(source="/pictures/\udcff.jpg", image="\udcff.jpg", render_seconds=float("inf"))
    paths = write_report(tmp_path, head, [item], [], output_dir=tmp_path)
    assert json.loads(paths.json.read_text())["items"][0]["image"] == "\udcff.jpg"
    assert json.loads(paths.json.read_text())["items"][0]["render_seconds"] is None
    assert _csv(paths.csv)[0]["sb_image"] == "\\udcff.jpg"


def test_a_million_items_are_never_held(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items are read once and let go: ten times as many need no more memory, and the page stays small."""
    monkeypatch.setattr("batch.report.table.CHUNK_ROWS", 200)
    made: list[int] = []

    def items(number: int) -> Iterator[ItemView]:
        made.append(0)
        for line in range(number):
            made[-1] += 1
            yield make_item(line=line, prompt=f"{line:0500}")

    def peak(number: int) -> int:
        tracemalloc.start()
        write_report(tmp_path, head, items(number), iter(()), output_dir=tmp_path, max_cards=10)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)
    few, many = peak(300), peak(3000)
    assert made == [10, 300, 3000]
    assert many < few + 1_000_000
    page = (tmp_path / "report.html").read_text()
    assert page.count("<article") == 10
    assert "The other 2,990 are in" in page


def test_what_needs_a_person_comes_first(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """The page orders by urgency and cuts at the end; the tables keep the manifest's order."""
    states = ["pending", "done", "skipped", "refused", "failed", "unconfirmed"]
    items = [make_item(state=state, sku=f"sku-{state}", row={}, clip=None) for state in states]
    paths = write_report(tmp_path, head, items, [], output_dir=tmp_path, max_cards=4)
    page = paths.html.read_text()
    places = [page.index(f"sku-{state}") for state in ("unconfirmed", "failed", "refused", "done")]
    assert places == sorted(places)
    assert "sku-pending" not in page
    assert [row["sb_status"] for row in _csv(paths.csv)] == states


HOSTILE = '"><script>document.title="owned"</script><img src=x onerror=alert(1)>'


def test_hostile_text_is_escaped(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """No field of an item, a rejected row or the head reaches the page as markup."""
    item = make_item(
        sku=HOSTILE,
        prompt=HOSTILE,
        reason=HOSTILE,
        advice=HOSTILE,
        phase=HOSTILE,
        image=HOSTILE,
        source=f"https://x.example/{HOSTILE}",
        model=HOSTILE,
        key=HOSTILE,
        prediction_id=HOSTILE,
        warnings=(HOSTILE,),
        row={HOSTILE: HOSTILE, "title": HOSTILE},
    )
    assert item.clip is not None
    item = replace(item, clip=replace(item.clip, path=HOSTILE, sha256=HOSTILE))
    row = RejectedView(file=HOSTILE, line=1, sku=HOSTILE, column=HOSTILE, value=HOSTILE, reason=HOSTILE)
    told = replace(head, job=HOSTILE, model=HOSTILE, provider=HOSTILE, ended=HOSTILE, notes=(HOSTILE,))
    page = write_report(tmp_path, told, [item], [row], output_dir=tmp_path).html.read_text()
    assert "<script>document" not in page
    assert "<img src=x" not in page
    assert page.count("<script>") == 1


@pytest.mark.parametrize(
    ("source", "linked"),
    [
        ("https://shop.example/a.png", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt://shop.example/%0aalert(1)", False),
        ("data:text/html,x", False),
        ("https://user:secret@shop.example/a.png", False),
        ("https://shop.example/ onclick=x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_web_addresses_become_links(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView], source: str, linked: bool
) -> None:
    """A manifest's address is a link only if it is plainly http or https, and carries no password."""
    page = write_report(tmp_path, head, [make_item(source=source)], [], output_dir=tmp_path).html.read_text()
    assert (f'href="{source}"' in page) is linked
    assert ("Open it" in page) is linked


def test_clips_are_found_from_the_report(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """The address of a clip is relative to the report's folder and quoted."""
    item = make_item()
    assert item.clip is not None
    item = replace(item, clip=replace(item.clip, path="a b/50%#1.mp4"))
    page = write_report(tmp_path / "out" / "report", head, [item], [], output_dir=tmp_path / "out").html.read_text()
    assert 'href="../a%20b/50%25%231.mp4"' in page


def test_a_simulated_run_says_so(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """Nobody takes simulated amounts for money."""
    real = write_report(tmp_path, head, [make_item()], [], output_dir=tmp_path).html.read_text()
    simulated = write_report(tmp_path, replace(head, simulated=True), [], [], output_dir=tmp_path).html.read_text()
    assert "no money was spent" not in real
    assert "Simulated: no money was spent." in simulated


def _save(path: Path, mode: str, **options: Any) -> Path:
    Image.new(mode, (900, 600)).save(path, **options)
    return path


def test_thumbnails_of_every_kind(tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]) -> None:
    """Pictures of all modes are shown; what cannot be read is said, and costs nothing else."""
    good = [
        _save(tmp_path / "a.jpg", "CMYK"),
        _save(tmp_path / "b.png", "RGBA"),
        _save(tmp_path / "c.gif", "P"),
        _save(tmp_path / "d.webp", "RGB"),
        _save(tmp_path / "e.png", "I;16"),
        _save(tmp_path / "f.tiff", "LA"),
    ]
    broken = tmp_path / "half.jpg"
    broken.write_bytes(good[0].read_bytes()[:400])
    sources = [*good, broken, tmp_path / "absent.jpg"]
    items = [make_item(source=str(source)) for source in sources]
    page = write_report(tmp_path / "report", head, items, [], output_dir=tmp_path).html.read_text()
    assert page.count('src="data:image/jpeg;base64,') == len(good)
    assert page.count("The picture cannot be shown.") == 1
    assert page.count("The picture is no longer where it was.") == 1


def test_thumbnails_are_made_once(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second report reads no source again; thumbnails of sources that went away go too."""
    first, second = _save(tmp_path / "a.png", "RGB"), _save(tmp_path / "b.png", "RGB")
    items = [make_item(source=str(path)) for path in (first, first, second)]
    write_report(tmp_path / "report", head, items, [], output_dir=tmp_path)
    assert len(list((tmp_path / "report" / "thumbs").iterdir())) == 2

    monkeypatch.setattr("batch.report.thumbnails._shrunk", lambda _: pytest.fail("read again"))
    page = write_report(tmp_path / "report", head, items[:1], [], output_dir=tmp_path).html.read_text()
    assert "data:image/jpeg" in page
    assert len(list((tmp_path / "report" / "thumbs").iterdir())) == 1


def test_many_cards_keep_their_pictures_in_files(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long page refers to thumbnails beside it instead of carrying them."""
    monkeypatch.setattr("batch.report.writer.EMBEDDED_CARDS", 1)
    items = [make_item(source=str(_save(tmp_path / "a.png", "RGB")))] * 2
    page = write_report(tmp_path / "report", head, items, [], output_dir=tmp_path).html.read_text()
    assert page.count('src="thumbs/') == 2
    assert "data:image/jpeg" not in page


def test_a_folder_that_cannot_be_made(tmp_path: Path, head: ReportHead) -> None:
    """The problem names the folder and what to change."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(CannotCreate, match="output"):
        write_report(tmp_path / "taken" / "report", head, [], [], output_dir=tmp_path)


def test_an_error_on_the_way_keeps_the_former_report(
    tmp_path: Path, head: ReportHead, make_item: Callable[..., ItemView]
) -> None:
    """All four files are replaced together, or none."""

    def breaking() -> Iterator[ItemView]:
        yield make_item(sku="new")
        raise RuntimeError("the state could not be read")

    paths = write_report(tmp_path, head, [make_item(sku="old")], [], output_dir=tmp_path)
    before = {path.name: path.read_bytes() for path in (paths.html, paths.csv, paths.parquet, paths.json)}
    with pytest.raises(RuntimeError):
        write_report(tmp_path, head, breaking(), [], output_dir=tmp_path)
    after = {path.name: path.read_bytes() for path in (paths.html, paths.csv, paths.parquet, paths.json)}
    assert after == before
    assert {path.name for path in tmp_path.iterdir()} == {*before, ".lock", "thumbs"}
