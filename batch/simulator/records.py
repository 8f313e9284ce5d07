"""The ledger's lines: predictions to JSON and back, without loss."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from batch.simulator.values import (
    CancelledByOther,
    Clip,
    End,
    Ending,
    Failure,
    Never,
    Prediction,
    Render,
    Size,
    Status,
    Twist,
    Upload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Record = dict[str, Any]


def accepted(prediction: Prediction) -> Record:
    """Give the line for a prediction that has just been accepted."""
    return {
        "event": "accepted",
        "id": prediction.id,
        "time": prediction.created_at,
        "model": prediction.model,
        "key_hash": prediction.owner,
        "input": dict(prediction.input),
        "price": str(prediction.price),
        "upload_id": prediction.upload_id,
        "clip_id": prediction.clip_id,
        "starting_at": prediction.starting_at,
        "rendering_at": prediction.rendering_at,
        "finishes_at": prediction.finishes_at,
        "ending": _ending(prediction.ending),
        "twists": [{"fault": twist.fault, **twist.options} for twist in prediction.twists],
    }


def ended(prediction: Prediction, end: End) -> Record:
    """Give the line for a prediction that is over: settled (with its clip's hash), or cancelled.

    `cost` is what was billed; `cost_told` stands beside it where a fault lets the polls tell something else: a number
    where they tell one, and a text for everything else.
    """
    record: Record = {
        "event": "cancelled" if end.status is Status.CANCELLED else "settled",
        "id": prediction.id,
        "time": end.at,
        "status": end.status.value,
        "cost": str(end.cost),
        "clip_sha256": end.clip.sha256 if end.clip else None,
        "clip_bytes": end.clip.length if end.clip else None,
    }
    if isinstance(prediction.ending, Failure):
        record["ending"] = _ending(prediction.ending)
    told = [twist.options["value"] for twist in prediction.twists if twist.fault == "cost"]
    if not told or end.status is Status.CANCELLED:  # of a cancelled prediction, polls tell no cost but zero
        return record
    return record | {"cost_told": _told(told[-1])}


def _told(value: Any) -> Any:
    return value if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)) else str(value)


def prediction_of(record: Mapping[str, Any]) -> Prediction:
    """Read an accepted line back."""
    return Prediction(
        id=record["id"],
        owner=record["key_hash"],
        model=record["model"],
        input=record["input"],
        price=Decimal(record["price"]),
        upload_id=record["upload_id"],
        clip_id=record["clip_id"],
        created_at=record["time"],
        starting_at=record["starting_at"],
        rendering_at=record["rendering_at"],
        finishes_at=record["finishes_at"],
        ending=_ending_of(record["ending"]),
        twists=tuple(
            Twist(fault=twist["fault"], options={key: value for key, value in twist.items() if key != "fault"})
            for twist in record["twists"]
        ),
    )


def end_of(record: Mapping[str, Any]) -> End:
    """Read a settled or cancelled line back."""
    clip = None
    if record["clip_sha256"] is not None:
        clip = Clip(sha256=record["clip_sha256"], length=record["clip_bytes"])
    return End(status=Status(record["status"]), cost=Decimal(record["cost"]), at=record["time"], clip=clip)


def failure_of(record: Mapping[str, Any]) -> Failure | None:
    """Read out of a settled line why the prediction failed; None for a success."""
    ending = _ending_of(record["ending"]) if "ending" in record else None
    return ending if isinstance(ending, Failure) else None


def _ending(ending: Ending) -> Record:
    match ending:
        case Render():
            size = ending.size
            return {"kind": "render", "width": size.width, "height": size.height, "seconds": ending.seconds}
        case Failure():
            return {
                "kind": "failure",
                "error_code": ending.error_code,
                "message": ending.message,
                "cost": str(ending.cost),
                "shape": ending.shape,
                "retryable": ending.retryable,
                "provider_error_code": ending.provider_error_code,
            }
        case Never():
            return {"kind": "never"}
        case CancelledByOther():
            return {"kind": "cancelled_by_other"}


def _ending_of(record: Mapping[str, Any]) -> Ending:
    told = {key: value for key, value in record.items() if key != "kind"}
    match record["kind"]:
        case "render":
            return Render(size=Size(width=told["width"], height=told["height"]), seconds=told["seconds"])
        case "failure":
            return Failure(**{**told, "cost": Decimal(told["cost"])})
        case "never":
            return Never()
        case _:
            return CancelledByOther()


def presigned(upload: Upload) -> Record:
    """Give the upload index's line for a slot that was opened."""
    return {
        "event": "presigned",
        "id": upload.id,
        "time": upload.created_at,
        "key_hash": upload.owner,
        "token": upload.token,
        "content_type": upload.content_type,
        "put_until": upload.put_until,
        "expires_at": upload.expires_at,
    }


def stored(upload: Upload, now: float) -> Record:
    """Give the upload index's line for a file that arrived."""
    size = None if upload.size is None else [upload.size.width, upload.size.height]
    return {"event": "stored", "id": upload.id, "time": now, "length": upload.length, "size": size}


def deleted(upload: Upload, now: float) -> Record:
    """Give the upload index's line for a file that was removed."""
    return {"event": "deleted", "id": upload.id, "time": now}


def upload_of(record: Mapping[str, Any]) -> Upload:
    """Read a presigned line back."""
    return Upload(
        id=record["id"],
        owner=record["key_hash"],
        token=record["token"],
        content_type=record["content_type"],
        created_at=record["time"],
        put_until=record["put_until"],
        expires_at=record["expires_at"],
    )


def size_of(record: Mapping[str, Any]) -> Size | None:
    """Read the picture's size out of a stored line."""
    return None if record["size"] is None else Size(width=record["size"][0], height=record["size"][1])
