"""What a picture costs to decode, told from its head: a few bytes of file can ask for gigabytes.

The figures are measured peaks of the way from a file to workable pixels (`decoding`), with Pillow 13: what its decoder
holds, its own copy, and ours in another mode.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from batch.frames.errors import PictureError

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 100_000_000
"""The largest picture that is decoded, whatever its kind: 100 megapixels."""

_MEMORY = 400_000_000
"""Bytes that decoding may take; with the program itself that is below 512 MB."""

_JPEG, _PLAIN, _WIDE_GREY, _SEE_THROUGH, _WIDE, _WEBP = 3, 6, 8, 9, 12, 16
"""Bytes for each pixel at the peak, and what keeps the time below a second; a JPEG is decoded at a fraction."""

_SIXTEEN_SEE_THROUGH = 16
_SIXTEEN, _SIXTEEN_RGBA = 10, 16
"""No more memory than others, but more time: a second and a half for 80 megapixels."""
_PLAIN_MODES = frozenset({"1", "L", "P", "RGB", "CMYK"})

_MOST_SCANS = 500
_SCANNED_PIXELS = 2_000_000_000
"""Pixels times scans: each scan of a progressive JPEG goes over the whole picture, and one of ten bytes is legal."""

_SCAN = re.compile(rb"\xff\xda")


def most_pixels(image: Image.Image) -> int:
    """Say how large a picture of this one's kind may be; it is not decoded yet."""
    return min(MOST_PIXELS, _MEMORY // _bytes_a_pixel(image))


def _bytes_a_pixel(image: Image.Image) -> int:
    if image.format in {"JPEG", "MPO"}:
        return _JPEG
    if image.format == "WEBP":
        return _WEBP
    see_through = image.has_transparency_data
    if image.mode.startswith("I;16"):
        return _SIXTEEN_SEE_THROUGH if see_through else _WIDE_GREY
    if image.mode in {"I", "F"}:
        return _WIDE
    tiles = getattr(image, "tile", [])
    sixteen = bool(tiles) and ";16" in str(tiles[0].args)
    if see_through:
        return _SIXTEEN_RGBA if sixteen else _SEE_THROUGH
    if sixteen:
        return _SIXTEEN
    return _PLAIN if image.mode in _PLAIN_MODES else _SEE_THROUGH


def check_scans(image: Image.Image, data: bytes) -> None:
    """Turn down a progressive JPEG that goes over its pixels more often than any camera or editor has it do.

    Raises:
        PictureError: If it does.
    """
    if image.format not in {"JPEG", "MPO"} or "progressive" not in image.info:
        return
    # Inside a scan 0xFF is followed by a zero, so what looks like the beginning of a scan is one; of a thumbnail too.
    allowed = min(_MOST_SCANS, _SCANNED_PIXELS // max(1, image.width * image.height))
    for number, _ in enumerate(_SCAN.finditer(data), 1):
        if number > allowed:
            raise PictureError(
                f"the JPEG has more than {allowed} scans, which takes too long to decode",
                hint="open it in a picture editor and export it again",
            )
