"""Which of its pictures each product or variant takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from batch.inputs.columns import MISSED

if TYPE_CHECKING:
    from batch.inputs.adapters import Fitted, Listed

LAST: Final = "last"
_ITEM, _INDEX, _HEAD = "item", "index", "head"
_URL, _ALT = "url", "alt"
_ORDER: Final = ["rank", "position", _INDEX, "order"]
_PLACE: Final = 1_000
"""More pictures than stand in one cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picking:
    """What is wanted.

    Attributes:
        picture: A position from 1, `last` (of a variant: of its own, where it has any), or words of the alt text.
        per_product: One for each product; otherwise for each variant.
    """

    fitted: Fitted
    picture: int | str
    per_product: bool


def pick(picking: Picking, rows: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Choose a picture for each item.

    Args:
        picking: What is wanted.
        rows: All rows, with `index`, `head`, and their cells as `=` and the export's own name.
        items: `index` and `head` of those that become items.

    Returns:
        `index`, `image`, and `missed` where an item has pictures and none of them is the one that is wanted.
    """
    listed = [frame for one in picking.fitted.pictures for frame in _listed(one, rows, picking)]
    pictures = pl.concat(listed)
    wanted = _of_products(pictures) if picking.per_product else _of_variants(pictures, items)
    if picking.per_product or picking.picture == LAST:
        wanted = wanted.filter(pl.col("rank") == pl.col("rank").min().over(_ITEM))
    if picking.picture == 1:
        best = wanted.sort(_ITEM, *_ORDER, nulls_last=True).unique(_ITEM, keep="first", maintain_order=True)
        found = best.select(_ITEM, pl.col(_URL).alias("image"), pl.lit(None, dtype=pl.String).alias(MISSED))
    else:
        ordered = wanted.sort(_ITEM, *_ORDER, nulls_last=True).unique([_ITEM, _URL], keep="first", maintain_order=True)
        found = _chosen(picking.picture, ordered)
    return found.rename({_ITEM: _INDEX})


def _of_products(pictures: pl.DataFrame) -> pl.DataFrame:
    """Rank what a product may take: what belongs to all of it, else what its first row has, else the other rows'."""
    other = (pl.col(_INDEX) != pl.col(_HEAD)).cast(pl.UInt8) + 1
    rank = pl.when("shared").then(pl.lit(0, dtype=pl.UInt8)).otherwise(other)
    return pictures.with_columns(pl.col(_HEAD).alias(_ITEM), rank.alias("rank"))


def _of_variants(pictures: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Rank what a variant may take: its own, then its product's."""
    own = pictures.filter(~pl.col("shared")).with_columns(pl.col(_INDEX).alias(_ITEM))
    product = items.select(pl.col(_INDEX).alias(_ITEM), _HEAD).join(pictures.filter("shared"), on=_HEAD, how="inner")
    ranked = [
        frame.with_columns(pl.lit(rank, dtype=pl.UInt8).alias("rank")) for rank, frame in enumerate((own, product))
    ]
    return pl.concat(ranked, how="diagonal")


def _chosen(picture: int | str, ordered: pl.DataFrame) -> pl.DataFrame:
    groups = ordered.group_by(_ITEM, maintain_order=True)
    if picture == LAST:
        return groups.agg(pl.col(_URL).last().alias("image")).with_columns(pl.lit(None, dtype=pl.String).alias(MISSED))
    url, many = pl.col(_URL), pl.len().alias("many")
    if isinstance(picture, int):
        found = groups.agg(url.slice(picture - 1, 1).first().alias("image"), many)
        reason = pl.format(f"`manifest.picture` asks for picture {picture}; there are {{}}", "many")
    else:
        fits = pl.col(_ALT).str.to_lowercase().str.contains(picture.lower(), literal=True).fill_null(value=False)
        found = groups.agg(url.filter(fits).first().alias("image"), many)
        reason = pl.format("none of its {} pictures has {} in the alt text", "many", pl.lit(repr(picture)))
    return found.select(_ITEM, "image", pl.when(pl.col("image").is_null()).then(reason).alias(MISSED))


def _listed(listed: Listed, rows: pl.DataFrame, picking: Picking) -> list[pl.DataFrame]:
    """Give the pictures of some columns, one in a row; of each cell the first alone, where no others can be meant."""
    rule, fitted = listed.rule, picking.fitted
    before = fitted.pictures.index(listed) * _PLACE * 100
    shared: pl.Expr = pl.lit(rule.shared)
    if fitted.adapter.parent is not None:  # a variant's product is a row of its own, and lends its pictures
        shared = pl.col(_INDEX) == pl.col(_HEAD)
    position = pl.lit(None, dtype=pl.Float64)
    if listed.position is not None:
        position = pl.col(f"={listed.position}").cast(pl.Float64, strict=False)
    empty = fitted.adapter.empty
    frames = []
    for number, (column, alt) in enumerate(zip(listed.columns, listed.alts, strict=True)):
        url = pl.col(f"={column}")
        texts = pl.lit(None, dtype=pl.String) if alt is None else pl.col(f"={alt}")
        frame = rows.select(
            _INDEX,
            _HEAD,
            shared.alias("shared"),
            position.alias("position"),
            pl.lit(before + number * _PLACE, dtype=pl.Int32).alias("order"),
            (pl.when(~url.is_in(empty)).then(url) if empty else url).alias(_URL),
            texts.alias(_ALT),
        ).drop_nulls(_URL)
        if rule.form != "one":
            frame = _taken_apart(frame, json=rule.form == "json", most=1 if picking.picture == 1 else _PLACE)
        frames.append(frame.with_columns(pl.col(_URL).str.strip_chars_start("/")) if rule.rooted else frame)
    return frames


def _taken_apart(frame: pl.DataFrame, *, json: bool, most: int) -> pl.DataFrame:
    """Turn cells that list several pictures into a row for each."""
    several: Any = (_in_json(pl.col(_URL)) if json else _in_list(pl.col(_URL))).list.head(most)
    frame = frame.with_columns(several.alias(_URL), _in_list(pl.col(_ALT)).alias("alts"))
    frame = frame.with_columns(pl.int_ranges(0, pl.col(_URL).list.len(), dtype=pl.Int32).alias("number"))
    frame = frame.explode(_URL, "number").drop_nulls(_URL)
    return frame.with_columns(
        pl.col("order") + pl.col("number"), pl.col("alts").list.get(pl.col("number"), null_on_oob=True).alias(_ALT)
    ).drop("number", "alts")


def _in_list(cells: pl.Expr) -> pl.Expr:
    r"""Split at commas. `\,` is none; neither is one inside an address: there the next one has to begin behind it."""
    shielded = cells.str.replace_all(r"\\,", "\x01")
    marked = (
        pl.when(cells.str.contains("://", literal=True))
        .then(shielded.str.replace_all(r"\s*,\s*((?:[A-Za-z][A-Za-z0-9+.\-]*:)?//)", "\x00$1"))
        .otherwise(shielded.str.replace_all(",", "\x00", literal=True))
    )
    parts = marked.str.split("\x00").list.eval(
        pl.element().str.replace_all("\x01", ",", literal=True).str.strip_chars(" \t\r\n,")
    )
    return parts.list.eval(pl.element().filter(pl.element() != ""))


def _in_json(cells: pl.Expr) -> pl.Expr:
    r"""Find every address that stands as a text in JSON, in which a slash may be written `\/`."""
    plain = cells.str.replace_all(r"\/", "/", literal=True)
    return plain.str.extract_all(r'"(?:https?|s3)://[^"\\]+"').list.eval(pl.element().str.strip_chars('"'))
