"""What lies beyond a picture whose border is not of one colour: each calm side goes on as it ends.

A product on a table before a wall has a border of two colours. A bar of one colour beside it would cut both
off; the side's own colours, drawn outward, carry the table and the wall on.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

if TYPE_CHECKING:
    from batch.frames.geometry import Layout

_DEPTH = 0.03
_MEAN_CALM = 4.0
_MOST_CALM = 20
_MOST_SHARE = 0.985
_SMOOTH = 1.5
_PLACES = 64
_WAY = 2.2
_WAY_FREE = 24


@dataclass(frozen=True, slots=True)
class Flat:
    """Beyond the picture there is one colour."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Beyond the picture its calm sides go on; one colour lies beyond the others."""


def continue_edges(canvas: Image.Image, piece: Image.Image, layout: Layout) -> None:
    """Draw the calm sides of a picture outward, onto the canvas that it was pasted on.

    Args:
        canvas: RGB, the frame's size; changed.
        piece: The picture as it was pasted, RGB.
        layout: Where.
    """
    if layout.left > 0:
        _to_the_left(canvas, piece, layout.left, layout.top)
    if layout.right < canvas.width:
        mirrored = canvas.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        turned = piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        _to_the_left(mirrored, turned, canvas.width - layout.right, layout.top)
        canvas.paste(mirrored.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    if layout.top > 0:
        turned_canvas = canvas.transpose(Image.Transpose.TRANSPOSE)
        _to_the_left(turned_canvas, piece.transpose(Image.Transpose.TRANSPOSE), layout.top, layout.left)
        canvas.paste(turned_canvas.transpose(Image.Transpose.TRANSPOSE))
    if layout.bottom < canvas.height:
        turned_canvas = canvas.transpose(Image.Transpose.ROTATE_270)
        free = canvas.height - layout.bottom
        _to_the_left(turned_canvas, piece.transpose(Image.Transpose.ROTATE_270), free, layout.left)
        canvas.paste(turned_canvas.transpose(Image.Transpose.ROTATE_90))


def ramp(length: int, first: float, last: float) -> list[int]:
    """From 0 up to 255 over `first` pixels, down again over `last`, without a kink at either end."""
    return [
        round(255 * _eased((at + 0.5) / max(first, 0.5)) * _eased((length - at - 0.5) / max(last, 0.5)))
        for at in range(length)
    ]


def _to_the_left(canvas: Image.Image, piece: Image.Image, free: int, top: int) -> None:
    """Fill the `free` columns left of a piece whose left side is calm."""
    deep = max(2, min(piece.width // 4, round(_DEPTH * min(piece.size))))
    strip = piece.crop((0, 0, deep, piece.height))
    line = strip.resize((1, piece.height), Image.Resampling.BOX)
    if not _is_calm(strip, line) or _is_striped(line):
        return
    smooth = line.filter(ImageFilter.GaussianBlur((0, _SMOOTH)))
    canvas.paste(smooth.resize((free + deep, piece.height)), (0, top))
    fade = Image.new("L", (deep, 1))
    fade.putdata(ramp(deep, deep, 0))
    canvas.paste(strip, (free, top), fade.resize(strip.size))


def _is_calm(strip: Image.Image, line: Image.Image) -> bool:
    """Whether nothing happens across a strip: every row is of one colour, to within its grain."""
    counts = [0] * 256
    away = ImageChops.difference(strip, line.resize(strip.size)).histogram()
    for value, count in enumerate(away):
        counts[value % 256] += count
    total = sum(counts)
    mean = sum(value * count for value, count in enumerate(counts)) / total
    return mean <= _MEAN_CALM and sum(counts[:_MOST_CALM]) >= _MOST_SHARE * total


def _is_striped(line: Image.Image) -> bool:
    """Whether the colours along a side go up and down: drawn outward, they would be stripes."""
    places = min(_PLACES, line.height)
    data = line.resize((1, places), Image.Resampling.BOX).tobytes()
    for channel in range(3):
        values = data[channel::3]
        way = sum(abs(value - last) for last, value in itertools.pairwise(values))
        if way > _WAY * (max(values) - min(values)) + _WAY_FREE:
            return True
    return False


def _eased(part: float) -> float:
    part = min(1.0, part)
    return part * part * (3 - 2 * part)
