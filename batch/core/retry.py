"""Whether a failed prediction may be bought again: a decision is a value, computed here and applied elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batch.core.prediction import Failure

NO_OUTPUT = "NO_OUTPUT"
"""Our own code for a success that came without any clip."""

REFUSED_CODES = frozenset({"PROVIDER_REJECTED"})
_REFUSAL_WORDS = ("sentinel_block", "moderation_blocked")

_TRANSIENT = frozenset(
    {
        "PROVIDER_RATE_LIMIT",
        "PROVIDER_SERVER_ERROR",
        "NETWORK_ERROR",
        "WORKER_LOST",
        "EXECUTION_TIMEOUT",
        "PUBLISH_FAILED",
    }
)
_ONCE = frozenset({"INPUT_DOWNLOAD_ERROR", "PROVIDER_FAILED"})
_ONCE_LATER = frozenset({"PROVIDER_AUTH_ERROR", "PIPELINE_CONFIG_ERROR"})
LONG_PAUSE = 5
"""How many ordinary pauses pass where the provider has to mend itself."""

_NEVER = frozenset({"INPUT_VALIDATION_ERROR", "PROVIDER_BAD_REQUEST", NO_OUTPUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyAgain:
    """A further attempt is allowed, after a pause in seconds."""

    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """No further attempt by ourselves, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider would not make it; the same input would be refused again."""


Decision = BuyAgain | GiveUp | Refused


def decide(failure: Failure, *, earlier_codes: tuple[str, ...], accepted: int, attempts: int, pause: float) -> Decision:
    """Decide by the provider's error code.

    Args:
        failure: What the provider said.
        earlier_codes: Codes of this item's earlier failed attempts.
        accepted: Attempts so far that were accepted, this one included.
        attempts: How many may be accepted in all.
        pause: Seconds before an ordinary further attempt; `LONG_PAUSE` as long where the provider must mend itself.
    """
    code = failure.code or ""
    if code in REFUSED_CODES or any(word in failure.message.lower() for word in _REFUSAL_WORDS):
        return Refused()
    if accepted >= attempts:
        return GiveUp(reason=f"{accepted} of {attempts} attempts are used")
    if code in _NEVER:
        return GiveUp(reason="the same input would fail again")
    if code in _TRANSIENT:
        return BuyAgain(after=pause)
    if code in _ONCE | _ONCE_LATER:
        if code in earlier_codes:
            return GiveUp(reason=f"{code} came twice")
        return BuyAgain(after=pause if code in _ONCE else LONG_PAUSE * pause)
    if code:
        return GiveUp(reason=f"{code} is not among the errors after which a clip is bought again")
    if failure.retryable:
        return BuyAgain(after=pause)
    return GiveUp(reason="the provider does not call it worth another attempt")
