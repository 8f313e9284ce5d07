"""A picture whose edges are not calm goes on as the reflection of its outermost strip, drawn out and blurred.

At the border the reflection is the picture, so there is no step. The farther out, the slower it moves inward and the
more it is blurred: what stands deeper in the picture, such as the product, is never shown a second time.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from batch.frames.seams import open_sides

if TYPE_CHECKING:
    from batch.core.media import Box
    from batch.frames.geometry import Layout

_DEEP = 0.06
_LEAST_DEEP = 0.01
"""Shares of the frame's shorter side: how far inward the reflection comes, and how far at least."""

_SLICES = 24
_STAGES = ((1 / 240, 0.0, 0.02), (1 / 60, 0.008, 0.05), (1 / 18, 0.03, 0.14))
"""Blur's radius, where it begins and where nothing sharper is left: shares of the frame's shorter side."""

_CHEAP = 4
"""Wide blurs are made this many times smaller."""


def continue_mirrored(canvas: Image.Image, piece: Image.Image, layout: Layout, product: Box | None) -> None:
    """Fill the canvas around a picture.

    Args:
        canvas: RGB, the frame's size; changed.
        piece: The picture as it is shown, RGB.
        layout: Where.
        product: Where the product stands in the frame; the reflection ends before it.
    """
    shorter = min(canvas.size)
    deep = _DEEP * shorter
    if product is not None:
        gaps = (layout.inset(side, product) for side in open_sides(layout, *canvas.size))
        deep = max(_LEAST_DEEP * shorter, min(deep, *gaps))
    row = _widened(piece, layout.left, canvas.width - layout.right, deep)
    column = row.transpose(Image.Transpose.TRANSPOSE)
    sharp = _widened(column, layout.top, canvas.height - layout.bottom, deep).transpose(Image.Transpose.TRANSPOSE)
    beyond = sharp
    for radius, begins, ends in _STAGES:
        blurred = _blurred(sharp, radius * shorter)
        beyond = Image.composite(blurred, beyond, _distance(canvas, layout, begins * shorter, ends * shorter))
    canvas.paste(beyond)
    canvas.paste(piece, (layout.left, layout.top))


def _widened(piece: Image.Image, left: int, right: int, deep: float) -> Image.Image:
    """A picture with its reflections to the left and to the right."""
    wide = Image.new("RGB", (left + piece.width + right, piece.height))
    wide.paste(piece, (left, 0))
    if left > 0:
        wide.paste(_reflection(piece, left, deep), (0, 0))
    if right > 0:
        turned = _reflection(piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT), right, deep)
        wide.paste(turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (left + piece.width, 0))
    return wide


def _reflection(piece: Image.Image, free: int, deep: float) -> Image.Image:
    """The `free` columns to the left of a picture."""
    deep = min(deep, piece.width / 2)
    height, mesh = piece.height, []
    knots = sorted({round(free * (at / _SLICES) ** 2) for at in range(_SLICES + 1)})
    for near, far in itertools.pairwise(knots):
        shown, hidden = (deep * (1 - math.exp(-at / deep)) for at in (near, far))
        mesh.append(((free - far, 0, free - near, height), (hidden, 0, hidden, height, shown, height, shown, 0)))
    return piece.transform((free, height), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _blurred(image: Image.Image, radius: float) -> Image.Image:
    if radius < 2 * _CHEAP:
        return image.filter(ImageFilter.GaussianBlur(radius))
    small = image.reduce(_CHEAP).filter(ImageFilter.GaussianBlur(radius / _CHEAP))
    return small.resize(image.size, Image.Resampling.BICUBIC)


def _distance(canvas: Image.Image, layout: Layout, begins: float, ends: float) -> Image.Image:
    """From black at one distance from the picture to white at another."""
    row, column = Image.new("L", (canvas.width, 1)), Image.new("L", (1, canvas.height))
    row.putdata(_ramp(canvas.width, layout.left, layout.right, begins, ends))
    column.putdata(_ramp(canvas.height, layout.top, layout.bottom, begins, ends))
    return ImageChops.lighter(row.resize(canvas.size), column.resize(canvas.size))


def _ramp(length: int, first: int, last: int, begins: float, ends: float) -> list[int]:
    away = (max(first - at, at - last + 1, 0) for at in range(length))
    return [round(255 * min(1.0, max(0.0, (one - begins) / (ends - begins)))) for one in away]
