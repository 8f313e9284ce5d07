"""Frames beside their sources as one picture, to be sent to somebody."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROWS_A_SHEET = 12

_COLUMNS = 2
_CELL = (860, 236)
_GAP = 12
_HEAD = 40
_PICTURE = 200
_FRAME = 356
_INK, _SOFT, _WARN = (27, 28, 31), (92, 96, 104), (143, 82, 0)
_PAGE, _SHEET, _LINE = (245, 244, 241), (255, 255, 255), (222, 219, 212)
_CHARACTERS = 34
_MOST_LINES = 11

Row = tuple["Path | None", "Path | None", list[str], bool]
"""Source, frame, words (the first is the title), and whether it is worth a look."""


def draw_sheet(rows: Sequence[Row], *, title: str) -> Image.Image:
    """Draw at most `ROWS_A_SHEET` rows in two columns."""
    deep = -(-len(rows) // _COLUMNS)
    size = (_COLUMNS * (_CELL[0] + _GAP) + _GAP, _HEAD + deep * (_CELL[1] + _GAP) + _GAP)
    sheet = Image.new("RGB", size, _PAGE)
    draw = ImageDraw.Draw(sheet)
    draw.text((_GAP, _GAP), title, fill=_INK, font=ImageFont.load_default(18))
    for number, row in enumerate(rows):
        at = (
            _GAP + number % _COLUMNS * (_CELL[0] + _GAP),
            _HEAD + number // _COLUMNS * (_CELL[1] + _GAP),
        )
        _draw_row(sheet, draw, at, row)
    return sheet


def _draw_row(sheet: Image.Image, draw: ImageDraw.ImageDraw, at: tuple[int, int], row: Row) -> None:
    source, frame, words, flagged = row
    x, y = at
    draw.rectangle((x, y, x + _CELL[0], y + _CELL[1]), fill=_SHEET, outline=_WARN if flagged else _LINE)
    _paste(sheet, source, (x + 8, y + 8), (_PICTURE, _CELL[1] - 16))
    _paste(sheet, frame, (x + 16 + _PICTURE, y + 8), (_FRAME, _CELL[1] - 16))
    left, top = x + 28 + _PICTURE + _FRAME, y + 10
    title, *rest = words
    draw.text((left, top), textwrap.shorten(title, 28, placeholder="..."), fill=_INK, font=ImageFont.load_default(16))
    lines = [(line, text.startswith("!")) for text in rest for line in textwrap.wrap(text, _CHARACTERS)]
    for number, (line, warned) in enumerate(lines[:_MOST_LINES]):
        draw.text(
            (left, top + 26 + 17 * number), line, fill=_WARN if warned else _SOFT, font=ImageFont.load_default(13)
        )


def _paste(sheet: Image.Image, path: Path | None, at: tuple[int, int], within: tuple[int, int]) -> None:
    """A picture in the middle of its place; a cross where there is none."""
    if path is None:
        ImageDraw.Draw(sheet).line((*at, at[0] + within[0], at[1] + within[1]), fill=_LINE)
        return
    with Image.open(path) as image:
        small = image.convert("RGB")
    small.thumbnail(within)
    left, top = at[0] + (within[0] - small.width) // 2, at[1] + (within[1] - small.height) // 2
    sheet.paste(small, (left, top))
    ImageDraw.Draw(sheet).rectangle((left - 1, top - 1, left + small.width, top + small.height), outline=_LINE)
