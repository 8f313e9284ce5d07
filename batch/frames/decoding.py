"""From a file's bytes to upright pixels, and from those to any part in sRGB."""

from __future__ import annotations

import io
import logging
import struct
import threading
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from PIL import (
    GifImagePlugin,
    Image,
    ImageChops,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from batch.core.media import Box, Size
from batch.frames.costs import check_scans, most_pixels
from batch.frames.errors import PictureError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Pillow's own guard warns through a global filter and raises for GIF and crops at other limits than for files;
# `opened` compares every picture with `most_pixels` before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

# What Pillow finds wrong with a picture is said by us, once, and not by it on the terminal.
logging.getLogger("PIL").addHandler(logging.NullHandler())

# Of five channels of a TIFF Pillow takes four as CMYK, unless the fifth is said to be alpha: that it does not know.
for _order in (TiffImagePlugin.II, TiffImagePlugin.MM):
    for _alpha in (1, 2):
        TiffImagePlugin.OPEN_INFO.setdefault((_order, 5, (1,), 1, (8, 8, 8, 8, 8), (_alpha,)), ("CMYK", "CMYKX"))

# Naming the readers loads these five, where Image.open would load all of Pillow's.
_FORMATS = (
    JpegImagePlugin.JpegImageFile.format,
    PngImagePlugin.PngImageFile.format,
    WebPImagePlugin.WebPImageFile.format,
    TiffImagePlugin.TiffImageFile.format,
    GifImagePlugin.GifImageFile.format,
)
_ORIENTATION = 0x0112
_PHOTOMETRIC, _WHITE_IS_ZERO = 0x0106, 0
_BITS_PER_SAMPLE, _SAMPLE_FORMAT, _SIGNED = 0x0102, 0x0153, 2
_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LYING = frozenset({5, 6, 7, 8})
_SPACES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}
_warnings_lock = threading.Lock()
_BROKEN = (
    AssertionError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow's readers raise on bad files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What an opened, not yet decoded picture says of itself."""

    image: Image.Image
    size: Size
    orientation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Decoded pixels, upright.

    Args:
        pixels: Mode L, RGB, CMYK, or RGBa (premultiplied); not yet in sRGB.
        size: The source's size; `pixels` may be a whole number of times smaller.
        shrink: How many times.
        profile: The embedded ICC profile; None if there is none that fits the pixels.
        warnings: What went wrong without spoiling the picture.
    """

    pixels: Image.Image
    size: Size
    shrink: int
    profile: bytes | None
    warnings: tuple[str, ...]

    @property
    def transparent(self) -> bool:
        """Whether there is an alpha channel that is not opaque throughout."""
        return self.pixels.mode == "RGBa"

    def reduced(self, longest: int) -> Image.Image:
        """The whole picture in sRGB, both sides at most `longest` pixels: RGB, or RGBA if transparent."""
        factor = max(1, -(-max(self.pixels.size) // longest))
        return to_srgb(self.pixels.reduce(factor), self.profile)

    def part(self, crop: Box, size: Size) -> Image.Image:
        """A part (in source pixels) at another size, in sRGB: RGB, or RGBA if transparent."""
        width, height = self.pixels.size
        box = (
            min(crop.left / self.shrink, width - 1),
            min(crop.top / self.shrink, height - 1),
            min(crop.right / self.shrink, width),
            min(crop.bottom / self.shrink, height),
        )
        # A JPEG that was decoded at a fraction is soft already: Lanczos would cost more and show nothing.
        filtered = Image.Resampling.BICUBIC if self.shrink > 1 else Image.Resampling.LANCZOS
        # Premultiplied pixels keep the colour of what is transparent out of the edges.
        scaled = self.pixels.resize((size.width, size.height), filtered, box=box, reducing_gap=2.0)
        return to_srgb(scaled, self.profile)


@contextmanager
def opened(source: bytes | Path) -> Iterator[Head]:
    """Open a picture without decoding it.

    Raises:
        PictureError: If Pillow cannot read its head, or it has more pixels than its kind may have.
    """
    with _refusing("cannot be read"), _quiet():
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=_FORMATS)
    with image:
        with _refusing("cannot be read"), _quiet():
            most = most_pixels(image)
        if image.width * image.height > most:
            raise PictureError(
                f"the picture has {image.width} x {image.height} pixels; the most for a {image.format} of this kind "
                f"is {most // 10**6} million",
                hint="scale it down before it goes into the catalogue",
            )
        orientation = _orientation(image)
        size = Size(image.width, image.height)
        yield Head(image=image, size=size.turned if orientation in _LYING else size, orientation=orientation)


def is_animated(image: Image.Image) -> bool:
    """Whether there is more than one picture; no where what follows the first is broken, for it is not used."""
    try:
        with _quiet():
            return bool(getattr(image, "is_animated", False))
    except _BROKEN:
        return False


def decode(data: bytes, *, at_least: Size) -> Picture:
    """Decode a picture; a JPEG at a half, a quarter or an eighth where that is still `at_least` so large.

    Raises:
        PictureError: If it is damaged, or nothing in it is visible.
    """
    with opened(data) as head:
        image = head.image
        profile = image.info.get("icc_profile")
        if image.format in {"JPEG", "MPO"}:
            wanted = at_least.turned if head.orientation in _LYING else at_least
            image.draft(image.mode, (wanted.width, wanted.height))
            check_scans(image, data)
        with _refusing("is damaged or cut short"):
            image.load()
            if image.format == "WEBP":
                # Its two canvases are kept for further frames, of which none is wanted: half of all the memory.
                image._decoder = None  # type: ignore[attr-defined]  # noqa: SLF001 - Pillow has no word for it
            shrink = max(1, round(max(head.size.width, head.size.height) / max(image.size)))
            pixels = _workable(image)
            if head.orientation in _TURN:
                pixels = pixels.transpose(_TURN[head.orientation])
    checked, notes = _checked_profile(profile, pixels.mode)
    return Picture(pixels=pixels, size=head.size, shrink=shrink, profile=checked, warnings=notes)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Mode L, RGB, CMYK or RGBa with a profile (None: sRGB already) as RGB, or RGBA for RGBa."""
    if image.mode == "RGBa":
        straight = image.convert("RGBA")
        if profile is None:
            return straight
        colours = to_srgb(straight.convert("RGB"), profile)
        colours.putalpha(straight.getchannel("A"))
        return colours
    if profile is None:
        return image if image.mode == "RGB" else image.convert("RGB")
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        image.mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted


def _orientation(image: Image.Image) -> int:
    """1 to 8 from EXIF; 1 where it is missing or unreadable, as a viewer would."""
    # Behind a PNG's pixels Pillow finds EXIF only by decoding them; browsers do not look there either.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    # Pillow turns these itself when it decodes them, and says their upright size.
    if image.format == "TIFF":
        return 1
    try:
        with _quiet():
            value = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return 1
    return value if value in _TURN else 1


def _workable(image: Image.Image) -> Image.Image:
    """Any of Pillow's modes as L, RGB, CMYK or RGBa."""
    if image.mode.startswith("I;16"):
        return _from_sixteen(image)
    if image.has_transparency_data:
        return _premultiplied(image if image.mode == "RGBA" else image.convert("RGBA"))
    if image.mode in {"I", "F"}:
        return _from_wide(image)
    if image.mode in {"L", "1"}:
        return image.convert("L")
    return image if image.mode in {"RGB", "CMYK"} else image.convert("RGB")


def _premultiplied(straight: Image.Image) -> Image.Image:
    """RGBA as RGBa; as RGB where it is opaque throughout."""
    lowest, highest = straight.getchannel("A").getextrema()
    if highest == 0:
        raise PictureError("the picture is transparent throughout", hint="export it again with its visible layers")
    return straight.convert("RGB") if lowest == 255 else straight.convert("RGBa")


def _from_sixteen(image: Image.Image) -> Image.Image:
    """Grey of 16 bits as 8; Pillow would clip it, and would compare the transparent grey with what is left."""
    wide = image.convert("I")
    grey = wide.point(_high_bytes(), "L")
    # Pillow turns a TIFF whose zero is white only up to 8 bits.
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        grey = ImageChops.invert(grey)
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey
    opacity = wide.point([255 * (value != clear) for value in range(65536)], "L")
    return _premultiplied(Image.merge("LA", (grey, opacity)).convert("RGBA"))


@cache
def _high_bytes() -> list[int]:
    """From 16 bits to 8, rounded."""
    return [(value + 128) // 257 for value in range(65536)]


def _from_wide(image: Image.Image) -> Image.Image:
    """Grey of 32 bits as 8: the range is guessed from the brightest pixel (1, 255, 65535, or more)."""
    brightest = float(image.convert("F").getextrema()[1])  # type: ignore[arg-type]
    white = next((top for top in (1.0, 255.0, 65535.0) if brightest <= top), brightest)
    if _is_signed_sixteen(image):
        white = 32767.0
    elif image.mode == "I" and white < 255.0:
        white = 255.0
    factor = 255.0 / white
    return image.convert("F").point(lambda value: value * factor + 0.5).convert("L")


def _is_signed_sixteen(image: Image.Image) -> bool:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    tags = image.tag_v2
    return tags.get(_SAMPLE_FORMAT) == (_SIGNED,) and tags.get(_BITS_PER_SAMPLE) == (16,)


def _checked_profile(profile: bytes | None, mode: str) -> tuple[bytes | None, tuple[str, ...]]:
    """The profile if it can be applied to such pixels, and a warning if it is broken."""
    if not profile:
        return None, ()
    wanted = "RGB" if mode == "RGBa" else mode
    try:
        space = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space
        if _SPACES.get(space) != wanted:
            return None, (f"the colour profile is for {space.strip()}, the picture is {wanted}; ignored",)
        to_srgb(Image.new(mode, (1, 1)), profile)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None, ("the colour profile is broken; the colours are taken as sRGB",)
    return profile, ()


@contextmanager
def _refusing(verdict: str) -> Iterator[None]:
    """Whatever Pillow's readers raise on bad files becomes a `PictureError`."""
    try:
        yield
    except _BROKEN as error:
        raise PictureError(f"the picture {verdict}", hint="open it in a picture editor and export it again") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's remarks about odd metadata off the terminal; one thread at a time, filters are global."""
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
