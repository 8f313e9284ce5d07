"""What was made and what it cost, as the numbers that scripts read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from batch.core.money import ZERO
from batch.core.totals import Cost, ItemCounts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from batch.core.decision import Decision
    from batch.core.quality import Look
    from batch.core.verdicts import Suitability

__all__ = [
    "ClipFacts",
    "Cost",
    "GoneProduct",
    "ItemCounts",
    "ItemView",
    "PredictionView",
    "RejectedView",
    "ReportHead",
    "summary_json",
]


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
        container: `mp4` or `mov`; empty, like the codecs, where an older version measured it.
        video_codec: For example `h264`.
        audio_codec: For example `aac`; empty without an audio track.
        frame_rate: Frames a second, on average; None where nothing says it.
    """

    path: str
    bytes: int
    sha256: str
    seconds: float
    width: int
    height: int
    has_audio: bool
    warnings: tuple[str, ...] = ()
    container: str = ""
    video_codec: str = ""
    audio_codec: str = ""
    frame_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """Everything that a report says of one item.

    Attributes:
        line: Line of the manifest; 0 where the item is no longer in it. A take that has a newer one keeps its row's.
        gone: Whether no row of the manifest has its SKU any more. Where one has, and `line` is 0, the row has changed.
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
        look: What a machine saw of its clip; None where none has looked.
        channels: How its clip stands with each of the job's destinations.
        decision: What a person decided about its clip last; None where nobody has, or it was taken back.
        before: Key of the take that this one was made in place of; empty for a first take.
        after: Key of the take that was made, or is to be made, in place of this one; empty for the newest.
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
    look: Look | None = None
    gone: bool = False
    channels: tuple[Suitability, ...] = ()
    decision: Decision | None = None
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoneProduct:
    """A product of which something was bought, and that no row of the manifest has any more.

    Attributes:
        clips: Paths of its clips, relative to the output folder; they are kept.
        open: Items that are still under way or wait for a person.
    """

    sku: str
    clips: tuple[str, ...]
    open: int = 0


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
