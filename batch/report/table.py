"""`report.csv` and `report.parquet`: the manifest's own columns, then the results.

The results' columns begin with `sb_` (see `RESULTS`); a manifest's column of such a name becomes `manifest_sb_...`,
so that a report can be a manifest again. Manifest columns are text in both files, SKUs with their leading zeros.

Parquet has real types: amounts are `Decimal(18, 6)` dollars, moments are UTC. The CSV is for spreadsheets: UTF-8 with
a byte order mark, every text quoted, and no text that would run as a formula (`cells.safe_cell`).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

import polars as pl
from polars.exceptions import ComputeError

from batch.core.verdicts import Verdict
from batch.report.cells import FORMULA_START, encodable, safe_cell
from batch.report.channels import those
from batch.report.document import all_warnings, finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from batch.core.decision import Decision
    from batch.core.summary import ClipFacts, ItemView

RESULT_PREFIX = "sb_"
CHUNK_ROWS = 5_000
"""Rows of a chunk; with four times as many, a million items take 440 MB instead of 290."""
_MICRO = Decimal("0.000001")


class Kind(Enum):
    """What a result column holds."""

    TEXT = "text"
    """Text; empty where there is nothing to say."""
    INTEGER = "integer"
    """A whole number; null where there is none."""
    NUMBER = "number"
    """Seconds; null where unknown."""
    MONEY = "money"
    """Dollars, exact to the millionth."""
    MOMENT = "moment"
    """A moment in UTC; null where it has not come."""
    TRUTH = "truth"
    """Yes or no; null where there is nothing to say it of."""


_TYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(),
    Kind.INTEGER: pl.Int64(),
    Kind.NUMBER: pl.Float64(),
    Kind.MONEY: pl.Decimal(18, 6),
    Kind.MOMENT: pl.Datetime("us", "UTC"),
    Kind.TRUTH: pl.Boolean(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One column of results: its name without the prefix, its kind, and how it is read from an item."""

    name: str
    kind: Kind
    read: Callable[[ItemView], Any]


def _of_clip(read: Callable[[ClipFacts], Any]) -> Callable[[ItemView], Any]:
    return lambda view: None if view.clip is None else read(view.clip)


def _of_decision(read: Callable[[Decision], Any], nothing: Any) -> Callable[[ItemView], Any]:
    return lambda view: nothing if view.decision is None else read(view.decision)


def _moment_of(decision: Decision) -> datetime:
    return datetime.fromtimestamp(decision.at, UTC)


def _remarks(view: ItemView) -> tuple[str, ...]:
    return () if view.look is None else tuple(remark.words for remark in view.look.remarks)


RESULTS: tuple[Result, ...] = (
    Result(name="status", kind=Kind.TEXT, read=lambda view: view.state),
    Result(name="phase", kind=Kind.TEXT, read=lambda view: view.phase),
    Result(name="sku", kind=Kind.TEXT, read=lambda view: view.sku),
    Result(name="line", kind=Kind.INTEGER, read=lambda view: view.line),
    Result(name="variant", kind=Kind.INTEGER, read=lambda view: view.variant),
    Result(name="take", kind=Kind.INTEGER, read=lambda view: view.take),
    Result(name="reason", kind=Kind.TEXT, read=lambda view: view.reason),
    Result(name="advice", kind=Kind.TEXT, read=lambda view: view.advice),
    Result(name="warnings", kind=Kind.TEXT, read=lambda view: " | ".join(all_warnings(view))),
    Result(name="gone", kind=Kind.TRUTH, read=lambda view: view.gone),
    Result(name="channels_met", kind=Kind.TEXT, read=lambda view: those(view, Verdict.MET)),
    Result(name="channels_disputed", kind=Kind.TEXT, read=lambda view: those(view, Verdict.DISPUTED)),
    Result(name="channels_missed", kind=Kind.TEXT, read=lambda view: those(view, Verdict.MISSED)),
    Result(name="clip", kind=Kind.TEXT, read=_of_clip(lambda clip: clip.path)),
    Result(name="clip_seconds", kind=Kind.NUMBER, read=_of_clip(lambda clip: finite(clip.seconds))),
    Result(name="clip_width", kind=Kind.INTEGER, read=_of_clip(lambda clip: clip.width)),
    Result(name="clip_height", kind=Kind.INTEGER, read=_of_clip(lambda clip: clip.height)),
    Result(name="clip_has_audio", kind=Kind.TRUTH, read=_of_clip(lambda clip: clip.has_audio)),
    Result(name="clip_container", kind=Kind.TEXT, read=_of_clip(lambda clip: clip.container)),
    Result(name="clip_video_codec", kind=Kind.TEXT, read=_of_clip(lambda clip: clip.video_codec)),
    Result(name="clip_audio_codec", kind=Kind.TEXT, read=_of_clip(lambda clip: clip.audio_codec)),
    Result(name="clip_frame_rate", kind=Kind.NUMBER, read=_of_clip(lambda clip: finite(clip.frame_rate))),
    Result(name="clip_bytes", kind=Kind.INTEGER, read=_of_clip(lambda clip: clip.bytes)),
    Result(name="clip_sha256", kind=Kind.TEXT, read=_of_clip(lambda clip: clip.sha256)),
    Result(name="score", kind=Kind.INTEGER, read=lambda view: None if view.look is None else view.look.score),
    Result(name="remarks", kind=Kind.TEXT, read=lambda view: " | ".join(_remarks(view))),
    Result(name="decision", kind=Kind.TEXT, read=_of_decision(lambda decision: decision.judgement.value, "")),
    Result(name="decision_by", kind=Kind.TEXT, read=_of_decision(lambda decision: decision.by, "")),
    Result(name="decision_at", kind=Kind.MOMENT, read=_of_decision(_moment_of, None)),
    Result(name="note", kind=Kind.TEXT, read=_of_decision(lambda decision: decision.note, "")),
    Result(name="before", kind=Kind.TEXT, read=lambda view: view.before),
    Result(name="after", kind=Kind.TEXT, read=lambda view: view.after),
    Result(name="attempts", kind=Kind.INTEGER, read=lambda view: view.attempts),
    Result(name="estimate_usd", kind=Kind.MONEY, read=lambda view: view.estimate),
    Result(name="estimated_usd", kind=Kind.MONEY, read=lambda view: view.cost.estimated),
    Result(name="settled_usd", kind=Kind.MONEY, read=lambda view: view.cost.settled),
    Result(name="reserved_usd", kind=Kind.MONEY, read=lambda view: view.cost.reserved),
    Result(name="possibly_charged_usd", kind=Kind.MONEY, read=lambda view: view.cost.possibly_charged),
    Result(name="submitted_at", kind=Kind.MOMENT, read=lambda view: view.submitted_at),
    Result(name="ended_at", kind=Kind.MOMENT, read=lambda view: view.ended_at),
    Result(name="render_seconds", kind=Kind.NUMBER, read=lambda view: finite(view.render_seconds)),
    Result(name="prediction_id", kind=Kind.TEXT, read=lambda view: view.prediction_id),
    Result(name="model", kind=Kind.TEXT, read=lambda view: view.model),
    Result(name="aspect", kind=Kind.TEXT, read=lambda view: view.aspect),
    Result(name="duration", kind=Kind.TEXT, read=lambda view: view.duration),
    Result(name="prompt", kind=Kind.TEXT, read=lambda view: view.prompt),
    Result(name="image", kind=Kind.TEXT, read=lambda view: view.image),
    Result(name="source", kind=Kind.TEXT, read=lambda view: view.source),
    Result(name="key", kind=Kind.TEXT, read=lambda view: view.key),
)


