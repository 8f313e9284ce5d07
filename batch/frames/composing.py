"""From a decoded picture to the pixels of a frame, by the fit that the job asks for."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageColor, ImageFilter

from batch.core.media import Box, Size
from batch.frames import backdrop, geometry
from batch.frames.decoding import Picture, decode
from batch.frames.errors import PictureError
from batch.frames.extending import Extended, Task, extended
from batch.frames.finding import Cutout, Scene, Studio, Subject, focused, look_at, on_colour
from batch.frames.geometry import Layout, NoLayout
from batch.frames.parts import area_of, part_at
from batch.frames.settings import AUTO, Beyond, Fit, FitSettings, Looks

_WHITE = (255, 255, 255)
_LIGHT_GREY = (216, 216, 216)

_SPARE = 1.6
"""A JPEG is decoded at a fraction that still leaves this many pixels for one of the frame."""

_LEAST = 1.25
"""With fewer (the product is small in its picture) it is decoded again, finer."""

_SOFT = 1.5
"""From this enlargement on a person is warned."""

_BLUR_AT = 8
_NOTHING = "no product stands out from the background"

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
    looks: Looks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is shown where, on what.

    Args:
        layout: Source to frame.
        fit: The way that was taken in the end.
        seen: What kind of picture it is.
        under: What transparency is laid on, and the colour of the rest of the frame where it has one.
        extensions: What the background beside the picture may be made from, the best first.
        product: Where the product is in the source, if that is known.
        notes: Why it is not the way that was asked for.
    """

    layout: Layout
    fit: Fit
    seen: Cutout | Studio | Scene
    under: Rgb
    extensions: tuple[Beyond, ...]
    product: Subject | None
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
    product = plan.layout.in_frame(plan.product.box) if plan.product else None
    made = _blurred(picture, plan, frame) if plan.fit is Fit.BLUR else _on_background(picture, plan, frame)
    return Composed(
        image=made.image,
        source_size=picture.size,
        fit_used=plan.fit,
        background=_shown_background(picture, plan, made.beyond),
        subject_box=product,
        warnings=picture.warnings + plan.notes + _cutting(plan, product, frame) + _softness(plan.layout.scale),
        looks=_looks(picture.size, plan, made),
    )


def _looks(source: Size, plan: _Plan, made: Extended) -> Looks:
    seen = plan.seen
    contrast = None
    if isinstance(seen, Studio):
        contrast = seen.contrast
    elif isinstance(seen, Cutout):
        contrast = seen.contrast_on(plan.under)
    return Looks(
        place=plan.layout.in_frame(Box(0, 0, source.width, source.height)),
        beyond=made.beyond,
        seam=made.seam,
        cut=tuple(sorted(side.value for side in plan.product.cut)) if plan.product else (),
        products=0 if isinstance(seen, Scene) else len(seen.parts),
        contrast=contrast,
    )


def _shown_background(picture: Picture, plan: _Plan, beyond: Beyond | None) -> str | None:
    around = beyond is not None and beyond is not Beyond.BLUR
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
    given = _rgb(settings.background) if settings.background.startswith("#") else None
    product = _product(seen, picture.size, settings)
    layout, fit, notes = _laid_out(seen, product, picture.size, settings, frame)
    return _Plan(
        layout=layout,
        fit=fit,
        seen=seen,
        under=given or _chosen(seen),
        extensions=(Beyond.COLOUR,) if given else _extensions(seen, settings.background),
        product=product,
        notes=notes,
    )


def _product(seen: Cutout | Studio | Scene, source: Size, settings: FitSettings) -> Subject | None:
    """The product as the job or the row points to it, else as it was found."""
    found = None if isinstance(seen, Scene) else seen.subject
    focus = settings.focus
    if focus is None:
        return found
    if not focus.is_point:
        return focused(area_of(focus, source), source)
    part = None if isinstance(seen, Scene) or len(seen.parts) < 2 else part_at(seen.parts, focus, source)
    return found if part is None else focused(part, source)


def _extensions(seen: Cutout | Studio | Scene, background: str) -> tuple[Beyond, ...]:
    """What may be tried: one that was asked for, or those that suit such a picture, the best first."""
    if isinstance(seen, Cutout):
        return (Beyond.COLOUR,)
    if background != AUTO:
        return (Beyond(background),)
    return (Beyond.GRADIENT, Beyond.EDGE, Beyond.BLUR) if isinstance(seen, Studio) else (Beyond.EDGE, Beyond.BLUR)


def _laid_out(
    seen: Cutout | Studio | Scene, product: Subject | None, source: Size, settings: FitSettings, frame: Size
) -> tuple[Layout, Fit, tuple[str, ...]]:
    if settings.fit is Fit.COVER:
        around = area_of(settings.focus, source) if settings.focus else None
        return geometry.cover(source, frame, around), Fit.COVER, ()
    whole = geometry.contain(source, frame)
    if settings.fit is not Fit.SUBJECT:
        return whole, settings.fit, ()
    if product is None:
        why = "the picture's border is not plain" if isinstance(seen, Scene) else _NOTHING
        return whole, Fit.CONTAIN, (f"{why}; the whole picture is shown",)
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


def _on_background(picture: Picture, plan: _Plan, frame: Size) -> Extended:
    layout = plan.layout
    piece = on_colour(picture.part(layout.crop, layout.shown), plan.under)
    if layout.fills(frame):
        return Extended(image=piece, beyond=None, seam=None)
    product = layout.in_frame(plan.product.box) if plan.product else None
    surface = None if isinstance(plan.seen, Cutout) else plan.seen.surface
    task = Task(
        piece=piece, layout=layout, frame=frame, source=picture.size, under=plan.under, surface=surface, product=product
    )
    return extended(task, plan.extensions)


def _blurred(picture: Picture, plan: _Plan, frame: Size) -> Extended:
    """The picture on a blurred enlargement of itself; blurred small, where it is cheap."""
    over = geometry.cover(picture.size, frame)
    small = Size(max(1, frame.width // _BLUR_AT), max(1, frame.height // _BLUR_AT))
    behind = on_colour(picture.part(over.crop, small), plan.under)
    behind = behind.filter(ImageFilter.GaussianBlur(small.shorter / 14))
    canvas = behind.resize((frame.width, frame.height), Image.Resampling.BICUBIC)
    layout = plan.layout
    canvas.paste(on_colour(picture.part(layout.crop, layout.shown), plan.under), (layout.left, layout.top))
    return Extended(image=canvas, beyond=None if layout.fills(frame) else Beyond.BLUR, seam=None)
