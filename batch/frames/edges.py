"""What lies beyond a picture whose border is not of one colour: each calm side goes on as it ends.

A product on a table before a wall has a border of two colours. A bar of one colour beside it would cut both
off; the side's own colours, drawn outward, carry the table and the wall on.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from batch.core.media import Size
from batch.frames.backdrop import dithered, thresholds
from batch.frames.geometry import Side
from batch.frames.seams import open_sides

if TYPE_CHECKING:
    from batch.core.media import Box
    from batch.frames.geometry import Layout

_DEPTH = 0.03
_MEAN_CALM = 4.0
_MOST_CALM = 20
_MOST_SHARE = 0.985
_SMOOTH = 2
_SOFT = 1 / 24
"""Far out the colours run into each other: blurred by this share of the side's length, from the same share on."""
_PLACES = 64
_NEAREST = Image.Resampling.NEAREST
_WAY = 2.2
_WAY_FREE = 24

_TO_LEFT = {
    Side.LEFT: None,
    Side.RIGHT: Image.Transpose.FLIP_LEFT_RIGHT,
    Side.TOP: Image.Transpose.TRANSPOSE,
    Side.BOTTOM: Image.Transpose.ROTATE_270,
}
"""What turns a picture so that a side lies to the left."""

_BACK = {**_TO_LEFT, Side.BOTTOM: Image.Transpose.ROTATE_90}


def continue_edges(canvas: Image.Image, piece: Image.Image, layout: Layout, product: Box | None) -> None:
    """Draw the sides of a picture outward, onto the canvas that it was pasted on.

    Args:
        canvas: RGB, the frame's size; changed.
        piece: The picture as it was pasted, RGB.
        layout: Where.
        product: Where the product stands in the frame: its colours are not the background's.
    """
    sides = list(open_sides(layout, *canvas.size))
    for side in sides:
        if side in {Side.LEFT, Side.RIGHT}:
            free = layout.left if side is Side.LEFT else canvas.width - layout.right
            _draw(canvas, piece, side, _Way(free=free, start=layout.top, gap=_gap(layout, side, product)))
    middle = canvas.crop((0, layout.top, canvas.width, layout.bottom))  # above and below, the corners go on too
    for side in sides:
        if side in {Side.TOP, Side.BOTTOM}:
            free = layout.top if side is Side.TOP else canvas.height - layout.bottom
            _draw(canvas, middle, side, _Way(free=free, start=0, gap=_gap(layout, side, product)))


def are_calm(piece: Image.Image, layout: Layout, frame: Size, product: Box | None) -> bool:
    """Whether the sides beyond which a frame shows background can be drawn outward without stripes."""
    return all(
        _may_go_on(*_edge(_turned(piece, _TO_LEFT[side]), _gap(layout, side, product)))
        for side in open_sides(layout, frame.width, frame.height)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a side goes on: over how many pixels, from where along the side, and how far from the product it is."""

    free: int
    start: int
    gap: float


def _gap(layout: Layout, side: Side, product: Box | None) -> float:
    """How far the product is from a side; one that crosses it is part of what goes on."""
    gap = math.inf if product is None else layout.inset(side, product)
    return gap if gap > 1 else math.inf


def ramp(length: int, first: float, last: float) -> list[int]:
    """From 0 up to 255 over `first` pixels, down again over `last`, without a kink at either end."""
    return [
        round(255 * _eased((at + 0.5) / max(first, 0.5)) * _eased((length - at - 0.5) / max(last, 0.5)))
        for at in range(length)
    ]


def _draw(canvas: Image.Image, piece: Image.Image, side: Side, way: _Way) -> None:
    turned = _turned(canvas, _TO_LEFT[side])
    _to_the_left(turned, _turned(piece, _TO_LEFT[side]), way)
    canvas.paste(_turned(turned, _BACK[side]))


def _turned(image: Image.Image, how: Image.Transpose | None) -> Image.Image:
    return image if how is None else image.transpose(how)


def _to_the_left(canvas: Image.Image, piece: Image.Image, way: _Way) -> None:
    """Fill the free columns left of a piece; where lines would become stripes, they run into each other soon."""
    strip, line = _edge(piece, way.gap)
    deep = strip.width
    outward = _drawn(strip, Size(way.free + deep, piece.height))
    if not _may_go_on(strip, line):
        soft = line.filter(ImageFilter.GaussianBlur((0, _SOFT * line.height))).resize(outward.size, _NEAREST)
        reach = _SOFT * line.height
        fading = Image.new("L", (outward.width, 1))
        fading.putdata([round(255 * _eased(max(0, way.free - at) / reach)) for at in range(outward.width)])
        outward = Image.composite(soft, outward, fading.resize(outward.size, _NEAREST))
    canvas.paste(outward, (0, way.start))
    fade = Image.new("L", (deep, 1))
    fade.putdata(ramp(deep, deep, 0))
    canvas.paste(strip, (way.free, way.start), fade.resize(strip.size, _NEAREST))


def _drawn(strip: Image.Image, size: Size) -> Image.Image:
    """The colours along a side, drawn outward: as real numbers, since whole steps would show as bands."""
    by = thresholds(size)
    channels = []
    for channel in strip.split():
        exact = channel.convert("F").resize((1, size.height), Image.Resampling.BOX)
        smooth = exact.resize((1, max(1, size.height // _SMOOTH)), Image.Resampling.BOX).resize(exact.size)
        channels.append(dithered(smooth.resize((size.width, size.height), _NEAREST), by))
    return Image.merge("RGB", channels)


def _edge(piece: Image.Image, gap: float) -> tuple[Image.Image, Image.Image]:
    """The left side of a piece, up to the product, and its colours along the side."""
    deep = max(2, round(min(piece.width / 4, _DEPTH * min(piece.size), gap / 2)))
    strip = piece.crop((0, 0, deep, piece.height))
    return strip, strip.resize((1, piece.height), Image.Resampling.BOX)


def _may_go_on(strip: Image.Image, line: Image.Image) -> bool:
    return _is_calm(strip, line) and not _is_striped(line)


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
