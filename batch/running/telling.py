"""`decisions.csv`, or what a page sends, read line by line; a bad one is set aside with its reason."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batch.core.decision import COLUMNS, Judgement, read_moment
from batch.errors import ManifestProblem, MissingInput
from batch.inputs.columns import FLAW, LINE, cell
from batch.inputs.delimited import read_delimited
from batch.inputs.manifest import STANDARD_INPUT
from batch.inputs.standard import StandardInput
from batch.report.cells import FORMULA_START
from batch.running.reviewing import Refused, Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NEEDED = ("key", "decision", "by", "at")
_WORDS = tuple(word.value for word in Judgement)
_KEY = re.compile(r"[0-9a-f]{64}")
_GUARDED = re.compile(f"'(?=(?:{FORMULA_START.removeprefix('^')}))")
"""What a spreadsheet's guard against formulas puts before a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What a file of decisions says, and which of its lines say nothing that could be taken in."""

    told: tuple[Told, ...]
    refused: tuple[Refused, ...]


def read_told(name: str) -> Telling:
    """Read a file of decisions, as the review page saves it or a spreadsheet makes of it.

    Args:
        name: Of the file; `-` is standard input.

    Raises:
        MissingInput: If there is no such file, or it cannot be read.
        ManifestProblem: If it is no table of decisions.
    """
    if name != STANDARD_INPUT:
        return _told_in(Path(name), name)
    with tempfile.NamedTemporaryFile(prefix="sora-batch-") as file:
        stdin = StandardInput()
        while block := stdin.read():
            file.write(block)
        file.flush()
        return _told_in(Path(file.name), "standard input")


def told_of(cells: Mapping[str, str | None], line: int = 0) -> Told | Refused:
    """Read one decision; refused where it cannot be told what it says, or of what.

    Args:
        cells: By the names of `COLUMNS`; empty or absent where there is nothing.
        line: Of the file; 0 where there is none.
    """
    texts = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    key, sku = texts["key"].lower(), texts["sku"]
    try:
        return Told(
            line=line,
            key=_checked_key(key),
            sku=sku,
            judgement=_judgement(texts["decision"]),
            prompt=texts["prompt"] or None,
            note=texts["note"],
            by=_by(texts["by"]),
            at=_moment(texts["at"]),
        )
    except ValueError as error:
        return Refused(line=line, key=key, sku=sku, reason=str(error))


def _told_in(path: Path, label: str) -> Telling:
    try:
        read = [told_of(cells, line) if cells else _flawed(line, flaw) for line, flaw, cells in _rows(path, label)]
    except FileNotFoundError:
        raise MissingInput("there is no such file", where=label, hint="the review page saves decisions.csv") from None
    except OSError as error:
        raise MissingInput(f"the file cannot be read: {error.strerror}", where=label) from error
    return Telling(
        told=tuple(one for one in read if isinstance(one, Told)),
        refused=tuple(one for one in read if isinstance(one, Refused)),
    )


def _flawed(line: int, flaw: str) -> Refused:
    return Refused(line=line, key="", sku="", reason=flaw)


def _rows(path: Path, label: str) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Give each row's line, why its cells cannot be told apart, and the cells that we know, if they can."""
    if not path.stat().st_size:
        raise ManifestProblem("the file is empty", where=label, hint=_EXPECTED)
    table = read_delimited(path, label)
    names = {name.lower(): cell(place) for place, name in enumerate(table.header.names) if name.lower() in COLUMNS}
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        named = ", ".join(f"`{name}`" for name in missing)
        raise ManifestProblem(f"it has no column {named}", where=label, hint=_EXPECTED)
    for frame in table.frames():
        for row in frame.iter_rows(named=True):
            cells = {} if row[FLAW] else {name: _unguarded(row[place]) for name, place in names.items()}
            yield row[LINE], row[FLAW] or "", cells


def _unguarded(text: str | None) -> str:
    """Take off what kept a spreadsheet from running a cell."""
    return _GUARDED.sub("", (text or "").strip(), count=1)


_EXPECTED = f"expected a table with the columns {','.join(COLUMNS)}, as the review page saves it"


def _checked_key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise ValueError(
            "`key` is no item's key, which has 64 characters from 0-9 and a-f" if text else "it has no key"
        )
    return text


def _judgement(text: str) -> Judgement:
    try:
        return Judgement(text.lower())
    except ValueError:
        raise ValueError(f"expected one of {', '.join(_WORDS)}; `decision` says {text[:40]!r}") from None


def _by(text: str) -> str:
    if not text:
        raise ValueError("it does not say who decided: `by` is empty")
    return text


def _moment(text: str) -> float:
    try:
        return read_moment(text)
    except (ValueError, OverflowError):
        expected = "expected a time with its zone, such as 2026-11-28T14:05:00Z (a spreadsheet has to keep it as text)"
        raise ValueError(f"{expected}; `at` says {text[:40]!r}") from None
