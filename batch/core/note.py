"""The note beside a clip, as far as a lost state can be brought back from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from batch.core.decision import Decision
    from batch.core.summary import ClipFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a note says, in the state's own units.

    Attributes:
        provider: As the note names it: its name and host.
        seconds: None where the model decided.
        estimate: Micro-dollars.
        settled: Micro-dollars; None where the provider did not say.
        submitted_at: Unix seconds; 0 where it is not known.
        before: Key of the take that this one was made in place of; empty for a first take.
        row_prompt: What the row said where a redo was asked for instead; None for a first take.
        decision: What a person decided about the clip; None where nothing stands.
    """

    key: str
    sku: str
    job: str
    provider: str
    model: str
    variant: int
    take: int
    prediction_id: str
    prompt: str
    negative_prompt: str | None
    inputs: Mapping[str, Any]
    source: str
    source_sha256: str
    frame_sha256: str
    recipe: int
    seconds: Decimal | None
    aspect: str
    width: int
    height: int
    clip: ClipFacts
    estimate: int
    settled: int | None
    submitted_at: float
    render_seconds: float | None
    row: Mapping[str, str]
    before: str = ""
    row_prompt: str | None = None
    decision: Decision | None = None
