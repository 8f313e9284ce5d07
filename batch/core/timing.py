"""Every span of time that a run needs, in seconds of the wall clock: the job's, divided where time is compressed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from batch.core.retry import LONG_PAUSE

if TYPE_CHECKING:
    from batch.core.job import Job

FALLBACK_ETA = 180.0
"""Seconds a clip takes where the profile does not say: the first poll comes early enough either way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Spans in seconds of the wall clock.

    Attributes:
        eta: How long a clip is expected to take.
        poll_first: After how long a prediction is first looked at; None where that is learned.
        poll_min: Shortest pause between two looks.
        poll_max: Longest pause between two looks.
        cooldown: Pause of all submitting after a 429.
        grace: How long an unconfirmed attempt is looked for.
        deadline: How long an item may take before it waits for the next run.
        missing_after: How long our own id may be unknown to the provider before it counts as missing.
        retry_pause: Before a failed prediction is bought again.
        trouble_pause: Before a call that got no answer is tried again; doubles up to ten times itself.
        download_pause: Before a download is tried again.
        longest_pause: The longest that a `Retry-After` is believed; one that asks for more is a mistake.
    """

    eta: float
    poll_first: float | None
    poll_min: float
    poll_max: float
    cooldown: float
    grace: float
    deadline: float
    missing_after: float = 600.0
    retry_pause: float = 30.0
    trouble_pause: float = 3.0
    download_pause: float = 2.0
    longest_pause: float = 3600.0

    @property
    def longest_retry_pause(self) -> float:
        """The longest pause after which a failed prediction is bought again; see `core/retry.py`."""
        return LONG_PAUSE * self.retry_pause

    def compressed(self, speed: float) -> Timing:
        """Give the same spans in a world that runs `speed` times as fast."""
        spans: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        scaled: dict[str, Any] = {name: None if span is None else span / speed for name, span in spans.items()}
        return Timing(**scaled)


def timing_of(job: Job, eta_seconds: float | None) -> Timing:
    """Gather a job's spans. The rate of submits is not among them: a minute of it is a minute at any speed."""
    timing = Timing(
        eta=eta_seconds or FALLBACK_ETA,
        poll_first=None if job.polling.first == "auto" else float(job.polling.first),
        poll_min=job.polling.min,
        poll_max=job.polling.max,
        cooldown=job.limits.cooldown,
        grace=job.reconcile.grace,
        deadline=job.limits.item_deadline,
    )
    return timing.compressed(job.provider.speed) if job.simulated else timing
