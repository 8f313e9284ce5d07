"""The provider's catalogue, and the account's balance."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from batch.core.prediction import ListedCost, Listing, NoAnswer, NotListed
from batch.providers.eachlabs.wire.parsing import clean, parse_object, read_amount
from batch.providers.eachlabs.wire.poll import no_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

_DOLLARS: Final = re.compile(r"(?:US)?\$?\s*(\d{1,9}(?:\.\d{1,9})?)\s*(?:USD)?", re.IGNORECASE)
_MOST_ROWS: Final = 1_000


def read_listing(slug: str, status: int, body: bytes) -> Listing | NotListed | NoAnswer:
    """Read a model's entry; only a 404 says that there is none."""
    if status == 404:
        return NotListed(slug=slug)
    if status != 200:
        return no_answer(status, body)
    answer = parse_object(body)
    if answer is None or answer.get("slug", slug) != slug:
        return NoAnswer(message="the catalogue's entry cannot be read", http_status=status)
    schema = answer.get("request_schema")
    return Listing(slug=slug, cost=_read_cost(answer.get("cost")), schema=schema if isinstance(schema, dict) else {})


def _read_cost(cost: Any) -> ListedCost | None:
    if not isinstance(cost, dict) or str(cost.get("currency") or "USD").strip().upper() != "USD":
        return None
    unit, description, rows = cost.get("unit"), cost.get("description"), cost.get("rows")
    return ListedCost(
        amount=_read_dollars(cost.get("amount")),
        unit=clean(unit, 100) if isinstance(unit, str) else None,
        maximum=_read_dollars(cost.get("max")),
        rows=tuple(_read_rows(rows)) if isinstance(rows, list) else (),
        description=clean(description) if isinstance(description, str) else "",
    )


def _read_rows(rows: list[Any]) -> list[tuple[str, Decimal]]:
    found: list[tuple[str, Decimal]] = []
    for row in rows[:_MOST_ROWS]:
        if isinstance(row, dict) and (amount := _read_dollars(row.get("value"))) is not None:
            label = row.get("label")
            found.append((clean(label, 200) if isinstance(label, str) else "", amount))
    return found


def _read_dollars(value: Any) -> Decimal | None:
    """Read a catalogue's price, which may be written for people: `$0.40` counts here, unlike in a settled cost."""
    if isinstance(value, str):
        match = _DOLLARS.fullmatch(value.strip())
        return Decimal(match[1]) if match and match[1].isascii() else None
    return read_amount(value)


def read_balance(status: int, body: bytes) -> Decimal | NoAnswer:
    """Read the balance in dollars, which may be zero or negative; 503 says that the provider does not know it."""
    if status != 200:
        return no_answer(status, body)
    answer: Mapping[str, Any] = parse_object(body) or {}
    value = answer.get("balance_usd")
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not -(10**12) <= value <= 10**12:
        return NoAnswer(message="the balance cannot be read", http_status=status)
    return Decimal(value)
