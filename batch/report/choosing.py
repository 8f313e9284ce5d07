"""Which items the page shows, and in which order."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from batch.core.summary import ItemView

TAKES_SHOWN = 12
"""Earlier takes of one clip beside its newest; more than anybody compares."""


class Standing(Enum):
    """Where an item stands, in the order of the page: what asks for something comes first."""

    UNCONFIRMED = "unconfirmed"
    """May have been paid for; the provider has to be asked, or a person."""
    FAILED = "failed"
    """Ended without a clip, and not because of its content."""
    REFUSED = "refused"
    """The provider would not make it."""
    DONE = "done"
    """Its clip was made and verified by this run."""
    SKIPPED = "skipped"
    """Its clip was there before this run."""
    PENDING = "pending"
    """Not begun, or on its way."""

    @property
    def label(self) -> str:
        """What the page calls it."""
        return _LABELS[self]


_LABELS = {
    Standing.UNCONFIRMED: "Needs a person",
    Standing.FAILED: "Failed",
    Standing.REFUSED: "Refused",
    Standing.DONE: "Done",
    Standing.SKIPPED: "Done earlier",
    Standing.PENDING: "Pending",
}


class Chosen:
    """Picks the items that the page shows: at most `limit`, in the order of `Standing`, then of the manifest.

    A take in whose place another was made has no card of its own: it is shown with the newest one.

    Args:
        limit: How many cards the page can carry.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._views: dict[Standing, list[ItemView]] = {standing: [] for standing in Standing}
        self._counts: Counter[Standing] = Counter()
        self._replaced: dict[str, ItemView] = {}

    def take(self, views: Iterable[ItemView]) -> Iterator[ItemView]:
        """Look at each item, keep what may be shown, and pass it on."""
        for view in views:
            if view.after:
                if len(self._replaced) < self._limit * TAKES_SHOWN:
                    self._replaced[view.key] = view
            else:
                standing = Standing(view.state)
                self._counts[standing] += 1
                kept = self._views[standing]
                if len(kept) < self._limit:
                    kept.append(view)
            yield view

    @property
    def views(self) -> list[ItemView]:
        """The items to show."""
        return [view for standing in Standing for view in self._views[standing]][: self._limit]

    def before(self, view: ItemView) -> list[ItemView]:
        """Give the takes in whose place an item was made, the first of them first."""
        chain: list[ItemView] = []
        key = view.before
        while key in self._replaced and len(chain) < TAKES_SHOWN:
            chain.append(self._replaced[key])
            key = chain[-1].before
        return chain[::-1]

    @property
    def left_out(self) -> int:
        """How many items have no card."""
        return max(0, self._counts.total() - self._limit)
