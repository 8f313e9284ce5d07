"""The job that is reviewed. Nothing of it is held open or locked in between, so that a run may work beside it."""

from __future__ import annotations

import asyncio
import stat
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Any

from batch.errors import MissingInput
from batch.review.rules import SENT_TO, lies_beside_page
from batch.running.destinations import destinations_of
from batch.running.person import this_person
from batch.running.reporting import report_head, write_served_page
from batch.running.reviewing import Told, apply_decisions
from batch.running.telling import told_of
from batch.store import queries
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from batch.core.decision import Judgement
    from batch.inputs.jobfile import LoadedJob
    from batch.running.clock import Clock


class Desk:
    """A job's page, its files, and what is decided about its clips.

    Attributes:
        decided: What was decided here about each clip last, by the item's key.

    Raises:
        MissingInput: If the job has no state, or its state no item.
        Problem: If the state, or one of the job's channels, cannot be read.
    """

    def __init__(self, loaded: LoadedJob, clock: Clock) -> None:
        self._loaded = loaded
        self._clock = clock
        self._deciding = asyncio.Lock()
        self.decided: dict[str, Judgement] = {}
        destinations_of(loaded)  # what is wrong with them is said now, and not on the page
        with closing(self._state()) as connection:
            if not queries.counts(connection).total:
                where = str(loaded.location.state)
                raise MissingInput(
                    "there is nothing to review yet", where=where, hint="`sora-batch run JOB` makes clips"
                )

    def _state(self) -> sqlite3.Connection:
        return read_state(self._loaded.location.state, Binding.of(self._loaded.location))

    def page(self) -> bytes:
        """Make the page from the state as it is now. Takes about a second for a page that is full.

        Raises:
            Problem: If the state cannot be read, or a thumbnail not be written.
        """
        with closing(self._state()) as connection:
            head = report_head(self._loaded, connection, self._clock.now())
        file = BytesIO()
        write_served_page(file, self._loaded, head, served=SENT_TO)
        return file.getvalue()

    def file(self, name: str) -> Path | None:
        """Give the path of a file that the page refers to; None for everything else.

        Args:
            name: Relative to the output folder, with forward slashes.

        Raises:
            Problem: If the state cannot be read.
        """
        if not lies_beside_page(name) and not self._is_clip(name):
            return None
        output = self._loaded.location.output.resolve()
        path = output / name
        try:  # a link could lead out of the folder, or to the state in it
            whole = path.resolve(strict=True) == path and stat.S_ISREG(path.stat().st_mode)
        except OSError:
            return None
        return path if whole else None

    def _is_clip(self, name: str) -> bool:
        with closing(self._state()) as connection:
            return queries.is_clip(connection, name)

    async def decide(self, decisions: Sequence[Mapping[str, str | None]]) -> dict[str, Any]:
        """Take decisions into the state; gives what the page is answered.

        Raises:
            Busy: If a run is at work on this job.
            Problem: If the state cannot be read or written.
        """
        person = this_person()
        read = [told_of({**one, "by": (one.get("by") or "").strip() or person}) for one in decisions]
        told = [one for one in read if isinstance(one, Told)]
        refused = [one for one in read if not isinstance(one, Told)]
        async with self._deciding:
            applied = await apply_decisions(self._loaded, told, self._clock)
        self.decided |= {one.key: one.judgement for one in applied.changed}
        return {
            "applied": len(applied.changed),
            "known": applied.known,
            "refused": [{"key": one.key, "sku": one.sku, "reason": one.reason} for one in (*refused, *applied.refused)],
        }

    async def rest(self) -> None:
        """Wait until what is being taken in stands in the state."""
        async with self._deciding:
            pass
