"""Bytes from outside, as JSON that is safe to look into."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from batch.core.money import read_usd
from batch.core.prediction import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGE_LIMIT: Final = 2_000
_LARGEST_USD: Final = Decimal(1_000_000_000)
_SUCCEEDED: Final = frozenset({"success", "succeeded", "completed"})
_FAILED: Final = frozenset({"error", "failed"})
_CANCELLED: Final = frozenset({"cancelled", "canceled"})
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_IDENTIFIER: Final = re.compile(r"[\x21-\x7e]{1,200}")
_URL: Final = re.compile(r"https?://[^\s\x00-\x1f\x7f\ud800-\udfff]{1,8000}", re.IGNORECASE)


def parse_json(body: bytes) -> Any:
    """Give what a body holds, with every fraction as a Decimal; None where it is no JSON at all.

    `NaN` and `Infinity`, which JSON does not have and some encoders write, are read as null: a cost that is no number
    must not hide the clip or the id beside it.
    """
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_as_null)
    except (ValueError, ArithmeticError, RecursionError):
        return None


def _as_null(_: str) -> None:
    return None


def parse_object(body: bytes) -> Mapping[str, Any] | None:
    """Give the JSON object that a body holds; None where it is anything else."""
    value = parse_json(body)
    return value if isinstance(value, dict) else None


def read_status(word: object) -> Status:
    """Sort a status word: the known ends in any spelling, and everything else as still running."""
    folded = word.strip().casefold() if isinstance(word, str) else ""
    if folded in _SUCCEEDED:
        return Status.SUCCEEDED
    if folded in _FAILED:
        return Status.FAILED
    return Status.CANCELLED if folded in _CANCELLED else Status.RUNNING


def read_amount(value: object) -> Decimal | None:
    """Read dollars; None unless it is a number of zero or more that somebody could be charged."""
    amount = read_usd(value)
    return amount if amount is not None and amount <= _LARGEST_USD else None


def read_seconds(value: object) -> float | None:
    """Read a duration in seconds; None unless it is a finite number of zero or more."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return float(value) if 0 <= value <= 10**9 else None


def read_moment(value: object) -> datetime | None:
    """Read an RFC 3339 time as an aware one in UTC; without a zone it is taken as UTC. None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_identifier(value: object) -> str | None:
    """Read an id that can be stored, logged and put into a path; None for everything else."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if _IDENTIFIER.fullmatch(text) and text not in {".", ".."} else None


def read_url(value: object) -> str | None:
    """Read an http or https URL; None for everything else."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if _URL.fullmatch(text) else None


def clean(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Give text without control characters, on one line, at most `limit` characters long."""
    # Cut first: what a million control characters hide is not worth the search.
    shown = _UNPRINTABLE.sub(" ", text[: limit * 2]).strip()
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def read_message(status: int, body: bytes) -> str:
    """Give the words in which an HTTP error explains itself, for a person; never empty."""
    answer = parse_object(body)
    if answer is None:
        said = "" if body.lstrip()[:1] in {b"{", b"["} else body[:300].decode("utf-8", "replace")
    else:
        said = ": ".join(text for key in ("error", "message", "details") if (text := _as_text(answer.get(key))))
    return clean(said) or f"HTTP {status} without an explanation"


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict | list) and value:
        return as_json_text(value)
    return ""


def as_json_text(value: object) -> str:
    """Write parsed JSON as text again, for a person."""
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""
