"""CSV and TSV to frames of text.

polars reads the blocks in which every line is a whole record. From the first other one on, Python's `csv` splits the
records, at a third of the speed: polars would say neither where a record begins nor that one has too few cells, and a
lone quote (`12" lamp`) moves its row limits. A manifest is an order for money, so every row has to be the one that its
author sees.
"""

from __future__ import annotations

import csv
import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import polars as pl

from batch.errors import ManifestProblem
from batch.inputs.columns import BATCH_ROWS, FLAW, LINE, Header, cell, read_header, tidy
from batch.inputs.regular import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 2000
_BLOCK_BYTES = 8_000_000
_BATCH_BYTES = 32_000_000
_REMARK = "# "
_SEPARATORS = (",", ";", "\t", "|")
_SAVE_AS = "save it as UTF-8 (in Excel: `CSV UTF-8`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a line begins: bytes before it, and its number from 1."""

    offset: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimited:
    """A text file whose header was read.

    Attributes:
        label: What a person calls it.
        declared: Whether its first line is Excel's `sep=;`.
        rows: Where the first line after the header begins; None where bytes do not tell.
    """

    path: Path
    label: str
    encoding: str
    separator: str
    declared: bool
    header: Header
    rows: _Place | None

    def frames(self) -> Iterator[pl.DataFrame]:
        """Read the rows: frames of `line`, `flaw` and a text column for each name, at most 50,000 rows each.

        Raises:
            ManifestProblem: If quotes do not match or the text is not in its encoding, with the line.
        """
        place = self.rows
        if place is not None:
            with self.path.open("rb") as file:
                file.seek(place.offset)
                while block := file.read(_BLOCK_BYTES) + file.readline():
                    cells = read_regular(block, self.separator, self.header.places, self.header.width)
                    if cells is None:
                        break
                    yield from _numbered(cells, place.line)
                    place = _Place(offset=place.offset + len(block), line=place.line + cells.height)
                else:
                    return
        yield from self._carefully(place)

    def _carefully(self, place: _Place | None) -> Iterator[pl.DataFrame]:
        """Read record by record, from a place or from the beginning."""
        with _opened(self.path, self.label, self.encoding, place) as text:
            if place is None:
                records = _Records(text, self.label, self.separator, skip_first=self.declared)
                records.next_filled()
            else:
                records = _Records(text, self.label, self.separator, first=place.line)
            parts: list[pl.DataFrame] = []
            rows = begun = 0
            while chunk := records.chunk():
                parts.append(self._frame(chunk))
                rows += len(chunk.rows)
                read = text.buffer.tell()
                if rows >= BATCH_ROWS or read - begun > _BATCH_BYTES:
                    yield tidy(pl.concat(parts, rechunk=True))
                    parts, rows, begun = [], 0, read
            if parts:
                yield tidy(pl.concat(parts, rechunk=True))

    def _frame(self, chunk: _Chunk) -> pl.DataFrame:
        width = self.header.width
        flaws = None
        rows = chunk.rows
        if not all(len(row) == width for row in rows):
            flaws = [_flaw(row, width) for row in rows]
            rows = [(row + [""] * width)[:width] for row in rows]
        columns = list(zip(*rows, strict=True))
        cells = [
            pl.Series(cell(index), columns[place], dtype=pl.String) for index, place in enumerate(self.header.places)
        ]
        flaw = pl.Series(FLAW, flaws or [None] * len(rows), dtype=pl.String)
        return pl.DataFrame([pl.Series(LINE, chunk.lines, dtype=pl.Int64), flaw, *cells])


