"""A picture whose edges are not calm goes on as the reflection of its outermost strip.

At the border the reflection is the picture, so there is no step. Wood or cloth around a product is mirrored to and
fro. Where the picture changes soon, the reflection moves inward the slower and is blurred the more the farther out:
what stands deeper in the picture, such as the product, is never shown a second time.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from batch.frames.geometry import Side
from batch.frames.seams import open_sides

if TYPE_CHECKING:
    from batch.core.media import Box
    from batch.frames.geometry import Layout

_LEAST = 0.02
"""Share of the frame's shorter side that the reflection comes inward where the picture changes at once."""

_WHOLE = 0.6
"""Share of its depth over which it is the plain reflection; from there on it is drawn out."""

_ENOUGH, _NEARLY = 0.12, 0.95
"""Background this deep (a share of the side's length) is mirrored to and fro instead, nearly all of it."""

_BINS, _PLACES = 24, 16
_ALIKE = 16
"""Of 255: how much the colours may change inward before something else than the background begins."""

_SLICES = 24
_STAGES = ((1 / 240, 0.0, 0.02), (1 / 60, 0.008, 0.05), (1 / 18, 0.03, 0.14))
"""Blur's radius, where it begins and where nothing sharper is left: shares of the frame's shorter side."""

_MOST_SMALLER = 8

_CONTEXT = 0.16
"""Share of the frame's shorter side that a blur sees of the picture beside it."""

Area = tuple[int, int, int, int]
"""Left, top, right, bottom in the frame."""


def continue_mirrored(canvas: Image.Image, piece: Image.Image, layout: Layout, product: Box | None) -> None:
    """Fill the canvas around a picture.

    Args:
        canvas: RGB, the frame's size; changed.
        piece: The picture as it is shown, RGB.
        layout: Where.
        product: Where the product stands in the frame; the reflection ends before it.
    """
    shorter = min(canvas.size)
    deep = {side: _depth(piece, layout, side, product) for side in open_sides(layout, *canvas.size)}
    deep = {side: max(_LEAST * shorter, depth) for side, depth in deep.items()}
    row = _widened(piece, (layout.left, deep.get(Side.LEFT, 0)), (canvas.width - layout.right, deep.get(Side.RIGHT, 0)))
    column = row.transpose(Image.Transpose.TRANSPOSE)
    above = layout.top, deep.get(Side.TOP, 0)
    below = canvas.height - layout.bottom, deep.get(Side.BOTTOM, 0)
    sharp = _widened(column, above, below).transpose(Image.Transpose.TRANSPOSE)
    long = {side: layout.shown.height if side in {Side.LEFT, Side.RIGHT} else canvas.width for side in deep}
    drawn_out = [depth for side, depth in deep.items() if depth < _ENOUGH * long[side]]
    if not drawn_out:
        canvas.paste(sharp)
        return
    whole = _WHOLE * min(drawn_out)
    later = whole if whole > _LEAST * shorter else 0.0
    for area in _bars(canvas, layout, round(_CONTEXT * shorter)):
        beyond = sharp.crop(area)
        still = beyond
        for radius, begins, ends in _STAGES:
            mask = _distance(area, layout, later + begins * shorter, later + ends * shorter)
            beyond = Image.composite(_blurred(still, radius * shorter), beyond, mask)
        canvas.paste(beyond, area[:2])
    canvas.paste(piece, (layout.left, layout.top))


def _bars(canvas: Image.Image, layout: Layout, more: int) -> list[Area]:
    """What has to be blurred, with some of the picture beside it."""
    whole = (0, 0, canvas.width, canvas.height)
    across = layout.left > 0 or layout.right < canvas.width
    if across and (layout.top > 0 or layout.bottom < canvas.height):
        return [whole]
    bars = {
        Side.LEFT: (0, 0, min(canvas.width, layout.left + more), canvas.height),
        Side.TOP: (0, 0, canvas.width, min(canvas.height, layout.top + more)),
        Side.RIGHT: (max(0, layout.right - more), 0, canvas.width, canvas.height),
        Side.BOTTOM: (0, max(0, layout.bottom - more), canvas.width, canvas.height),
    }
    return [bars[side] for side in open_sides(layout, *canvas.size)]


