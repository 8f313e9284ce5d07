"""Frames that can be read again and again, of which few are in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from batch.errors import StorageProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

_IN_MEMORY = 2


class Spool:
    """A list of frames; all but the first two lie in a temporary folder, which `close` removes."""

    def __init__(self) -> None:
        self._kept: list[pl.DataFrame] = []
        self._written = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Put a frame at the end.

        Raises:
            StorageProblem: If the temporary folder cannot take it.
        """
        if len(self._kept) < _IN_MEMORY:
            self._kept.append(frame)
            return
        try:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="sora-batch-")
            frame.write_ipc(self._path(self._written), compression="lz4")
        except OSError as error:
            raise StorageProblem(
                f"the manifest does not fit into the temporary folder: {error}",
                where=tempfile.gettempdir(),
                hint="free some space, or set TMPDIR to a folder with more",
            ) from error
        self._written += 1

    def __iter__(self) -> Iterator[pl.DataFrame]:
        yield from self._kept
        for number in range(self._written):
            yield pl.read_ipc(self._path(number))

    def close(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self._written = 0
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _path(self, number: int) -> Path:
        assert self._folder is not None
        return Path(self._folder.name, f"{number:06}.arrow")
