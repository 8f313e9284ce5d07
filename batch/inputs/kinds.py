"""What a file is, by its first bytes: names lie, and standard input has none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

HEAD_BYTES = 4096
"""How much of a file `kind_of` wants to see."""


class Kind(Enum):
    """A table that we can read."""

    DELIMITED = "delimited"  # text; whether it is a table turns out when its header is read
    PARQUET = "parquet"  # begins with Parquet's magic number


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Something else: its name with an article, and what to do about it."""

    name: str
    hint: str


_TABLE = "give a CSV, TSV or Parquet file"
_STRANGERS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG picture", _TABLE),
    (b"\x89PNG", "a PNG picture", _TABLE),
    (b"GIF8", "a GIF picture", _TABLE),
    (b"II*\x00", "a TIFF picture", _TABLE),
    (b"MM\x00*", "a TIFF picture", _TABLE),
    (b"%PDF", "a PDF document", _TABLE),
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive", "open it and save the sheet as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "open it and save the sheet as CSV UTF-8"),
    (b"\x1f\x8b", "a gzip file", "unpack it first, for example with gunzip"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", "unpack it first, for example with unzstd"),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV"),
    (b"ARROW1", "an Arrow file", "save it as Parquet"),
)


def kind_of(head: bytes) -> Kind | Stranger:
    """Tell what a file is.

    Args:
        head: Its first `HEAD_BYTES`, or all of it.
    """
    if head.startswith(b"PAR1"):
        return Kind.PARQUET
    for start, name, hint in _STRANGERS:
        if head.startswith(start):
            return Stranger(name=name, hint=hint)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Stranger(name="a WebP picture", hint=_TABLE)
    if head[4:8] == b"ftyp":
        return Stranger(name="a video or an HEIC picture", hint=_TABLE)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Kind.DELIMITED
    if b"\x00" in head:
        return Stranger(name="binary, or UTF-16 without its byte order mark", hint=f"{_TABLE}; save text as UTF-8")
    return Kind.DELIMITED
