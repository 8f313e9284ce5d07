"""The history of the whole organisation: filters, paging, and how listings misbehave."""

from __future__ import annotations

import base64
import binascii
import math
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from batch.simulator import answers
from batch.simulator.answers import Answer
from batch.simulator.values import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from batch.simulator.calls import Call
    from batch.simulator.values import Prediction
    from batch.simulator.world import World

V1_ROWS = 1_000
FOREIGN_PAUSE = 0.01  # seconds between two rows of others
DEFAULT_LIMIT = 20
LARGEST_LIMIT = 100

Row = dict[str, Any]


class BadFilterError(Exception):
    """A filter that cannot be read; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a listing is asked for; times are seconds since the epoch."""

    model: str | None
    status: str | None
    since: float | None
    until: float | None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the next page begins.

    Attributes:
        page: Its number, from 1.
        foreign: How many rows of others were shown already.
        before: The position in the owner's own rows below which it goes on; None for the newest.
    """

    page: int = 1
    foreign: int = 0
    before: int | None = None


class Listing:
    """Pages of the history of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._foreign: dict[str, Row] = {}

    def by_cursor(self, call: Call, clip_url: Callable[[Prediction], str]) -> Answer:
        """Give one page of the second version: rows, the next page's cursor, and whether there is one."""
        try:
            filters, cursor = _filters(call.query), _cursor(call.query.get("cursor", ""))
        except BadFilterError as error:
            return answers.invalid_input([str(error)])
        options = {fault.name: fault.options for fault in call.faults}
        if (failing := options.get("page_fails")) is not None and failing["page"] == cursor.page:
            return Answer(status=failing["status"], body={"error": "Failed to list executions"})
        walk = self._walk(call, filters, cursor, clip_url)
        found = list(islice(walk, filters.limit + 1))
        more = len(found) > filters.limit
        if (capped := options.get("capped")) is not None:
            left = max(0, capped["rows"] - (cursor.page - 1) * filters.limit)
            more = more and left > filters.limit
            found = found[:left]
        rows = [row for row, _ in found[: filters.limit]]
        if "shuffled" in options:
            random.Random(cursor.page).shuffle(rows)
        following = _written(found[filters.limit - 1][1]) if more else None
        return Answer(status=200, body={"executions": rows, "next_cursor": following, "has_more": more})

    def by_offset(self, call: Call, clip_url: Callable[[Prediction], str]) -> Answer:
        """Give one page of the first version, which stops at 1,000 rows."""
        try:
            filters = _filters(call.query)
            offset = _whole("offset", call.query.get("offset", "0"), 0, 1_000_000_000)
        except BadFilterError as error:
            return answers.invalid_input([str(error)])
        end = min(offset + filters.limit, V1_ROWS)
        found = islice(self._walk(call, filters, Cursor(), clip_url), offset, max(offset, end))
        rows = [row for row, _ in found]
        return Answer(status=200, body={"executions": rows, "limit": filters.limit, "offset": offset})

    def _walk(
        self, call: Call, filters: Filters, cursor: Cursor, clip_url: Callable[[Prediction], str]
    ) -> Iterator[tuple[Row, Cursor]]:
        """Walk the rows from a cursor on, each with the cursor that stands behind it."""
        page, shown = cursor.page + 1, cursor.foreign
        for row in self._foreign_rows(call, filters, cursor):
            shown += 1
            yield row, Cursor(page=page, foreign=shown, before=cursor.before)
        hidden = [float(fault.options["seconds"]) for fault in call.faults if fault.name == "late"]
        lag = max([self._world.rules.lag, *hidden]) / self._world.rules.speed
        until = call.now - lag if filters.until is None else min(filters.until, call.now - lag)
        own = self._world.listing(call.owner, since=filters.since, until=until, before=cursor.before)
        for position, prediction in own:
            if self._unlisted(prediction, call.now) or not _wanted(prediction, filters, call.now):
                continue
            row = answers.execution(prediction, call.now, clip_url(prediction))
            yield row, Cursor(page=page, foreign=shown, before=position)

    def _unlisted(self, prediction: Prediction, now: float) -> bool:
        for twist in prediction.twists:
            if twist.fault == "unlisted":
                return True
            if twist.fault == "listed_late":
                return now < prediction.created_at + float(twist.options["seconds"]) / self._world.rules.speed
        return False

    def _foreign_rows(self, call: Call, filters: Filters, cursor: Cursor) -> Iterator[Row]:
        """Give the rows of others behind a cursor, newest first; those that arrive while somebody pages come in front.

        They are numbered from the newest that was there from the beginning, so that each keeps its number and its id.
        """
        count = sum(fault.options["rows"] for fault in call.faults if fault.name == "foreign")
        arrived = sum(fault.options["rows"] for fault in call.faults if fault.name == "arriving") * (cursor.page - 1)
        if not count + arrived:
            return
        newest = next(self._world.listing(call.owner, since=None, until=call.now, before=None), None)
        anchor = call.now if newest is None else newest[1].created_at
        first, last = -arrived, count  # below zero: newer than the rows that were there from the beginning
        if filters.until is not None:
            first = max(first, math.ceil((anchor - filters.until) / FOREIGN_PAUSE))
        if filters.since is not None:
            last = min(last, math.floor((anchor - filters.since) / FOREIGN_PAUSE) + 1)
        for number in range(first + cursor.foreign, last):
            row = _foreign_row(number, anchor - number * FOREIGN_PAUSE, filters)
            self._foreign[row["id"]] = row
            yield row

    def foreign_body(self, prediction_id: str, base_url: str) -> dict[str, Any] | None:
        """Give the poll's body for a row of somebody else in our organisation; None for an unknown id."""
        row = self._foreign.get(prediction_id)
        if row is None:
            return None
        own = f"{base_url}/v1/prediction/{prediction_id}"
        url = f"{base_url}/uploads/{uuid.uuid5(uuid.NAMESPACE_URL, prediction_id)}.jpg"
        return {
            "id": prediction_id,
            "input": {"prompt": "Somebody else's order", "image_url": url},
            "status": row["status"],
            "output": row["output"],
            "logs": None,
            "metrics": {"predict_time": row["run_time"], "cost": row["execution_cost"]},
            "urls": {"get": own, "cancel": f"{own}/cancel"},
        }


