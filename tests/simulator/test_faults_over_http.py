"""Every fault at least once, as a client meets it."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    Open = Callable[..., AbstractAsyncContextManager[Any]]


def accepted(shop: Any) -> int:
    """Count the predictions in the ledger."""
    text = (shop.folder / "ledger.jsonl").read_text(encoding="utf-8")
    return sum(json.loads(line)["event"] == "accepted" for line in text.splitlines())


async def settle() -> None:
    """Give a handler that nobody waits for the time to finish."""
    await asyncio.sleep(0.1)


# Submits


@pytest.mark.parametrize("status", [400, 401, 402, 413, 422, 429, 500, 503])
@pytest.mark.parametrize("taken", [False, True])
async def test_statuses(opened: Open, status: int, taken: bool) -> None:
    """Any status can be answered, whether or not the order was accepted."""
    rule = f"{{on: submit, fault: status, status: {status}, accepted: {str(taken).lower()}}}"
    async with opened(faults=rule) as shop:
        answer = await shop.submit(f"{shop.url}/uploads/x.jpg")
        assert answer.status_code == status
        assert isinstance(answer.json(), dict)
        assert accepted(shop) == int(taken)


@pytest.mark.parametrize(("given", "told"), [('"30"', "30"), ("7", "7"), ("soon", "soon"), ("date", "GMT")])
async def test_retry_after(opened: Open, given: str, told: str) -> None:
    """The header carries seconds, a date or nonsense, as the rule says, as often as it says."""
    async with opened(faults=f"{{on: submit, fault: status, status: 429, retry_after: {given}, times: 1}}") as shop:
        first = await shop.submit(f"{shop.url}/uploads/x.jpg")
        second = await shop.submit(f"{shop.url}/uploads/x.jpg")
    assert first.headers["Retry-After"].endswith(told)
    assert second.status_code == 200


async def test_accepted_after_a_504(opened: Open) -> None:
    """A late acceptance comes after the answer that denied it."""
    async with opened(faults="{on: submit, fault: status, status: 504, late: 0.2}") as shop:
        assert (await shop.submit(f"{shop.url}/uploads/x.jpg")).status_code == 504
        assert accepted(shop) == 0
        await asyncio.sleep(0.4)
        assert accepted(shop) == 1


@pytest.mark.parametrize(
    ("rule", "orders"),
    [("reset, when: before", 0), ("reset, when: after", 0), ("lost_answer_after_accept", 1), ("truncated", 1)],
)
async def test_broken_connections(opened: Open, rule: str, orders: int) -> None:
    """The client sees a broken connection; the ledger knows whether the order was accepted."""
    async with opened(faults=f"{{on: submit, fault: {rule}}}") as shop:
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await shop.submit(f"{shop.url}/uploads/x.jpg")
        assert accepted(shop) == orders


@pytest.mark.parametrize("taken", [False, True])
async def test_silence(opened: Open, taken: bool) -> None:
    """Nothing is answered until the client gives up."""
    rule = f"{{on: submit, fault: silence, seconds: 30, accepted: {str(taken).lower()}}}"
    async with opened(faults=rule) as shop:
        with pytest.raises(httpx.ReadTimeout):
            await shop.api.post("/v1/prediction", json=shop.order(f"{shop.url}/uploads/x.jpg"), timeout=0.2)
        assert accepted(shop) == int(taken)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_delay(opened: Open, when: str) -> None:
    """The ordinary answer comes late, and the order takes effect before or after the pause."""
    async with opened(faults=f"{{on: submit, fault: delay, seconds: 0.3, when: {when}}}") as shop:
        sent = asyncio.create_task(shop.submit(f"{shop.url}/uploads/x.jpg"))
        await asyncio.sleep(0.15)
        assert accepted(shop) == (when == "after")
        assert (await sent).status_code == 200


async def test_answers_that_are_none(opened: Open) -> None:
    """HTML, broken JSON, success without an id, an error with 200, a redirect: each as its rule says."""
    rules = (
        "{on: submit, fault: html, nth: 1},{on: submit, fault: malformed, nth: 2},{on: submit, fault: no_id, nth: 3},"
        "{on: submit, fault: error_with_200, nth: 4},"
        "{on: submit, fault: redirect, location: 'http://10.0.0.1/', nth: 5}"
    )
    async with opened(faults=rules) as shop:
        html, broken, bare, error, away = [await shop.submit(f"{shop.url}/uploads/x.jpg") for _ in range(5)]
        assert (html.status_code, html.headers["Content-Type"]) == (502, "text/html")
        assert broken.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            broken.json()
        assert (bare.status_code, bare.json().get("predictionID")) == (200, None)
        assert (error.status_code, error.json()["status"]) == (200, "error")
        assert (away.status_code, away.headers["Location"]) == (307, "http://10.0.0.1/")
        assert accepted(shop) == 2


async def test_the_same_id_twice(opened: Open) -> None:
    """The second submit is answered with the first one's id, and orders nothing."""
    async with opened(faults="{on: submit, fault: same_id, nth: 2}") as shop:
        first = (await shop.submit(f"{shop.url}/uploads/x.jpg")).json()
        second = (await shop.submit(f"{shop.url}/uploads/x.jpg")).json()
        assert first == second
        assert accepted(shop) == 1


