"""Manifests: every row is the one that its author sees, on the line where it stands, and every value is text."""

from __future__ import annotations

import io
import re
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batch.core.job import Manifest as ManifestKeys
from batch.errors import Exit, ManifestProblem, MissingInput, Problem
from batch.inputs import delimited
from batch.inputs.manifest import Manifest, manifest_paths, open_manifest


def opened(folder: Path, path: str, columns: dict[str, str] | None = None, stdin: bytes = b"") -> Manifest:
    """Open a manifest as a job in `folder` names it."""
    return open_manifest(ManifestKeys(path=path, columns=columns or {}), folder, io.BytesIO(stdin))


def rows_of(manifest: Manifest) -> list[dict[str, Any]]:
    """All rows, by the manifest's own column names, with `line`, `file` and `flaw`."""
    found = []
    for batch in manifest.batches():
        for row in batch.iter_rows(named=True):
            own = {name: row[f"c{place}"] for place, name in enumerate(manifest.columns)}
            found.append({"line": row["line"], "file": row["file"], "flaw": row["flaw"], **own})
    return found


def read(folder: Path, content: str | bytes, name: str = "m.csv", columns: dict[str, str] | None = None) -> list[Any]:
    """The rows of one file."""
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    with opened(folder, name, columns) as manifest:
        return rows_of(manifest)


def cells(folder: Path, content: str | bytes, *names: str) -> list[tuple[Any, ...]]:
    """Some columns of one file's rows."""
    return [tuple(row[name] for name in names) for row in read(folder, content)]


def problem(folder: Path, content: str | bytes, name: str = "m.csv", columns: dict[str, str] | None = None) -> Problem:
    """What is said of a file that cannot be a manifest."""
    with pytest.raises(Problem) as caught:
        read(folder, content, name, columns)
    return caught.value


def test_values_are_text_as_written(tmp_path: Path) -> None:
    """Zeros in front, long numbers, words that other readers take for values: all stay."""
    content = "sku,image,a,b\n00152,x.png,1e5,NO\n9007199254740993,y.png,null,2026-11-23\n"
    assert cells(tmp_path, content, "sku", "a", "b") == [
        ("00152", "1e5", "NO"),
        ("9007199254740993", "null", "2026-11-23"),
    ]