def read_delimited(path: Path, label: str) -> Delimited:
    """Find out encoding and separator, and read the header.

    Args:
        path: The file.
        label: What a person calls it.

    Raises:
        ManifestProblem: If it is empty, is not text, or its header cannot be used.
    """
    with path.open("rb") as file:
        encoding = "utf-16" if file.read(2) in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    with _opened(path, label, encoding, None) as text:
        declared = re.fullmatch(r"sep=(.)", text.readline(100).rstrip("\r\n"), re.IGNORECASE)
        text.seek(0)
        head = text.read(65_536)
        text.seek(0)
        separator = declared[1] if declared else _sniff(head)
        records = _Records(text, label, separator, skip_first=declared is not None)
        cells = records.next_filled()
        if cells is None:
            raise ManifestProblem("the manifest is empty", where=label, hint="begin with a header such as sku,image")
        header = read_header(cells, label, line=records.begins)
    return Delimited(
        path=path,
        label=label,
        encoding=encoding,
        separator=separator,
        declared=declared is not None,
        header=header,
        rows=None if encoding == "utf-16" else _after(path, records.lines),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """Records, and the lines on which they begin."""

    rows: list[list[str]]
    lines: list[int]


class _Records:
    """A file's records, with the line on which each begins."""

    def __init__(self, text: TextIO, label: str, separator: str, *, first: int = 1, skip_first: bool = False) -> None:
        self._label = label
        # Whatever stands between a separator and a quote is white space that is trimmed anyway.
        self._reader = csv.reader(text, delimiter=separator, strict=True, skipinitialspace=True)
        self._before = first - 1 + int(skip_first)
        if skip_first:
            text.readline()
        self._rows = self._records()
        self.begins = first

    @property
    def lines(self) -> int:
        """How many lines of the file were read."""
        return self._reader.line_num + self._before

    def next_filled(self) -> list[str] | None:
        """Give the next record that has a cell with something in it, and is no remark; None at the end."""
        with self._told():
            return next((row for row in self._rows if any(map(str.strip, row)) and not _is_remark(row)), None)

    def chunk(self) -> _Chunk | None:
        """Give the next records that are no empty lines; None at the end."""
        rows: list[list[str]] = []
        lines: list[int] = []
        with self._told():
            for row in self._rows:
                if row:
                    rows.append(row)
                    lines.append(self.begins)
                if len(rows) == _CHUNK:
                    break
        return _Chunk(rows=rows, lines=lines) if rows else None

    def _records(self) -> Iterator[list[str]]:
        reader, first = self._reader, self._before + 1
        while True:
            self.begins = reader.line_num + first
            row = next(reader, None)
            if row is None:
                return
            yield row

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except csv.Error as error:
            raise _unreadable(str(error), f"{self._label}:{self.begins}") from None


def _is_remark(row: list[str]) -> bool:
    """Recognise what Meta's files have above the header: `# Required | ...` in each column, or `# ref_asset_id`."""
    return all(text.lstrip("\ufeff").startswith(_REMARK) for text in row if text.strip())


def _unreadable(message: str, where: str) -> ManifestProblem:
    if "unexpected end" in message:
        return ManifestProblem("a quote opens in this row and is never closed", where=where, hint="close or remove it")
    if "expected after" in message:
        return ManifestProblem(
            "text, or a space, follows a closing quote in this row",
            where=where,
            hint='a quote inside quotes is written twice: "a 15"" screen"; nothing may follow the closing one',
        )
    if "field larger" in message:
        return ManifestProblem(
            f"a cell of this row has more than {csv.field_size_limit():,} characters",
            where=where,
            hint="look for a quote that is never closed",
        )
    return ManifestProblem(f"the row cannot be read: {message}", where=where, hint="save the table again as CSV")


def _flaw(row: list[str], width: int) -> str | None:
    if len(row) == width or not any(map(str.strip, row[width:] if len(row) > width else row)):
        return None
    return f"the row has {len(row)} cells, the header {width}: a separator is missing, or not in quotes"


def _sniff(head: str) -> str:
    """Find the separator that stands most often outside quotes in the first line that has anything in it."""
    bare = re.sub(r'"[^"]*"', "", head)
    lines = [line for line in re.split(r"[\r\n]+", bare) if line.strip()]
    first = next((line for line in lines if not line.startswith(_REMARK)), lines[0] if lines else "")
    return max(_SEPARATORS, key=first.count)


def _numbered(cells: pl.DataFrame, first: int) -> Iterator[pl.DataFrame]:
    lines = pl.int_range(first, first + cells.height, dtype=pl.Int64, eager=True).alias(LINE)
    flaw = pl.Series(FLAW, [None], dtype=pl.String).new_from_index(0, cells.height)
    for part in pl.DataFrame([lines, flaw, *cells.get_columns()]).iter_slices(BATCH_ROWS):
        yield tidy(part)


def _after(path: Path, lines: int) -> _Place | None:
    """Find the end of some lines; None if they have a line end that is no line end to all readers."""
    with path.open("rb") as file:
        if any(b"\r" in file.readline().removesuffix(b"\n").removesuffix(b"\r") for _ in range(lines)):
            return None
        return _Place(offset=file.tell(), line=lines + 1)


@contextmanager
def _opened(path: Path, label: str, encoding: str, place: _Place | None) -> Iterator[Any]:
    # `newline=""` leaves line ends to the csv reader, which has to tell those inside quotes apart.
    try:
        with path.open("rb") as file:
            file.seek(0 if place is None else place.offset)
            # Only the beginning of a file has a byte order mark.
            with io.TextIOWrapper(file, encoding=encoding if place is None else "utf-8", newline="") as text:
                yield text
    except UnicodeError as error:
        raise _undecodable(path, label, encoding, error) from None


def _undecodable(path: Path, label: str, encoding: str, error: UnicodeError) -> ManifestProblem:
    if encoding != "utf-16":
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    line.decode()
                except UnicodeDecodeError as cause:
                    return ManifestProblem(
                        f"byte {cause.start + 1} of the line (0x{line[cause.start]:02x}) is no UTF-8",
                        where=f"{label}:{number}",
                        hint=_SAVE_AS,
                    )
    return ManifestProblem(f"the text is damaged: {error}", where=label, hint=_SAVE_AS)
