"""`rejected.csv`: the rows that cannot become items, for the person who mends the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from batch.errors import CannotCreate
from batch.files import atomic
from batch.report.cells import FORMULA_START

if TYPE_CHECKING:
    from pathlib import Path


def write_rejected(path: Path, rejected: pl.DataFrame) -> None:
    """Write rejected rows for a spreadsheet: UTF-8 with a byte order mark, and no text that would run as a formula.

    Args:
        path: Written whole or not at all; its folder is made.
        rejected: With the columns of `REJECTED_SCHEMA`.

    Raises:
        CannotCreate: If the file cannot be made.
    """
    formula = pl.col(pl.String).str.contains(FORMULA_START)
    safe = rejected.with_columns(
        pl.when(formula).then("'" + pl.col(pl.String)).otherwise(pl.col(pl.String)).name.keep()
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as file:
            safe.write_csv(file, include_bom=True)
    except OSError as error:
        raise CannotCreate(
            f"the list of rejected rows cannot be written: {error.strerror or error}",
            where=str(path),
            hint="free some space, or name a folder that can be written",
        ) from error
