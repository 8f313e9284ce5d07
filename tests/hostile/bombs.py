"""Small files that ask for as much memory and time as is allowed, one for each kind of picture, and for more."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.hostile.pictures import chunk, png, zeros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def bombs(megapixels: dict[str, int]) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each; made one after the other, for some take as much to make as to read.

    Args:
        megapixels: For each kind.
    """
    for name, side in ((name, math.isqrt(many * 1_000_000)) for name, many in megapixels.items()):
        yield name, _MAKERS[name](side)


def _png(side: int, samples: int, *, depth: int = 8, colour: int = 2, before: bytes = b"") -> bytes:
    row = -(-side * samples * depth // 8) + 1
    return png(side, side, depth=depth, colour=colour, packed=zeros(side * row), before=before)


def _see_through_palette(side: int) -> bytes:
    palette, clear = chunk(b"PLTE", b"\0\0\0\xff\xff\xff"), chunk(b"tRNS", b"\x80\xff")
    return _png(side, 1, depth=1, colour=3, before=palette + clear)


def _pillow(mode: str, kind: str, colour: Any, **options: object) -> Callable[[int], bytes]:
    return lambda side: _saved(Image.new(mode, (side, side), colour), kind, **options)


_SOLID, _GLASS = (1, 2, 3), (1, 2, 3, 99)
_MAKERS: dict[str, Callable[[int], bytes]] = {
    "png": lambda side: _png(side, 3),
    "png 16 bits": lambda side: _png(side, 3, depth=16),
    "png grey 16 bits": lambda side: _png(side, 1, depth=16, colour=0),
    "png grey 16 bits, see-through": lambda side: _png(side, 1, depth=16, colour=0, before=chunk(b"tRNS", b"\0\1")),
    "png palette, see-through": _see_through_palette,
    "webp": _pillow("RGB", "WEBP", _SOLID, quality=1, method=0),
    "webp, see-through": _pillow("RGBA", "WEBP", _GLASS, lossless=True, quality=0, method=0),
    "gif": _pillow("L", "GIF", 40),
    "jpeg, progressive": _pillow("RGB", "JPEG", _SOLID, progressive=True),
    "jpeg of scans": lambda side: scans(side, 490),
    "tiff": _pillow("RGB", "TIFF", _SOLID, compression="tiff_lzw"),
    "tiff, see-through": _pillow("RGBA", "TIFF", _GLASS, compression="tiff_adobe_deflate"),
    "tiff of floats": _pillow("F", "TIFF", 2.5, compression="tiff_adobe_deflate"),
    "tiff of bits": _pillow("1", "TIFF", 0, compression="group4"),
}


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
    "png": 66,
    "png 16 bits": 40,
    "png grey 16 bits": 50,
    "png grey 16 bits, see-through": 25,
    "png palette, see-through": 44,
    "webp": 25,
    "webp, see-through": 25,
    "gif": 66,
    "jpeg, progressive": 100,
    "jpeg of scans": 4,
    "tiff": 66,
    "tiff, see-through": 44,
    "tiff of floats": 33,
    "tiff of bits": 66,
}
"""Megapixels that each kind may have."""
