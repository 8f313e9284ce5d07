"""Pictures that mean harm, and pictures that had an accident."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.hostile.mutating import mutated

_PNG = b"\x89PNG\r\n\x1a\n"
_SIDES = (0, 1, 2, 299, 300, 301, 4096, 10_000, 65_535, 65_536, 10**6, 2**31 - 1, 2**31, 2**32 - 1)


def chunk(kind: bytes, payload: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, packed: bytes = b"", before: bytes = b"") -> bytes:
    """A PNG that says what it likes of itself.

    Args:
        packed: Its pixels, packed.
        before: Chunks before them.
    """
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return _PNG + chunk(b"IHDR", header) + before + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@cache
def zeros(length: int) -> bytes:
    """So many zeros, packed: a thousandth of their length."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(1 << 20)) for _ in range(length >> 20)]
    return b"".join([*parts, packer.compress(bytes(length & 0xFFFFF)), packer.flush()])


def tiff(tags: list[tuple[int, int, list[int]]], pixels: bytes, *, next_at: int = 0) -> bytes:
    """A little-endian TIFF of tags (number, type, values) and one strip.

    Args:
        next_at: Where the next page is said to begin.
    """
    sizes = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4), 6: ("b", 1), 8: ("h", 2), 9: ("i", 4)}
    at = 8 + 2 + 12 * len(tags) + 4
    directory, more = struct.pack("<H", len(tags)), b""
    for number, kind, values in sorted(tags):
        letter, size = sizes.get(kind, ("I", 4))
        payload = struct.pack(
            f"<{len(values)}{letter}", *(value & ((1 << 8 * size - (letter.islower())) - 1) for value in values)
        )
        count = len(values)
        if len(payload) <= 4:
            directory += struct.pack("<HHI", number, kind, count) + payload.ljust(4, b"\0")
        else:
            directory += struct.pack("<HHII", number, kind, count, at + len(more))
            more += payload
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", next_at) + more + pixels


@cache
def sound() -> tuple[bytes, ...]:
    """Small real files of every format and many kinds; drawn once."""
    colours = Image.radial_gradient("L").resize((40, 30))
    rgb = Image.merge("RGB", (colours, colours.rotate(90), colours.rotate(180)))
    rgba = rgb.copy()
    rgba.putalpha(colours)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kinds: list[tuple[Image.Image, str, dict[str, object]]] = [
        (rgb, "PNG", {}),
        (rgba, "PNG", {"exif": exif}),
        (rgb, "PNG", {"icc_profile": profile, **_pages(rgb)}),
        (rgb.quantize(16), "PNG", {"transparency": 3}),
        (colours.convert("I;16"), "PNG", {}),
        (rgb, "JPEG", {"exif": exif, "icc_profile": profile}),
        (rgb, "JPEG", {"progressive": True}),
        (colours, "JPEG", {"quality": 30}),
        (rgb.convert("CMYK"), "JPEG", {}),
        (rgb, "MPO", _pages(rgb)),
        (rgb, "WEBP", {}),
        (rgba, "WEBP", {"lossless": True, "exif": exif}),
        (rgba, "WEBP", _pages(rgb)),
        (rgb, "GIF", {}),
        (rgb.quantize(8), "GIF", _pages(rgb)),
        (rgb, "TIFF", {}),
        (rgba, "TIFF", {"compression": "tiff_lzw"}),
        (rgb, "TIFF", {"compression": "jpeg"}),
        (rgb.convert("CMYK"), "TIFF", {"compression": "tiff_adobe_deflate"}),
        (colours.convert("F"), "TIFF", {}),
        (colours.convert("1"), "TIFF", {"compression": "group4"}),
        (rgb, "TIFF", _pages(rgb)),
    ]
    return tuple(_saved(image, kind, options) for image, kind, options in kinds)


def _pages(image: Image.Image) -> dict[str, object]:
    # Pillow leaves notes in what it has saved, so none is saved twice.
    return {"save_all": True, "append_images": [image.rotate(10), image.rotate(20)]}


