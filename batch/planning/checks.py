"""Reasons why a row cannot become an item, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from batch.inputs.columns import FILE, LINE
from batch.planning.overview import SKU

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batch.inputs.manifest import Manifest

REJECTED_SCHEMA = {
    "file": pl.String,
    "line": pl.Int64,
    "sku": pl.String,
    "column": pl.String,
    "value": pl.String,
    "reason": pl.String,
}
"""Columns of rejected rows; texts are empty where there is nothing to say."""

_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that may be wrong with a row.

    Attributes:
        column: The manifest's own name of the column that holds the cause; empty if none does.
        value: What stands there.
        reason: Null where nothing is wrong.
    """

    column: pl.Expr
    value: pl.Expr
    reason: pl.Expr


def check(column: str | None, value: pl.Expr, reason: pl.Expr) -> Check:
    """Make a check of one column; None for a column that the manifest does not have."""
    return Check(column=pl.lit(column or ""), value=value, reason=reason)


def complain(when: pl.Expr, reason: str | pl.Expr) -> pl.Expr:
    """Give a reason where a condition holds, and null elsewhere."""
    return pl.when(when).then(pl.lit(reason) if isinstance(reason, str) else reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """The rows of a batch that passed every check, and why the others did not."""

    passed: pl.DataFrame
    rejected: pl.DataFrame


def sift(frame: pl.DataFrame, checks: Sequence[Check], manifest: Manifest) -> Sifted:
    """Apply checks; a row is rejected for the first that fails."""
    names = [f"reason{number}" for number in range(len(checks))]
    reasons = frame.select(check.reason.alias(name) for name, check in zip(names, checks, strict=True))
    fine = reasons.select(pl.all_horizontal(pl.all().is_null())).to_series()
    if fine.all():
        return Sifted(passed=frame, rejected=pl.DataFrame(schema=REJECTED_SCHEMA))
    labels = pl.Series([file.label for file in manifest.files], dtype=pl.String)
    bad = frame.filter(~fine).hstack(reasons.filter(~fine))
    column, value = pl.lit(""), pl.lit("")
    for name, one in zip(reversed(names), reversed(checks), strict=True):
        failed = pl.col(name).is_not_null()
        column = pl.when(failed).then(one.column).otherwise(column)
        value = pl.when(failed).then(one.value).otherwise(value)
    rejected = bad.select(
        pl.lit(labels).gather(pl.col(FILE)).alias("file"),
        pl.col(LINE).alias("line"),
        pl.col(SKU).fill_null("").alias("sku"),
        column.fill_null("").alias("column"),
        _shortened(value.fill_null("")).alias("value"),
        pl.coalesce(names).alias("reason"),
    )
    return Sifted(passed=frame.filter(fine), rejected=rejected)


def _shortened(value: pl.Expr) -> pl.Expr:
    long = value.str.len_chars() > _SHOWN
    return pl.when(long).then(value.str.head(_SHOWN) + "...").otherwise(value)
