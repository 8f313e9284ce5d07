"""Where a picture comes to stand in a frame: pure arithmetic, one scale for both directions.

Two coordinate systems: the source's pixels, and the frame's. `frame = scale * source + offset`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from batch.core.media import Box, Size


class Side(StrEnum):
    """A side of a picture."""

    LEFT = "left"
    TOP = "top"
    RIGHT = "right"
    BOTTOM = "bottom"


ALL_SIDES = frozenset(Side)

_WORTH = 2 / 3
"""Traces too faint to be seen may cost a product this share of its size, no more: beyond it they are dirt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What part of the source is shown where.

    Args:
        scale: Frame pixels per source pixel.
        crop: The part of the source that is shown, in source pixels.
        left, top, right, bottom: Where it is shown, in whole frame pixels; the rest of the frame is background.
        offset_x, offset_y: Where the source's corner lies in the frame, in frame pixels.
    """

    scale: float
    crop: Box
    left: int
    top: int
    right: int
    bottom: int
    offset_x: float
    offset_y: float

    @property
    def shown(self) -> Size:
        """The size of the part of the frame that shows the source."""
        return Size(self.right - self.left, self.bottom - self.top)

    def fills(self, frame: Size) -> bool:
        """Whether no background is needed."""
        return self.shown == frame

    def in_frame(self, box: Box) -> Box:
        """Where an area of the source lies in the frame."""
        return Box(
            self.scale * box.left + self.offset_x,
            self.scale * box.top + self.offset_y,
            self.scale * box.right + self.offset_x,
            self.scale * box.bottom + self.offset_y,
        )

    def inset(self, side: Side, box: Box) -> float:
        """How far a side of the shown picture lies from an area of the frame; negative where the area crosses it."""
        return {
            Side.LEFT: box.left - self.left,
            Side.TOP: box.top - self.top,
            Side.RIGHT: self.right - box.right,
            Side.BOTTOM: self.bottom - box.bottom,
        }[side]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLayout:
    """The product cannot be framed without showing where the picture cuts it off."""

    reason: str


def contain(source: Size, frame: Size) -> Layout:
    """The whole source, centred."""
    scale = min(frame.width / source.width, frame.height / source.height)
    return _centred(source, frame, scale)


def cover(source: Size, frame: Size, around: Box | None = None) -> Layout:
    """The whole frame full of source, centred, or as near to the middle of an area of the source as that allows."""
    scale = max(frame.width / source.width, frame.height / source.height)
    if around is None:
        return _centred(source, frame, scale)
    x = _kept_full(frame.width, scale * source.width, scale * (around.left + around.right) / 2)
    y = _kept_full(frame.height, scale * source.height, scale * (around.top + around.bottom) / 2)
    return _placed(source, frame, scale, x, y)


def _kept_full(frame: float, length: float, middle: float) -> float:
    """The offset at which a length covers the frame and its point `middle` is nearest to the frame's."""
    return min(0.0, max(frame - length, frame / 2 - middle))


def same_shape(source: Size, frame: Size) -> bool:
    """Whether scaling alone turns the source into the frame, to within half a frame pixel."""
    fitted = contain(source, frame)
    return fitted.fills(frame)


def subject(
    source: Size,
    box: Box,
    frame: Size,
    *,
    margin: float,
    cut: frozenset[Side] = frozenset(),
    reach: Box | None = None,
) -> Layout | NoLayout:
    """The product as large as possible and centred, whole, with a margin.

    A side at which the source itself cuts the product comes to lie on the frame's edge, so that the cut
    never shows inside the frame.

    Args:
        source: The source's size.
        box: Where the product is in the source.
        frame: The frame's size.
        margin: Share of the frame's shorter side that stays free on each side that is not in `cut`.
        cut: The sides of the source that cut the product.
        reach: How far the product goes down to its faintest trace. It is kept in the frame too, without a margin,
            unless the product would become less than two thirds as large for it.
    """
    free = margin * frame.shorter
    plain = _around(source, box, frame, reach=box, free=free, cut=cut)
    if reach is None or isinstance(plain, NoLayout):
        return plain
    whole = _around(source, box, frame, reach=reach, free=free, cut=cut)
    return whole if isinstance(whole, Layout) and whole.scale >= _WORTH * plain.scale else plain


