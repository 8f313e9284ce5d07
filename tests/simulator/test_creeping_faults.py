"""Faults that creep in between calls: rows that arrive while somebody pages, connections that died meanwhile."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    Open = Callable[..., AbstractAsyncContextManager[Any]]


async def test_rows_that_arrive_while_somebody_pages(opened: Open) -> None:
    """Rows that were shown already come again on the next page, and none is left out."""
    rules = "{on: executions, fault: foreign, rows: 25}, {on: executions, fault: arriving, rows: 4}"
    async with opened(faults=rules) as shop:
        ours = await shop.create()
        pages: list[list[str]] = []
        cursor, more = "", True
        while more:
            page = (await shop.api.get("/v2/executions", params={"limit": 10, "cursor": cursor})).json()
            pages.append([row["id"] for row in page["executions"]])
            cursor, more = page["next_cursor"], page["has_more"]
    assert pages[1][:4] == pages[0][-4:]
    assert len({row for page in pages for row in page}) == 26
    assert pages[-1][-1] == ours


async def test_a_connection_that_is_dead_when_it_is_used_again(opened: Open) -> None:
    """The call that is struck is answered; the next one on its connection is not, and one on a new connection is."""
    async with opened(faults="{on: balance, fault: stale, times: 1}") as shop:
        assert (await shop.api.get("/v1/billing/balance")).status_code == 200
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await shop.api.get("/v1/billing/balance")
        assert (await shop.api.get("/v1/billing/balance")).status_code == 200


async def test_a_clip_that_changes_between_two_tries(opened: Open) -> None:
    """The first try is cut in the middle of another file; the second gives the true one."""
    async with opened(faults="{on: download, fault: changing, part: 0.5, times: 1}") as shop:
        url = str((await shop.ended(await shop.create()))["output"])
        with pytest.raises(httpx.RemoteProtocolError):
            await shop.web.get(url)
        whole = await shop.web.get(url)
    assert whole.content[4:8] == b"ftyp"


@pytest.mark.parametrize(("given", "least", "most"), [("date", 29, 31), ("date+2", 1, 3)])
async def test_retry_after_as_a_date(opened: Open, given: str, least: int, most: int) -> None:
    """The date lies half a minute ahead, or as many seconds as the rule says."""
    async with opened(faults=f"{{on: submit, fault: status, status: 429, retry_after: {given}}}") as shop:
        answer = await shop.submit(f"{shop.url}/uploads/x.jpg")
    ahead = parsedate_to_datetime(answer.headers["Retry-After"]) - parsedate_to_datetime(answer.headers["Date"])
    assert least <= ahead.total_seconds() <= most


async def test_the_same_id_twice_for_two_predictions(opened: Open) -> None:
    """The second submit is accepted as well, and all the same answered with the first one's id."""
    async with opened(faults="{on: submit, fault: same_id, accepted: true, nth: 2}") as shop:
        ids = {await shop.create(), await shop.create()}
        listed = (await shop.api.get("/v2/executions")).json()["executions"]
    assert len(ids) == 1
    assert len(listed) == 2


@pytest.mark.parametrize(("value", "told"), [("0.55", 0.55), ("0", 0), ("'0.40'", "0.40"), ("NaN", "NaN")])
async def test_the_ledger_tells_a_number_from_a_text(opened: Open, value: str, told: object) -> None:
    """What the polls tell as a number is a number in the ledger, too, and everything else is a text."""
    async with opened(faults=f"{{on: render, fault: cost, value: {value}}}") as shop:
        await shop.ended(await shop.create())
        settled = json.loads((shop.folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert settled["cost_told"] == told
