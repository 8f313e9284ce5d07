"""The quick way through a CSV file: blocks in which every line is a whole record, which every reader splits alike."""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl
from polars.exceptions import PolarsError

from batch.inputs.columns import cell


def read_regular(block: bytes, separator: str, places: tuple[int, ...], width: int) -> pl.DataFrame | None:
    """Read a block of lines; None if one of them is anything but a whole record in plain form.

    Plain are cells without quotes, and cells in quotes with nothing but separators beside them and without line
    breaks. Each line has as many cells as the header.

    Args:
        block: Whole lines.
        separator: One character.
        places: Of the cells that are wanted.
        width: Cells of a record.

    Returns:
        A text column for each of the wanted cells, a row for each line.
    """
    try:
        text = block.decode().removesuffix("\n")
        records = int(pl.Series([text]).str.count_matches(_records(separator, width)).item())
        if width < 2 or records != text.count("\n") + 1:  # an empty line would be a record of one cell
            return None
        frame = pl.read_csv(
            block,
            has_header=False,
            infer_schema=False,
            separator=separator,
            new_columns=[str(place) for place in range(width)],
        )
    except (UnicodeDecodeError, PolarsError):
        return None
    if frame.shape != (records, width):
        return None
    return frame.select(pl.nth(place).alias(cell(index)) for index, place in enumerate(places))


@lru_cache
def _records(separator: str, width: int) -> str:
    comma = re.escape(separator)
    one = rf'(?:"(?:[^"\r\n]|"")*"|[^"\r\n{comma}]*)'
    return rf"(?m)^{one}(?:{comma}{one}){{{width - 1}}}\r?$"