def _around(source: Size, box: Box, frame: Size, *, reach: Box, free: float, cut: frozenset[Side]) -> Layout | NoLayout:
    across = _Axis(
        length=source.width,
        start=box.left,
        end=box.right,
        reach_start=reach.left,
        reach_end=reach.right,
        frame=frame.width,
        free=free,
        cut_start=Side.LEFT in cut,
        cut_end=Side.RIGHT in cut,
    )
    down = _Axis(
        length=source.height,
        start=box.top,
        end=box.bottom,
        reach_start=reach.top,
        reach_end=reach.bottom,
        frame=frame.height,
        free=free,
        cut_start=Side.TOP in cut,
        cut_end=Side.BOTTOM in cut,
    )
    largest = min(across.largest, down.largest)
    scale = max((axis.filling for axis in (across, down) if axis.pinned), default=largest)
    if scale > largest + 1e-9 or any(axis.pinned and axis.filling < scale - 1e-9 for axis in (across, down)):
        return NoLayout(reason="the picture cuts the product off at opposite sides")
    return _placed(source, frame, scale, across.offset(scale), down.offset(scale))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """One direction of the task: the source's length, the product's start and end in it, the frame's length."""

    length: float
    start: float
    end: float
    reach_start: float
    reach_end: float
    frame: float
    free: float
    cut_start: bool
    cut_end: bool

    @property
    def pinned(self) -> bool:
        return self.cut_start and self.cut_end

    @property
    def filling(self) -> float:
        """The scale at which the source fills the frame exactly."""
        return self.frame / self.length

    @property
    def largest(self) -> float:
        """The largest scale at which the product still fits, with its margins."""
        if self.pinned:
            return self.filling
        return min(
            max(self.frame - free_before - free_after, 1.0) / (last - first)
            for first, free_before in self._firsts
            for last, free_after in self._lasts
        )

    def offset(self, scale: float) -> float:
        if self.cut_start:
            return 0.0
        if self.cut_end:
            return self.frame - scale * self.length
        centred = (self.frame - scale * (self.start + self.end)) / 2
        least = max(free - scale * first for first, free in self._firsts)
        most = min(self.frame - free - scale * last for last, free in self._lasts)
        return min(max(centred, least), most)

    @property
    def _firsts(self) -> tuple[tuple[float, float], ...]:
        """What must not come before the frame's start: where it is in the source, and what stays free before it."""
        return ((0.0, 0.0),) if self.cut_start else ((self.start, self.free), (self.reach_start, 0.0))

    @property
    def _lasts(self) -> tuple[tuple[float, float], ...]:
        """The same at the frame's end."""
        return ((self.length, 0.0),) if self.cut_end else ((self.end, self.free), (self.reach_end, 0.0))


def _centred(source: Size, frame: Size, scale: float) -> Layout:
    x = (frame.width - scale * source.width) / 2
    y = (frame.height - scale * source.height) / 2
    return _placed(source, frame, scale, x, y)


def _placed(source: Size, frame: Size, scale: float, x: float, y: float) -> Layout:
    left, right, crop_left, crop_right = _visible(source.width, frame.width, scale, x)
    top, bottom, crop_top, crop_bottom = _visible(source.height, frame.height, scale, y)
    return Layout(
        scale=scale,
        crop=Box(crop_left, crop_top, crop_right, crop_bottom),
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        offset_x=x,
        offset_y=y,
    )


def _visible(length: int, frame: int, scale: float, offset: float) -> tuple[int, int, float, float]:
    """Start and end in the frame (whole pixels), start and end in the source."""
    start, end = offset, offset + scale * length
    first = max(0, _nearest(start))
    last = min(frame, max(_nearest(end), first + 1))
    first = min(first, last - 1)
    crop_first = max(0.0, -start / scale) if start < -0.5 else 0.0
    crop_last = min(float(length), (frame - start) / scale) if end > frame + 0.5 else float(length)
    return first, last, crop_first, crop_last


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)