async def test_a_huge_answer(opened: Open) -> None:
    """The answer is valid JSON with so much padding in it."""
    async with opened(faults="{on: submit, fault: huge, megabytes: 3}") as shop:
        answer = await shop.submit(f"{shop.url}/uploads/x.jpg")
        assert len(answer.content) > 3_000_000
        assert answer.json()["predictionID"]


@pytest.mark.parametrize(
    ("on", "method", "path"),
    [
        ("models", "GET", "/v1/models"),
        ("balance", "GET", "/v1/billing/balance"),
        ("presign", "POST", "/v1/upload/presign"),
        ("executions", "GET", "/v2/executions"),
        ("cancel", "POST", "/v1/prediction/x/cancel"),
        ("delete", "DELETE", "/v1/files/x"),
        ("upload", "PUT", "/put/x"),
        ("download", "GET", "/uploads/x.mp4"),
        ("poll", "GET", "/v1/prediction/x"),
    ],
)
async def test_every_call_can_be_struck(opened: Open, on: str, method: str, path: str) -> None:
    """A rule strikes its own call and no other."""
    async with opened(faults=f"{{on: {on}, fault: status, status: 503}}") as shop:
        assert (await shop.api.request(method, path)).status_code == 503
        assert (await shop.api.get("/v1/models/sora-2-image-to-video")).status_code == (503 if on == "models" else 200)


# Polls


async def test_not_found_for_a_fresh_id(opened: Open) -> None:
    """`each` counts for each prediction apart: both are missing twice, then there."""
    async with opened(faults="{on: poll, fault: not_found, each: true, times: 2}") as shop:
        for prediction in (await shop.create(), await shop.create()):
            codes = [(await shop.api.get(f"/v1/prediction/{prediction}")).status_code for _ in range(3)]
            assert codes == [404, 404, 200]


async def test_going_back_to_processing(opened: Open) -> None:
    """After a success one poll shows it unfinished again."""
    async with opened(faults="{on: poll, fault: unfinished, match: PLACEHOLDER}") as shop:
        assert (await shop.ended(await shop.create()))["status"] == "success"
    async with opened(faults="{on: poll, fault: unfinished}") as shop:
        prediction = await shop.create()
        await settle()
        body = await shop.poll(prediction)
    assert (body["status"], body["output"], body["metrics"]["cost"]) == ("processing", None, 0)


async def test_another_predictions_body(opened: Open) -> None:
    """The body of a neighbour is shown under this id."""
    async with opened(faults="{on: poll, fault: foreign_body}") as shop:
        first, second = await shop.create(), await shop.create()
        assert (await shop.poll(first))["id"] == second
        assert (await shop.poll(second))["id"] == first


