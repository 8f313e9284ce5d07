"""The next item to buy, its frame already being made."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.running.framing import fit_of
from batch.store import queries

if TYPE_CHECKING:
    from batch.frames.settings import Frame
    from batch.running.desk import Desk
    from batch.store.queries import Article

_CHUNK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """An item that may be bought, and the frame that is being made for it."""

    article: Article
    frame: asyncio.Task[Frame]


class Feed:
    """Reads planned items in manifest order, a few ahead, and takes those back that may be bought again later.

    Args:
        ahead: How many frames are made before they are asked for.
    """

    def __init__(self, desk: Desk, *, ahead: int) -> None:
        self._desk = desk
        self._ahead = ahead
        self._last_id = 0 if desk.only is None else desk.only - 1
        self._exhausted = False
        self._read: deque[Article] = deque()
        self._ready: deque[Ready] = deque()
        self._later: list[tuple[float, int]] = []
        self._changed = asyncio.Event()
        self._closed = False

    async def next(self) -> Ready | None:
        """Wait for an item that may be bought now; None when the feed was closed."""
        while not self._closed:
            self._fill()
            if self._ready:
                return self._ready.popleft()
            self._changed.clear()
            self._desk.changed.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_later()):
                    await self._changed.wait()
        return None

    def put_back(self, item_id: int, pause: float = 0.0) -> None:
        """Offer an item again after some seconds, if the newest plan still wants it."""
        if self._desk.only is not None:
            return  # once: what did not come off is left to an ordinary run
        to_be_read = item_id > self._last_id and not self._exhausted  # an earlier run's: it comes with its own turn
        if not to_be_read and queries.in_newest_plan(self._desk.store.reader, item_id):
            self._offer_after(pause, item_id)
        self._changed.set()

    @property
    def empty(self) -> bool:
        """Whether nothing is left to offer, now or later."""
        self._fill()
        return self._exhausted and not self._read and not self._ready and not self._later

    def close(self) -> None:
        """Offer nothing any more, and give up the frames that nobody asked for."""
        self._closed = True
        for ready in self._ready:
            ready.frame.cancel()
        self._ready.clear()
        self._changed.set()

    def _fill(self) -> None:
        while not self._closed and len(self._ready) < self._ahead:
            article = self._next_article()
            if article is None:
                return
            self._ready.append(Ready(article=article, frame=asyncio.create_task(self._frame(article))))

    def _next_article(self) -> Article | None:
        if self._later and self._later[0][0] <= self._desk.clock.ticks():
            return queries.article(self._desk.store.reader, heapq.heappop(self._later)[1])
        while not self._read and not self._exhausted:
            self._read_on()
        return self._read.popleft() if self._read else None

    def _read_on(self) -> None:
        now, longest = self._desk.clock.now(), self._desk.timing.longest_retry_pause
        chunk = _CHUNK if self._desk.only is None else 1
        found = queries.planned(self._desk.store.reader, after=self._last_id, limit=chunk)
        self._exhausted = len(found) < _CHUNK
        for article, not_before in found:
            self._last_id = article.item_id
            if not_before > now:  # by no more than a pause of ours, unless the clock was set back since
                self._offer_after(min(not_before - now, longest), article.item_id)
            else:
                self._read.append(article)

    def _offer_after(self, pause: float, item_id: int) -> None:
        heapq.heappush(self._later, (self._desk.clock.ticks() + pause, item_id))

    async def _frame(self, article: Article) -> Frame:
        desk = self._desk
        path = desk.picture_path(article)
        return await desk.frames.frame(
            path, article.source_sha256, fit_of(desk.fit, article.framing), desk.frame_target(article)
        )

    def _until_later(self) -> float | None:
        if not self._later:
            return None
        return max(0.005, self._later[0][0] - self._desk.clock.ticks())
