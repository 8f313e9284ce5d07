"""The note beside a clip: everything needed to know where it came from, without the state file."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from batch import __version__
from batch.collect.files import part_path
from batch.core.money import format_usd
from batch.files import disk_problem, part_of, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from batch.core.decision import Decision
    from batch.core.media import Size
    from batch.core.summary import ClipFacts

FORMAT: Final = 1
"""Raised when a key changes its meaning; new keys do not raise it."""

DECISION: Final = "decision"
"""Where a note says what a person decided about its clip."""

MADE_BY_MODEL: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
DRAWN_BY_PROGRAM: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""IPTC's digital source types: of what a trained model made, and of what the simulator draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the picture came from.

    Attributes:
        location: Absolute path or URL of the picture.
        sha256: Of the picture as it was, in hex.
        frame_sha256: Of the frame that was uploaded.
        recipe: Version of the framing that made the frame.
        fit: How the picture was fitted.
    """

    location: str
    sha256: str
    frame_sha256: str
    recipe: str
    fit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What the clip should be.

    Attributes:
        seconds: None where the model decides.
        size: Of the frame, and so of the clip.
        inputs: The `input` object as sent.
    """

    seconds: Decimal | None
    size: Size
    aspect: str
    prompt: str
    negative_prompt: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """By whom and when.

    Attributes:
        provider: Its name and its host, for example `eachlabs api.eachlabs.ai`.
        simulated: Whether no model ever saw the picture.
        url: Where the clip was downloaded from.
        render_seconds: The provider's own time; None where unknown.
    """

    provider: str
    simulated: bool
    model: str
    prediction_id: str
    url: str
    submitted_at: datetime | None
    finished_at: datetime | None
    collected_at: datetime
    render_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Dollars for this prediction; `settled` is None where the provider did not say."""

    estimate: Decimal
    settled: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """Everything that is written beside a clip.

    Attributes:
        key: The item's, in hex.
        job: The job's name.
        row: The manifest's own columns, as text.
        before: Key of the take that this one was made in place of; empty for a first take.
        row_prompt: What the row says, where a redo was asked for instead; None for a first take.
    """

    sku: str
    key: str
    job: str
    variant: int
    take: int
    source: Source
    ordered: Ordered
    made: Made
    paid: Paid
    clip: ClipFacts
    row: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    row_prompt: str | None = None


def sidecar_path(clip: Path) -> Path:
    """Give the note's path: the clip's with `.json` behind it, so that no two clips share one."""
    return clip.with_name(f"{clip.name}.json")


def write_sidecar(clip: Path, sidecar: Sidecar) -> Path:
    """Write the note beside a clip, replacing an older one, and give its path.

    Raises:
        StorageProblem: If the disk is full or fails.
        CannotCreate: If there can be no such file.
    """
    path = sidecar_path(clip)
    try:
        write_atomic(path, sidecar_json(sidecar))
    except OSError as error:
        raise disk_problem(error, path) from error
    return path


def discard_parts(clip: Path) -> None:
    """Remove what a killed process left half-written of a clip and of its note; never fails."""
    for part in (part_path(clip), part_of(sidecar_path(clip))):
        with suppress(OSError):
            part.unlink(missing_ok=True)


def sidecar_json(sidecar: Sidecar) -> bytes:
    """Write a note as JSON: times in UTC, money as text, keys in a fixed order."""
    made, source, ordered, clip = sidecar.made, sidecar.source, sidecar.ordered, sidecar.clip
    value = {
        "format": FORMAT,
        "sora_batch": __version__,
        "sku": sidecar.sku,
        "key": sidecar.key,
        "job": sidecar.job,
        "variant": sidecar.variant,
        "take": sidecar.take,
        "before": sidecar.before or None,
        DECISION: None,
        "simulated": made.simulated,
        "digital_source_type": DRAWN_BY_PROGRAM if made.simulated else MADE_BY_MODEL,
        "provider": made.provider,
        "model": made.model,
        "prediction_id": made.prediction_id,
        "url": made.url,
        "prompt": ordered.prompt,
        "row_prompt": sidecar.row_prompt,
        "negative_prompt": ordered.negative_prompt,
        "inputs": dict(ordered.inputs),
        "source": {
            "location": source.location,
            "sha256": source.sha256,
            "frame_sha256": source.frame_sha256,
            "recipe": source.recipe,
            "fit": source.fit,
        },
        "ordered": {
            "seconds": None if ordered.seconds is None else float(ordered.seconds),
            "width": ordered.size.width,
            "height": ordered.size.height,
            "aspect": ordered.aspect,
        },
        "clip": _clip_json(clip),
        "cost": {
            "estimate_usd": format_usd(sidecar.paid.estimate),
            "settled_usd": None if sidecar.paid.settled is None else format_usd(sidecar.paid.settled),
        },
        "submitted_at": _moment(made.submitted_at),
        "finished_at": _moment(made.finished_at),
        "collected_at": _moment(made.collected_at),
        "render_seconds": made.render_seconds,
        "row": dict(sidecar.row),
    }
    return _encoded(value)


def _encoded(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n").encode("utf-8", "replace")


def decide_in_note(clip: Path, decision: Decision | None) -> bool:
    """Write into the note beside a clip what a person decided about it; None where nothing stands.

    Returns:
        Whether the note says it now; where there is none, or none of ours, nothing is written.

    Raises:
        StorageProblem: If the disk is full or fails.
        CannotCreate: If the note cannot be replaced.
    """
    path = sidecar_path(clip)
    told = None if decision is None else decision.as_json()
    try:
        value = json.loads(path.read_bytes())
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            return False
        if DECISION not in value or value[DECISION] != told:
            write_atomic(path, _encoded({**value, DECISION: told}))
    except (ValueError, FileNotFoundError):
        return False
    except OSError as error:
        raise disk_problem(error, path) from error
    return True


def _clip_json(clip: ClipFacts) -> dict[str, Any]:
    return {
        "path": clip.path,
        "bytes": clip.bytes,
        "sha256": clip.sha256,
        "seconds": clip.seconds,
        "width": clip.width,
        "height": clip.height,
        "has_audio": clip.has_audio,
        "container": clip.container,
        "video_codec": clip.video_codec,
        "audio_codec": clip.audio_codec,
        "frame_rate": clip.frame_rate,
        "warnings": list(clip.warnings),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: Any) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)
