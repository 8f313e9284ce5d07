"""Where the product is: by transparency, or by its difference from a plain border."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

from batch.core.media import Box, Size
from batch.frames import backdrop
from batch.frames.geometry import ALL_SIDES, Side
from batch.frames.parts import parts_of

if TYPE_CHECKING:
    from batch.frames.backdrop import Colour, Surface
    from batch.frames.decoding import Picture

_LOOK = 1024
"""The picture is looked at with at most this many pixels a side."""

_VISIBLE = 8
"""Of 255: fainter alpha is what is left of erasing, not of a product or its shadow."""

_FAR = 0.03
_PLAIN_SHARE = 0.62
_PLAIN_REACH = 10.0
_PLAIN_GRAIN = 6
_SMALLEST = 0.0004
_TOUCH = 0.006
_CUT_SHARE = 0.3
_NEAR_WHITE = 230
_WHITE_SHARE = 0.15
_SOLID = 200
_LIKE = 18
"""Of 255: what differs by less is lost in a moving picture."""
_CLEAR = 60
"""Of 255: what differs by more is a thing, not its shadow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The product.

    Args:
        box: Where it is, in source pixels, shadow included.
        cut: The sides of the source that seem to cut it.
        reach: Where it goes down to its faintest trace, as the tail of a shadow does; None where that is not known.
    """

    box: Box
    cut: frozenset[Side]
    reach: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutout:
    """A product on transparency.

    Args:
        subject: All that is visible.
        outline: How light its solid outline is: pixels of each lightness from 0 to 255.
        parts: The separate things in it; see `batch.frames.parts`.
    """

    subject: Subject
    outline: tuple[int, ...]
    parts: tuple[Box, ...]

    @property
    def pale(self) -> bool:
        """Whether a good part of its outline is so light that white would swallow it."""
        total = sum(self.outline)
        return total > 0 and sum(self.outline[_NEAR_WHITE:]) > _WHITE_SHARE * total

    def contrast_on(self, colour: tuple[int, int, int]) -> float | None:
        """The share of its outline that differs from a colour in lightness; None where nothing of it is solid."""
        total = sum(self.outline)
        lightness = round(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])
        near = self.outline[max(0, lightness - _LIKE) : lightness + _LIKE + 1]
        return (total - sum(near)) / total if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """A picture with a plain border.

    Args:
        surface: The border's colours, as a smooth surface over the whole picture.
        subject: What differs from it; None where nothing does, or all does.
        contrast: The share of its outline that differs clearly; None without a product.
        parts: The separate things in it; see `batch.frames.parts`.
    """

    surface: Surface
    subject: Subject | None
    contrast: float | None
    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A picture whose border is not plain: it is content up to its edge.

    Args:
        colour: The middle of its border's colours.
        surface: As smooth a surface as goes through them.
    """

    colour: Colour
    surface: Surface


def look_at(picture: Picture) -> Cutout | Studio | Scene:
    """What kind of picture it is, and where the product is in it.

    A picture with a few transparent parts and an opaque border counts as opaque, on white.
    """
    small = picture.reduced(_LOOK)
    if picture.transparent:
        found = _cutout(picture, small)
        if found is not None:
            return found
        small = on_colour(small, (255, 255, 255))
    return _opaque(small, picture.size)