@pytest.mark.parametrize(
    ("shape", "read"),
    [
        ("string", lambda output: output),
        ("list", lambda output: output[0]),
        ("object_url", lambda output: output["url"]),
        ("object_video_url", lambda output: output["video_url"]),
        ("object_video", lambda output: output["video"]["url"]),
        ("object_output", lambda output: output["output"]),
    ],
)
async def test_output_shapes(opened: Open, shape: str, read: Callable[[Any], str]) -> None:
    """The URL sits in every shape that was seen."""
    async with opened(faults=f"{{on: render, fault: output, shape: {shape}}}") as shop:
        body = await shop.ended(await shop.create())
        assert read(body["output"]).startswith(f"{shop.url}/uploads/")


async def test_success_without_output(opened: Open) -> None:
    """A success can be without any URL."""
    async with opened(faults="{on: render, fault: output, shape: none}") as shop:
        assert (await shop.ended(await shop.create()))["output"] is None


async def test_status_spellings(opened: Open) -> None:
    """Other words stand where the documented one would."""
    rules = (
        "{on: render, fault: status_word, word: Completed},"
        "{on: render, fault: status_word, word: failed, instead_of: error}"
    )
    async with opened(faults=rules) as shop:
        good, bad = await shop.create(), (await shop.submit("https://example.com/a")).json()["predictionID"]
        await settle()
        assert (await shop.poll(good))["status"] == "Completed"
        assert (await shop.poll(bad))["status"] == "failed"


