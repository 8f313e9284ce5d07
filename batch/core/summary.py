"""What was made and what it cost, as the numbers that scripts read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from batch.core.money import ZERO, format_usd

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCounts:
    """How many items stand where; every item is counted once.

    Attributes:
        done: Clips made and verified by this run.
        failed: Ended without a clip, and not because of their content.
        refused: The provider would not make them.
        unconfirmed: May have been paid for; the provider has to be asked, or a person.
        pending: Not begun, or on their way.
        rejected: Rows that could not become an item.
        skipped: Done by an earlier run.
    """

    done: int = 0
    failed: int = 0
    refused: int = 0
    unconfirmed: int = 0
    pending: int = 0
    rejected: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """The sum of all others."""
        return self.done + self.failed + self.refused + self.unconfirmed + self.pending + self.rejected + self.skipped

    def as_json(self) -> dict[str, int]:
        """Give the documented keys."""
        return {
            "total": self.total,
            "done": self.done,
            "failed": self.failed,
            "refused": self.refused,
            "unconfirmed": self.unconfirmed,
            "pending": self.pending,
            "rejected": self.rejected,
            "skipped": self.skipped,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Four numbers in dollars that are never added up into one.

    Attributes:
        estimated: What everything that was submitted should cost.
        settled: What the provider said it charged.
        reserved: Held for what is on its way or unconfirmed.
        possibly_charged: Estimates of what ended without the provider saying what it cost.
    """

    estimated: Decimal = ZERO
    settled: Decimal = ZERO
    reserved: Decimal = ZERO
    possibly_charged: Decimal = ZERO

    def as_json(self) -> dict[str, str]:
        """Give the documented keys; amounts are texts with decimals."""
        return {
            "estimated_usd": format_usd(self.estimated),
            "settled_usd": format_usd(self.settled),
            "reserved_usd": format_usd(self.reserved),
            "possibly_charged_usd": format_usd(self.possibly_charged),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFacts:
    """What a delivered clip is, as measured from its own boxes.

    Attributes:
        path: Relative to the output folder, with forward slashes.
        bytes: Its length.
        sha256: Of the bytes as delivered, in hex.
        seconds: Length of the video.
        width: Pixels.
        height: Pixels.
        has_audio: Whether there is an audio track.
        warnings: Where it differs from what was ordered.
    """

    path: str
    bytes: int
    sha256: str
    seconds: float
    width: int
    height: int
    has_audio: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """Everything that a report says of one item.

    Attributes:
        line: Line of the manifest; 0 where the item is no longer in it.
        state: `done`, `skipped`, `failed`, `refused`, `unconfirmed`, `pending`: as `ItemCounts` counts it.
        phase: The finer word, for example `running`, `held`, `missing`, `cancelled`.
        image: As the manifest names it.
        source: The picture as a local path or a URL.
        source_sha256: Of its bytes, in hex.
        row: The manifest's own columns, as text.
        reason: Why it is not done; empty where it is.
        advice: What to do about it; empty where nothing needs to be done.
        attempts: Predictions that were accepted, or may have been.
        estimate: Dollars for one attempt.
        cost: Over all attempts.
        render_seconds: The provider's own time; None where unknown.
    """

    key: str
    sku: str
    line: int
    variant: int
    take: int
    state: str
    phase: str
    image: str
    source: str
    prompt: str
    model: str
    aspect: str
    duration: str
    row: Mapping[str, str]
    reason: str = ""
    advice: str = ""
    attempts: int = 0
    prediction_id: str = ""
    clip: ClipFacts | None = None
    warnings: tuple[str, ...] = ()
    source_sha256: str = ""
    estimate: Decimal = ZERO
    cost: Cost = field(default_factory=Cost)
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    render_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedView:
    """A row that could not become an item."""

    file: str
    line: int
    sku: str
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionView:
    """A prediction, to be held against the invoice.

    Attributes:
        day: The UTC day of its intent, as `2026-11-23`.
        settled: None where the provider did not say.
    """

    id: str
    sku: str
    day: str
    estimate: Decimal
    settled: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportHead:
    """What a report says of the whole.

    Attributes:
        ended: Why the last run ended, in words; empty while it goes on.
        notes: What a person should know: price raised, low balance, model notes.
    """

    job: str
    model: str
    provider: str
    simulated: bool
    made_at: datetime
    run_started_at: datetime | None
    ended: str
    counts: ItemCounts
    cost: Cost
    notes: tuple[str, ...] = ()


def summary_json(
    *, counts: ItemCounts, cost: Cost, report: Mapping[str, str], exit_code: int, extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the one object that `run --json` prints and `on_finish` gets."""
    return {
        "items": counts.as_json(),
        "cost": cost.as_json(),
        "report": dict(report),
        "exit": exit_code,
        **extra,
    }