def test_white_space_around_values_goes_and_empty_is_nothing(tmp_path: Path) -> None:
    """Also the no-break space that spreadsheets leave behind."""
    content = 'sku,image,title\n "A 1",\u00a0x.png\t, \n'
    assert cells(tmp_path, content, "sku", "image", "title") == [("A 1", "x.png", None)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_in_the_header(tmp_path: Path, separator: str) -> None:
    """Whatever the file is called, and also where values hold the other separators."""
    content = separator.join(["sku", "image", "note"]) + "\n" + separator.join(["A", "a.png", '"x,y;z|\tw"']) + "\n"
    assert cells(tmp_path, content, "sku", "note") == [("A", "x,y;z|\tw")]


def test_excel_may_declare_its_separator(tmp_path: Path) -> None:
    """Its first line is no header then, and still counts as a line."""
    assert cells(tmp_path, "sep=;\r\nsku;image\r\nA;a.png\r\n", "line", "sku") == [(3, "A")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_with_a_mark_are_known(tmp_path: Path, encoding: str) -> None:
    """The byte order mark is no part of the first column's name."""
    content = "sku,image,title\nÄ-1,a.png,Tasse für 2 €\n😀,b.png,\n".encode(encoding)
    assert cells(tmp_path, content, "line", "sku", "title") == [(2, "Ä-1", "Tasse für 2 €"), (3, "😀", None)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(tmp_path: Path, end: str) -> None:
    """Lines are counted alike."""
    content = end.join(["sku,image", "A,a.png", "", "B,b.png", ""])
    assert cells(tmp_path, content, "line", "sku") == [(2, "A"), (4, "B")]


def test_a_row_is_on_the_line_where_it_begins(tmp_path: Path) -> None:
    """Line breaks inside quotes, also in the header, and empty lines count."""
    content = 'sku,image,"a\nnote"\nA,a.png,"one\ntwo\r\nthree"\n\nB,b.png,x\n,,\nC,c.png,"y\n"\n'
    assert cells(tmp_path, content, "line", "sku", "a\nnote") == [
        (3, "A", "one\ntwo\r\nthree"),
        (7, "B", "x"),
        (9, "C", "y"),
    ]


def test_headers_are_trimmed_and_unnamed_columns_left_out(tmp_path: Path) -> None:
    """Stray spaces and the empty columns at the end of an export are not worth an error."""
    content = ' sku ,"image ",\u00a0title,,\nA,a.png,T,,\n'
    assert [*read(tmp_path, content)[0]] == ["line", "file", "flaw", "sku", "image", "title"]


def test_columns_have_our_names_or_the_manifests(tmp_path: Path) -> None:
    """`columns` maps ours to theirs, and theirs can still be used."""
    (tmp_path / "m.csv").write_text("SKU,Images,Name\nA,a.png,Mug\n")
    with opened(tmp_path, "m.csv", {"sku": "SKU", "image": "Images", "title": "Name"}) as manifest:
        assert [manifest.place(name) for name in ("sku", "image", "title", "Name", "other")] == [
            "c0",
            "c1",
            "c2",
            "c2",
            None,
        ]
        assert manifest.own_name("title") == "Name"
        assert manifest.nearest("titel") == "title"


def test_a_row_with_too_many_or_too_few_cells_is_flawed_and_the_others_are_not(tmp_path: Path) -> None:
    """Polars alone would cut the one and fill up the other."""
    rows = read(tmp_path, "sku,image,title\nA,a.png\nB,b.png,x,y\nC,c.png,z\nD,d.png,z,,\n")
    assert [(row["line"], row["sku"], row["flaw"] is None) for row in rows] == [
        (2, "A", False),
        (3, "B", False),
        (4, "C", True),
        (5, "D", True),
    ]
    assert rows[0]["flaw"].startswith("the row has 2 cells, the header 3")


def test_a_lone_quote_inside_a_value_is_a_character(tmp_path: Path) -> None:
    """Inches, in a TSV: the rows around them stay apart."""
    content = 'sku\timage\ttitle\nA\ta.png\tLamp 12" high\nB\tb.png\tx\nC\tc.png\t5" pot\n'
    assert cells(tmp_path, content, "line", "sku", "title") == [
        (2, "A", 'Lamp 12" high'),
        (3, "B", "x"),
        (4, "C", '5" pot'),
    ]


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        ('sku,image\nA,a.png\nB,"b.png\nC,c.png\n', "m.csv:3", "never closed"),
        ('sku,image\nA,a.png\nB,"b"x.png\n', "m.csv:3", "closing quote"),
        ("sku,image\nA,a.png\nB," + '"' + "x" * 140_000 + '\n"\n', "m.csv:3", "131,072 characters"),
        (b"sku,image\nA,a.png\nB,b\xe4.png\n", "m.csv:3", "byte 4 of the line (0xe4) is no UTF-8"),
        (b"sku,image\nA,a.png\nB,b\xe4.png\n" + b"C,c.png\n" * 20_000, "m.csv:3", "no UTF-8"),
        ("\n\n", "m.csv", "the manifest is empty"),
        ("", "m.csv", "the manifest is empty"),
        ("sku,image\n", "m.csv", "no rows"),
        ("sku,image\n,\n\n", "m.csv", "no rows"),
        ("sku,title,image, title\nA,x,a.png,y\n", "m.csv:1", "'title' stands there 2 times (columns 2 and 4)"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(tmp_path: Path, content: str | bytes, where: str, what: str) -> None:
    """Where row limits cannot be trusted nothing is guessed."""
    found = problem(tmp_path, content)
    assert (found.where, found.exit) == (where, Exit.BAD_MANIFEST)
    assert what in found.what
    assert found.hint


def test_a_file_that_is_something_else_is_called_by_its_name(tmp_path: Path) -> None:
    """By its content, whatever it is called."""
    image = io.BytesIO()
    Image.new("RGB", (9, 9)).save(image, "PNG")
    for data, name in (
        (image.getvalue(), "a PNG picture"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "a JPEG picture"),
        (b"RIFF1234WEBPVP8 ", "a WebP picture"),
        (b"\x00\x00\x00\x18ftypmp42", "a video or an HEIC picture"),
        (b"PK\x03\x04" + bytes(50), "an Excel workbook or a ZIP archive"),
        (b"%PDF-1.7", "a PDF document"),
        ("sku,image".encode("utf-16-le"), "binary, or UTF-16 without its byte order mark"),
    ):
        assert problem(tmp_path, data).what == f"this is {name}, not a table"


@pytest.mark.parametrize(
    ("columns", "what", "hint"),
    [
        ({}, "no column 'sku'", "`columns: {sku: SKU}`"),
        ({"sku": "Sku"}, "'Sku', which `manifest.columns` calls sku", "did you mean 'SKU'?"),
        ({"sku": "SKU"}, "no column 'image'", "It has: SKU, Picture"),
    ],
)
def test_a_missing_column_names_the_nearest(tmp_path: Path, columns: dict[str, str], what: str, hint: str) -> None:
    """Names match to the letter, so the nearest is said."""
    found = problem(tmp_path, "SKU,Picture\nA,a.png\n", columns=columns)
    assert what in found.what
    assert hint in found.hint


def test_parquet_is_read_as_text(tmp_path: Path) -> None:
    """Types become what a person would write; the line is the row's number; lists and bytes are no columns."""
    frame = pl.DataFrame(
        {
            "sku": ["00152", " B "],
            "image": ["a.png", "b.png"],
            "duration": [8.0, None],
            "weight": [0.25, 1e20],
            "count": [3, 4],
            "on": [True, False],
            "since": [date(2026, 11, 23), None],
            "price": [Decimal("19.90"), None],
            "tags": [["x"], []],
            "^.*$": ["odd", ""],
        }
    )
    frame.write_parquet(tmp_path / "m.parquet")
    with opened(tmp_path, "m.parquet") as manifest:
        assert manifest.columns == ("sku", "image", "duration", "weight", "count", "on", "since", "price", "^.*$")
        first, second = rows_of(manifest)
        assert first == {
            "line": 1,
            "file": 0,
            "flaw": None,
            "sku": "00152",
            "image": "a.png",
            "duration": "8",
            "weight": "0.25",
            "count": "3",
            "on": "true",
            "since": "2026-11-23",
            "price": "19.90",
            "^.*$": "odd",
        }
        assert (second["sku"], second["duration"], second["^.*$"]) == ("B", None, None)


def test_parquet_skus_may_not_be_floats(tmp_path: Path) -> None:
    """Their digits are lost already."""
    pl.DataFrame({"sku": [152.0], "image": ["a.png"]}).write_parquet(tmp_path / "m.parquet")
    with pytest.raises(ManifestProblem, match="floating-point"):
        opened(tmp_path, "m.parquet")


def test_damaged_parquet_is_a_clear_problem(tmp_path: Path) -> None:
    """Cut short, or nothing but the magic number."""
    pl.DataFrame({"sku": ["A"], "image": ["a.png"]}).write_parquet(tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    for damaged in (data[: len(data) // 2], b"PAR1"):
        assert "Parquet file cannot be read" in problem(tmp_path, damaged).what


def test_a_space_behind_a_closing_quote_is_named(tmp_path: Path) -> None:
    """Nobody sees it, so the message has to."""
    assert "or a space, follows a closing quote" in problem(tmp_path, '"sku" ,image\nA,a.png\n').what


def test_a_glob_is_sorted_and_says_which_file(tmp_path: Path) -> None:
    """Columns may stand in another order; kinds may be mixed."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.csv").write_text("image,sku\nb.png,B\n")
    (tmp_path / "b" / "1.csv").write_text("sku,image\nA,a.png\n")
    pl.DataFrame({"image": ["c.png"], "sku": ["C"]}).write_parquet(tmp_path / "b" / "3.parquet")
    with opened(tmp_path, "b/*") as manifest:
        assert [file.label for file in manifest.files] == ["b/1.csv", "b/2.csv", "b/3.parquet"]
        assert {file.folder for file in manifest.files} == {tmp_path / "b"}
        assert [(row["file"], row["line"], row["sku"], row["image"]) for row in rows_of(manifest)] == [
            (0, 2, "A", "a.png"),
            (1, 2, "B", "b.png"),
            (2, 1, "C", "c.png"),
        ]


def test_brackets_in_the_folders_own_name_are_no_pattern(tmp_path: Path) -> None:
    """Only what the job says is one."""
    folder = tmp_path / "shop [new]"
    folder.mkdir()
    (folder / "m.csv").write_text("sku,image\nA,a.png\n")
    for pattern in ("*.csv", "../shop [[]new]/*.csv", f"{tmp_path}/shop*/*.csv"):
        assert manifest_paths(ManifestKeys(path=pattern), folder) == (folder / "m.csv",)


@pytest.mark.parametrize(
    ("path", "words"), [("m" * 300, "File name too long"), ("/dev/null", "no ordinary file"), ("n.csv", "no such")]
)
def test_a_manifest_that_is_no_file_is_a_missing_input(tmp_path: Path, path: str, words: str) -> None:
    """With its path and what is the matter with it."""
    with pytest.raises(MissingInput, match=words) as caught:
        opened(tmp_path, path)
    assert path in caught.value.where


def test_files_of_a_glob_need_the_same_columns(tmp_path: Path) -> None:
    """Else a template would hold for some rows only."""
    (tmp_path / "1.csv").write_text("sku,image\nA,a.png\n")
    (tmp_path / "2.csv").write_text("sku,image,title\nB,b.png,x\n")
    with pytest.raises(ManifestProblem, match=r"'title' is only in one of 1\.csv and 2\.csv"):
        opened(tmp_path, "*.csv")


def test_standard_input_is_read_to_its_end_and_can_be_read_again(tmp_path: Path) -> None:
    """CSV as well as Parquet, told apart by content; pictures are then relative to the job."""
    parquet = io.BytesIO()
    pl.DataFrame({"sku": ["A"], "image": ["a.png"]}).write_parquet(parquet)
    for data, line in ((b"sku;image\nA;a.png\n", 2), (parquet.getvalue(), 1)):
        with opened(tmp_path, "-", stdin=data) as manifest:
            assert rows_of(manifest) == rows_of(manifest)
            assert [(row["line"], row["sku"]) for row in rows_of(manifest)] == [(line, "A")]
            assert (manifest.files[0].label, manifest.files[0].folder) == ("standard input", tmp_path)


def test_a_file_is_called_as_the_job_calls_it(tmp_path: Path) -> None:
    """Relative to the job's folder, or in full."""
    (tmp_path / "m.csv").write_text("sku,image\nA,a.png\n")
    for path in ("m.csv", str(tmp_path / "m.csv")):
        with opened(tmp_path, path) as manifest:
            assert [file.label for file in manifest.files] == [path]


def test_what_is_not_there_is_missing_input(tmp_path: Path) -> None:
    """A file, a pattern that fits nothing, a folder."""
    (tmp_path / "folder").mkdir()
    for path, what in (("no.csv", "no such manifest"), ("*.csv", "no file fits"), ("folder", "is a folder")):
        with pytest.raises(MissingInput, match=what) as caught:
            manifest_paths(ManifestKeys(path=path), tmp_path)
        assert caught.value.exit == Exit.MISSING_INPUT


def test_a_file_whose_name_looks_like_a_pattern_is_itself(tmp_path: Path) -> None:
    """What is there needs no pattern."""
    (tmp_path / "a[1].csv").write_text("sku,image\nA,a.png\n")
    assert manifest_paths(ManifestKeys(path="a[1].csv"), tmp_path) == (tmp_path / "a[1].csv",)


@pytest.mark.parametrize("first", ["plain", '"two\nlines"'])
def test_large_manifests_lie_in_a_temporary_folder_until_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """A few batches are kept in memory, the rest on disk, read quickly or carefully; nothing is left behind."""
    spool = tmp_path / "temporary"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    lines = "".join(f"S{number},{number}.png\n" for number in range(160_000))
    (tmp_path / "m.csv").write_text(f"sku,image\nfirst,{first}\n{lines}")
    begin = 3 + first.count("\n")
    with opened(tmp_path, "m.csv") as manifest:
        assert [*spool.iterdir()]
        for _ in range(2):
            batches = list(manifest.batches())
            assert max(batch.height for batch in batches) <= 50_000
            found = pl.concat(batches)
            assert found["line"].to_list() == [2, *range(begin, begin + 160_000)]
            assert found["c0"].to_list() == ["first", *(f"S{number}" for number in range(160_000))]
    assert not [*spool.iterdir()]


def test_after_plain_blocks_the_careful_way_goes_on_at_the_right_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are counted on where the quick way ends, in the middle of the file."""
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 40)
    plain = "".join(f"S{number},{number}.png,é\r\n" for number in range(50))
    content = f'sku,image,note\r\n{plain}Q,q.png,"two\r\nlines"\r\n{plain.replace("S", "T")}'
    rows = read(tmp_path, content)
    assert [row["line"] for row in rows] == [*range(2, 53), *range(54, 104)]
    assert [row["sku"] for row in rows[49:53]] == ["S49", "Q", "T0", "T1"]


CELL = st.text(
    st.sampled_from(["a", "é", " ", "\u00a0", ",", ";", '"', "\n", "\r", "\t", "0", "=", "#", "\\"]), max_size=6
)


def written(text: str, separator: str, *, always: bool) -> str:
    """A cell, in quotes where it needs them."""
    if always or any(c in text for c in (separator, '"', "\r", "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=12),
    separator=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
    always=st.booleans(),
    block=st.integers(1, 60),
)
def test_rows_and_lines_are_those_that_were_written(
    rows: list[list[str]], separator: str, end: str, block: int, *, always: bool
) -> None:
    """Whatever stands in the cells, and wherever the quick way has to give up."""
    content = separator.join(["sku", "image", "x", "y", "z"]) + end
    expected = []
    for row in rows:
        line = len(re.findall(r"\r\n|\r|\n", content)) + 1
        content += separator.join(written(text, separator, always=always) for text in ["S", "i", *row]) + end
        expected.append((line, *(text.strip() or None for text in row)))
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_BLOCK_BYTES", block)
        found = cells(Path(name), content.encode(), "line", "x", "y", "z")
    assert found == expected
