"""Columns of the frames that manifests are read into, and the rules for headers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from batch.errors import ManifestProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

LINE = "line"
"""Where the row begins in its file, counted from 1; the row's number in a Parquet file."""
FLAW = "flaw"
"""Why the row's cells cannot be told apart; null in a sound row."""
MISSED = "missed"
"""Why a row has not the picture that the job asks for; only in the frames of exports."""
FILE = "file"
"""Index into the manifest's files."""

BATCH_ROWS = 50_000
MOST_COLUMNS = 4096
"""More than a shop's export has; each column takes time and memory even where it is empty."""


def cell(place: int) -> str:
    """Name a manifest's column in a frame.

    By its place, because its own name is anything: `line`, `*`, or a pattern that polars would expand.
    """
    return f"c{place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A manifest's columns.

    Attributes:
        names: Trimmed, unique, not empty.
        places: Of each, among the cells of a row; columns without a name are left out.
        width: Cells of a row.
    """

    names: tuple[str, ...]
    places: tuple[int, ...]
    width: int


def read_header(cells: Sequence[str], label: str, *, line: int) -> Header:
    """Check a header.

    Raises:
        ManifestProblem: If a column stands there twice, none has a name, or there are too many.
    """
    if len(cells) > MOST_COLUMNS:
        raise ManifestProblem(
            f"the header has {len(cells):,} columns; the most is {MOST_COLUMNS:,}",
            where=f"{label}:{line}",
            hint="leave out what no prompt needs, and look for rows that ended up in the header",
        )
    trimmed = [text.strip().strip("\ufeff\u200b").strip() for text in cells]
    twice = [name for name, count in Counter(filter(None, trimmed)).items() if count > 1]
    if twice:
        where = [str(place + 1) for place, name in enumerate(trimmed) if name == twice[0]]
        raise ManifestProblem(
            f"the column {twice[0]!r} stands there {len(where)} times (columns {' and '.join(where)})",
            where=f"{label}:{line}",
            hint="rename or remove all but one",
        )
    named = [(place, name) for place, name in enumerate(trimmed) if name]
    if not named:
        raise ManifestProblem("the header names no column", where=f"{label}:{line}", hint="begin with sku,image,title")
    return Header(names=tuple(name for _, name in named), places=tuple(place for place, _ in named), width=len(trimmed))


def tidy(frame: pl.DataFrame) -> pl.DataFrame:
    """Trim every cell, make empty ones null, and drop rows without any."""
    cells = [name for name in frame.columns if name not in {LINE, FLAW}]
    trimmed = pl.col(cells).str.strip_chars()
    return frame.with_columns(pl.when(trimmed != "").then(trimmed).name.keep()).filter(
        ~pl.all_horizontal(pl.col(*cells, FLAW).is_null())
    )
