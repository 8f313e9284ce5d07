"""The separate things in a picture: what hangs together on a coarse grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from batch.core.media import Box, Size

if TYPE_CHECKING:
    from batch.core.framing import Focus

_CELLS = 72
_COVERED = 80
"""Of 255: how much of a cell has to be product."""

_LEAST = 0.15
"""A thing with less than this share of the largest one's area is a detail: a tag, a crumb, a reflection."""


def parts_of(mask: Image.Image, source: Size) -> tuple[Box, ...]:
    """Around each thing of a mask (white is product), in source pixels, the largest first.

    Gaps of about a seventieth of the picture do not part a thing.
    """
    factor = _CELLS / max(mask.size)
    columns, rows = (max(1, round(factor * side)) for side in mask.size)
    data = mask.resize((columns, rows), Image.Resampling.BOX).tobytes()
    todo = {at for at, value in enumerate(data) if value >= _COVERED}
    found: list[list[int]] = []
    while todo:
        found.append(_taken(todo, columns))
    found.sort(key=len, reverse=True)
    across, down = source.width / columns, source.height / rows
    return tuple(_box(cells, columns, across, down) for cells in found if len(cells) >= _LEAST * len(found[0]))


def part_at(parts: tuple[Box, ...], focus: Focus, source: Size) -> Box | None:
    """The thing that lies at a point, or nearest to it; None where there is none."""
    x, y = float(focus.x) * source.width, float(focus.y) * source.height
    return min(parts, key=lambda box: _distance(box, x, y), default=None)


def area_of(focus: Focus, source: Size) -> Box:
    """Where a focus lies in the source, in pixels; a point has no extent."""
    left, top = float(focus.x) * source.width, float(focus.y) * source.height
    return Box(left, top, left + float(focus.width) * source.width, top + float(focus.height) * source.height)


def _taken(todo: set[int], columns: int) -> list[int]:
    """Take one thing's cells out of those that are left, diagonal neighbours included."""
    waiting = [todo.pop()]
    cells = []
    while waiting:
        at = waiting.pop()
        cells.append(at)
        column = at % columns
        for beside in (-1, 0, 1):
            if not 0 <= column + beside < columns:
                continue
            for neighbour in (at + beside - columns, at + beside, at + beside + columns):
                if neighbour in todo:
                    todo.remove(neighbour)
                    waiting.append(neighbour)
    return cells


def _box(cells: list[int], columns: int, across: float, down: float) -> Box:
    xs, ys = [at % columns for at in cells], [at // columns for at in cells]
    return Box(min(xs) * across, min(ys) * down, (max(xs) + 1) * across, (max(ys) + 1) * down)


def _distance(box: Box, x: float, y: float) -> float:
    return max(box.left - x, x - box.right, 0.0) ** 2 + max(box.top - y, y - box.bottom, 0.0) ** 2
