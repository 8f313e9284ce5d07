"""Reading the notes beside clips back: what a job made, without its state."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from batch.collect.files import same_content
from batch.collect.sidecar import DECISION, sidecar_path
from batch.core.decision import Decision, Judgement, read_moment
from batch.core.money import to_micros
from batch.core.note import Note
from batch.core.summary import ClipFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_KEY_DIGITS = 64


def notes_below(folder: Path, job: str, provider: str) -> Iterator[Note]:
    """Read the notes of a job's clips that lie whole beside them, in the order of their paths.

    A note that cannot be read, another job's or another provider's, or whose clip is not what it says, proves nothing.

    Args:
        folder: The output folder.
        job: The job's name.
        provider: As its notes name it.

    Raises:
        StorageProblem: If the disk fails.
    """
    for path in sorted(folder.rglob("*.mp4.json")):
        note = read_note(path)
        if note is None or (note.job, note.provider) != (job, provider):
            continue
        if same_content(folder / note.clip.path, size=note.clip.bytes, sha256=note.clip.sha256):
            yield note


def own_note(folder: Path, names: Iterable[str], key: str, provider: str) -> Note | None:
    """Give the note of an item's clip that lies whole under one of its names; None where there is none.

    Args:
        folder: The output folder.
        names: The item's possible names, best first; under one that is free, and the ones after it, nothing lies.
        key: The item's, in hex.
        provider: As notes name it.

    Raises:
        StorageProblem: If the disk fails.
    """
    for name in names:
        clip = folder / name
        if not clip.exists():
            return None
        note = read_note(sidecar_path(clip))
        if note is not None and (note.key, note.provider, note.clip.path) == (key, provider, name):
            return note if same_content(clip, size=note.clip.bytes, sha256=note.clip.sha256) else None
    return None


def read_note(path: Path) -> Note | None:
    """Read one note; None where it is none, or does not hold what a state needs."""
    try:
        return _note(json.loads(path.read_bytes(), parse_float=Decimal))
    except (OSError, ValueError, TypeError, KeyError, ArithmeticError):
        return None


def _note(value: dict[str, Any]) -> Note:
    source, ordered, cost = value["source"], value["ordered"], value["cost"]
    key, seconds, settled = str(value["key"]), ordered["seconds"], cost["settled_usd"]
    if len(bytes.fromhex(key)) * 2 != _KEY_DIGITS:
        raise ValueError("no key")
    return Note(
        key=key,
        sku=str(value["sku"]),
        job=str(value["job"]),
        provider=str(value["provider"]),
        model=str(value["model"]),
        variant=int(value["variant"]),
        take=int(value["take"]),
        prediction_id=str(value["prediction_id"]),
        prompt=str(value["prompt"]),
        negative_prompt=value["negative_prompt"],
        inputs=dict(value["inputs"]),
        source=str(source["location"]),
        source_sha256=str(source["sha256"]),
        frame_sha256=str(source["frame_sha256"]),
        recipe=int(source["recipe"]),
        seconds=None if seconds is None else Decimal(seconds),
        aspect=str(ordered["aspect"]),
        width=int(ordered["width"]),
        height=int(ordered["height"]),
        clip=_clip(value["clip"]),
        estimate=to_micros(Decimal(cost["estimate_usd"])),
        settled=None if settled is None else to_micros(Decimal(settled)),
        submitted_at=_moment(value["submitted_at"]),
        render_seconds=None if value["render_seconds"] is None else float(value["render_seconds"]),
        row={str(name): str(text) for name, text in value["row"].items()},
        # Notes of older versions do not have these.
        before=str(value.get("before") or ""),
        row_prompt=value.get("row_prompt"),
        decision=_decision(value.get(DECISION)),
    )


def _decision(value: dict[str, Any] | None) -> Decision | None:
    if value is None:
        return None
    return Decision(
        judgement=Judgement(value["decision"]),
        by=str(value["by"]),
        at=read_moment(value["at"]),
        note=str(value["note"]),
        prompt=value.get("prompt"),
    )


def _clip(value: dict[str, Any]) -> ClipFacts:
    return ClipFacts(
        path=str(value["path"]),
        bytes=int(value["bytes"]),
        sha256=str(value["sha256"]),
        seconds=float(value["seconds"]),
        width=int(value["width"]),
        height=int(value["height"]),
        has_audio=bool(value["has_audio"]),
        warnings=tuple(str(one) for one in value["warnings"]),
        # Notes of older versions do not have these.
        container=str(value.get("container", "")),
        video_codec=str(value.get("video_codec", "")),
        audio_codec=str(value.get("audio_codec", "")),
        frame_rate=None if value.get("frame_rate") is None else float(value["frame_rate"]),
    )


def _moment(text: str | None) -> float:
    if text is None:
        return 0.0
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
