"""Small files that ask for as much memory and time as is allowed, one for each kind of picture, and for more."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from PIL import Image

from tests.hostile.pictures import chunk, png, zeros

if TYPE_CHECKING:
    from collections.abc import Iterator


def bombs(megapixels: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each; made one after the other, for some take as much to make as to read.

    Args:
        megapixels: For each kind.
    """
    for name, side in ((name, math.isqrt(many * 1_000_000)) for name, many in megapixels.items()):
        yield name, _bomb(name, side)


def _bomb(name: str, side: int) -> bytes:
    palette = chunk(b"PLTE", b"\0\0\0\xff\xff\xff")
    match name:
        case "png":
            return png(side, side, packed=zeros(side * (3 * side + 1)))
        case "png 16 bits":
            return png(side, side, depth=16, packed=zeros(side * (6 * side + 1)))
        case "png grey 16 bits":
            return png(side, side, depth=16, colour=0, packed=zeros(side * (2 * side + 1)))
        case "png grey 16 bits, see-through":
            clear = chunk(b"tRNS", b"\0\1")
            return png(side, side, depth=16, colour=0, packed=zeros(side * (2 * side + 1)), before=clear)
        case "png palette, see-through":
            before = palette + chunk(b"tRNS", b"\x80\xff")
            return png(side, side, depth=1, colour=3, packed=zeros(side * (-(-side // 8) + 1)), before=before)
        case "webp":
            return _saved(Image.new("RGB", (side, side), (1, 2, 3)), "WEBP", quality=1, method=0)
        case "webp, see-through":
            return _saved(Image.new("RGBA", (side, side), (1, 2, 3, 99)), "WEBP", lossless=True, quality=0, method=0)
        case "gif":
            return _saved(Image.new("L", (side, side), 40), "GIF")
        case "jpeg, progressive":
            return _saved(Image.new("RGB", (side, side), (9, 99, 40)), "JPEG", progressive=True)
        case "tiff":
            return _saved(Image.new("RGB", (side, side)), "TIFF", compression="tiff_lzw")
        case "tiff, see-through":
            return _saved(Image.new("RGBA", (side, side), (1, 2, 3, 99)), "TIFF", compression="tiff_adobe_deflate")
        case "tiff of floats":
            return _saved(Image.new("F", (side, side), 2.5), "TIFF", compression="tiff_adobe_deflate")
        case "jpeg of scans":
            return scans(side, 500)
        case _:
            return _saved(Image.new("1", (side, side)), "TIFF", compression="group4")


def scans(side: int, number: int) -> bytes:
    """A progressive JPEG whose last scan is there many times, empty: ten bytes each, that go over all pixels."""
    data = _saved(Image.new("L", (side, side), 99), "JPEG", progressive=True)
    at = data.rfind(b"\xff\xda")
    header = data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")]
    return data[:-2] + header * number + data[-2:]


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


LARGEST = {
    "png": 80,
    "png 16 bits": 50,
    "png grey 16 bits": 50,
    "png grey 16 bits, see-through": 25,
    "png palette, see-through": 44,
    "webp": 25,
    "webp, see-through": 25,
    "gif": 80,
    "jpeg, progressive": 100,
    "jpeg of scans": 4,
    "tiff": 80,
    "tiff, see-through": 44,
    "tiff of floats": 33,
    "tiff of bits": 80,
}
"""Megapixels that each kind may have."""