class Table:
    """Takes items in, in chunks on disk, and writes them out as CSV and Parquet.

    The manifest's columns are known only after the last item (files of one glob may differ), hence the chunks.

    Args:
        folder: An empty folder for the chunks, the caller's to remove.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._columns: dict[str, str] = {}
        self._chunks: list[Path] = []

    def take(self, views: Iterable[ItemView]) -> Iterator[ItemView]:
        """Keep each item and pass it on."""
        chunk: list[ItemView] = []
        for view in views:
            chunk.append(view)
            if len(chunk) == CHUNK_ROWS:
                self._keep(chunk)
                chunk = []
            yield view
        self._keep(chunk)

    def write_parquet(self, file: BinaryIO) -> None:
        """Write the typed table."""
        with _disk_errors():
            self._scan().sink_parquet(file)

    def write_csv(self, file: BinaryIO) -> None:
        """Write the table for spreadsheets."""
        safe = pl.selectors.string().str.replace(FORMULA_START, "'$0")
        frame = self._scan().with_columns(safe)
        frame.sink_csv(file, include_bom=True, quote_style="non_numeric", datetime_format="%Y-%m-%dT%H:%M:%SZ")

    def _keep(self, chunk: list[ItemView]) -> None:
        for view in chunk:
            for name in view.row:
                # Chunks call the columns by number: a manifest may call them anything.
                self._columns.setdefault(name, f"column {len(self._columns)}")
        path = self._folder / f"{len(self._chunks):05}.parquet"
        with _disk_errors():
            _frame(chunk, self._columns).write_parquet(path, compression="lz4")
        self._chunks.append(path)

    def _scan(self) -> pl.LazyFrame:
        names = _public_names(self._columns)
        results = [RESULT_PREFIX + result.name for result in RESULTS]
        chunks = [pl.scan_parquet(path) for path in self._chunks]
        return pl.concat(chunks, how="diagonal").select(*names, *results).rename(names)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except ComputeError as error:
        # This is how polars tells that the disk was full while it wrote Parquet: its data, or its last words.
        if not any(words in str(error) for words in ("IO error", "transport error")):
            raise
        raise OSError(str(error)) from error


def _public_names(columns: Mapping[str, str]) -> dict[str, str]:
    """Give each numbered column its manifest's name, clear of the results' names and of each other."""
    taken: set[str] = set()
    names: dict[str, str] = {}
    for name, number in columns.items():
        public = safe_cell(encodable(name))
        if public.casefold().startswith(RESULT_PREFIX):
            public = f"manifest_{public}"
        while public in taken:
            public += "_"
        taken.add(public)
        names[number] = public
    return names


def _frame(chunk: list[ItemView], columns: Mapping[str, str]) -> pl.DataFrame:
    own = [_series(number, Kind.TEXT, [view.row.get(name) for view in chunk]) for name, number in columns.items()]
    results = [_series(RESULT_PREFIX + each.name, each.kind, [each.read(view) for view in chunk]) for each in RESULTS]
    return pl.DataFrame([*own, *results])


@lru_cache(maxsize=1024)
def _exact(usd: Decimal) -> Decimal:
    return usd.quantize(_MICRO)


def _series(name: str, kind: Kind, values: list[Any]) -> pl.Series:
    if kind is Kind.MONEY:
        values = [_exact(value) for value in values]
    try:
        return pl.Series(name, values, dtype=_TYPES[kind])
    except UnicodeEncodeError:
        return pl.Series(name, [value and encodable(value) for value in values], dtype=pl.String)
