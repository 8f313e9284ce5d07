"""Numbers as people read them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from batch.core.money import format_usd

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def dollars(usd: Decimal) -> str:
    """Write an amount with its sign and thousands apart.

    >>> from decimal import Decimal
    >>> dollars(Decimal("1234.5"))
    '$1,234.50'
    """
    whole, _, decimals = format_usd(usd).partition(".")
    return f"${int(whole):,}.{decimals}"


def span(seconds: float) -> str:
    """Write a length of time in at most two units.

    >>> span(4.256), span(201), span(7260)
    ('4.26 s', '3 min 21 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.3g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def size(length: int) -> str:
    """Write a number of bytes in powers of a thousand.

    >>> size(900), size(4_213_000)
    ('900 B', '4.2 MB')
    """
    if length < 1000:
        return f"{length} B"
    if length < 1_000_000:
        return f"{length / 1000:.0f} kB"
    return f"{length / 1_000_000:.1f} MB"


def when(moment: datetime) -> str:
    """Write a moment in UTC, to the minute, the same in every locale.

    >>> from datetime import datetime
    >>> when(datetime(2026, 11, 3, 7, 5, tzinfo=UTC))
    '3 Nov 2026, 07:05 UTC'
    """
    moment = moment.astimezone(UTC)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"
