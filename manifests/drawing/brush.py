"""A canvas with soft masks, gradients and textures: everything the pictures are painted with."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .outline import Outline, Point

Rgba = tuple[int, int, int, int]
Stops = list[tuple[float, str]]
Area = tuple[int, int, int, int]


class Paint(Protocol):
    """What fills an outline."""

    def render(self, area: Area, scale: float) -> Image.Image:
        """Return the RGBA pixels of `area` (pixels) of a canvas with `scale` pixels a unit."""
        ...


def rgba(colour: str) -> Rgba:
    """Read `#rrggbb` or `#rrggbbaa`."""
    red, green, blue, *alpha = ImageColor.getrgb(colour)
    return red, green, blue, (alpha[0] if alpha else 255)


def mix(first: str, second: str, share: float) -> str:
    """Blend two colours; `share` is the second one's part, 0 to 1."""
    blended = (round(a + (b - a) * share) for a, b in zip(rgba(first), rgba(second), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in blended)


def lighter(colour: str, share: float) -> str:
    """Blend towards white."""
    return mix(colour, "#ffffff", share)


def darker(colour: str, share: float) -> str:
    """Blend towards a warm black."""
    return mix(colour, "#14100f", share)


def _tables(stops: Stops, size: int, low: float = 0, high: float = 1) -> list[list[int]]:
    """Return `size` steps from `low` to `high` along the stops, for each of the four channels."""
    colours = [(at, rgba(colour)) for at, colour in stops]
    tables: list[list[int]] = [[], [], [], []]
    for step in range(size):
        t = low + (high - low) * step / (size - 1)
        after = next((k for k, (at, _) in enumerate(colours) if at >= t), len(colours) - 1)
        (t0, first), (t1, second) = colours[max(after - 1, 0)], colours[after]
        share = min(max((t - t0) / (t1 - t0), 0), 1) if t1 > t0 else 1
        for table, a, b in zip(tables, first, second, strict=True):
            table.append(round(a + (b - a) * share))
    return tables


@dataclass(frozen=True, slots=True)
class Flat:
    """One colour."""

    colour: str

    def render(self, area: Area, scale: float) -> Image.Image:  # noqa: ARG002 - a flat colour has no scale
        """Fill the area."""
        return Image.new("RGBA", (area[2] - area[0], area[3] - area[1]), rgba(self.colour))


@dataclass(frozen=True, slots=True)
class Linear:
    """A gradient from one point to another, its ends continued beyond them."""

    start: Point
    end: Point
    stops: Stops

    def render(self, area: Area, scale: float) -> Image.Image:
        """Fill the area."""
        (x0, y0), (x1, y1) = self.start, self.end
        square = ((x1 - x0) ** 2 + (y1 - y0) ** 2) * scale
        by_x, by_y = (x1 - x0) / square, (y1 - y0) / square
        at_origin = by_x * (area[0] - x0 * scale) + by_y * (area[1] - y0 * scale)
        width, height = area[2] - area[0], area[3] - area[1]
        corners = [at_origin + by_x * x + by_y * y for x in (0, width) for y in (0, height)]
        low, high = min(corners) - 0.01, max(corners) + 0.01
        steps = 2048
        bands = [Image.new("L", (steps, 1)) for _ in "RGBA"]
        for band, table in zip(bands, _tables(self.stops, steps, low, high), strict=True):
            band.putdata(table)
        # Three rows: bilinear sampling reads the neighbours of the middle one.
        strip = Image.merge("RGBA", bands).resize((steps, 3))
        factor = (steps - 1) / (high - low)
        matrix = (by_x * factor, by_y * factor, (at_origin - low) * factor, 0, 0, 1)
        return strip.transform((width, height), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)


@dataclass(frozen=True, slots=True)
class Radial:
    """A gradient from a centre to the edge of an ellipse, its end continued beyond it."""

    centre: Point
    rx: float
    ry: float
    stops: Stops

    def render(self, area: Area, scale: float) -> Image.Image:
        """Fill the area."""
        size = (max(round(2 * self.rx * scale), 1), max(round(2 * self.ry * scale), 1))
        disc = Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC)
        distance = Image.new("L", (area[2] - area[0], area[3] - area[1]), 255)
        left, top = (self.centre[0] - self.rx) * scale, (self.centre[1] - self.ry) * scale
        distance.paste(disc, (round(left) - area[0], round(top) - area[1]))
        # Pillow's gradient reaches 255 in the corners, and 181 where the ellipse ends.
        return Image.merge("RGBA", [distance.point(table) for table in _tables(self.stops, 256, 0, 255 / 181)])


