"""Append-only files of JSON lines: the ledger, synced before anybody is answered, and logs, which are not."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class LedgerError(Exception):
    """A ledger or an index that cannot be read; the text names file and line."""


def encoded(record: Mapping[str, Any]) -> bytes:
    """Write one record as a line."""
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read a file of JSON lines and cut off a last line that a crash left half-written.

    Raises:
        LedgerError: A line before the last is no JSON object.
    """
    if not path.exists():
        return
    whole = 0
    with path.open("rb+") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            yield _record(line, f"{path}: line {number}")
            whole += len(line)
        file.truncate(whole)


def _record(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise LedgerError(f"{where}: is no JSON ({error}); move the folder away to begin anew") from error
    if not isinstance(record, dict):
        raise LedgerError(f"{where}: is no JSON object; move the folder away to begin anew")
    return record


class Log:
    """Lines that reach the kernel at once and the disk in its own time: they survive a killed process."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, record: Mapping[str, Any]) -> None:
        """Append one record."""
        self._file.write(encoded(record))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Ledger:
    """Lines that are on the disk when `append` returns; one sync covers all that wait for it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._length = path.stat().st_size
        _sync_folder(path.parent)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def append(self, record: Mapping[str, Any]) -> None:
        """Append one record and wait until it is on the disk.

        Raises:
            OSError: The disk is full or broken; nothing must be answered as accepted then.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((encoded(record), done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._drain())
        await done

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: OSError | None = None
            try:
                await loop.run_in_executor(self._thread, self._write, b"".join(line for line, _ in batch))
            except OSError as failure:
                error = failure
            for _, done in batch:
                if done.cancelled():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
        self._writer = None

    def _write(self, lines: bytes) -> None:
        try:
            if self._file.write(lines) != len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(self._length)  # half a line would spoil the next one
            raise
        self._length += len(lines)

    async def close(self) -> None:
        """Wait for what is being written and close the file."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()
        self._file.close()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
