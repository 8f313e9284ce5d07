"""The background beside a picture: made in each way that suits it, and judged by the seam that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from batch.core.media import Box, Size
from batch.frames.edges import are_calm, continue_edges, ramp
from batch.frames.geometry import Side
from batch.frames.mirroring import continue_mirrored
from batch.frames.seams import VISIBLE, open_sides, seam
from batch.frames.settings import Beyond

if TYPE_CHECKING:
    from batch.frames.backdrop import Surface
    from batch.frames.geometry import Layout

_FEATHER = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A picture that does not fill its frame.

    Args:
        piece: What is shown of it, RGB.
        layout: Where.
        frame: The frame's size.
        source: The whole picture's size.
        under: One colour that goes with it.
        surface: Through its border's colours; None for a cutout.
        product: Where the product stands in the frame, if that is known.
    """

    piece: Image.Image
    layout: Layout
    frame: Size
    source: Size
    under: tuple[int, int, int]
    surface: Surface | None
    product: Box | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """A finished frame; see `Looks` for the fields."""

    image: Image.Image
    beyond: Beyond | None
    seam: float | None


def extended(task: Task, ways: tuple[Beyond, ...]) -> Extended:
    """Make the background in the first way that leaves no visible seam, or else in the one whose seam shows least.

    Edges that are not calm would go on as stripes: where there is a choice, they do not.
    """
    best: Extended | None = None
    for way in ways:
        if way is Beyond.EDGE and len(ways) > 1 and not are_calm(task.piece, task.layout, task.frame, task.product):
            continue
        image = _made(task, way)
        found = Extended(image=image, beyond=_named(task, way), seam=seam(image, task.layout, task.product))
        if best is None or (found.seam or 0.0) < (best.seam or 0.0):
            best = found
        if (found.seam or 0.0) <= VISIBLE:
            break
    assert best is not None
    return best


def _named(task: Task, way: Beyond) -> Beyond:
    """A gradient that is one colour is called one."""
    even = way is Beyond.GRADIENT and task.surface is not None and task.surface.flat
    return Beyond.COLOUR if even else way


def _wide(task: Task) -> tuple[int, int]:
    return task.frame.width, task.frame.height


def _made(task: Task, way: Beyond) -> Image.Image:
    place = (task.layout.left, task.layout.top)
    if way is Beyond.GRADIENT and task.surface is not None:
        canvas = task.surface.drawn(_in_units(task.layout, task.source, task.frame), task.frame)
        canvas.paste(task.piece, place, _feather(task))
        return canvas
    canvas = Image.new("RGB", _wide(task), task.under)
    if way is Beyond.BLUR:
        continue_mirrored(canvas, task.piece, task.layout, task.product)
        return canvas
    canvas.paste(task.piece, place)
    if way is Beyond.EDGE:
        continue_edges(canvas, task.piece, task.layout, task.product)
    return canvas


def _in_units(layout: Layout, source: Size, frame: Size) -> Box:
    """The frame in the surface's coordinates, where the source goes from -1 to 1."""
    half_x, half_y = layout.scale * source.width / 2, layout.scale * source.height / 2
    middle_x, middle_y = layout.offset_x + half_x, layout.offset_y + half_y
    return Box(
        -middle_x / half_x,
        -middle_y / half_y,
        (frame.width - middle_x) / half_x,
        (frame.height - middle_y) / half_y,
    )


def _feather(task: Task) -> Image.Image:
    """White over the product, going to black towards each side beyond which the background is drawn."""
    layout, size = task.layout, task.layout.shown
    half = (layout.left + layout.right) / 2, (layout.top + layout.bottom) / 2
    product = task.product or Box(*half, *half)
    sides = set(open_sides(layout, task.frame.width, task.frame.height))
    wide = {
        side: min(_FEATHER * task.frame.shorter, layout.inset(side, product)) if side in sides else 0.0 for side in Side
    }
    across = ramp(size.width, wide[Side.LEFT], wide[Side.RIGHT])
    down = ramp(size.height, wide[Side.TOP], wide[Side.BOTTOM])
    shape = (size.width, size.height)
    row, column = Image.new("L", (size.width, 1)), Image.new("L", (1, size.height))
    row.putdata(across)
    column.putdata(down)
    nearest = Image.Resampling.NEAREST
    return ImageChops.multiply(row.resize(shape, nearest), column.resize(shape, nearest))
