"""What a person can do about an item that is not done."""

from __future__ import annotations

from batch.core.lifecycle import Phase

_BY_CODE = {
    "INPUT_VALIDATION_ERROR": "Correct the prompt or the inputs: a changed item is bought anew.",
    "PROVIDER_BAD_REQUEST": "Correct the prompt or the inputs: a changed item is bought anew.",
    "INPUT_DOWNLOAD_ERROR": "The provider could not read the frame; look at the provider's status, then try again.",
    "PROVIDER_AUTH_ERROR": "The provider's own access failed; ask its support, then try again.",
    "PIPELINE_CONFIG_ERROR": "The provider's own set-up failed; ask its support, then try again.",
    "NO_OUTPUT": "Ask the provider's support, with the prediction's id: it says success and gives no clip.",
    "bad_input": "Correct what the provider names: a changed item is bought anew.",
}

_BY_PHASE = {
    Phase.HELD: "It may have been charged: `sora-batch resolve` shows what is known and takes your decision.",
    Phase.UNCONFIRMED: "Run the same command again: the provider's history is searched for it.",
    Phase.MISSING: "Ask the provider's support, with the prediction's id, then decide with `sora-batch resolve`.",
    Phase.UNCOLLECTED: "Run the same command again; if that does not help, decide with `sora-batch resolve`.",
    Phase.REFUSED: "Change the prompt or the picture: the same input would be refused again.",
    Phase.CANCELLED: "Nothing, if that was meant; a cancelled prediction is not billed.",
    Phase.ABANDONED: "Nothing: a person gave it up; a changed prompt or picture is bought anew.",
    Phase.REJECTED: "Replace the picture, then run again.",
    Phase.RUNNING: "Run the same command again, or `sora-batch collect`, to fetch it when it is made.",
    Phase.RENDERED: "Run the same command again, or `sora-batch collect`, to fetch it.",
    Phase.PLANNED: "Run the same command again to go on.",
}


def advice(phase: Phase, code: str | None) -> str:
    """Give the next step as an instruction; an empty text where there is nothing to do."""
    if phase is Phase.FAILED:
        return _BY_CODE.get(code or "", "Look at the reason; a changed prompt or picture is bought anew.")
    return _BY_PHASE.get(phase, "")
