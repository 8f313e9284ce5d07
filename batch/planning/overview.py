"""The first pass over a manifest: what can only be said when every row was seen, and what many rows share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import polars as pl

from batch.inputs.columns import FILE, FLAW, LINE

if TYPE_CHECKING:
    from pathlib import Path

    from batch.inputs.manifest import Manifest

DURATION = "duration"
ASPECT = "aspect"
IMAGE = "image"
SKU = "sku"
_INDEX = "index"
_HASH = "hash"
_HOME = "home"
_EXAMPLES = 3
_ANYWHERE = r"^(/|[A-Za-z][A-Za-z0-9+.-]*:)"
"""Pictures that are the same from every folder: absolute paths and URLs."""


class Standing(IntEnum):
    """What the other rows of its SKU make of a row."""

    COUNTS = 0  # the first of its SKU, or the only one
    REPEATS = 1  # a later row with the same content
    CONFLICTS = 2  # another row of its SKU has other content


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the first pass found.

    Attributes:
        skus: Of every row; null where it has none or its cells cannot be told apart.
        standing: Of every row, a `Standing`.
        conflicts: `index` and `reason` of the rows that conflict.
        images: `file` and `image`, each pair once.
        wishes: `duration` and `aspect` as the rows have them, each pair once.
        case_twins: A few groups of SKUs that differ only in case.
    """

    skus: pl.Series
    standing: pl.Series
    conflicts: pl.DataFrame
    images: pl.DataFrame
    wishes: pl.DataFrame
    case_twins: tuple[tuple[str, ...], ...]

    @property
    def rows(self) -> int:
        """How many rows the manifest has."""
        return len(self.skus)

    @property
    def repeated(self) -> int:
        """How many rows repeat another."""
        return int((self.standing == Standing.REPEATS).sum())


def optional(manifest: Manifest, name: str) -> pl.Expr:
    """Give a column that a manifest may have; nulls where it has not."""
    place = manifest.place(name)
    return pl.lit(None, dtype=pl.String) if place is None else pl.col(place)


def look_over(manifest: Manifest) -> Overview:
    """Read every row once."""
    skus: list[pl.DataFrame] = []
    images: list[pl.DataFrame] = []
    wishes: list[pl.DataFrame] = []
    sku, image = optional(manifest, SKU), optional(manifest, IMAGE)
    wish = [optional(manifest, "duration").alias(DURATION), optional(manifest, "aspect_ratio").alias(ASPECT)]
    home = _home(manifest, image)
    for batch in manifest.batches():
        content = batch.with_columns(*home).drop(FILE, LINE, FLAW).hash_rows()
        known = pl.when(pl.col(FLAW).is_null()).then(sku).alias(SKU)
        skus.append(batch.select(known, FILE, LINE).with_columns(content.alias(_HASH)))
        sound = batch.filter(pl.col(FLAW).is_null())
        images.append(sound.select(FILE, image.alias(IMAGE)).drop_nulls().unique())
        wishes.append(sound.select(wish).unique() if sound.height else pl.DataFrame(schema=_WISHES))
    rows = pl.concat(skus).with_row_index(_INDEX)
    standing, conflicts = _compare(rows, manifest)
    return Overview(
        skus=rows[SKU],
        standing=standing,
        conflicts=conflicts,
        images=pl.concat(images).unique(maintain_order=True),
        wishes=pl.concat(wishes).unique(maintain_order=True),
        case_twins=_case_twins(rows[SKU]),
    )


def _home(manifest: Manifest, image: pl.Expr) -> tuple[pl.Expr, ...]:
    """Give what tells equal rows of different folders apart: a relative picture is another one in each."""
    places: dict[Path, int] = {}
    homes = [places.setdefault(file.folder, len(places)) for file in manifest.files]
    if len(places) == 1:
        return ()
    folder = pl.lit(pl.Series(homes, dtype=pl.UInt32)).gather(pl.col(FILE))
    return (pl.when(~image.str.contains(_ANYWHERE)).then(folder).alias(_HOME),)


_WISHES = {DURATION: pl.String, ASPECT: pl.String}


def _compare(rows: pl.DataFrame, manifest: Manifest) -> tuple[pl.Series, pl.DataFrame]:
    """Give the standing of every row, and why some conflict."""
    first = pl.col(_INDEX).min().over(SKU)
    same = (
        rows.filter(pl.col(SKU).is_not_null())
        .filter(pl.col(SKU).hash().is_duplicated())  # numbers are compared faster, and few rows are left
        .filter(pl.col(SKU).is_duplicated())
        .with_columns(
            (pl.col(_HASH).n_unique().over(SKU) > 1).alias("differs"),
            (pl.col(_INDEX) == first).alias("first"),
            pl.len().over(SKU).alias("many"),
            pl.col(LINE).first().over(SKU).alias("first_line"),
            pl.col(FILE).first().over(SKU).alias("first_file"),
        )
    )
    labels = pl.Series([file.label for file in manifest.files], dtype=pl.String)
    label = pl.lit(labels).gather(pl.col("first_file"))
    conflicts = same.filter("differs").select(
        _INDEX,
        pl.format(
            "{} rows have this SKU and say different things (the first is {}:{}): keep one", "many", label, "first_line"
        ).alias("reason"),
    )
    repeats = same.filter(~pl.col("differs") & ~pl.col("first"))[_INDEX]
    standing = pl.zeros(rows.height, dtype=pl.UInt8, eager=True)
    standing = standing.scatter(repeats, int(Standing.REPEATS)).scatter(conflicts[_INDEX], int(Standing.CONFLICTS))
    return standing, conflicts


def _case_twins(skus: pl.Series) -> tuple[tuple[str, ...], ...]:
    if (skus.str.to_uppercase() == skus).all() or (skus.str.to_lowercase() == skus).all():
        return ()
    different = skus.drop_nulls().unique(maintain_order=True).alias(SKU).to_frame()
    folded = different.with_columns(pl.col(SKU).str.to_lowercase().alias("folded"))
    groups = (
        folded.filter(pl.col("folded").is_duplicated()).group_by("folded", maintain_order=True).agg(SKU).head(_EXAMPLES)
    )
    return tuple(tuple(group[:_EXAMPLES]) for group in groups[SKU].to_list())
