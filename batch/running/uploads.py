"""Removes frames from the provider once nobody needs them: best effort, because they expire by themselves."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from batch.store import changes, queries

if TYPE_CHECKING:
    from batch.core.lifecycle import Record
    from batch.running.desk import Desk

_LEFT_AT_MOST = 500
_AT_ONCE = 4


def discard(desk: Desk, record: Record) -> None:
    """Remove the frame of a record's last attempt, which has ended, beside the run."""
    if record.attempt is not None:
        desk.background(_delete(desk, record.item_id, record.attempt.number, record.attempt.upload_id))


async def discard_left(desk: Desk) -> None:
    """Remove the frames that earlier runs left: they were killed, or the provider gave no answer."""
    left = await desk.store.do(lambda connection: list(queries.settled_uploads(connection, _LEFT_AT_MOST)))
    for start in range(0, len(left), _AT_ONCE):
        await asyncio.gather(*(_delete(desk, *upload) for upload in left[start : start + _AT_ONCE]))


async def _delete(desk: Desk, item_id: int, number: int, upload_id: str) -> None:
    if await desk.provider.delete_upload(upload_id) is None:
        await desk.store.do(partial(changes.upload_gone, item_id=item_id, number=number))
