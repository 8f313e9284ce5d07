"""`rejected.csv`: the rows that cannot become items, for the person who mends the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from batch.errors import CannotCreate
from batch.files import atomic
from batch.report.cells import FORMULA_START

if TYPE_CHECKING:
    from pathlib import Path


def rejected_text(rejected: pl.DataFrame) -> str:
    """Give rejected rows as CSV in which no text would run as a formula.

    Args:
        rejected: With the columns of `REJECTED_SCHEMA`.
    """
    formula = pl.col(pl.String).str.contains(FORMULA_START)
    safe = rejected.with_columns(
        pl.when(formula).then("'" + pl.col(pl.String)).otherwise(pl.col(pl.String)).name.keep()
    )
    return safe.write_csv()


def write_rejected(path: Path, rejected: pl.DataFrame) -> None:
    """Write rejected rows for a spreadsheet: UTF-8 with a byte order mark, and no text that would run as a formula.

    Args:
        path: Written whole or not at all; its folder is made.
        rejected: With the columns of `REJECTED_SCHEMA`.

    Raises:
        CannotCreate: If the file cannot be made.
    """
    text = rejected_text(rejected)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as file:
            file.write(text.encode("utf-8-sig"))
    except OSError as error:
        raise CannotCreate(
            f"the list of rejected rows cannot be written: {error.strerror or error}",
            where=str(path),
            hint="free some space, or name a folder that can be written",
        ) from error
