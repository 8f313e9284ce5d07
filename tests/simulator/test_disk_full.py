"""A full disk: nothing is answered as accepted that is not in the ledger, and the ledger stays whole."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from batch.simulator import engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    Open = Callable[..., AbstractAsyncContextManager[Any]]


class Disk:
    """Stands in front of `os.fsync` and fails while it is full."""

    def __init__(self) -> None:
        self.full = False
        self._real = os.fsync

    def fsync(self, handle: int) -> None:
        """Sync, or say that there is no room."""
        if self.full:
            raise OSError(errno.ENOSPC, "no space left on device")
        self._real(handle)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Give a disk that can be filled, and let waiting for room be short."""
    made = Disk()
    monkeypatch.setattr(os, "fsync", made.fsync)
    monkeypatch.setattr(engine, "DISK_PAUSE", 0.01)
    return made


async def test_an_order_that_cannot_be_written_is_not_accepted(opened: Open, disk: Disk) -> None:
    """500, no line in the ledger, no money taken; afterwards all is well, also after a restart."""
    async with opened() as shop:
        disk.full = True
        assert (await shop.submit("https://example.com/a")).status_code == 500
        disk.full = False
        prediction = await shop.create()
        assert (await shop.ended(prediction))["status"] == "success"
    told = [json.loads(line) for line in (shop.folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["event"], line["id"]) for line in told] == [("accepted", prediction), ("settled", prediction)]
    async with opened() as shop:
        assert (await shop.poll(prediction))["status"] == "success"


async def test_an_end_that_cannot_be_written_waits(opened: Open, disk: Disk) -> None:
    """The prediction renders on until its end is on the disk."""
    async with opened(instant=False, speed=1000) as shop:
        prediction = await shop.create()
        disk.full = True
        assert (await shop.until(prediction, "processing"))["output"] is None
        disk.full = False
        assert (await shop.ended(prediction))["status"] == "success"
