"""Holds a folder of clips against the notes beside them: is every byte still what was delivered?"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from batch.collect.sidecar import FORMAT, sidecar_path

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK: Final = 1 << 20
_LARGEST_NOTE: Final = 4 << 20
_SIMULATORS: Final = frozenset({"ledger.jsonl", "uploads.jsonl"})
_EXPORT: Final = "export.json"
"""What `export` writes beside the clips that it hands over, in place of their notes."""


class Standing(Enum):
    """What became of a clip since it was delivered."""

    SOUND = "sound"
    CHANGED = "changed"
    MISSING = "missing"
    WITHOUT_NOTE = "without note"
    BAD_NOTE = "bad note"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """One clip, held against its note.

    Attributes:
        path: Of the clip, relative to the folder.
        sku: From the note; empty where there is none.
        detail: What is wrong; empty where it is sound.
    """

    path: str
    standing: Standing
    sku: str = ""
    detail: str = ""


def verify_folder(folder: Path) -> Iterator[Verified]:
    """Look at every clip and every note below a folder, in order of their paths.

    Folders that begin with a dot, links to folders, and the simulator's own data are not entered.
    """
    clips = _clips(folder)
    for clip in sorted(clips):
        yield _verify(folder, clip, clips[clip])


def _clips(folder: Path) -> dict[Path, dict[str, Any] | None]:
    """List the clips that are there, and those that only a note tells of; with what an export tells of them."""
    found: dict[Path, dict[str, Any] | None] = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if set(files) >= _SIMULATORS:  # what it would deliver, not what was delivered
            folders.clear()
            continue
        for name in files:
            if name.endswith(".mp4"):
                found.setdefault(Path(parent, name))
            elif name.endswith(".mp4.json"):
                found.setdefault(Path(parent, name.removesuffix(".json")))
        if _EXPORT in files:
            found.update({Path(parent, name): note for name, note in _exported(Path(parent, _EXPORT))})
    return found


def _exported(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read what an export put into a folder, in the form of notes; nothing where it is none of ours."""
    try:
        clips = json.loads(path.read_bytes())["clips"].items()
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return
    for name, clip in clips:
        if "/" not in name and isinstance(clip, dict) and {"sku", "bytes", "sha256"} <= clip.keys():
            yield name, {"sku": clip["sku"], "clip": clip}


def _verify(folder: Path, clip: Path, exported: dict[str, Any] | None) -> Verified:
    path = clip.relative_to(folder).as_posix()
    try:
        note = exported or _read_note(sidecar_path(clip))
    except FileNotFoundError:
        return Verified(path=path, standing=Standing.WITHOUT_NOTE, detail=f"no {sidecar_path(clip).name} beside it")
    except OSError as error:
        return Verified(path=path, standing=Standing.BAD_NOTE, detail=f"the note: {error.strerror}")
    except ValueError as error:
        return Verified(path=path, standing=Standing.BAD_NOTE, detail=f"the note is none of ours: {error}")
    sku, wanted = str(note["sku"]), note["clip"]
    try:
        length, digest = _digest(clip)
    except FileNotFoundError:
        return Verified(
            path=path,
            standing=Standing.MISSING,
            sku=sku,
            detail=f"there is only {'what the export tells of it' if exported else 'its note'}",
        )
    except OSError as error:
        return Verified(path=path, standing=Standing.UNREADABLE, sku=sku, detail=str(error.strerror))
    if length != wanted["bytes"]:
        detail = f"{length} bytes, and {wanted['bytes']} were delivered"
        return Verified(path=path, standing=Standing.CHANGED, sku=sku, detail=detail)
    if digest != wanted["sha256"]:
        detail = f"SHA-256 {digest[:12]}..., and {wanted['sha256'][:12]}... was delivered"
        return Verified(path=path, standing=Standing.CHANGED, sku=sku, detail=detail)
    return Verified(path=path, standing=Standing.SOUND, sku=sku)


def _read_note(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        data = file.read(_LARGEST_NOTE + 1)
    if len(data) > _LARGEST_NOTE:
        raise ValueError("it is too large")
    try:
        note = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(note, dict) or not isinstance(note.get("clip"), dict) or "sku" not in note:
        raise ValueError("it lacks `sku` and `clip`")
    if note.get("format") != FORMAT:
        raise ValueError(f"its format is {note.get('format')!r}, and this version reads {FORMAT}")
    clip = note["clip"]
    if not isinstance(clip.get("bytes"), int) or not isinstance(clip.get("sha256"), str):
        raise ValueError("its `clip` lacks `bytes` and `sha256`")
    return note


def _digest(path: Path) -> tuple[int, str]:
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            length += len(chunk)
    return length, digest.hexdigest()