def _foreign_row(number: int, at: float, filters: Filters) -> Row:
    model = filters.model or "sora-2-image-to-video"
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"foreign-{number}")),
        "model": model,
        "requested_model": model,
        "status": filters.status or Status.PROCESSING.value,
        "workflow_id": None,
        "workflow_execution_id": None,
        "execution_cost": 0,
        "run_time": 0,
        "created_at": answers.stamp(at),
        "started_at": answers.stamp(at),
        "completed_at": None,
        "output": None,
    }


def _wanted(prediction: Prediction, filters: Filters, now: float) -> bool:
    if filters.model is not None and prediction.model != filters.model:
        return False
    return filters.status is None or prediction.status_at(now) == filters.status


def _filters(query: Mapping[str, str]) -> Filters:
    status = query.get("status")
    if status is not None and status not in set(Status):
        raise BadFilterError(f"filter 'status': unknown status {status}")
    return Filters(
        model=query.get("model"),
        status=status,
        since=_time("from", query.get("from")),
        until=_time("to", query.get("to")),
        limit=_whole("limit", query.get("limit", str(DEFAULT_LIMIT)), 1, LARGEST_LIMIT),
    )


def _whole(name: str, text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError as error:
        raise BadFilterError(f"filter '{name}': must be a whole number") from error
    if not least <= value <= most:
        raise BadFilterError(f"filter '{name}': must lie between {least} and {most}")
    return value


def _time(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        value = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise BadFilterError(f"filter '{name}': must be a time as in RFC 3339") from error
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def _written(cursor: Cursor) -> str:
    before = "" if cursor.before is None else str(cursor.before)
    return base64.urlsafe_b64encode(f"{cursor.page}:{cursor.foreign}:{before}".encode()).decode()


def _cursor(text: str) -> Cursor:
    if not text:
        return Cursor()
    try:
        page, foreign, before = base64.urlsafe_b64decode(text).decode().split(":")
        return Cursor(page=int(page), foreign=int(foreign), before=int(before) if before else None)
    except (ValueError, binascii.Error) as error:
        raise BadFilterError("filter 'cursor': is not one of ours") from error
