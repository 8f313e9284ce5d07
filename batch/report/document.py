"""`report.json`: one object, written item by item, so that a million items take no memory.

::

    {"version": 1,                       raised when a key changes its meaning; new keys may come without
     "head":     {"job", "model", "provider", "simulated", "made_at", "run_started_at", "ended", "notes": [...]},
     "counts":   {"total", "done", "failed", "refused", "unconfirmed", "pending", "rejected", "skipped"},
     "cost":     {"estimated_usd", "settled_usd", "reserved_usd", "possibly_charged_usd"},
     "items":    [{"key", "sku", "line", "variant", "take",
                   "status",             one of the keys of `counts`, without `total` and `rejected`
                   "phase",              the finer word, for example `running`, `held`, `missing`
                   "image", "source", "prompt", "model", "aspect", "duration",
                   "row": {...},         the manifest's own columns, as text
                   "reason", "advice",   empty where there is none
                   "attempts", "prediction_id",
                   "clip": null or {"path", "bytes", "sha256", "seconds", "width", "height", "has_audio",
                            "container", "video_codec", "audio_codec", "frame_rate"},    empty or null: not measured
                   "warnings": [...],    of the item and of its clip
                   "look": null or {"score", "remarks": [{"id", "words"}], "measured": {...}, "strip", "poster"},
                   "estimate_usd",       for one attempt
                   "cost": {...},        as above, over all attempts
                   "submitted_at", "ended_at", "render_seconds",            null where unknown
                   "decision": null or {"decision", "by", "at", "note", "prompt"},     of a person; what holds
                   "before", "after",    keys of the takes before and after this one; empty where there is none
                   "gone",               true where no row has this SKU any more; `line` 0 without it: the row changed
                   "channels": [{"channel", "verdict",                      met, disputed or missed
                                 "findings": [{"rule", "verdict", "what", "sources": [{"url", "read"}]}],
                                 "unchecked": [...]}]}],                    rules whose fact is not known
     "rejected": [{"file", "line", "sku", "column", "value", "reason"}],
     "channels": [{"channel", "name", "last_checked", "met", "disputed", "missed",          of clips
                   "reasons": [{"verdict", "what", "clips"}], "unchecked": [...], "unknown": {...},
                   "sources": [{"url", "read", "official", "note"}]}],
     "gone":     [{"sku", "clips": [...], "open"}]}      products that left the manifest; their clips are kept

Amounts are texts with decimals (`"0.80"`), moments are ISO 8601 in UTC, `clip.path`, `look.strip` and
`look.poster` are relative to the output folder.
Each item and each rejected row stands on a line of its own.
"""

from __future__ import annotations

import json
import math
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from batch.core.money import format_usd
from batch.report.channels import standing_json, suitability_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from batch.core.summary import ClipFacts, GoneProduct, ItemView, RejectedView, ReportHead
    from batch.report.channels import Standing

VERSION = 1


class Document:
    """Writes the report's JSON to a file: the head, then the items, then the rejected rows.

    The items and the rejected rows are passed on while they are written, so that one reading of them serves
    all the report's files.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def begin(self, head: ReportHead) -> None:
        """Write everything that is known before the first item."""
        parts = {"version": VERSION, "head": _head(head), "counts": head.counts.as_json(), "cost": head.cost.as_json()}
        lines = ",\n".join(f"{_text(key)}: {_text(value)}" for key, value in parts.items())
        self._write(f'{{{lines},\n"items": [')

    def items(self, views: Iterable[ItemView]) -> Iterator[ItemView]:
        """Write each item and pass it on."""
        comma = ""
        for view in views:
            self._write(f"{comma}\n{_text(item_json(view))}")
            comma = ","
            yield view
        self._write('\n],\n"rejected": [')

    def rejected(self, views: Iterable[RejectedView]) -> Iterator[RejectedView]:
        """Write each rejected row and pass it on."""
        comma = ""
        for view in views:
            self._write(f"{comma}\n{_text(_rejected(view))}")
            comma = ","
            yield view
        self._write("\n]")

    def end(self, standings: Iterable[Standing], gone: Iterable[GoneProduct]) -> None:
        """Write what is said of the whole after its parts; the document is whole then."""
        self._list("channels", (standing_json(standing) for standing in standings))
        self._list("gone", ({"sku": one.sku, "clips": list(one.clips), "open": one.open} for one in gone))
        self._write("}\n")

    def _list(self, name: str, entries: Iterable[dict[str, Any]]) -> None:
        lines = ",\n".join(_text(entry) for entry in entries)
        self._write(f",\n{_text(name)}: [{lines}]")

    def _write(self, text: str) -> None:
        # A lone surrogate becomes \udcxx, which is how JSON writes it.
        self._file.write(text.encode("utf-8", "backslashreplace"))


def item_json(view: ItemView) -> dict[str, Any]:
    """Give one item under its documented keys."""
    return {
        "key": view.key,
        "sku": view.sku,
        "line": view.line,
        "variant": view.variant,
        "take": view.take,
        "status": view.state,
        "phase": view.phase,
        "image": view.image,
        "source": view.source,
        "prompt": view.prompt,
        "model": view.model,
        "aspect": view.aspect,
        "duration": view.duration,
        "row": dict(view.row),
        "reason": view.reason,
        "advice": view.advice,
        "attempts": view.attempts,
        "prediction_id": view.prediction_id,
        "clip": None if view.clip is None else _clip(view.clip),
        "warnings": list(all_warnings(view)),
        "look": None if view.look is None else view.look.as_json(),
        "estimate_usd": _usd(view.estimate),
        "cost": view.cost.as_json(),
        "submitted_at": moment(view.submitted_at),
        "ended_at": moment(view.ended_at),
        "render_seconds": finite(view.render_seconds),
        "decision": None if view.decision is None else view.decision.as_json(),
        "before": view.before,
        "after": view.after,
        "gone": view.gone,
        "channels": [suitability_json(one) for one in view.channels],
    }


def all_warnings(view: ItemView) -> tuple[str, ...]:
    """Give the warnings of an item and of its clip, each once."""
    of_clip = view.clip.warnings if view.clip else ()
    return tuple(dict.fromkeys((*view.warnings, *of_clip)))


def moment(when: datetime | None) -> str | None:
    """Write a moment in UTC, to the second."""
    return None if when is None else when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def finite(number: float | None) -> float | None:
    """Give a number that JSON and tables can hold; what the provider sent may be infinite."""
    return number if number is not None and math.isfinite(number) else None


def _head(head: ReportHead) -> dict[str, Any]:
    return {
        "job": head.job,
        "model": head.model,
        "provider": head.provider,
        "simulated": head.simulated,
        "made_at": moment(head.made_at),
        "run_started_at": moment(head.run_started_at),
        "ended": head.ended,
        "notes": list(head.notes),
    }


def _clip(clip: ClipFacts) -> dict[str, Any]:
    return {
        "path": clip.path,
        "bytes": clip.bytes,
        "sha256": clip.sha256,
        "seconds": finite(clip.seconds),
        "width": clip.width,
        "height": clip.height,
        "has_audio": clip.has_audio,
        "container": clip.container,
        "video_codec": clip.video_codec,
        "audio_codec": clip.audio_codec,
        "frame_rate": finite(clip.frame_rate),
    }


def _rejected(view: RejectedView) -> dict[str, Any]:
    return {
        "file": view.file,
        "line": view.line,
        "sku": view.sku,
        "column": view.column,
        "value": view.value,
        "reason": view.reason,
    }


# Amounts repeat: a job has a handful of prices.
_usd = lru_cache(maxsize=1024)(format_usd)
_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
