"""A seal beside a state: which bytes its last writer left, so that whatever changed them since is noticed.

SQLite's own checks see broken structure and not a flipped bit in a key, which would make a paid item look new.
While a command writes, the seal is open (an empty file): after kill -9 there is nothing to compare with, and the state
is searched for contradictions instead.
"""

from __future__ import annotations

import hashlib
import json
import os
from enum import Enum
from typing import TYPE_CHECKING

from batch.files import sync_folder, write_atomic

if TYPE_CHECKING:
    from pathlib import Path


class Seal(Enum):
    """What a seal says of its file."""

    NONE = "none"  # there never was one
    OPEN = "open"  # a command wrote and did not come to its end
    WHOLE = "whole"  # the file is what its last writer left
    BROKEN = "broken"  # the file was changed, cut or replaced since


def seal_path(path: Path) -> Path:
    """Say where a file's seal lies."""
    return path.with_name(f"{path.name}.seal")


def digest(path: Path) -> str:
    """Hash a file; a gigabyte takes about a second.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def look_at_seal(path: Path) -> Seal:
    """Compare a file with its seal.

    Raises:
        OSError: If one of them is there and cannot be read.
    """
    try:
        sealed = _digests(seal_path(path).read_bytes())
    except FileNotFoundError:
        return Seal.NONE
    if not sealed:
        return Seal.OPEN
    return Seal.WHOLE if path.exists() and digest(path) in sealed else Seal.BROKEN


def _digests(content: bytes) -> tuple[str, ...]:
    """Read a seal; one that is damaged itself proves nothing, like an open one."""
    try:
        value = json.loads(content)
        return tuple(str(one) for one in value["blake2b"])
    except (ValueError, TypeError, KeyError):
        return ()


def open_seal(path: Path) -> None:
    """Note, durably, that a file is about to change.

    Raises:
        OSError: If the disk does not take it; nothing must be written to the file then.
    """
    seal = seal_path(path)
    new = not seal.exists()
    descriptor = os.open(seal, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        sync_folder(seal.parent)


def close_seal(path: Path, *also: str) -> None:
    """Note, durably, what a file is now.

    Args:
        path: The file.
        also: Digests that are right as well: of the file that is about to take this one's place, or to give way.

    Raises:
        OSError: If the file cannot be read, or the disk does not take it.
    """
    digests = [*([digest(path)] if path.exists() else []), *also]
    write_atomic(seal_path(path), json.dumps({"format": 1, "blake2b": digests}) + "\n")
