"""How a prediction ends: decided when it is accepted, from its picture and from the faults that strike it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from batch.simulator.answers import NOT_DOWNLOADED
from batch.simulator.models import MEGABYTE
from batch.simulator.values import CancelledByOther, Ending, Failure, Never, Render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from batch.simulator.faults import Fault
    from batch.simulator.models import Model
    from batch.simulator.values import Upload

REFUSALS = {
    "sentinel_block": "Your request was blocked by our safety system before generation",
    "moderation_blocked": "Your request was blocked by our moderation system",
}


def ending_of(model: Model, inputs: Mapping[str, Any], picture: Upload | None, faults: Iterable[Fault]) -> Ending:
    """Tell how a prediction will end.

    Args:
        model: The model that was ordered.
        inputs: The input, already checked against the model's schema.
        picture: The upload that the image URL names, or None when there is nothing to download.
        faults: What strikes this prediction; the first that decides an ending does.
    """
    for fault in faults:
        if (ending := _struck(fault)) is not None:
            return ending
    if picture is None:
        return NOT_DOWNLOADED
    complete = model.complete(inputs)
    if picture.size is None:
        return _bad_picture("INPUT_VALIDATION_ERROR", "The image could not be decoded", "invalid_image")
    if picture.length > model.image_bytes:
        limit = model.image_bytes // MEGABYTE
        return _bad_picture("INPUT_VALIDATION_ERROR", f"The image exceeds {limit} MB", "image_too_large")
    frame = model.frame(complete, picture.size)
    if model.exact_frame and picture.size != frame:
        message = "Inpaint image must match the requested width and height"
        return _bad_picture("PROVIDER_BAD_REQUEST", message, "invalid_value")
    return Render(size=frame, seconds=model.seconds(complete))


def _bad_picture(error_code: str, message: str, provider_error_code: str) -> Failure:
    return Failure(error_code=error_code, message=message, cost=Decimal(0), provider_error_code=provider_error_code)


def _struck(fault: Fault) -> Ending | None:
    options = fault.options
    match fault.name:
        case "error":
            return Failure(
                error_code=options["error_code"],
                message=options["message"],
                cost=Decimal(str(options["cost"])),
                shape=options["shape"],
                retryable=options["retryable"],
            )
        case "refused":
            return Failure(
                error_code="PROVIDER_REJECTED",
                message=REFUSALS[options["by"]],
                cost=Decimal(str(options["cost"])),
                shape=options["shape"],
                provider_error_code=options["by"],
            )
        case "stuck":
            return Never()
        case "cancelled":
            return CancelledByOther()
        case _:
            return None