def _saved(image: Image.Image, kind: str, options: dict[str, object]) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def mend_chunks(data: bytes) -> bytes:
    """Give the chunks of a PNG right check sums, so that what was changed in them is read."""
    at, parts = len(_PNG), [data[: len(_PNG)]]
    while data.startswith(_PNG) and at + 12 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        if at + 12 + length > len(data):
            break
        parts.append(chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return b"".join(parts) + data[at:]


@st.composite
def _pngs(draw: st.DrawFn) -> bytes:
    side = st.one_of(st.sampled_from(_SIDES), st.integers(0, 2000))
    extra = b""
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(
            st.sampled_from((b"iCCP", b"zTXt", b"iTXt", b"tEXt", b"eXIf", b"tRNS", b"PLTE", b"acTL", b"fcTL", b"gAMA"))
        )
        bomb = st.sampled_from((b"x\0\0" + zeros(1 << 24), b"x\0\1\0\0\0" + zeros(1 << 24)))
        extra += chunk(kind, draw(st.one_of(st.binary(max_size=40), bomb)))
    return png(
        draw(side),
        draw(side),
        depth=draw(st.sampled_from((1, 2, 4, 8, 16, 3, 0))),
        colour=draw(st.sampled_from((0, 2, 3, 4, 6, 1, 7))),
        packed=draw(st.one_of(st.sampled_from((zeros(1000), zeros(1 << 20), zeros(1 << 25))), st.binary(max_size=60))),
        before=extra,
    )


@st.composite
def _tiffs(draw: st.DrawFn) -> bytes:
    number = st.one_of(st.sampled_from(_SIDES), st.integers(0, 70_000))
    tags = {
        256: (4, [draw(number)]),
        257: (4, [draw(number)]),
        258: (3, draw(st.lists(st.sampled_from((1, 2, 4, 8, 12, 16, 32, 64, 0)), min_size=1, max_size=6))),
        259: (3, [draw(st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34712, 50000, 50001, 0)))]),
        262: (3, [draw(st.integers(0, 9))]),
        273: (4, draw(st.lists(st.sampled_from((8, 100, 200, 10**6, 2**32 - 1)), min_size=1, max_size=3))),
        277: (3, [draw(st.sampled_from((1, 2, 3, 4, 5, 6, 65535, 0)))]),
        278: (4, [draw(number)]),
        279: (4, [draw(number)]),
        284: (3, [draw(st.integers(0, 3))]),
        339: (3, draw(st.lists(st.integers(0, 5), min_size=1, max_size=5))),
    }
    for extra in draw(
        st.lists(st.sampled_from((274, 317, 320, 322, 323, 330, 338, 347, 34665, 34675, 700)), max_size=4)
    ):
        tags[extra] = (
            draw(st.sampled_from((1, 3, 4, 8, 9, 13))),
            draw(st.lists(st.integers(0, 70_000), min_size=1, max_size=9)),
        )
    for gone in draw(st.lists(st.sampled_from(sorted(tags)), max_size=3)):
        tags.pop(gone, None)
    pixels = draw(st.one_of(st.binary(max_size=64), st.sampled_from((bytes(5000), zeros(1 << 20), zeros(1 << 25)))))
    next_at = draw(st.sampled_from((0, 0, 8, 10, 2**32 - 1)))
    return tiff([(number, *value) for number, value in tags.items()], pixels, next_at=next_at)


def pictures() -> st.SearchStrategy[bytes]:
    """Whatever a shop, an accident or an enemy may send as a picture."""
    changed = mutated(sound())
    return st.one_of(
        changed,
        changed.map(mend_chunks),
        _pngs(),
        _tiffs(),
        st.binary(max_size=200),
        st.sampled_from(sound()).flatmap(lambda data: st.binary(max_size=64).map(lambda tail: data[:12] + tail)),
    )
