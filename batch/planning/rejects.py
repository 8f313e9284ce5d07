"""`rejected.csv`: the rows that cannot become items, for the person who mends the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from batch.files import atomic, disk_problem
from batch.report.cells import FORMULA_START

if TYPE_CHECKING:
    from pathlib import Path

    from batch.errors import Problem


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
        StorageProblem: If the disk is full or fails.
        CannotCreate: If the file cannot be made.
    """
    text = rejected_text(rejected)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as file:
            file.write(text.encode("utf-8-sig"))
    except OSError as error:
        raise _problem(error, path) from error


def remove_rejected(path: Path) -> None:
    """Remove an earlier list: no row is rejected any more.

    Raises:
        StorageProblem: If the disk fails.
        CannotCreate: If the folder cannot be written.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _problem(error, path) from error


def _problem(error: OSError, path: Path) -> Problem:
    what, hint = "the list of rejected rows cannot be written", "name a folder that can be written"
    return disk_problem(error, path, what=what, hint=hint)
