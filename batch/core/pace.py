"""How many submits may be sent, and how many predictions may run at once: the decisions, without the waiting."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW = 60.0
"""Seconds: `submit_per_minute` holds for every window of this length, wherever it begins."""


@dataclass(slots=True, kw_only=True)
class SubmitWindow:
    """Keeps every sliding minute at the server under the limit, whatever the network does.

    A submit reaches the server at some moment between our sending it and its answer's arrival. Counted from the
    answer, its place in the window is free one minute later at the earliest, so no minute at the server can hold more
    than `limit`, however unevenly requests travel.

    Attributes:
        limit: Submits per minute.
    """

    limit: int
    _open: int = 0
    _answered: deque[float] = field(default_factory=deque)

    @classmethod
    def restored(cls, limit: int, answered: list[float]) -> SubmitWindow:
        """Go on from what the state remembers: the moments, on the clock used from now on, that places count from."""
        window = cls(limit=limit)
        window._answered.extend(sorted(answered))
        return window

    def wait(self, now: float) -> float:
        """Give the seconds until a place is free; infinity while only an open request's answer can free one."""
        while self._answered and self._answered[0] + WINDOW <= now:
            self._answered.popleft()
        if self._open + len(self._answered) < self.limit:
            return 0.0
        missing = self._open + len(self._answered) - self.limit
        if missing >= len(self._answered):
            return float("inf")
        return self._answered[missing] + WINDOW - now

    def send(self) -> None:
        """Take a place; `wait` has just said that one is free."""
        self._open += 1

    def give_back(self) -> None:
        """Give a place back that nothing was sent for: it is free at once."""
        self._open -= 1

    def answer(self, now: float) -> None:
        """Note that a request was answered or given up: its place is free a minute from now."""
        self._open -= 1
        self._answered.append(now)


@dataclass(slots=True, kw_only=True)
class InFlightLimit:
    """How many predictions may run at once: the job's limit, lowered by every 429 and slowly raised again.

    Attributes:
        most: The job's limit.
        calm: Seconds without a 429 after which the limit rises by one; 0 for at once to the job's.
    """

    most: int
    calm: float
    _limit: int = 0
    _changed_at: float = 0.0

    def __post_init__(self) -> None:
        self._limit = self.most

    def now(self, at: float) -> int:
        """Give the limit at a moment."""
        if self._limit >= self.most or self.calm <= 0:
            return self.most
        risen = int((at - self._changed_at) / self.calm)
        if risen > 0:
            self._limit = min(self.most, self._limit + risen)
            self._changed_at += risen * self.calm
        return self._limit

    def lower(self, at: float, in_flight: int) -> None:
        """Take a 429 in: the account holds as many as are running, and one less is safe."""
        self._limit = max(1, min(self._limit, in_flight) - 1)
        self._changed_at = at
