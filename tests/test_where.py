"""`manifest.where`: what a condition may say, and that it can reach nothing but the row."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from batch.core.job import Manifest as ManifestKeys
from batch.core.where import Column, read_where, write_where
from batch.errors import JobProblem
from batch.inputs.manifest import open_manifest

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """\
sku,image,title,Variant Price,Status
A,a.png,Blue mug,10,active
B,b.png,Red mug,9.50,draft
C,c.png,It's a hat,,active
"""


def skus(folder: Path, **keys: object) -> list[str]:
    """Open the table and give the SKUs that are left."""
    folder.joinpath("a.csv").write_text(TABLE)
    with open_manifest(ManifestKeys(path="a.csv", **keys), folder, io.BytesIO()) as manifest:  # type: ignore[arg-type]
        place = manifest.place("sku") or ""
        return [sku for batch in manifest.batches() for sku in batch[place].to_list()]


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ("Status = 'active'", "AC"),
        ("status = 'draft' or Title like 'It%'", "BC"),
        ('"Variant Price" IS NULL', "C"),
        ('TRY_CAST("Variant Price" AS DOUBLE) >= 9.6', "A"),
        ("Title = 'It''s a hat'", "C"),
        ("NOT Title ILIKE '%MUG'", "C"),
        ("sku IN ('A', 'B') AND LENGTH(Title) BETWEEN 1 AND 7", "B"),
        ("Title ~ '^(Blue|Red)'", "AB"),
        ("Title = '(SELECT 1)' OR sku = 'A'", "A"),
        ("CASE WHEN sku = 'A' THEN FALSE ELSE TRUE END", "BC"),
    ],
)
def test_rows_that_meet_a_condition_are_left(where: str, left: str, tmp_path: Path) -> None:
    """Conditions in SQL; columns by the manifest's names or ours, texts in single quotes."""
    columns = {"Title": "title", "status": "Status"}
    assert skus(tmp_path, where=where, columns=columns) == list(left)


@pytest.mark.parametrize(
    "where",
    [
        "(SELECT sku FROM read_csv('{file}')) = 'A'",
        "sku IN (SELECT column_1 FROM read_csv('{file}'))",
        "EXISTS (SELECT * FROM read_parquet('{file}'))",
        "read_csv('{file}')",
        "sku = 'A'; DROP TABLE t",
        "sku = 'A' -- and so on",
        "sku /* and so on */ = 'A'",
        "COLUMNS('.*') = 'A'",
        "COUNT(*) > 1",
        "ROW_NUMBER() OVER (ORDER BY sku) < 3",
        "sku::DOUBLE > 1",
        "sku = $$A$$",
        "t.sku = 'A'",
        "sku = `A`",
        "((((sku = 'A'",
        "",
        "sku = " + "(" * 21 + "'A'" + ")" * 21,
        "sku = '" + "A" * 3000 + "'",
        "sku" + " AND sku" * 200,
    ],
)
def test_what_could_reach_further_than_the_row_is_refused_as_text(where: str) -> None:
    """None of it comes to polars, which would open files while it reads the text."""
    with pytest.raises(ValueError, match=r"condition|parenthes|function"):
        read_where(where.replace("{file}", "/etc/passwd"))


@pytest.mark.parametrize("name", ["^.*$", "*", 'a"b', "SELECT", "c0", "x' OR 'a' = 'a"])
def test_a_columns_name_is_never_read_as_sql(name: str) -> None:
    """Columns go in by their place, whatever they are called."""
    quoted = name.replace('"', '""')
    pieces = read_where(f"\"{quoted}\" = 'A'")
    assert pieces[0] == Column(name=name)
    assert write_where(pieces, {name: "c7"}.__getitem__) == "\"c7\" = 'A'"


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("prize = '1'", "no column 'prize'"),
        ("sku = (TABLE t)", "no column 'TABLE'"),
        ('"Variant Price" > 9', "TRY_CAST"),
        ("CAST(title AS DOUBLE) > 9", "TRY_CAST"),
        ("LOWER(title)", "no condition"),
        ("title = =", "cannot be used"),
    ],
)
def test_a_condition_that_cannot_be_used_says_what_to_do(where: str, why: str, tmp_path: Path) -> None:
    """Before any row is taken, with the next step."""
    with pytest.raises(JobProblem, match=r"manifest\.where") as caught:
        skus(tmp_path, where=where)
    assert why in str(caught.value)


def test_a_sample_is_the_same_one_whatever_comes_to_the_catalogue(tmp_path: Path) -> None:
    """It comes from all over the manifest, and all but a share of what is new stays in it."""
    names = [f"SKU-{number:03}" for number in range(200)]

    def sampled(chosen: list[str]) -> list[str]:
        tmp_path.joinpath("b.csv").write_text("sku,image\n" + "".join(f"{name},x.png\n" for name in chosen))
        keys = ManifestKeys(path="b.csv", sample=10)
        with open_manifest(keys, tmp_path, io.BytesIO()) as manifest:
            return [sku for batch in manifest.batches() for sku in batch["c0"].to_list()]

    first = sampled(names)
    assert len(first) == 10
    assert first != names[:10]
    assert sorted(sampled(names[::-1])) == sorted(first)
    assert set(sampled(names[:150])) >= set(first) & set(names[:150])


def test_a_limit_takes_the_first_rows_that_meet_the_condition(tmp_path: Path) -> None:
    """In the manifest's order."""
    assert skus(tmp_path, limit=2) == ["A", "B"]
    assert skus(tmp_path, limit=1, where="Status = 'draft'") == ["B"]
