"""What a damaged state still shows: its attempts, as far as SQLite can read them. Proof of nothing by itself.

An attempt found here can only keep an item from being bought, or lead to a prediction that the provider is asked about:
never the other way round.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = b"SQLite format 3\x00"

_ATTEMPTS = """
    SELECT key, number, state, run_id, day, intent_at, estimate, upload_id, upload_url, frame_sha256, recipe,
           prediction_id, name
    FROM attempt JOIN item ON item.id = item_id ORDER BY item_id {order}, number {order}
"""
_TYPES = (bytes, int, str, int, str, float, int, str, str, str, int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """An attempt as the damaged file shows it; `key` and `name` are the item's, and any text may be wrong."""

    key: bytes
    number: int
    state: str
    run_id: int
    day: str
    intent_at: float
    estimate: int
    upload_id: str
    upload_url: str
    frame_sha256: str
    recipe: int
    prediction_id: str | None
    name: str = ""


def salvage(path: Path) -> list[Salvaged]:
    """Read the attempts of a damaged state, in the order of their numbers; the file and its log are left as they are.

    Raises:
        OSError: If there is no room for a copy to work on.
    """
    if not path.exists():
        return []
    found: dict[tuple[bytes, int], Salvaged] = {}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        work = _work_copy(path, Path(folder))
        for order in ("ASC", "DESC"):  # from both ends, as far as the damage lets one come
            for one in _read(work, order):
                found.setdefault((one.key, one.number), one)
    return sorted(found.values(), key=lambda one: one.number)


def _work_copy(path: Path, folder: Path) -> Path:
    work = folder / "state"
    shutil.copyfile(path, work)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        shutil.copyfile(log, work.with_name("state-wal"))
    with work.open("r+b") as file:  # a flipped bit in the first bytes hides all the others
        file.write(_MAGIC)
    return work


def _read(work: Path, order: str) -> Iterator[Salvaged]:
    with suppress(sqlite3.Error), closing(sqlite3.connect(work)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        for row in connection.execute(_ATTEMPTS.format(order=order)):
            one = _checked(row)
            if one is not None:
                yield one


def _checked(row: tuple[Any, ...]) -> Salvaged | None:
    if not all(isinstance(value, kind) for value, kind in zip(row, _TYPES, strict=False)):
        return None
    key, number, state, run_id, day, intent_at, estimate, upload_id, upload_url, frame, recipe, prediction_id = row[:12]
    return Salvaged(
        key=key,
        number=number,
        state=state,
        run_id=run_id,
        day=day,
        intent_at=intent_at,
        estimate=estimate,
        upload_id=upload_id,
        upload_url=upload_url,
        frame_sha256=frame,
        recipe=recipe,
        prediction_id=prediction_id if isinstance(prediction_id, str) else None,
        name=row[12] if isinstance(row[12], str) else "",
    )