def on_colour(image: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """RGB as it is, RGBA laid on a colour."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, colour)
    flat.paste(image, mask=image.getchannel("A"))
    return flat


def _cutout(picture: Picture, small: Image.Image) -> Cutout | None:
    """None where most of the border is opaque."""
    alpha = small.getchannel("A")
    if _border_share(alpha.point(lambda value: 255 * (value <= _VISIBLE))) < _PLAIN_SHARE / 2:
        return None
    opacity = picture.pixels.getchannel("a")
    subject = _subject([_Mask(opacity.point(lambda value: 255 * (value > _VISIBLE)), picture.size)])
    found = _everything(picture.size) if subject is None else replace(subject, reach=_reach(opacity, picture.size))
    parts = parts_of(alpha.point(lambda value: 255 * (value > _SOLID)), picture.size)
    return Cutout(subject=found, outline=_outline(small), parts=parts)


def _reach(opacity: Image.Image, source: Size) -> Box | None:
    """Where anything is left of a cutout, but for lone pixels far out: those are what erasing forgot."""
    all_of_it, body = _Mask(opacity, source).box, _Mask(opacity.reduce(4), source).box
    if all_of_it is None or body is None:
        return all_of_it
    far = _FAR * max(source.width, source.height)
    return Box(
        all_of_it.left if body.left - all_of_it.left <= far else body.left,
        all_of_it.top if body.top - all_of_it.top <= far else body.top,
        all_of_it.right if all_of_it.right - body.right <= far else body.right,
        all_of_it.bottom if all_of_it.bottom - body.bottom <= far else body.bottom,
    )


def _outline(small: Image.Image) -> tuple[int, ...]:
    """How light the solid outline of a cutout is: pixels of each lightness."""
    calm = small.reduce(max(1, max(small.size) // 512))
    solid = calm.getchannel("A").point(lambda value: 255 * (value > _SOLID))
    outline = ImageChops.subtract(solid, solid.filter(ImageFilter.MinFilter(3)))
    return tuple(calm.convert("RGB").convert("L").histogram(outline))


def _opaque(small: Image.Image, source: Size) -> Studio | Scene:
    samples = backdrop.border_samples(small)
    surface = backdrop.fitted(samples)
    near = sum(surface.distance(sample) <= _PLAIN_REACH for sample in samples)
    if near < _PLAIN_SHARE * len(samples):
        return Scene(colour=backdrop.median_colour(samples), surface=surface)
    size = Size(*small.size)
    away = _largest_channel(ImageChops.difference(small, surface.sketched(size)))
    if _at_border(away, 0.5) > _PLAIN_GRAIN:  # even on the whole, but wood or cloth: its grain looks like products
        return Scene(colour=backdrop.median_colour(samples), surface=surface)
    calm = away.reduce(4) if size.shorter >= 64 else away
    sharp = _above(away, max(22, 4 * _noise(away) + 6))
    faint = _above(calm.filter(ImageFilter.MedianFilter(3)), 2 * _noise(calm) + 3)
    subject = _differing(sharp, faint, source)
    if subject is None:
        return Studio(surface=surface, subject=None, contrast=None, parts=())
    clear = _above(calm, _CLEAR)
    parts = parts_of(clear if clear.getbbox() else faint, source)
    return Studio(surface=surface, subject=subject, contrast=_clear_share(calm, faint), parts=parts)


def _differing(sharp: Image.Image, faint: Image.Image, source: Size) -> Subject | None:
    """What stands out: sharply at full resolution (thin parts), or faintly over an area (soft shadows)."""
    subject = _subject([_Mask(sharp, source), _Mask(faint, source)])
    if subject is None or subject.box.width * subject.box.height < _SMALLEST * source.pixels:
        return None
    return subject


def _clear_share(away: Image.Image, product: Image.Image) -> float | None:
    """The share of a product's outline, just inside it, that can be told from the background at a glance."""
    inside = product.filter(ImageFilter.MinFilter(3))
    outline = ImageChops.subtract(inside, inside.filter(ImageFilter.MinFilter(5)))
    counts = away.histogram(outline)
    total = sum(counts)
    return sum(counts[_LIKE:]) / total if total else None


@dataclass(frozen=True, slots=True)
class _Mask:
    """Where a picture is product (white) at a smaller scale than the source's."""

    image: Image.Image
    source: Size

    @property
    def box(self) -> Box | None:
        """Around the product in source pixels, one of the mask's pixels wider where it is a smaller one."""
        found = self.image.getbbox()
        return self._in_source(Box(*found)) if found else None

    def contact(self, side: Side) -> float:
        """How long a stretch of a side the product reaches, in source pixels."""
        width, height = self.image.size
        deep = max(1, round(_TOUCH * min(width, height)))
        strip = {
            Side.LEFT: (0, 0, deep, height),
            Side.TOP: (0, 0, width, deep),
            Side.RIGHT: (width - deep, 0, width, height),
            Side.BOTTOM: (0, height - deep, width, height),
        }[side]
        found = self.image.crop(strip).getbbox()
        if found is None:
            return 0.0
        box = self._in_source(Box(*found))
        return box.height if side in {Side.LEFT, Side.RIGHT} else box.width

    def _in_source(self, box: Box) -> Box:
        across, down = self.source.width / self.image.width, self.source.height / self.image.height
        spare = 1 if max(across, down) > 1.0 else 0
        return Box(
            max(0.0, (box.left - spare) * across),
            max(0.0, (box.top - spare) * down),
            min(float(self.source.width), (box.right + spare) * across),
            min(float(self.source.height), (box.bottom + spare) * down),
        )


def _subject(masks: list[_Mask]) -> Subject | None:
    boxes = [box for mask in masks if (box := mask.box) is not None]
    if not boxes:
        return None
    box = Box(
        min(each.left for each in boxes),
        min(each.top for each in boxes),
        max(each.right for each in boxes),
        max(each.bottom for each in boxes),
    )
    cut = frozenset(
        side
        for side in Side
        if max(mask.contact(side) for mask in masks)
        > _CUT_SHARE * (box.height if side in {Side.LEFT, Side.RIGHT} else box.width)
    )
    # A picture whose product reaches all four sides was trimmed to it: nothing is missing.
    return Subject(box=box, cut=frozenset() if cut == ALL_SIDES else cut)


def focused(box: Box, source: Size) -> Subject:
    """The product where a person says that it is; a side of the picture that it touches cuts it."""
    near_x, near_y = _TOUCH * source.width, _TOUCH * source.height
    touched = {
        Side.LEFT: box.left <= near_x,
        Side.TOP: box.top <= near_y,
        Side.RIGHT: box.right >= source.width - near_x,
        Side.BOTTOM: box.bottom >= source.height - near_y,
    }
    cut = frozenset(side for side, does in touched.items() if does)
    return Subject(box=box, cut=frozenset() if cut == ALL_SIDES else cut)


def _everything(source: Size) -> Subject:
    return Subject(box=Box(0, 0, source.width, source.height), cut=frozenset())


def _largest_channel(image: Image.Image) -> Image.Image:
    red, green, blue = image.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _above(image: Image.Image, threshold: int) -> Image.Image:
    return image.point(lambda value: 255 * (value > threshold))


def _noise(away: Image.Image) -> int:
    """The three-quarter point of the border's differences: what the background does by itself."""
    return min(_at_border(away, 0.75), int(_PLAIN_REACH))


def _at_border(away: Image.Image, share: float) -> int:
    """What that share of the border's differences does not exceed."""
    counts = [0] * 256
    for strip in _border(away):
        counts = [mine + theirs for mine, theirs in zip(counts, strip.histogram(), strict=True)]
    left = share * sum(counts)
    for value, count in enumerate(counts):
        left -= count
        if left <= 0:
            return value
    return 0


def _border_share(mask: Image.Image) -> float:
    """The share of a border that is white in a mask of black and white."""
    strips = _border(mask)
    total = sum(strip.width * strip.height for strip in strips)
    return sum(strip.histogram()[255] for strip in strips) / total


def _border(image: Image.Image) -> list[Image.Image]:
    width, height = image.size
    deep_x, deep_y = max(1, width // 100), max(1, height // 100)
    boxes = (
        (0, 0, width, deep_y),
        (0, height - deep_y, width, height),
        (0, 0, deep_x, height),
        (width - deep_x, 0, width, height),
    )
    return [image.crop(box) for box in boxes]
