"""The bodies that the contract gives: pure functions from predictions and refusals to JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from batch.simulator import schema
from batch.simulator.values import Failure, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from batch.simulator.models import Model
    from batch.simulator.values import Prediction, Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status and a body: JSON values are encoded by the server, text and bytes are sent as they are."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


UNAUTHORIZED = Answer(status=401, body={"error": "Invalid or missing API key"})
FORBIDDEN = Answer(status=403, body={"error": "forbidden"})
MODEL_NOT_FOUND = Answer(status=404, body={"error": "Failed to fetch model: model not found"})
PREDICTION_NOT_FOUND = Answer(status=404, body={"error": "Prediction not found"})
NOT_FOUND = Answer(status=404, body={"status": 404, "error": "not found"})
MALFORMED = Answer(status=422, body={})
TOO_MANY_REQUESTS = Answer(
    status=429,
    body={"status": 429, "error": "too many requests", "details": "Account rate limited: slow down."},
)
TOO_MANY_IN_FLIGHT = Answer(
    status=429,
    body={
        "status": 429,
        "error": "too many requests",
        "details": "Account rate limited: accounts with a balance of $10.00 or less are limited to 10 concurrent "
        "executions. Add credit or wait until some have finished.",
    },
)
PAYMENT_REQUIRED = Answer(
    status=402,
    body={
        "status": 402,
        "error": "payment required",
        "details": "The estimated cost of your in-flight executions exceeds your current balance. Add credit or wait "
        "until some have finished.",
    },
)
NOT_DOWNLOADED = Failure(
    error_code="INPUT_DOWNLOAD_ERROR", message="The input image could not be downloaded", cost=Decimal(0)
)


def invalid_input(problems: Sequence[str]) -> Answer:
    """Refuse an order whose input does not fit the model's schema."""
    return Answer(status=400, body={"status": 400, "error": "invalid input", "details": list(problems)})


def default_error(status: int) -> Any:
    """Give the body that the contract shows for an HTTP error after a submit."""
    known = {answer.status: answer.body for answer in (UNAUTHORIZED, PAYMENT_REQUIRED, FORBIDDEN, NOT_FOUND)}
    known |= {400: {"error": "invalid input"}, 413: {"error": "request entity too large"}, 422: {}}
    known[429] = TOO_MANY_IN_FLIGHT.body
    return known.get(status, {"error": "Failed to create prediction"})


def created(prediction_id: str) -> dict[str, Any]:
    """Tell that an order was accepted."""
    return {"status": "success", "message": "Prediction created successfully", "predictionID": prediction_id}


def polled(prediction: Prediction, now: float, base_url: str, clip_url: str) -> dict[str, Any]:
    """Describe a prediction as a poll does: no timestamps, no error at the top level."""
    own = f"{base_url}/v1/prediction/{prediction.id}"
    return {
        "id": prediction.id,
        "input": dict(prediction.input),
        "status": prediction.status_at(now).value,
        "output": _output(prediction, clip_url),
        "logs": None,
        "metrics": {"predict_time": _predict_time(prediction), "cost": _money(prediction.cost)},
        "urls": {"get": own, "cancel": f"{own}/cancel"},
    }


def execution(prediction: Prediction, now: float, clip_url: str) -> dict[str, Any]:
    """Describe a prediction as a row of the history: cost and time at the top level, no input."""
    status = prediction.status_at(now)
    return {
        "id": prediction.id,
        "model": prediction.model,
        "requested_model": prediction.model,
        "status": status.value,
        "workflow_id": None,
        "workflow_execution_id": None,
        "execution_cost": _money(prediction.cost),
        "run_time": _predict_time(prediction),
        "created_at": stamp(prediction.created_at),
        "started_at": stamp(prediction.starting_at) if now >= prediction.starting_at else None,
        "completed_at": None if prediction.settled_at is None else stamp(prediction.settled_at),
        "output": _output(prediction, clip_url),
    }


def _output(prediction: Prediction, clip_url: str) -> Any:
    if prediction.status is Status.SUCCESS:
        return clip_url
    if prediction.status is Status.ERROR and isinstance(prediction.ending, Failure):
        return failed(prediction, prediction.ending)
    return None


def failed(prediction: Prediction, failure: Failure) -> Any:
    """Give the `output` of a failed prediction, in the shape that the failure has."""
    if failure.shape == "string":
        return f"{failure.error_code}: {failure.message}" if failure.error_code else failure.message
    told = {
        "success": False,
        "status": "ERROR",
        "error": "Execution failed",
        "error_code": failure.error_code,
        "error_message": failure.message,
        "error_step": "poll",
        "classification": {"category": (failure.error_code or "UNKNOWN").split("_", maxsplit=1)[0]},
        "retryable": failure.retryable,
        "execution_id": prediction.id,
        "model_slug": prediction.model,
        "provider_error_code": failure.provider_error_code,
    }
    told = {key: value for key, value in told.items() if value is not None}
    return [told] if failure.shape == "array" else told


def _predict_time(prediction: Prediction) -> float:
    if prediction.settled_at is None:
        return 0
    return round(max(0.0, prediction.settled_at - prediction.rendering_at), 3)


def _money(cost: Decimal | None) -> float:
    """Write money as the JSON number that the contract shows; only here, at the edge."""
    return 0 if cost is None else float(cost)


def presigned(upload: Upload, base_url: str) -> dict[str, Any]:
    """Describe an upload slot: where to PUT the bytes, with which headers, and where they can be read."""
    return {
        "id": upload.id,
        "presigned_url": f"{base_url}/put/{upload.id}?signature={upload.token}",
        "public_url": f"{base_url}/uploads/{upload.id}{suffix(upload.content_type)}",
        "expires_at": stamp(upload.expires_at),
        "required_headers": {"x-amz-meta-file-id": upload.id},
    }


def suffix(content_type: str) -> str:
    """Give the file name's ending for a content type."""
    return {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}.get(content_type, ".bin")


def catalogue_entry(model: Model, *, detail: bool) -> dict[str, Any]:
    """Describe a model as the catalogue does; the detail has the input's schema and the price."""
    entry: dict[str, Any] = {"slug": model.slug, "title": model.slug.replace("-", " "), "status": "active"}
    entry["output_type"] = "video"
    if detail:
        entry |= {"version": "0.0.1", "request_schema": schema.request_schema(model), "cost": schema.cost(model)}
    return entry


def stamp(seconds: float) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
