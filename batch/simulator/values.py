"""What the simulated provider knows: uploads, predictions and how each of them will end.

Times are seconds since the epoch as floats, in the provider's clock; money is `Decimal` US dollars.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


class Status(StrEnum):
    """The six status words that the provider documents for a prediction."""

    CREATED = "created"  # accepted, waiting behind the provider's queue
    STARTING = "starting"  # taken from the queue, not rendering yet; hardly ever seen
    PROCESSING = "processing"  # rendering
    SUCCESS = "success"  # rendered, the clip can be fetched
    ERROR = "error"  # failed or refused; the reason stands in `output`
    CANCELLED = "cancelled"  # stopped before it ended; not billed

    @property
    def over(self) -> bool:
        """Whether nothing further will happen to the prediction."""
        return self in (Status.SUCCESS, Status.ERROR, Status.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A width and a height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file slot that was presigned, and the file in it once it was put there.

    `token` is the signature in the presigned URL. `expires_at` ends the public URL, `put_until` the time for
    the PUT. `stored` tells whether bytes have arrived and `length` how many; `size` is the picture's, or None when they
    are no picture that can be read.
    """

    id: str
    owner: str
    token: str
    content_type: str
    created_at: float
    put_until: float
    expires_at: float
    stored: bool = False
    length: int = 0
    size: Size | None = None
    deleted: bool = False

    def readable(self, now: float) -> bool:
        """Whether the public URL answers with the file at `now`."""
        return self.stored and not self.deleted and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Render:
    """The ending of a prediction that yields a clip of this size and length."""

    size: Size
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The ending of a prediction that yields an error.

    `shape` is how the poll's `output` tells it: "object", "string" or "array". `cost` is billed all the same.
    """

    error_code: str | None
    message: str
    cost: Decimal
    shape: str = "object"
    retryable: bool = False
    provider_error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """The ending of a prediction that is stuck: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledByOther:
    """The ending of a prediction that somebody else on the account cancels."""


Ending = Render | Failure | Never | CancelledByOther


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A rendered file: its hash and its length in bytes."""

    sha256: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a prediction ended: its last status, what was billed, when, and the clip of a success."""

    status: Status
    cost: Decimal
    at: float
    clip: Clip | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Twist:
    """A fault that belongs to one prediction for its whole life: how its answers deviate."""

    fault: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One accepted order, from the moment it is in the ledger.

    `starting_at`, `rendering_at` and `finishes_at` are drawn when it is accepted. `settled_at` is set once its
    ending has been written down (for a success: once the clip's file exists), `cost` is what was billed then.
    """

    id: str
    owner: str
    model: str
    input: Mapping[str, Any]
    price: Decimal
    upload_id: str | None
    clip_id: str
    created_at: float
    starting_at: float
    rendering_at: float
    finishes_at: float
    ending: Ending
    twists: tuple[Twist, ...] = ()
    status: Status | None = None
    settled_at: float | None = None
    cost: Decimal | None = None
    clip: Clip | None = None

    @property
    def stuck(self) -> bool:
        """Whether it renders for ever."""
        return isinstance(self.ending, Never)

    def status_at(self, now: float) -> Status:
        """Tell the status that a poll at `now` shows; `status` itself is only set when it is over."""
        if self.status is not None:
            return self.status
        if now < self.starting_at:
            return Status.CREATED
        return Status.STARTING if now < self.rendering_at else Status.PROCESSING
