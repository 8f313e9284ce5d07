"""Cells of a delimited text said otherwise; not a byte beside them is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class CellEdit:
    """What is to stand in a cell instead of what stands there, both without the space around them."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A changed text.

    Attributes:
        text: The whole.
        hunks: Of a unified diff without context.
        lines: Where the records begin whose cell was changed.
    """

    text: str
    hunks: tuple[str, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """Where a record stands, and its cells: their spans in the text."""

    line: int
    start: int
    end: int
    cells: tuple[tuple[int, int], ...]


def edit_cells(text: str, separator: str, place: int, edits: Mapping[int, CellEdit]) -> Edited:
    """Change a column's cells in some records.

    Args:
        text: The whole file, without its byte order mark.
        separator: Between cells.
        place: The column's, from 0.
        edits: By the line on which the record begins, from 1; left out where its cell says something else.
    """
    parts: list[str] = []
    hunks: list[str] = []
    changed: list[int] = []
    done = grown = 0
    for record in _records(text, separator):
        edit = edits.get(record.line)
        if edit is None or place >= len(record.cells):
            continue
        start, end = record.cells[place]
        raw = text[start:end]
        if _value(raw) != edit.old:
            continue
        written = _written(raw, edit.new, separator)
        parts += [text[done:start], written]
        old = text[record.start : record.end]
        new = text[record.start : start] + written + text[end : record.end]
        hunks.append(_hunk(record.line, grown, old, new))
        grown += new.count("\n") - old.count("\n")
        changed.append(record.line)
        done = end
    return Edited(text="".join([*parts, text[done:]]), hunks=tuple(hunks), lines=tuple(changed))


def _records(text: str, separator: str) -> Iterator[_Record]:
    mark = re.escape(separator)
    form = re.compile(rf'( *"[^"]*(?:""[^"]*)*"[^{mark}\r\n]*|[^{mark}\r\n]*)({mark}|\r\n|\n|\r|\Z)')
    position, line = 0, 1
    while position < len(text):
        start, begun, cells = position, line, []
        while True:
            match = form.match(text, position)
            assert match is not None  # the second half of the form matches anything
            cells.append(match.span(1))
            position = match.end()
            line += len(re.findall(r"\r\n|\n|\r", match[0]))
            if match[2] != separator:
                break
        yield _Record(line=begun, start=start, end=match.end(1), cells=tuple(cells))


def _value(raw: str) -> str:
    text = raw.strip(" ")
    return (text[1:-1].replace('""', '"') if text.startswith('"') else text).strip()


def _written(raw: str, new: str, separator: str) -> str:
    quoted = raw.lstrip(" ").startswith('"') or any(sign in new for sign in (separator, '"', "\n", "\r"))
    return '"' + new.replace('"', '""') + '"' if quoted else new


def _hunk(line: int, grown: int, old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    head = f"@@ -{line},{len(before)} +{line + grown},{len(after)} @@"
    return "\n".join([head, *(f"-{one}" for one in before), *(f"+{one}" for one in after)])
