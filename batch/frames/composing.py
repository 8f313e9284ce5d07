"""From a decoded picture to the pixels of a frame, by the fit that the job asks for."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops, ImageColor, ImageFilter

from batch.core.media import Box, Size
from batch.frames import backdrop, geometry
from batch.frames.backdrop import Surface
from batch.frames.decoding import Picture, decode
from batch.frames.edges import Edges, Flat, continue_edges, ramp
from batch.frames.errors import PictureError
from batch.frames.finding import Cutout, Scene, Studio, look_at, on_colour
from batch.frames.geometry import Layout, NoLayout
from batch.frames.settings import AUTO, Fit, FitSettings

_WHITE = (255, 255, 255)
_LIGHT_GREY = (216, 216, 216)

_SPARE = 1.6
"""A JPEG is decoded at a fraction that still leaves this many pixels for one of the frame."""

_LEAST = 1.25
"""With fewer (the product is small in its picture) it is decoded again, finer."""

_SOFT = 1.5
"""From this enlargement on a person is warned."""

_FEATHER = 0.08
_BLUR_AT = 8

Rgb = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The pixels of a frame (RGB, the frame's size), and how they came about; see `Frame` for the fields."""

    image: Image.Image
    source_size: Size
    fit_used: Fit
    background: str | None
    subject_box: Box | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is shown where, on what.

    Args:
        layout: Source to frame.
        fit: The way that was taken in the end.
        under: What transparency is laid on, and the colour of the rest of the frame.
        beyond: What the background beyond the picture is made from: the plain border's surface, the picture's
            own edges, or nothing but `under`.
        product: Where the product is in the source, if that is known.
        notes: Why it is not the way that was asked for.
    """

    layout: Layout
    fit: Fit
    under: Rgb
    beyond: Surface | Edges | Flat
    product: Box | None
    notes: tuple[str, ...]


def compose(data: bytes, source: Size, settings: FitSettings, frame: Size) -> Composed:
    """Make a picture into the pixels of a frame.

    Raises:
        PictureError: If it is damaged, or `strict` and not of the frame's shape.
    """
    if settings.fit is Fit.STRICT and not geometry.same_shape(source, frame):
        raise PictureError(
            f"the picture is {source}, which is not the shape of {frame}, and image.fit is strict",
            hint=f"give a picture of {frame} or a multiple of it, or choose another image.fit",
        )
    picture = decode(data, at_least=_enough(_outline(source, frame, settings.fit)))
    plan = _planned(picture, settings, frame)
    if picture.shrink > 1 and 1 / (plan.layout.scale * picture.shrink) < _LEAST:
        picture = decode(data, at_least=_enough(_scaled(source, plan.layout.scale)))
    product = plan.layout.in_frame(plan.product) if plan.product else None
    image = _blurred(picture, plan, frame) if plan.fit is Fit.BLUR else _on_background(picture, plan, frame)
    return Composed(
        image=image,
        source_size=picture.size,
        fit_used=plan.fit,
        background=_shown_background(picture, plan, frame),
        subject_box=product,
        warnings=picture.warnings + plan.notes + _cutting(plan, product, frame) + _softness(plan.layout.scale),
    )


def _shown_background(picture: Picture, plan: _Plan, frame: Size) -> str | None:
    around = plan.fit is not Fit.BLUR and not plan.layout.fills(frame)
    return backdrop.hexadecimal(plan.under) if around or picture.transparent else None


def _outline(source: Size, frame: Size, fit: Fit) -> Size:
    layout = geometry.cover(source, frame) if fit is Fit.COVER else geometry.contain(source, frame)
    return _scaled(source, layout.scale)


def _scaled(source: Size, scale: float) -> Size:
    return Size(max(1, round(source.width * scale)), max(1, round(source.height * scale)))


def _enough(size: Size) -> Size:
    return _scaled(size, _SPARE)


def _cutting(plan: _Plan, product: Box | None, frame: Size) -> tuple[str, ...]:
    if plan.fit is not Fit.COVER or product is None:
        return ()
    out = max(-product.left, -product.top, product.right - frame.width, product.bottom - frame.height)
    return ("`cover` cuts the product; image.fit: subject keeps it whole",) if out > 1 else ()


def _softness(scale: float) -> tuple[str, ...]:
    if scale < _SOFT:
        return ()
    return (f"the picture is enlarged {scale:.1f} times and may look soft; a larger one would be better",)


def _planned(picture: Picture, settings: FitSettings, frame: Size) -> _Plan:
    seen = look_at(picture)
    given = None if settings.background == AUTO else _rgb(settings.background)
    under = given or _chosen(seen)
    beyond = _beyond(seen) if given is None else Flat()
    product = None if isinstance(seen, Scene) or seen.subject is None else seen.subject.box
    layout, fit, notes = _laid_out(seen, picture.size, settings, frame)
    return _Plan(layout=layout, fit=fit, under=under, beyond=beyond, product=product, notes=notes)


def _laid_out(
    seen: Cutout | Studio | Scene, source: Size, settings: FitSettings, frame: Size
) -> tuple[Layout, Fit, tuple[str, ...]]:
    if settings.fit is Fit.COVER:
        return geometry.cover(source, frame), Fit.COVER, ()
    whole = geometry.contain(source, frame)
    if settings.fit is not Fit.SUBJECT:
        return whole, settings.fit, ()
    if isinstance(seen, Scene):
        return whole, Fit.CONTAIN, ("the picture's border is not plain; the whole picture is shown",)
    if seen.subject is None:
        return whole, Fit.CONTAIN, ("no product stands out from the background; the whole picture is shown",)
    product = seen.subject
    laid = geometry.subject(source, product.box, frame, margin=settings.margin, cut=product.cut, reach=product.reach)
    if isinstance(laid, NoLayout):
        return whole, Fit.CONTAIN, (f"{laid.reason}; the whole picture is shown",)
    return laid, Fit.SUBJECT, ()


def _chosen(seen: Cutout | Studio | Scene) -> Rgb:
    """The background that goes with a picture."""
    if isinstance(seen, Cutout):
        return _LIGHT_GREY if seen.pale else _WHITE
    colour = seen.colour if isinstance(seen, Scene) else seen.surface.at(0, 1)
    return _rgb(backdrop.hexadecimal(colour))


def _rgb(text: str) -> Rgb:
    red, green, blue = ImageColor.getrgb(text)[:3]
    return red, green, blue


def _on_background(picture: Picture, plan: _Plan, frame: Size) -> Image.Image:
    layout = plan.layout
    piece = on_colour(picture.part(layout.crop, layout.shown), plan.under)
    if layout.fills(frame):
        return piece
    place = (layout.left, layout.top)
    if isinstance(plan.beyond, Surface):
        canvas = plan.beyond.drawn(_in_units(layout, picture.size, frame), frame)
        canvas.paste(piece, place, _feather(plan, picture.size, frame))
        return canvas
    canvas = Image.new("RGB", (frame.width, frame.height), plan.under)
    canvas.paste(piece, place)
    if isinstance(plan.beyond, Edges):
        continue_edges(canvas, piece, layout)
    return canvas


def _beyond(seen: Cutout | Studio | Scene) -> Surface | Edges | Flat:
    if isinstance(seen, Studio):
        return seen.surface
    return Edges() if isinstance(seen, Scene) else Flat()


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


def _feather(plan: _Plan, source: Size, frame: Size) -> Image.Image:
    """White over the product, going to black towards each side beyond which the background is drawn."""
    layout, size = plan.layout, plan.layout.shown
    product = layout.in_frame(
        plan.product or Box(source.width / 2, source.height / 2, source.width / 2, source.height / 2)
    )
    most = _FEATHER * frame.shorter
    across = ramp(
        size.width,
        min(most, product.left - layout.left) if layout.left > 0 else 0,
        min(most, layout.right - product.right) if layout.right < frame.width else 0,
    )
    down = ramp(
        size.height,
        min(most, product.top - layout.top) if layout.top > 0 else 0,
        min(most, layout.bottom - product.bottom) if layout.bottom < frame.height else 0,
    )
    shape = (size.width, size.height)
    row, column = Image.new("L", (size.width, 1)), Image.new("L", (1, size.height))
    row.putdata(across)
    column.putdata(down)
    return ImageChops.multiply(row.resize(shape), column.resize(shape))


def _blurred(picture: Picture, plan: _Plan, frame: Size) -> Image.Image:
    """The picture on a blurred enlargement of itself; blurred small, where it is cheap."""
    over = geometry.cover(picture.size, frame)
    small = Size(max(1, frame.width // _BLUR_AT), max(1, frame.height // _BLUR_AT))
    behind = on_colour(picture.part(over.crop, small), plan.under)
    behind = behind.filter(ImageFilter.GaussianBlur(small.shorter / 14))
    canvas = behind.resize((frame.width, frame.height), Image.Resampling.BICUBIC)
    layout = plan.layout
    canvas.paste(on_colour(picture.part(layout.crop, layout.shown), plan.under), (layout.left, layout.top))
    return canvas
