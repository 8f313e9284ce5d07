"""The one call that costs money: its body, and what its answer means."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from batch.core.headers import find_header, read_retry_after
from batch.core.prediction import Accepted, Denial, NotAccepted, SubmitOutcome, SubmitRequest, Unclear
from batch.providers.eachlabs.wire.parsing import (
    clean,
    parse_object,
    read_identifier,
    read_message,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_DENIALS: Final[Mapping[int, Denial]] = {
    400: Denial.BAD_INPUT,
    401: Denial.KEY,
    402: Denial.BALANCE,
    403: Denial.FORBIDDEN,
    404: Denial.MODEL_GONE,
    405: Denial.OUR_DEFECT,
    411: Denial.OUR_DEFECT,
    413: Denial.BAD_INPUT,
    414: Denial.OUR_DEFECT,
    415: Denial.OUR_DEFECT,
    422: Denial.OUR_DEFECT,
    429: Denial.TOO_MANY,
    431: Denial.OUR_DEFECT,
}
"""Every status that proves that nothing was created; all others leave it open."""


def submit_body(request: SubmitRequest) -> bytes:
    """Write the body of a create call.

    `version` is ignored by the provider, but older pages of its documentation require it.

    Raises:
        ValueError: If an input is a number that JSON cannot hold.
        TypeError: If an input is of a type that JSON cannot hold.
    """
    body = {"model": request.model, "version": "0.0.1", "input": dict(request.inputs)}
    return json.dumps(body, default=_number, allow_nan=False, separators=(",", ":")).encode("ascii")


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def read_submit(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime | None = None) -> SubmitOutcome:
    """Say what the answer to a create call proves.

    Args:
        status: The HTTP status.
        headers: The answer's headers, names in any case.
        body: What arrived of the body; may be cut short, and need not be JSON.
        now: Stands in for a missing `Date` header when `Retry-After` is a date; aware.

    Returns:
        `Accepted` for a 2xx with an id, whatever word stands beside it; `NotAccepted` for a status that the contract
        lists as having created nothing; `Unclear` for everything else.
    """
    if 200 <= status < 300:
        return _read_created(status, headers, body)
    denial = _DENIALS.get(status)
    if denial is None:
        return Unclear(message=read_message(status, body), http_status=status)
    return NotAccepted(
        denial=denial,
        http_status=status,
        message=read_message(status, body),
        retry_after=read_retry_after(headers, now=now),
    )


def _read_created(status: int, headers: Mapping[str, str], body: bytes) -> Accepted | Unclear:
    answer = parse_object(body)
    if answer is None:
        return Unclear(message=f"HTTP {status}, but the answer cannot be read", http_status=status)
    prediction_id = read_identifier(answer.get("predictionID"))
    if prediction_id is None:
        # `status: error` beside HTTP 200 lands here too: the contract does not say that it creates nothing.
        return Unclear(
            message=f"HTTP {status} without a prediction id: {read_message(status, body)}", http_status=status
        )
    return Accepted(prediction_id=prediction_id, request_id=clean(find_header(headers, "x-request-id"), 200))
