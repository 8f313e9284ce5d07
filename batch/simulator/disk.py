"""The simulator's folder: ledger, logs, uploads and clips, and the world that stands in them.

ledger.jsonl    accepted, settled, cancelled: synced before the answer leaves
uploads.jsonl   presigned, stored, deleted
requests.jsonl  every request
uploads/ clips/ the files
lock            held while a simulator serves the folder
"""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING, Any

from batch.simulator import records
from batch.simulator.ledger import Ledger, LedgerError, Log, read_lines

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from batch.simulator.faults import FaultBook
    from batch.simulator.world import World


class FolderInUseError(Exception):
    """Another simulator serves this folder."""


class Disk:
    """The open folder of one simulator."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, making it if need be.

        Raises:
            FolderInUseError: Another simulator that is alive holds it.
            OSError: It cannot be made or written.
        """
        self.uploads = folder / "uploads"
        self.clips = folder / "clips"
        for path in (self.uploads, self.clips):
            path.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = _locked(folder)
        self.ledger: Ledger
        self.requests: Log
        self._index: Log

    def load(self, world: World, book: FaultBook) -> None:
        """Bring the world and the fault counters to where they were, and open the files for more.

        Raises:
            LedgerError: A file is damaged before its last line.
        """
        try:
            deleted = self._load_uploads(world)
            self._load_ledger(world, deleted)
            self._load_counters(book)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise LedgerError(
                f"{self._folder}: a line was written by something else ({error!r}); move the folder away"
            ) from error
        self.ledger = Ledger(self._folder / "ledger.jsonl")
        self.requests = Log(self._folder / "requests.jsonl")
        self._index = Log(self._folder / "uploads.jsonl")
        for upload_id in deleted:
            self.forget(world, upload_id)

    def _load_uploads(self, world: World) -> dict[str, float]:
        deleted = {}
        for record in read_lines(self._folder / "uploads.jsonl"):
            if record["event"] == "presigned":
                world.uploads[record["id"]] = records.upload_of(record)
            elif record["event"] == "stored":
                world.store(record["id"], record["length"], records.size_of(record))
            else:
                deleted[record["id"]] = record["time"]
        return deleted

    def _load_ledger(self, world: World, deleted: dict[str, float]) -> None:
        ends = []
        for record in read_lines(self._folder / "ledger.jsonl"):
            if record["event"] == "accepted":
                world.restore(records.prediction_of(record))
            else:
                ends.append(record)
        for upload_id, at in deleted.items():
            world.delete(world.uploads[upload_id].owner, upload_id, at)
        for record in ends:
            if (failure := records.failure_of(record)) is not None:
                world.fail(record["id"], failure)
            world.end(record["id"], records.end_of(record))

    def _load_counters(self, book: FaultBook) -> None:
        for record in read_lines(self._folder / "requests.jsonl"):
            for heard in record["heard"] if record.get("plan") == book.fingerprint else ():
                book.replay(heard["rules"], heard["subject"])

    def note_upload(self, record: dict[str, Any]) -> None:
        """Append to the upload index."""
        self._index.write(record)

    def upload_path(self, upload_id: str) -> Path:
        """Give the place of an upload's bytes."""
        return self.uploads / upload_id

    def clip_path(self, name: str) -> Path:
        """Give the place of a clip."""
        return self.clips / f"{name}.mp4"

    def forget(self, world: World, upload_id: str) -> None:
        """Remove a deleted upload's bytes, unless something is still made from them."""
        upload = world.uploads.get(upload_id)
        if upload is not None and upload.deleted and not world.needed(upload_id):
            self.upload_path(upload_id).unlink(missing_ok=True)

    async def close(self) -> None:
        """Close everything and let the folder go."""
        if hasattr(self, "ledger"):
            await self.ledger.close()
            self.requests.close()
            self._index.close()
        self._lock.close()


def _locked(folder: Path) -> BinaryIO:
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise FolderInUseError(
            f"{folder}: another simulator is serving this folder; stop it or name another folder"
        ) from error
    return lock
