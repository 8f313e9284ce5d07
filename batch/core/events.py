"""What can happen to an item. Each event is written to the log with the record that follows from it.

Times are Unix seconds on our clock, money is micro-dollars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batch.core.summary import ClipFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at a moment."""

    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRejected(Event):
    """The picture cannot become a frame; nothing was paid."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended(Event):
    """We are about to send the one POST of a new attempt; its price is reserved.

    Attributes:
        clock_offset: Seconds that the provider's clock is ahead of ours.
        warnings: What a person should know of the frame that is sent.
    """

    run_id: int
    day: str
    estimate: int
    upload_id: str
    upload_url: str
    frame_sha256: str
    recipe: int
    clock_offset: float = 0.0
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitAccepted(Event):
    """The provider made a prediction."""

    prediction_id: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitDenied(Event):
    """The provider turned the request down; nothing was created.

    Attributes:
        permanent: The same request would be turned down again: the item has failed.
    """

    code: str
    message: str
    permanent: bool
    not_before: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitNotSent(Event):
    """The request never left."""

    message: str
    not_before: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitUnclear(Event):
    """The answer is lost, or says nothing: the request may have been accepted."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disowned(Event):
    """The prediction that the answer named was made from another attempt's upload: what ours led to is not known."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted(Event):
    """The prediction of a lost answer was found by its upload.

    Attributes:
        duplicates: Further predictions with the same upload, which a person has to be told of.
    """

    prediction_id: str
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp(Event):
    """The provider's history was read to its end, and the prediction was not in it."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Event):
    """The grace period is over: a person has to decide."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed(Event):
    """The provider has answered 404 to our prediction for too long."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Event):
    """The provider knows a prediction again that was missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered(Event):
    """The provider made the clip.

    Attributes:
        cost: None while the provider has not said what it charged.
    """

    cost: int | None
    render_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSettled(Event):
    """The provider said what a clip cost, later than that it was made."""

    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostUnknown(Event):
    """The provider was asked often enough what a clip cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Event):
    """The provider made no clip.

    Attributes:
        refused: Because of the content.
        cost: None where the provider did not say whether it charged.
        retry_at: When a further attempt is allowed; None if none is.
    """

    code: str | None
    message: str
    refused: bool
    cost: int | None
    render_seconds: float | None
    retry_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled(Event):
    """The prediction was cancelled, by us or by somebody else."""

    cost: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded(Event):
    """The clip lies in its place, verified and synced."""

    clip: ClipFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFailed(Event):
    """The clip could not be fetched, however often we asked for a fresh address."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedByHand(Event):
    """A person says which prediction an attempt led to.

    Attributes:
        by: Who decided.
        reason: Why, in that person's words; may be empty.
        echo: What the provider's echo of the picture said to it.
    """

    by: str
    reason: str
    prediction_id: str
    echo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored(Event):
    """A prediction whose attempt a damaged or lost state no longer knew, put back where it belongs.

    Attributes:
        source: What tells of it: the note beside a clip, the damaged file, the provider, or a person.
        intent_at: When it was sent, as far as that is known.
    """

    source: str
    prediction_id: str
    run_id: int
    day: str
    intent_at: float
    estimate: int
    upload_id: str
    upload_url: str
    frame_sha256: str
    recipe: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCharged(Event):
    """A person says that nothing was charged for the attempt: the item may be bought again.

    Attributes:
        by: Who decided.
        reason: Why, in that person's words; may be empty.
    """

    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned(Event):
    """A person gives the item up; what its attempt may have cost stands under possibly charged.

    Attributes:
        by: Who decided.
        reason: Why, in that person's words; may be empty.
    """

    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried(Event):
    """A person wants an item that ended without a clip to be bought again.

    Attributes:
        by: Who decided.
        reason: Why, in that person's words; may be empty.
    """

    by: str
    reason: str


SubmitEvent = SubmitAccepted | SubmitDenied | SubmitNotSent | SubmitUnclear
ReconcileEvent = Disowned | Adopted | LookedUp | Held
PersonEvent = AdoptedByHand | NotCharged | Abandoned
