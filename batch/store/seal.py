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

_PIECE = 32 << 20
_READ = 1 << 20
_KIND = "blake2b-32M"  # of the hashes of pieces of this size


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
    """Hash a file piece by piece, a few at once: a gigabyte takes a second on one core, and half of it on two.

    Raises:
        OSError: If it cannot be read.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - start-up counts, and `status` hashes nothing

    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = range(0, os.fstat(descriptor).st_size, _PIECE)
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            digests = list(pool.map(lambda offset: _digest_of_piece(descriptor, offset), pieces))
    finally:
        os.close(descriptor)
    return hashlib.blake2b(b"".join(digests)).hexdigest()


def _digest_of_piece(descriptor: int, offset: int) -> bytes:
    piece = hashlib.blake2b()
    for start in range(offset, offset + _PIECE, _READ):
        piece.update(os.pread(descriptor, _READ, start))
    return piece.digest()


def is_sealed(path: Path) -> bool:
    """Say whether the last command came to its end and sealed a file; whether the seal still fits is not looked at."""
    try:
        return bool(_digests(seal_path(path).read_bytes()))
    except OSError:
        return False


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
        return tuple(str(one) for one in value[_KIND])
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
    write_atomic(seal_path(path), json.dumps({"format": 1, _KIND: digests}) + "\n")
