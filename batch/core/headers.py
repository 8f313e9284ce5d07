"""Headers of an answer over HTTP that both the provider's client and the fetching of pictures read."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_header(headers: Mapping[str, str], name: str) -> str:
    """Give a header's value whatever case its name was sent in; empty where it is missing."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def read_http_date(text: str) -> datetime | None:
    """Read an HTTP date as an aware one in UTC; None where it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def read_retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Give the seconds that `Retry-After` asks for (RFC 9110, 10.2.3); None where it says nothing usable.

    A date counts from the answer's own `Date`, because the clocks may differ, and from `now` where there is none.
    """
    text = find_header(headers, "retry-after").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) <= 9 else None
    until = read_http_date(text) if text else None
    start = read_http_date(find_header(headers, "date")) or (now.astimezone(UTC) if now else None)
    if until is None or start is None:
        return None
    return max(0.0, (until - start).total_seconds())
