"""The one place that looks at the time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """The system's clocks; tests put their own in its place."""

    def now(self) -> float:
        """Unix seconds: for what is written down."""
        return time.time()

    def ticks(self) -> float:
        """Seconds that never jump: for what is waited for."""
        return time.monotonic()


def utc_day(at: float) -> str:
    """Give the UTC day of a moment, as `2026-11-23`."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()
