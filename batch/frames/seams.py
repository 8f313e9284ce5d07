"""How visible the step is between a picture and the background that was made beside it.

A step is held against what the picture and the background do by themselves on both sides of it, in three widths: a
hard edge of a few pixels shows sooner than the same step spread over a tenth of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from batch.frames.geometry import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from batch.core.media import Box
    from batch.frames.geometry import Layout

VISIBLE = 1.0
"""What `seam` gives for a step that can just be seen."""

_HARD = (0.006, 2.0)
_SOFT = ((0.02, 4.0), (0.08, 8.0))
"""Shares of the frame's shorter side, and the steps of 255 over them that can just be seen."""

_ROUGH = (0.03, 4.0)
"""The same for the mean step from one pixel to its neighbour."""

_PLACES, _FEWEST = 36, 8
_SPREAD = 0.8
"""A seam is what that share of a side's places does not exceed: a leaf that crosses the border is none."""

_Pixel = tuple[int, int, int]


def open_sides(layout: Layout, width: int, height: int) -> Iterator[Side]:
    """The sides of a picture beyond which a frame of that size shows background."""
    gaps = {
        Side.LEFT: layout.left,
        Side.TOP: layout.top,
        Side.RIGHT: width - layout.right,
        Side.BOTTOM: height - layout.bottom,
    }
    return (side for side, gap in gaps.items() if gap > 0)


def seam(canvas: Image.Image, layout: Layout, product: Box | None) -> float | None:
    """The most visible step, 1 being just visible; None where the picture fills the frame.

    Args:
        canvas: The finished frame, RGB.
        layout: Where the picture lies in it.
        product: Where the product stands in the frame: its own outline is no seam.
    """
    found: list[float] = []
    for side in open_sides(layout, *canvas.size):
        border = _Border.of(canvas, layout, side, product)
        found.append(border.hard(max(2, round(_HARD[0] * min(canvas.size)))) / _HARD[1])
        found.append(border.rough(round(_ROUGH[0] * min(canvas.size))) / _ROUGH[1])
        found += [border.soft(round(share * min(canvas.size))) / visible for share, visible in _SOFT]
    return max(found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Border:
    """One open side of a picture, turned so that the background lies to the left of it.

    Args:
        canvas: As high as the side is long.
        at: Where the picture begins.
        end: Where it ends.
        product: Where the product begins, and from where to where along the side; None where that is not known.
    """

    canvas: Image.Image
    at: int
    end: int
    product: tuple[float, float, float] | None

    @classmethod
    def of(cls, canvas: Image.Image, layout: Layout, side: Side, product: Box | None) -> _Border:
        lying = side in {Side.TOP, Side.BOTTOM}
        box = (layout.left, 0, layout.right, canvas.height) if lying else (0, layout.top, canvas.width, layout.bottom)
        turned = canvas.crop(box)
        turned = turned.transpose(Image.Transpose.TRANSPOSE) if lying else turned
        first, last = (layout.top, layout.bottom) if lying else (layout.left, layout.right)
        start = layout.left if lying else layout.top
        where = None
        if product is not None:
            along = (product.left, product.right) if lying else (product.top, product.bottom)
            where = (layout.inset(side, product), along[0] - start, along[1] - start)
        if side in {Side.RIGHT, Side.BOTTOM}:
            turned = turned.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            first, last = turned.width - last, turned.width - first
        return cls(canvas=turned, at=first, end=last, product=where)

    def hard(self, width: int) -> float:
        """The step from one pixel to the next, beyond what happens on either side of it."""
        if not self._room(width, 2):
            return 0.0
        far, near, first, second = (self._colours(at, width) for at in (-2, -1, 0, 1))
        return _spread(
            _away(near[at], first[at]) - max(_away(far[at], near[at]), _away(first[at], second[at]))
            for at in range(len(near))
        )

    def soft(self, width: int) -> float:
        """The step between what lies outside and what lies one width inside, where the two run into each other."""
        if not self._room(width, 3):
            return 0.0
        far, near, second, third = (self._colours(at, width) for at in (-2, -1, 1, 2))
        return _spread(
            _away(near[at], second[at]) - 2 * max(_away(far[at], near[at]), _away(second[at], third[at]))
            for at in range(len(near))
            if not self._is_product(self.canvas.height * (at + 0.5) / len(near), 3 * width)
        )

    def rough(self, width: int) -> float:
        """How much rougher one side is than the other: grain that ends at a line."""
        if not self._room(width, 3):
            return 0.0
        outside, inside, deeper = (self._roughness(at, width) for at in (-1, 1, 2))
        return _spread(
            abs(inside[at] - outside[at]) - abs(inside[at] - deeper[at])
            for at in range(len(outside))
            if not self._is_product(self.canvas.height * (at + 0.5) / len(outside), 3 * width)
        )

    def _roughness(self, stripe: int, width: int) -> list[float]:
        """The mean step from pixel to pixel along a stripe, by place."""
        first = max(0, self.at + stripe * width)
        piece = self.canvas.crop((first, 0, first + width, self.canvas.height)).convert("L")
        wide, high = piece.size
        steps = ImageChops.difference(piece.crop((0, 0, wide - 1, high - 1)), piece.crop((1, 1, wide, high)))
        places = max(1, min(_PLACES, self.canvas.height))
        return list(steps.resize((1, places), Image.Resampling.BOX).tobytes())

    def _room(self, width: int, inside: int) -> bool:
        return self.at >= width and self.end - self.at >= inside * width

    def _colours(self, stripe: int, width: int) -> list[_Pixel]:
        """The colours of a stripe that many widths from the border."""
        first = max(0, self.at + stripe * width)
        places = max(1, min(_PLACES, self.canvas.height))
        box = (first, 0, first + width, self.canvas.height)
        data = self.canvas.resize((1, places), Image.Resampling.BOX, box=box).tobytes()
        return [(data[i], data[i + 1], data[i + 2]) for i in range(0, len(data), 3)]

    def _is_product(self, along: float, deep: int) -> bool:
        """Whether the product begins so near to the border that its own outline would be taken for a seam."""
        if self.product is None:
            return False
        away, first, last = self.product
        return first <= along <= last and away < deep


def _spread(steps: Iterable[float]) -> float:
    known = sorted(steps)
    if len(known) < _FEWEST:
        return 0.0
    return max(0.0, known[int(_SPREAD * (len(known) - 1))])


def _away(one: _Pixel, other: _Pixel) -> int:
    return max(abs(mine - theirs) for mine, theirs in zip(one, other, strict=True))
