"""Manifests that mean harm, and manifests that had an accident."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

import polars as pl
from hypothesis import strategies as st

from tests.hostile.mutating import mutated

_PIECES = (
    *(
        ",",
        ";",
        "\t",
        "|",
        "\n",
        "\r\n",
        "\r",
        '"',
        '""',
        "'",
        "\\",
        "\0",
        "\ufeff",
        "\u2028",
        "\x85",
        "\x0b",
        "\x0c",
        "\x1a",
    ),
    *(
        "sku",
        "image",
        "title",
        "prompt",
        "a.png",
        "00152",
        "NaN",
        "1e999",
        "=cmd|' /C calc'!A0",
        "null",
        "{title}",
        "\U0001f600",
    ),
    *(
        " ",
        "  ",
        "\u200b",
        "\u202e",
        "x" * 300,
        "sep=;\n",
        "sku,image\n",
        "A-1,a.png\n",
        '"A\n1",b.png\n',
        "A-1,a.png,more,cells\n",
    ),
)
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "surrogates")


def encoded(text: str, encoding: str) -> bytes:
    """A text as bytes; `surrogates` writes halves of them where UTF-8 has none."""
    if encoding == "surrogates":
        return text.replace("\U0001f600", "\ud83d").encode("utf-8", "surrogatepass")
    return text.encode(encoding, "replace")


@st.composite
def _soups(draw: st.DrawFn) -> bytes:
    text = "".join(draw(st.lists(st.sampled_from(_PIECES), max_size=40)))
    if draw(st.booleans()):
        text = "sku,image,title\n" + text
    return encoded(text, draw(st.sampled_from(_ENCODINGS)))


@cache
def sound_texts() -> tuple[bytes, ...]:
    """Small real CSV and TSV files."""
    rows = "".join(f'{number:05},p/{number}.png,"A ""chair"", no {number}",{number}.50\n' for number in range(30))
    plain = f"sku,image,title,price\n{rows}"
    return (
        plain.encode(),
        plain.encode("utf-8-sig").replace(b"\n", b"\r\n"),
        plain.replace(",", "\t").encode("utf-16"),
        ("sep=;\n" + plain.replace(",", ";")).encode(),
        b'sku,image,title\n1,a.png,"two\nlines"\n2,b.png,"more\r\n\r\nlines"\n',
    )


@cache
def sound_parquets() -> tuple[bytes, ...]:
    """Small real Parquet files of many types and packings."""
    rows = 40
    frame = pl.DataFrame(
        {
            "sku": [f"{number:05}" for number in range(rows)],
            "image": [f"p/{number}.png" for number in range(rows)],
            "title": ["a chair", None, "\U0001f600", ""] * (rows // 4),
            "whole": list(range(rows)),
            "price": [Decimal("1.50")] * rows,
            "share": [0.5, float("nan"), float("inf"), None] * (rows // 4),
            "day": [date(2026, 11, 27)] * rows,
            "moment": [datetime(2026, 11, 27, tzinfo=UTC)] * rows,
            "clock": [time(1, 2, 3)] * rows,
            "span": [timedelta(hours=1)] * rows,
            "flag": [True, None] * (rows // 2),
            "parts": [["a", "b"], []] * (rows // 2),
            "bytes": [b"\0\xff"] * rows,
            "kind": pl.Series(["x", "y"] * (rows // 2), dtype=pl.Categorical),
        }
    )
    small = frame.select("sku", "image")
    return (
        _parquet(frame, compression="uncompressed"),
        _parquet(frame, compression="zstd", row_group_size=7),
        _parquet(frame, compression="snappy", statistics=False),
        _parquet(frame, compression="gzip", data_page_size=64),
        _parquet(small, compression="lz4"),
        _parquet(small.clear()),
        _parquet(small.rename({"image": "^image$"})),
    )


def _parquet(frame: pl.DataFrame, **options: object) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file, **options)  # type: ignore[arg-type]
    return file.getvalue()


def texts() -> st.SearchStrategy[bytes]:
    """Whatever may be given as a CSV or TSV file."""
    return st.one_of(_soups(), mutated(sound_texts()), st.binary(max_size=200))


def parquets() -> st.SearchStrategy[bytes]:
    """Whatever may be given as a Parquet file."""
    changed = mutated(sound_parquets(), near_end=True)
    closed = changed.map(lambda data: b"PAR1" + data[4:-4] + b"PAR1")
    sized = changed.map(lambda data: b"PAR1" + data[4:-8] + sound_parquets()[0][-8:])
    return st.one_of(changed, closed, sized, st.binary(max_size=100).map(lambda data: b"PAR1" + data + b"PAR1"))