@pytest.mark.parametrize(
    ("value", "told", "billed"),
    [
        ("missing", None, "0.40"),
        ("0", 0, "0"),
        ("'0.40'", "0.40", "0.40"),
        ("NaN", float("nan"), "0.40"),
        ("0.55", 0.55, "0.55"),
    ],
)
async def test_costs(opened: Open, value: str, told: Any, billed: str) -> None:
    """The poll tells the odd cost; the ledger what was billed, and what was told."""
    async with opened(faults=f"{{on: render, fault: cost, value: {value}}}") as shop:
        body = await shop.ended(await shop.create())
        settled = json.loads((shop.folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()[-1])
        balance = (await shop.api.get("/v1/billing/balance")).json()["balance_usd"]
    assert str(body["metrics"].get("cost")) == str(told)
    assert (settled["cost"], "cost_told" in settled) == (billed, True)
    assert balance == pytest.approx(1000 - float(billed))


@pytest.mark.parametrize(
    ("form", "part"), [("percent", "%2Fuploads%2F"), ("percent_id", "%2D"), ("query", "?utm_source="), ("missing", "")]
)
async def test_echoes(opened: Open, form: str, part: str) -> None:
    """The image URL comes back encoded in another way, or not at all."""
    async with opened(faults=f"{{on: render, fault: echo, form: {form}}}") as shop:
        inputs = (await shop.poll(await shop.create()))["input"]
    assert part in inputs.get("image_url", "")
    assert ("image_url" in inputs) == (form != "missing")


# Rendering


@pytest.mark.parametrize("shape", ["object", "string", "array"])
async def test_errors_in_three_shapes(opened: Open, shape: str) -> None:
    """The reason is told as an object, a string or an array, and may be billed."""
    rule = (
        f"{{on: render, fault: error, error_code: WORKER_LOST, shape: {shape}, message: lost, cost: 0.1, match: turn}}"
    )
    async with opened(faults=rule) as shop:
        body = await shop.ended(await shop.create())
    kinds = {"object": "dict", "string": "str", "array": "list"}
    assert type(body["output"]).__name__ == kinds[shape]
    assert "WORKER_LOST" in str(body["output"])
    assert (body["status"], body["metrics"]["cost"]) == ("error", 0.1)


async def test_refusals(opened: Open) -> None:
    """A refused prompt carries the provider's own code."""
    rules = "{on: render, fault: refused, match: red}, {on: render, fault: refused, by: sentinel_block, match: blue}"
    async with opened(faults=rules) as shop:
        for colour, code in (("red", "moderation_blocked"), ("blue", "sentinel_block")):
            body = await shop.ended(await shop.create(prompt=f"a {colour} chair"))
            assert body["output"]["error_code"] == "PROVIDER_REJECTED"
            assert body["output"]["provider_error_code"] == code
        assert (await shop.ended(await shop.create(prompt="a green chair")))["status"] == "success"


async def test_stuck_cancelled_and_slow(opened: Open) -> None:
    """One renders for ever, one is cancelled by somebody else, one takes its time."""
    rules = (
        "{on: render, fault: stuck, nth: 1}, {on: render, fault: cancelled, nth: 2},"
        "{on: render, fault: slow_render, seconds: 3, nth: 3}"
    )
    async with opened(faults=rules, instant=False, speed=200) as shop:
        stuck, gone, slow = [await shop.create() for _ in range(3)]
        await shop.until(slow, "success")
        await shop.until(gone, "cancelled")
        assert (await shop.poll(stuck))["status"] == "processing"
        assert (await shop.poll(slow))["metrics"]["predict_time"] == pytest.approx(3 / 200, abs=0.002)
        assert (await shop.api.post(f"/v1/prediction/{stuck}/cancel")).status_code == 200


# Listings


async def listed(shop: Any, **query: Any) -> list[dict[str, Any]]:
    """Read one page of the history."""
    return list((await shop.api.get("/v2/executions", params=query)).json()["executions"])


async def test_listings_that_hide(opened: Open) -> None:
    """One prediction is never listed, one is late; the listing as a whole can be late too."""
    rules = "{on: render, fault: unlisted, nth: 1}, {on: render, fault: listed_late, seconds: 3600, nth: 2}"
    async with opened(faults=rules, instant=False, speed=1) as shop:
        ids = [await shop.create() for _ in range(3)]
        assert [row["id"] for row in await listed(shop)] == ids[2:]
    async with opened(faults="{on: executions, fault: late, seconds: 3600}", instant=False, speed=1) as shop:
        assert await listed(shop) == []


async def test_foreign_rows(opened: Open) -> None:
    """Rows of others fill the pages, can be polled, and our own come after them, once."""
    async with opened(faults="{on: executions, fault: foreign, rows: 25}") as shop:
        ours = [await shop.create() for _ in range(2)]
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = (await shop.api.get("/v2/executions", params={"limit": 10, "cursor": cursor})).json()
            rows += page["executions"]
            if not page["has_more"]:
                break
            cursor = page["next_cursor"]
        foreign = await shop.poll(rows[0]["id"])
    assert len(rows) == len({row["id"] for row in rows}) == 27
    assert [row["id"] for row in rows[25:]] == ours[::-1]
    assert foreign["input"]["image_url"].startswith("http")


async def test_listings_that_break(opened: Open) -> None:
    """Shuffled rows, a second page that fails, a total that is capped."""
    async with opened(faults="{on: executions, fault: shuffled}") as shop:
        ids = [await shop.create() for _ in range(5)]
        rows = [row["id"] for row in await listed(shop)]
        assert rows != ids[::-1]
        assert sorted(rows) == sorted(ids)
    async with opened(faults="{on: executions, fault: page_fails}") as shop:
        page = (await shop.api.get("/v2/executions", params={"limit": 2})).json()
        second = await shop.api.get("/v2/executions", params={"limit": 2, "cursor": page["next_cursor"]})
        assert second.status_code == 500
    async with opened(faults="{on: executions, fault: capped, rows: 3}") as shop:
        page = (await shop.api.get("/v2/executions", params={"limit": 2})).json()
        last = (await shop.api.get("/v2/executions", params={"limit": 2, "cursor": page["next_cursor"]})).json()
        assert (len(page["executions"]), page["has_more"]) == (2, True)
        assert (len(last["executions"]), last["has_more"]) == (1, False)


# Downloads


async def clip(shop: Any) -> str:
    """Order a clip and give its URL."""
    return str((await shop.ended(await shop.create()))["output"])


async def test_downloads_cut_short(opened: Open, template: bytes) -> None:
    """Half the bytes: noticed by the length, unnoticed without one, and wrongly announced."""
    async with opened(faults="{on: download, fault: short}") as shop:
        url = await clip(shop)
        with pytest.raises(httpx.RemoteProtocolError):
            await shop.web.get(url)
    async with opened(faults="{on: download, fault: no_length, part: 0.5}") as shop:
        answer = await shop.web.get(await clip(shop))
        assert "Content-Length" not in answer.headers
        assert 0 < len(answer.content) < len(template)
    async with opened(faults="{on: download, fault: wrong_length}") as shop:
        answer = await shop.web.get(await clip(shop))
        assert int(answer.headers["Content-Length"]) == len(answer.content) < len(template)


async def test_downloads_of_something_else(opened: Open) -> None:
    """HTML, nothing, a JPEG, a gzip: all under the name of an MP4."""
    rules = (
        "{on: download, fault: html, status: 200, nth: 1}, {on: download, fault: empty, nth: 2},"
        "{on: download, fault: jpeg, nth: 3}, {on: download, fault: gzip, nth: 4},"
        "{on: download, fault: gzip, megabytes: 20, nth: 5}, {on: download, fault: redirect, nth: 6}"
    )
    async with opened(faults=rules) as shop:
        url = await clip(shop)
        html, empty, jpeg = [await shop.web.get(url) for _ in range(3)]
        assert (html.status_code, html.headers["Content-Type"]) == (200, "text/html")
        assert (empty.status_code, empty.content) == (200, b"")
        assert jpeg.content.startswith(b"\xff\xd8")
        for length in (10_000, 20_000_000):
            async with shop.web.stream("GET", url) as packed:
                raw = b"".join([piece async for piece in packed.aiter_raw()])
            assert packed.headers["Content-Encoding"] == "gzip"
            assert len(gzip.decompress(raw)) >= length
        assert (await shop.web.get(url)).headers["Location"].startswith("http://10.")


async def test_downloads_that_are_gone_once(opened: Open) -> None:
    """A 403, 404 or 410, and then the file."""
    for status in (403, 404, 410):
        async with opened(faults=f"{{on: download, fault: status, status: {status}, times: 1}}") as shop:
            url = await clip(shop)
            assert [(await shop.web.get(url)).status_code for _ in range(2)] == [status, 200], status


async def test_downloads_that_change_and_ignore_ranges(opened: Open) -> None:
    """Each try gives other bytes under another tag; a range is answered with the whole."""
    async with opened(faults="{on: download, fault: changing}") as shop:
        url = await clip(shop)
        first, second = await shop.web.get(url), await shop.web.get(url)
        assert first.content != second.content
        assert first.headers["ETag"] != second.headers["ETag"]
    async with opened(faults="{on: download, fault: ranges_ignored}") as shop:
        answer = await shop.web.get(await clip(shop), headers={"Range": "bytes=0-9"})
        assert answer.status_code == 200
        assert len(answer.content) > 10


async def test_slow_and_endless_downloads(opened: Open, template: bytes) -> None:
    """One trickles, one never ends; both are given up by the reader."""
    async with opened(faults="{on: download, fault: slow, bytes_per_second: 20}") as shop:
        url = await clip(shop)
        began, read = time.monotonic(), 0
        async with shop.web.stream("GET", url) as answer:
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read >= 8:
                    break
        assert time.monotonic() - began >= 0.2
        assert read < 100
    async with opened(faults="{on: download, fault: endless}") as shop:
        read = 0
        async with shop.web.stream("GET", await clip(shop)) as answer:
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > 3 * len(template):
                    break
        assert read > 3 * len(template)


async def test_the_log_names_what_struck(opened: Open) -> None:
    """A fault that struck stands in the request log; a broken connection has status 0."""
    async with opened(faults="{on: submit, fault: lost_answer_after_accept}") as shop:
        with pytest.raises(httpx.TransportError):
            await shop.submit(f"{shop.url}/uploads/x.jpg")
        await settle()
    record = json.loads((shop.folder / "requests.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (record["status"], record["faults"]) == (0, ["lost_answer_after_accept"])
    assert record["prediction"]
