"""What the outside of a picture file says: its format, whether its end is there, whether it carries extras.

Nothing is decoded. Pillow finds a missing end only by decoding everything, and its `verify` passes half a JPEG.
The layouts are those of ITU-T T.81 annex B (JPEG), the PNG specification (third edition), and Google's WebP
container specification.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Bytes = bytes | mmap.mmap
"""A whole file, in memory or mapped."""

_SOS, _APP0, _COMMENT = 0xDA, 0xE0, 0xFE
_APPLICATION = range(0xE0, 0xF0)
_FRAME_HEADERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_PNG = b"\x89PNG\r\n\x1a\n"
_PLAIN_CHUNKS = frozenset({b"IHDR", b"IDAT", b"IEND", b"sRGB"})
_RGB_8_BIT = (8, 2)

_SIGNATURES = (
    (b"\xff\xd8\xff", "jpeg"),
    (_PNG, "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
)
_STRANGERS = (
    (b"%PDF", "a PDF document"),
    (b"BM", "a BMP picture"),
    (b"8BPS", "a Photoshop document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PAR1", "a Parquet file"),
    (b"\x00\x00\x01\x00", "an icon"),
)
_BRANDS = {
    b"avif": "an AVIF picture",
    b"avis": "an AVIF picture",
    b"heic": "an HEIC picture",
    b"mif1": "an HEIC picture",
}


def known_format(head: bytes) -> str | None:
    """`jpeg`, `png`, `webp`, `gif` or `tiff`, by the first 16 bytes; None for anything else."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return next((name for start, name in _SIGNATURES if head.startswith(start)), None)


def describe_stranger(head: bytes) -> str:
    """What a file that is no picture of ours seems to be, by its first bytes (256 are plenty)."""
    if not head.strip(b"\x00"):
        return "empty" if not head else "nothing but zeros"
    for start, name in _STRANGERS:
        if head.startswith(start):
            return name
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a video")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page"
    if text.startswith((b"<svg", b"<?xml")):
        return "an SVG or XML document"
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
    return "text" if printable > 0.9 * len(head) else "of an unknown kind"


def ends_early(name: str, data: Bytes) -> bool:
    """Whether the end of a JPEG, PNG or WebP is missing; False for formats without a sure sign."""
    if name == "jpeg":
        scan = next((part.end for part in _jpeg_parts(data) if part.marker == _SOS), None)
        return scan is None or data.rfind(b"\xff\xd9", scan) < 0
    if name == "png":
        return all(chunk.kind != b"IEND" for chunk in _png_chunks(data))
    if name == "webp":
        return len(data) < 12 or struct.unpack("<I", data[4:8])[0] + 8 > len(data)
    return False


def is_bare(name: str, data: bytes) -> bool:
    """Whether the file is 8-bit colour and nothing else: no metadata, profile, animation, or trailing bytes."""
    if name == "jpeg":
        return _jpeg_is_bare(data)
    if name == "png":
        return _png_is_bare(data)
    return name == "webp" and _webp_is_bare(data)


@dataclass(frozen=True, slots=True)
class _Part:
    """A JPEG segment: its marker, and where its payload begins and ends."""

    marker: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A PNG chunk: its type, and where its payload begins; whole chunks only."""

    kind: bytes
    start: int
    end: int


def _jpeg_parts(data: Bytes) -> Iterator[_Part]:
    """The segments up to and including the first scan's header."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        end = at + 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
        if end > len(data):
            return
        yield _Part(marker, at + 4, end)
        if marker == _SOS:
            return
        at = end


def _png_chunks(data: Bytes) -> Iterator[_Chunk]:
    at = len(_PNG)
    while at + 12 <= len(data):
        start = at + 8
        end = start + int(struct.unpack(">I", data[at : at + 4])[0])
        if end + 4 > len(data):
            return
        yield _Chunk(data[at + 4 : start], start, end)
        at = end + 4


def _jpeg_is_bare(data: bytes) -> bool:
    for part in _jpeg_parts(data):
        if part.marker == _SOS:
            return data.endswith(b"\xff\xd9") and data.find(b"\xff\xd9", part.end) == len(data) - 2
        if part.marker == _APP0:
            if data[part.start : part.start + 5] != b"JFIF\0" or part.end - part.start != 14:
                return False
        elif part.marker == _COMMENT or part.marker in _APPLICATION or _is_other_than_colour(part, data):
            return False
    return False


def _is_other_than_colour(part: _Part, data: bytes) -> bool:
    """Whether it is a frame header of other than three components of 8 bits."""
    return part.marker in _FRAME_HEADERS and (data[part.start], data[part.start + 5]) != (8, 3)


def _png_is_bare(data: bytes) -> bool:
    chunks = list(_png_chunks(data))
    if not chunks or chunks[-1].kind != b"IEND" or chunks[-1].end + 4 != len(data):
        return False
    header = chunks[0].start
    return {chunk.kind for chunk in chunks} <= _PLAIN_CHUNKS and ((data[header + 8], data[header + 9]) == _RGB_8_BIT)


def _webp_is_bare(data: bytes) -> bool:
    """One VP8 or VP8L chunk that fills the file; VP8L has a bit that announces transparency."""
    if len(data) < 30 or data[12:16] not in (b"VP8 ", b"VP8L"):
        return False
    length = int(struct.unpack("<I", data[16:20])[0])
    transparent = data[12:16] == b"VP8L" and bool(data[24] & 0x10)
    return not transparent and 20 + length + length % 2 == len(data)
