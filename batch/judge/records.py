"""What was measured of each clip, kept beside the report under the clip's hash: losing it costs time, never money."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from batch.core.quality import Look, Measured, remarks, score
from batch.files import disk_problem

if TYPE_CHECKING:
    from pathlib import Path

    from batch.core.job import Quality

VERSION: Final = 1
"""Raised when a measure changes its meaning: what older versions measured is measured again."""

_FILE: Final = "looks.jsonl"


class Looks:
    """The measures of a job's clips: one line of JSON each, only ever added to.

    Args:
        output: The job's output folder.
        folder: Where the measures and their pictures lie, below `output`.
    """

    def __init__(self, output: Path, folder: Path) -> None:
        self._folder = folder
        self._shown = folder.relative_to(output).as_posix()
        self._known: dict[str, Measured] = {}
        try:
            lines = (folder / _FILE).read_bytes().splitlines()
        except OSError:
            lines = []
        for line in lines:
            self._take(line)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._known

    def strip(self, sha256: str) -> Path:
        """Say where a clip's contact strip lies."""
        return self._folder / f"{sha256[:32]}-strip.jpg"

    def poster(self, sha256: str) -> Path:
        """Say where a clip's poster lies."""
        return self._folder / f"{sha256[:32]}-poster.jpg"

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            StorageProblem, CannotCreate: If it cannot be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_problem(error, self._folder) from error

    def add(self, sha256: str, measured: Measured) -> None:
        """Keep what was measured of a clip.

        Raises:
            StorageProblem: If the disk is full or fails.
        """
        # The line break comes first, too: what a killed command left may be half a line.
        line = "\n" + json.dumps({"version": VERSION, "clip": sha256, **measured.as_json()}) + "\n"
        try:
            with (self._folder / _FILE).open("ab") as file:
                file.write(line.encode())
        except OSError as error:
            raise disk_problem(error, self._folder / _FILE) from error
        self._known[sha256] = measured

    def of(self, sha256: str, limits: Quality, *, wants_sound: bool) -> Look | None:
        """Give the look at a clip, with the remarks that the job's limits make of it now; None before there was one."""
        measured = self._known.get(sha256)
        if measured is None:
            return None
        return Look(
            score=score(measured, limits),
            measured=measured,
            remarks=remarks(measured, limits, wants_sound=wants_sound),
            strip=f"{self._shown}/{self.strip(sha256).name}",
            poster=f"{self._shown}/{self.poster(sha256).name}",
        )

    def _take(self, line: bytes) -> None:
        try:  # the last line of a killed command is cut short
            told: dict[str, Any] = json.loads(line)
            if told.pop("version") == VERSION:
                clip = str(told.pop("clip"))
                self._known[clip] = Measured(**{field.name: told[field.name] for field in fields(Measured)})
        except (ValueError, TypeError, KeyError, AttributeError):
            return
