"""Prepared frames on disk, found again by what they were made from.

One file a frame: a line of JSON, then the frame's bytes. Losing it costs time, never money: what is damaged
is made again, what cannot be written is only said.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from batch.core.media import Box, Size
from batch.files import passing_part
from batch.frames.settings import RECIPE_VERSION, Beyond, Fit, FitSettings, Frame, FrameTarget, Looks

if TYPE_CHECKING:
    from pathlib import Path

_TAG = "sora-batch frame"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The frame is in the cache."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStored:
    """The frame could not be written; it will be made again when it is needed again."""

    reason: str


def frame_key(source_sha256: str, settings: FitSettings, target: FrameTarget) -> str:
    """What decides a frame, as 64 hexadecimal digits; the limits too, so that a raised one rejects again."""
    decides = {
        "tag": _TAG,
        "recipe": RECIPE_VERSION,
        "source": source_sha256,
        "fit": settings.fit,
        "background": settings.background.lower(),
        "margin": settings.margin,
        "focus": None if settings.focus is None else str(settings.focus),
        "size": str(target.size),
        "min_side": settings.min_side,
        "source_max_bytes": settings.max_bytes,
        "max_bytes": target.max_bytes,
        "formats": sorted(target.formats),
    }
    text = json.dumps(decides, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class FrameCache:
    """A folder of prepared frames, safe for several threads and processes.

    Args:
        folder: Where; made when the first frame is stored.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        """Where the frame of a key is, or would be."""
        return self._folder / key[:2] / f"{key}.frame"

    def get(self, key: str) -> Frame | None:
        """The frame of a key; None if it is not there, unreadable, or not what was stored."""
        try:
            head, _, data = self.path(key).read_bytes().partition(b"\n")
            frame = _read(json.loads(head), data)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return frame if hashlib.sha256(data).hexdigest() == frame.sha256 else None

    def put(self, key: str, frame: Frame) -> Stored | NotStored:
        """Store a frame: written beside its place, then renamed, so that a reader sees all of it or nothing."""
        path = self.path(key)
        part = passing_part(self._folder)
        try:
            for folder in (path.parent, part.parent):
                folder.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(_head(frame) + b"\n" + frame.data)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            return NotStored(reason=f"the frame was not cached in {self._folder}: {error.strerror or error}")
        return Stored(path=path)


def _head(frame: Frame) -> bytes:
    values = {field.name: getattr(frame, field.name) for field in fields(frame) if field.name != "data"}
    for name in ("size", "source_size", "subject_box"):
        values[name] = asdict(values[name]) if values[name] is not None else None
    values["looks"] = asdict(frame.looks)
    return json.dumps(values, sort_keys=True).encode()


def _read(values: dict[str, object], data: bytes) -> Frame:
    """Raises TypeError, KeyError or ValueError where a field is missing, surplus or of no known value."""
    told = dict(values)
    return Frame(
        data=data,
        size=_size(told.pop("size")),
        source_size=_size(told.pop("source_size")),
        fit_used=Fit(str(told.pop("fit_used"))),
        subject_box=_box(told.pop("subject_box")),
        warnings=_texts(told.pop("warnings")),
        looks=_looks(told.pop("looks")),
        **told,  # type: ignore[arg-type]  # what is left are JSON's own types
    )


def _size(value: object) -> Size:
    if not isinstance(value, dict):
        raise TypeError("expected a size")
    return Size(**value)


def _box(value: object) -> Box | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise TypeError("expected a box")
    return Box(**value)


def _looks(value: object) -> Looks:
    if not isinstance(value, dict):
        raise TypeError("expected how the picture lies in the frame")
    told = dict(value)
    place, beyond, cut = _box(told.pop("place")), told.pop("beyond"), _texts(told.pop("cut"))
    if place is None:
        raise TypeError("expected a place")
    return Looks(place=place, beyond=None if beyond is None else Beyond(str(beyond)), cut=cut, **told)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("expected a list")
    return tuple(str(text) for text in value)
