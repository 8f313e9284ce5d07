"""Parquet to frames of text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PanicException, PolarsError

from batch.errors import ManifestProblem
from batch.inputs.columns import BATCH_ROWS, FLAW, LINE, Header, cell, read_header, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WHOLE_BELOW = 1e15
_BROKEN = (PolarsError, PanicException)
"""On some damage polars panics, which is no `Exception` and would pass every handler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetTable:
    """A Parquet file whose schema was read; columns that hold lists, structs or bytes are left out.

    Attributes:
        label: What a person calls the file.
        kinds: Place in the file and type, for each of the header's names.
    """

    path: Path
    label: str
    header: Header
    kinds: tuple[tuple[int, pl.DataType], ...]

    def frames(self) -> Iterator[pl.DataFrame]:
        """Read the rows: frames of `line` (the row's number), `flaw` and a text column for each name.

        Raises:
            ManifestProblem: If the file is damaged.
        """
        # Columns are taken by place: a name that begins with ^ and ends with $ would be a pattern.
        cells = [_as_text(pl.nth(place), kind).alias(cell(index)) for index, (place, kind) in enumerate(self.kinds)]
        table = pl.scan_parquet(self.path, glob=False).select(cells).with_row_index(LINE, offset=1)
        flaw = pl.lit(None, dtype=pl.String).alias(FLAW)
        rows = table.with_columns(pl.col(LINE).cast(pl.Int64), flaw)
        try:
            for frame in rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
                for part in frame.iter_slices(BATCH_ROWS):
                    yield tidy(part)
        except _BROKEN as error:
            raise _damaged(self.label, error) from None


def read_parquet(path: Path, label: str) -> ParquetTable:
    """Read a Parquet file's schema.

    Args:
        path: The file.
        label: What a person calls it.

    Raises:
        ManifestProblem: If it is damaged, or its columns cannot be used.
    """
    try:
        schema = pl.read_parquet_schema(path)
    except (*_BROKEN, OSError) as error:
        raise _damaged(label, error) from None
    usable = [(place, name, kind) for place, (name, kind) in enumerate(schema.items()) if _is_scalar(kind, name)]
    header = read_header([name for _, name, _ in usable], label, line=0)
    return ParquetTable(path=path, label=label, header=header, kinds=tuple((place, kind) for place, _, kind in usable))


def float_columns(table: ParquetTable) -> frozenset[str]:
    """Name the columns of floats: a SKU in one of them has lost its digits already."""
    names = zip(table.header.names, table.kinds, strict=True)
    return frozenset(name for name, (_, kind) in names if kind.is_float())


def _is_scalar(kind: pl.DataType, name: str) -> bool:
    return bool(name.strip()) and not kind.is_nested() and kind not in {pl.Binary, pl.Object, pl.Duration}


def _as_text(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if not kind.is_float():
        return column.cast(pl.String)
    # A column of whole numbers with gaps often arrives as floats: 8.0 means 8.
    whole = column.is_finite() & (column == column.floor()) & (column.abs() < _WHOLE_BELOW)
    return pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column.cast(pl.String))


def _damaged(label: str, error: BaseException) -> ManifestProblem:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return ManifestProblem(f"the Parquet file cannot be read: {first}", where=label, hint="write it again")