def _depth(piece: Image.Image, layout: Layout, side: Side, product: Box | None) -> float:
    """How far inward there is nothing but background: up to the product, or to where the colours change."""
    turned = piece.transpose(Image.Transpose.TRANSPOSE) if side in {Side.TOP, Side.BOTTOM} else piece
    coarse = turned.resize((_BINS, _PLACES), Image.Resampling.BOX)
    if side in {Side.RIGHT, Side.BOTTOM}:
        coarse = coarse.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    edge = coarse.crop((0, 0, 1, _PLACES)).resize(coarse.size, Image.Resampling.NEAREST)
    away = ImageChops.difference(coarse, edge).tobytes()
    for at in range(1, _BINS):
        if max(max(away[3 * (row * _BINS + at) : 3 * (row * _BINS + at) + 3]) for row in range(_PLACES)) > _ALIKE:
            break
    else:
        at = _BINS
    depth = (at - 1) * turned.width / _BINS
    return depth if product is None else min(depth, layout.inset(side, product))


def _widened(piece: Image.Image, left: tuple[int, float], right: tuple[int, float]) -> Image.Image:
    """A picture with reflections to the left and to the right: each so wide, and from so deep."""
    wide = Image.new("RGB", (left[0] + piece.width + right[0], piece.height))
    wide.paste(piece, (left[0], 0))
    if left[0] > 0:
        wide.paste(_reflection(piece, *left), (0, 0))
    if right[0] > 0:
        turned = _reflection(piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT), *right)
        wide.paste(turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (left[0] + piece.width, 0))
    return wide


def _reflection(piece: Image.Image, free: int, deep: float) -> Image.Image:
    """The `free` columns to the left of a picture."""
    if deep >= _ENOUGH * piece.height:
        return _to_and_fro(piece, free, int(_NEARLY * min(deep, piece.width)))
    deep = min(deep, float(piece.width))
    whole = min(free, int(_WHOLE * deep))
    height, mesh = piece.height, []
    knots = sorted({0, *(whole + round((free - whole) * (at / _SLICES) ** 2) for at in range(_SLICES + 1))})
    for near, far in itertools.pairwise(knots):
        shown, hidden = _inward(near, whole, deep), _inward(far, whole, deep)
        mesh.append(((free - far, 0, free - near, height), (hidden, 0, hidden, height, shown, height, shown, 0)))
    return piece.transform((free, height), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _to_and_fro(piece: Image.Image, free: int, deep: int) -> Image.Image:
    """Nothing but background for a good way in: as much of it as it takes, there and back again."""
    strip = piece.crop((0, 0, deep, piece.height))
    turned = strip.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    beside = Image.new("RGB", (free, piece.height))
    for number, right in enumerate(range(free, 0, -deep)):
        beside.paste(strip if number % 2 else turned, (right - deep, 0))
    return beside


def _inward(out: float, whole: float, deep: float) -> float:
    """How deep in the picture lies what is reflected so far out."""
    if out <= whole:
        return out
    rest = max(1.0, deep - whole)
    return whole + rest * (1 - math.exp((whole - out) / rest))


def _blurred(image: Image.Image, radius: float) -> Image.Image:
    """Blurred small, where it is cheap and looks the same."""
    smaller = max(1, min(_MOST_SMALLER, int(radius / 1.4)))
    small = image.reduce(smaller).filter(ImageFilter.GaussianBlur(radius / smaller))
    return small.resize(image.size, Image.Resampling.BILINEAR)


def _distance(area: Area, layout: Layout, begins: float, ends: float) -> Image.Image:
    """For an area of the canvas: from black at one distance from the picture to white at another."""
    left, top, right, bottom = area
    row, column = Image.new("L", (right - left, 1)), Image.new("L", (1, bottom - top))
    row.putdata(_ramp(range(left, right), (layout.left, layout.right), begins, ends))
    column.putdata(_ramp(range(top, bottom), (layout.top, layout.bottom), begins, ends))
    size, nearest = (row.width, column.height), Image.Resampling.NEAREST
    return ImageChops.lighter(row.resize(size, nearest), column.resize(size, nearest))


def _ramp(places: range, shown: tuple[int, int], begins: float, ends: float) -> list[int]:
    away = (max(shown[0] - at, at - shown[1] + 1, 0) for at in places)
    return [round(255 * min(1.0, max(0.0, (one - begins) / (ends - begins)))) for one in away]
