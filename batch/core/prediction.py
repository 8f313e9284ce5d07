"""What the provider says, as values: answers to a submit, a poll, a listing.

Nothing in here knows the wire format; the provider's package reads bytes into these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal


class Status(StrEnum):
    """Where a prediction stands, whatever word the provider used for it."""

    RUNNING = "running"  # queued or rendering, and every word that we do not know
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a prediction failed.

    Attributes:
        code: The provider's `error_code`, upper case; None where it gave none.
        message: For a person; may be long, and may hold anything.
        retryable: The provider's own word on it; None where it gave none.
    """

    code: str | None
    message: str
    retryable: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One look at a prediction.

    Attributes:
        id: The id in the body; may differ from the one asked for, which the reader of this must check.
        word: The provider's own word for the status.
        output_urls: Where the clip can be had; empty while it runs and where success came without one.
        image_url: The echo of the picture's URL; None where the body has none.
        prompt: The echo of the prompt, shown to a person and never relied on; None where the body has none.
        cost: Settled dollars; None where it is missing or no finite number of zero or more.
        seconds: Rendering time on the provider's clock; None where unknown.
    """

    id: str
    status: Status
    word: str
    output_urls: tuple[str, ...] = ()
    image_url: str | None = None
    prompt: str | None = None
    cost: Decimal | None = None
    seconds: float | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRequest:
    """One paid call.

    Attributes:
        model: The slug.
        inputs: The `input` object, complete, in the types that the model's schema wants.
    """

    model: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider made a prediction, and said which."""

    prediction_id: str
    request_id: str = ""


class Denial(StrEnum):
    """Why a submit was not accepted; nothing was created and nothing is billed."""

    BAD_INPUT = "bad_input"  # 400, 413: permanent for this item
    KEY = "key"  # 401: ends the run
    BALANCE = "balance"  # 402: pauses until something of ours settles
    FORBIDDEN = "forbidden"  # 403: would hit every item, ends the run
    MODEL_GONE = "model_gone"  # 404: ends the run
    OUR_DEFECT = "our_defect"  # 422 and the other listed 4xx: ends the run
    TOO_MANY = "too_many"  # 429: pauses all submitting


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAccepted:
    """The provider turned the request down, and nothing was created."""

    denial: Denial
    http_status: int
    message: str
    retry_after: float | None = None  # seconds, where the answer carried a usable Retry-After


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """The request never left: no connection, or none free."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The request may have been accepted and billed; only a look at the provider can tell."""

    message: str
    http_status: int | None = None


SubmitOutcome = Accepted | NotAccepted | NotSent | Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A poll that found the prediction."""

    prediction: Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownId:
    """A poll that the provider answered with 404."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """A call that gave no usable answer; the next one may.

    Attributes:
        key_refused: 401 or 403: trying again with this key is of no use.
    """

    message: str
    http_status: int | None = None
    key_refused: bool = False


PollOutcome = Seen | UnknownId | NoAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A frame that lies at the provider.

    Attributes:
        id: Names the file to the provider, and stands in `url`.
        url: Public and unguessable; what the prediction gets, and echoes.
        expires_at: When the provider deletes it, aware; None where it did not say.
    """

    id: str
    url: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A row of the provider's history; it has no input."""

    id: str
    model: str
    status: Status
    created_at: datetime | None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPage:
    """Part of the history, newest first.

    Attributes:
        next_cursor: What to ask the next page with; None at the end.
    """

    rows: tuple[Execution, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCost:
    """What the provider's catalogue says of a model's price; any part may be missing.

    Attributes:
        rows: Label and dollars of each line of its price table.
    """

    amount: Decimal | None = None
    unit: str | None = None
    maximum: Decimal | None = None
    rows: tuple[tuple[str, Decimal], ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A model in the provider's catalogue.

    Attributes:
        cost: None where the provider does not say, which is unknown and never zero.
        schema: The JSON Schema of its inputs, as served; empty where there is none.
    """

    slug: str
    cost: ListedCost | None
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotListed:
    """The provider says that it has no such model."""

    slug: str
