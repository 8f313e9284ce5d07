"""Whether the disk has room for what is bought: asked before the first paid call, and again while it goes on."""

from __future__ import annotations

import shutil
from pathlib import Path  # noqa: TC003 - dataclass fields are looked at when the class is made
from typing import TYPE_CHECKING

from batch.core.phases import Phase
from batch.core.room import Coming, bytes_per_second, lacking, room_needed
from batch.store import queries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from batch.core.job import Limits
    from batch.running.clock import Clock
    from batch.store.queries import PlannedOrder

HINT = "make room there, then give the same command again; `limits.min_free: 0` in the job switches this check off"

_EVERY = 1.0
_ON_THE_WAY = (Phase.SUBMITTING, Phase.UNCONFIRMED, Phase.RUNNING, Phase.RENDERED)


class Room:
    """The free space of the folders that a job writes to.

    Args:
        output: Where clips go.
        state: The state file; its disk has to keep the floor free, too.
    """

    def __init__(self, limits: Limits, reader: sqlite3.Connection, clock: Clock, *, output: Path, state: Path) -> None:
        self._floor = limits.min_free
        self._most = limits.max_items
        self._output = output
        self._state = state.parent
        self._clock = clock
        self._reader = reader
        made_bytes, made_seconds = queries.clips_made(reader)
        self._per_second = bytes_per_second(made_bytes=made_bytes, made_seconds=made_seconds)
        self._asked_at: float | None = None
        self._answer = ""

    def before_buying(self, orders: Iterable[PlannedOrder]) -> str:
        """Say what is missing for all that is planned and on its way; empty where there is room."""
        planned = [Coming(seconds=order.duration_seconds, clips=order.items) for order in orders]
        needed = room_needed(planned, per_second=self._per_second, most=self._most)
        return self._lacking(needed + self._on_the_way(queries.count_in(self._reader, *_ON_THE_WAY)))

    def meanwhile(self, in_flight: int) -> str:
        """Say what is missing for what is in flight and one clip more; asked of the disk once a second."""
        now = self._clock.ticks()
        if self._asked_at is None or now - self._asked_at >= _EVERY:
            self._asked_at = now
            self._answer = self._lacking(self._on_the_way(in_flight + 1))
        return self._answer

    def _on_the_way(self, clips: int) -> int:
        return room_needed([Coming(seconds=None, clips=clips)], per_second=self._per_second)

    def _lacking(self, needed: int) -> str:
        for folder, wanted in ((self._output, needed), (self._state, 0)):
            free = shutil.disk_usage(folder).free
            missing = lacking(free=free, needed=wanted, floor=self._floor)
            if missing:
                return (
                    f"the disk of {folder} has {_size(free)} free, and {_size(wanted)} for clips to come beside"
                    f" {_size(self._floor)} (limits.min_free) are needed"
                )
        return ""


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
