"""The account's history, which is how a lost submit is found again."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from batch.core.prediction import Execution, ExecutionPage, NoAnswer
from batch.providers.eachlabs.wire.parsing import (
    clean,
    parse_object,
    read_amount,
    read_identifier,
    read_moment,
    read_status,
)
from batch.providers.eachlabs.wire.poll import no_answer

if TYPE_CHECKING:
    from datetime import datetime

PAGE: Final = 100
"""Rows to a page, the most that the provider gives."""


def executions_query(model: str, *, since: datetime, until: datetime, cursor: str | None) -> dict[str, str]:
    """Give the query of one page of history.

    The window is widened to whole seconds, since fractions are not in the documented examples. That the cursor goes
    by the name `cursor` is an assumption: the documentation names the field it comes from, not the parameter.

    Args:
        model: The slug; the filter keeps other models of the same account out.
        since: Aware; the window's start on the provider's clock.
        until: Aware; its end.
        cursor: From the page before; None for the first.
    """
    query = {
        "model": model,
        "from": _rfc3339(since),
        "to": _rfc3339(until + timedelta(microseconds=999_999)),
        "limit": str(PAGE),
    }
    return query if cursor is None else {**query, "cursor": cursor}


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_executions(status: int, body: bytes) -> ExecutionPage | NoAnswer:
    """Read a page of history.

    A page with a row that has no usable id, or that promises more without saying how to get it, is no answer: taken
    for the whole, it would prove the absence of what it left out.
    """
    if status != 200:
        return no_answer(status, body)
    answer = parse_object(body)
    listed = None if answer is None else answer.get("executions")
    if answer is None or not isinstance(listed, list):
        return NoAnswer(message="the history cannot be read", http_status=status)
    rows = [row for entry in listed if (row := _read_row(entry)) is not None]
    if len(rows) < len(listed):
        return NoAnswer(message="the history has a row without a usable id", http_status=status)
    cursor = answer.get("next_cursor")
    following = cursor if isinstance(cursor, str) and cursor else None
    if answer.get("has_more") is False:
        following = None
    elif answer.get("has_more") is True and following is None:
        return NoAnswer(message="the history has more rows, but no cursor that leads to them", http_status=status)
    return ExecutionPage(rows=tuple(rows), next_cursor=following)


def _read_row(entry: Any) -> Execution | None:
    if not isinstance(entry, dict) or (execution_id := read_identifier(entry.get("id"))) is None:
        return None
    names = (entry.get("model"), entry.get("requested_model"))
    return Execution(
        id=execution_id,
        model=next((clean(name, 200) for name in names if isinstance(name, str) and name.strip()), ""),
        status=read_status(entry.get("status")),
        created_at=read_moment(entry.get("created_at")),
        cost=read_amount(entry.get("execution_cost")),
    )
