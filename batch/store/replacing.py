"""Putting a rebuilt state into the place of a damaged one, which is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.files import sync_folder
from batch.store.lock import lock_path
from batch.store.seal import close_seal, open_seal, seal_path

if TYPE_CHECKING:
    from pathlib import Path

_LOGS = ("-wal", "-shm")


def building_place(path: Path) -> Path:
    """Say where a state is rebuilt; whatever an earlier rebuild left there is removed.

    Raises:
        OSError: If that cannot be done.
    """
    place = path.with_name(f"{path.name}.rebuilding")
    _remove(place)
    return place


def put_in_place(new: Path, path: Path, stamp: str) -> Path | None:
    """Move a damaged state aside and a closed new one into its place.

    Cut off in between, there is no state, and its seal says that there was one: nothing is bought.

    Returns:
        Where the damaged file is kept; None where there was none.

    Raises:
        OSError: If the disk fails.
    """
    open_seal(path)
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    moved = path.exists()
    for suffix in _LOGS:  # first: a log without its file does nothing, another one's log beside a new file harms
        log = path.with_name(path.name + suffix)
        if log.exists():
            log.replace(kept.with_name(kept.name + suffix))
    if moved:
        path.replace(kept)
    new.replace(path)
    sync_folder(path.parent)
    close_seal(path)
    _remove(new)
    return kept if moved else None


def _remove(place: Path) -> None:
    logs = [place.with_name(place.name + suffix) for suffix in _LOGS]
    for one in (place, *logs, seal_path(place), lock_path(place)):
        one.unlink(missing_ok=True)