@dataclass(frozen=True, slots=True)
class Grain:
    """Noise of one colour whose cells measure `width` x `height` units: fabric, leather, wood, plaster."""

    colour: str
    strength: float
    width: float
    height: float
    seed: int = 7

    def render(self, area: Area, scale: float) -> Image.Image:
        """Fill the area."""
        size = area[2] - area[0], area[3] - area[1]
        cells = max(round(size[0] / scale / self.width), 2), max(round(size[1] / scale / self.height), 2)
        noise = Image.frombytes("L", cells, random.Random(self.seed).randbytes(cells[0] * cells[1]))
        alpha = noise.resize(size, Image.Resampling.BICUBIC).point(lambda v: v * self.strength)
        layer = Image.new("RGBA", size, rgba(self.colour))
        layer.putalpha(alpha)
        return layer


class Canvas:
    """A picture under work, drawn larger than it will be and scaled down at the end."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        """Begin with nothing but transparency.

        Args:
            width: In units; outlines are given in the same.
            height: In units.
            scale: Pixels per unit while drawing: about twice those of the finished picture.
        """
        self.width, self.height, self.scale = width, height, scale
        self._image = Image.new("RGBA", (round(width * scale), round(height * scale)))

    def mask(self, outline: Outline, blur: float = 0) -> Image.Image:
        """Return the coverage of an outline, softened by `blur` units."""
        mask = Image.new("L", self._image.size)
        ImageDraw.Draw(mask).polygon([(x * self.scale, y * self.scale) for x, y in outline], fill=255)
        if not blur:
            return mask
        reach = blur * self.scale
        found = mask.getbbox()
        if found is None:
            return mask
        spread = (
            max(int(found[0] - 3 * reach), 0),
            max(int(found[1] - 3 * reach), 0),
            min(int(found[2] + 3 * reach), mask.width),
            min(int(found[3] + 3 * reach), mask.height),
        )
        mask.paste(mask.crop(spread).filter(ImageFilter.GaussianBlur(reach)), spread[:2])
        return mask

    def fill(
        self,
        outline: Outline,
        paint: Paint | str,
        *,
        blur: float = 0,
        opacity: float = 1,
        inside: Sequence[Outline] = (),
    ) -> None:
        """Paint an outline.

        Args:
            outline: What to fill.
            paint: A colour, a gradient or a texture.
            blur: Softness of the edge, in units.
            opacity: 0 to 1.
            inside: The paint stays within all of these outlines.
        """
        mask = self.mask(outline, blur)
        for limit in inside:
            mask = ImageChops.multiply(mask, self.mask(limit))
        self._lay(mask, paint, opacity)

    def rim(
        self, outline: Outline, paint: Paint | str, *, dx: float, dy: float, blur: float, opacity: float = 1
    ) -> None:
        """Paint the part of an outline that a shifted copy of it leaves free: light or shade along an edge."""
        shifted = self.mask([(x + dx, y + dy) for x, y in outline], blur)
        self._lay(ImageChops.multiply(self.mask(outline), ImageChops.invert(shifted)), paint, opacity)

    def backdrop(self, paint: Paint | str) -> None:
        """Paint the whole canvas."""
        self.fill([(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)], paint)

    def _lay(self, mask: Image.Image, paint: Paint | str, opacity: float) -> None:
        area = mask.getbbox()
        if area is None:
            return
        layer = (Flat(paint) if isinstance(paint, str) else paint).render(area, self.scale)
        coverage = mask.crop(area).point(lambda v: v * opacity)
        layer.putalpha(ImageChops.multiply(layer.getchannel("A"), coverage))
        self._image.alpha_composite(layer, area[:2])

    def finish(self, width: int) -> Image.Image:
        """Scale to the final width in pixels."""
        height = round(width * self.height / self.width)
        # Premultiplied, so that the invisible colour of transparent pixels does not bleed into the edge.
        small = self._image.convert("RGBa").resize((width, height), Image.Resampling.LANCZOS)
        return small.convert("RGBA")


def round_body(colour: str, left: float, right: float, gloss: float = 0.5) -> Linear:
    """Shade a turned body lit from the upper left, from its left edge to its right one."""
    return Linear(
        (left, 0),
        (right, 0),
        [
            (0.0, darker(colour, 0.34)),
            (0.07, darker(colour, 0.12)),
            (0.22, lighter(colour, 0.30 * gloss)),
            (0.31, lighter(colour, 0.46 * gloss)),
            (0.42, lighter(colour, 0.12 * gloss)),
            (0.62, darker(colour, 0.08)),
            (0.86, darker(colour, 0.42)),
            (0.95, darker(colour, 0.46)),
            (1.0, darker(colour, 0.30)),
        ],
    )
