"""Every endpoint of the contract over real HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    Open = Callable[..., AbstractAsyncContextManager[Any]]

LONG_RENDER = {"instant": False, "speed": 0.01}


def lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_an_order_becomes_a_clip(opened: Open) -> None:
    """Upload, create, poll, download: the bytes are the ones whose hash is in the ledger."""
    async with opened() as shop:
        prediction = await shop.create()
        body = await shop.ended(prediction)
        clip = (await shop.web.get(body["output"])).content
        assert body["status"] == "success"
        assert set(body) == {"id", "input", "status", "output", "logs", "metrics", "urls"}
        assert body["metrics"]["cost"] == 0.4
        assert body["urls"] == {
            "get": f"{shop.url}/v1/prediction/{prediction}",
            "cancel": f"{shop.url}/v1/prediction/{prediction}/cancel",
        }
        accepted, settled = lines(shop.folder / "ledger.jsonl")
        assert (accepted["event"], accepted["id"], accepted["price"]) == ("accepted", prediction, "0.40")
        assert (settled["event"], settled["id"], settled["cost"]) == ("settled", prediction, "0.40")
        assert settled["clip_sha256"] == hashlib.sha256(clip).hexdigest()
        assert clip.endswith(b"free" + prediction.encode())


async def test_every_answer_names_its_request_and_its_time(opened: Open) -> None:
    """`X-Request-Id` comes back as sent, or is invented; `Date` is the provider's clock."""
    async with opened(clock_skew=timedelta(hours=2)) as shop:
        answer = await shop.api.get("/v1/models", headers={"X-Request-Id": "mine"})
        other = await shop.api.get("/nowhere")
        ours = parsedate_to_datetime(str(other.headers["Date"]))
    assert answer.headers["X-Request-Id"] == "mine"
    assert other.status_code == 404
    assert other.headers["X-Request-Id"]
    record = lines(shop.folder / "requests.jsonl")[-1]
    assert abs(record["time"] - ours.timestamp()) < 2
    assert record["path"] == "/nowhere"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/prediction"),
        ("GET", "/v1/prediction/x"),
        ("POST", "/v1/prediction/x/cancel"),
        ("GET", "/v2/executions"),
        ("GET", "/v1/executions"),
        ("POST", "/v1/upload/presign"),
        ("DELETE", "/v1/files/x"),
        ("GET", "/v1/billing/balance"),
    ],
)
async def test_calls_need_a_key(opened: Open, method: str, path: str) -> None:
    """Without a key, and with a wrong one where one is demanded, the contract's 401 comes."""
    async with opened(key="right", as_key="wrong") as shop:
        missing = await shop.web.request(method, shop.url + path)
        wrong = await shop.api.request(method, path)
        right = await shop.web.request(method, shop.url + path, headers={"X-API-Key": "right"})
    for answer in (missing, wrong):
        assert (answer.status_code, answer.json()) == (401, {"error": "Invalid or missing API key"})
    assert right.status_code != 401


async def test_another_key_sees_nothing(opened: Open) -> None:
    """A prediction belongs to its key: others get 404 and an empty history."""
    async with opened() as shop:
        prediction = await shop.create()
        other = {"Authorization": "Bearer another"}
        poll = await shop.api.get(f"/v1/prediction/{prediction}", headers=other)
        cancel = await shop.api.post(f"/v1/prediction/{prediction}/cancel", headers=other)
        rows = (await shop.api.get("/v2/executions", headers=other)).json()
    assert (poll.status_code, poll.json()) == (404, {"error": "Prediction not found"})
    assert cancel.status_code == 404
    assert rows == {"executions": [], "next_cursor": None, "has_more": False}


@pytest.mark.parametrize(
    "change",
    [
        {"duration": "4"},
        {"duration": 4.0},
        {"duration": 5},
        {"duration": True},
        {"aspect_ratio": "1:1"},
        {"seed": 1},
        {"prompt": ""},
        {"prompt": "x" * 32_001},
        {"image_url": "picture.jpg"},
        {"image_url": None},
    ],
)
async def test_input_is_checked_against_the_schema(opened: Open, change: dict[str, Any]) -> None:
    """A wrong type, value, length or an unknown field is a 400 that names the field; nothing is created."""
    async with opened() as shop:
        body = shop.order(f"{shop.url}/uploads/x.jpg")
        body["input"] |= change
        answer = await shop.api.post("/v1/prediction/", json=body)
        assert answer.status_code == 400
        assert next(iter(change)) in str(answer.json()["details"])
        assert lines(shop.folder / "ledger.jsonl") == []


async def test_an_unknown_model_and_broken_json(opened: Open) -> None:
    """They are answered as the contract says: 404 with its body, and 422 with an empty object."""
    async with opened() as shop:
        gone = await shop.api.post("/v1/prediction", json={"model": "sora-9", "input": {}})
        broken = await shop.api.post("/v1/prediction", content=b'{"model": ')
        removed = await shop.api.get("/v1/model", params={"slug": "sora-2-image-to-video"})
    assert (gone.status_code, gone.json()) == (404, {"error": "Failed to fetch model: model not found"})
    assert (broken.status_code, broken.json()) == (422, {})
    assert removed.status_code == 404


async def test_the_catalogue_shows_schema_and_price(opened: Open) -> None:
    """The list needs no key; the detail has types, values and prices; an unknown price is null."""
    async with opened() as shop:
        listed = (await shop.web.get(f"{shop.url}/v1/models")).json()
        sora = (await shop.web.get(f"{shop.url}/v1/models/sora-2-image-to-video")).json()
        kling = (await shop.web.get(f"{shop.url}/v1/models/kling-v2-6-pro-image-to-video")).json()
        unknown = await shop.web.get(f"{shop.url}/v1/models/sora-9")
    assert len(listed["models"]) == 10
    duration = sora["request_schema"]["properties"]["duration"]
    assert duration == {"type": "integer", "enum": [4, 8, 12, 16, 20], "default": 4}
    assert sora["cost"]["rows"][1] == {"label": "duration=8", "value": 0.8}
    assert (sora["cost"]["min"], sora["cost"]["max"]) == (0.4, 2.0)
    assert kling["request_schema"]["properties"]["duration"]["type"] == "string"
    assert kling["cost"] is None
    assert unknown.status_code == 404


async def test_a_picture_of_another_size_fails_while_rendering(opened: Open) -> None:
    """Accepted first, then failed with the provider's words, unbilled."""
    async with opened() as shop:
        slot = await shop.upload(shop.draw(640, 360))
        prediction = (await shop.submit(slot["public_url"])).json()["predictionID"]
        body = await shop.ended(prediction)
    assert body["status"] == "error"
    assert body["output"]["error_code"] == "PROVIDER_BAD_REQUEST"
    assert body["output"]["error_message"] == "Inpaint image must match the requested width and height"
    assert body["metrics"]["cost"] == 0


async def test_pictures_that_cannot_be_fetched_or_read(opened: Open) -> None:
    """A foreign URL, a deleted upload and an empty slot cannot be downloaded; text is no picture."""
    async with opened() as shop:
        foreign = (await shop.submit("https://example.com/a.jpg")).json()["predictionID"]
        slot = await shop.upload()
        assert (await shop.api.delete(f"/v1/files/{slot['id']}")).status_code == 200
        deleted = (await shop.submit(slot["public_url"])).json()["predictionID"]
        empty = (await shop.api.post("/v1/upload/presign", json={"content_type": "image/jpeg"})).json()
        unfilled = (await shop.submit(empty["public_url"])).json()["predictionID"]
        text = (await shop.submit((await shop.upload(b"no picture"))["public_url"])).json()["predictionID"]
        for prediction in (foreign, deleted, unfilled):
            assert (await shop.ended(prediction))["output"]["error_code"] == "INPUT_DOWNLOAD_ERROR"
        assert (await shop.ended(text))["output"]["error_code"] == "INPUT_VALIDATION_ERROR"


async def test_presigned_put_checks_every_header(opened: Open) -> None:
    """A changed or missing header, a wrong signature or a key beside it is a 403; the right ones need no key."""
    async with opened() as shop:
        slot = (await shop.api.post("/v1/upload/presign", json={"content_type": "image/png"})).json()
        url, right = slot["presigned_url"], {"Content-Type": "image/png", **slot["required_headers"]}
        wrong = [
            {**right, "Content-Type": "image/jpeg"},
            {"Content-Type": "image/png"},
            {**right, "x-amz-meta-file-id": "another"},
            {**right, "Authorization": "Bearer test-key"},
        ]
        for headers in wrong:
            assert (await shop.web.put(url, content=b"x", headers=headers)).status_code == 403
        assert (await shop.web.put(url + "0", content=b"x", headers=right)).status_code == 403
        assert (await shop.web.get(slot["public_url"])).status_code == 404
        assert (await shop.web.put(url, content=b"x", headers=right)).status_code == 200
        public = await shop.web.get(slot["public_url"])
        assert (public.content, public.headers["Content-Type"]) == (b"x", "image/png")
        for body in ({}, {"content_type": "image/png", "expires_in_seconds": 59}):
            assert (await shop.api.post("/v1/upload/presign", json=body)).status_code == 400


async def test_deleting_a_file(opened: Open) -> None:
    """The public URL answers 404 afterwards; a second time, and for another key, there is nothing to delete."""
    async with opened() as shop:
        slot = await shop.upload()
        other = await shop.api.delete(f"/v1/files/{slot['id']}", headers={"Authorization": "Bearer another"})
        first = await shop.api.delete(f"/v1/files/{slot['id']}")
        second = await shop.api.delete(f"/v1/files/{slot['id']}")
        assert (other.status_code, first.status_code, second.status_code) == (404, 200, 404)
        assert (await shop.web.get(slot["public_url"])).status_code == 404
        assert list((shop.folder / "uploads").iterdir()) == []


async def test_a_file_deleted_while_it_is_needed_stays_until_the_clip_is_made(opened: Open) -> None:
    """A rendering prediction has fetched its picture already: deleting the upload does not harm it."""
    async with opened(instant=False, speed=200) as shop:
        slot = await shop.upload()
        prediction = (await shop.submit(slot["public_url"])).json()["predictionID"]
        await shop.until(prediction, "processing")
        assert (await shop.api.delete(f"/v1/files/{slot['id']}")).status_code == 200
        assert (await shop.ended(prediction))["status"] == "success"
        assert list((shop.folder / "uploads").iterdir()) == []


async def test_cancelling(opened: Open) -> None:
    """While it is queued or rendering it stops, unbilled and told twice alike; afterwards it cannot."""
    async with opened(**LONG_RENDER) as shop:
        prediction = await shop.create()
        first = await shop.api.post(f"/v1/prediction/{prediction}/cancel")
        second = await shop.api.post(f"/v1/prediction/{prediction}/cancel")
        body = await shop.poll(prediction)
        assert (first.status_code, second.status_code) == (200, 200)
        assert (body["status"], body["output"], body["metrics"]["cost"]) == ("cancelled", None, 0)
        assert (await shop.api.get("/v1/billing/balance")).json() == {"balance_usd": 1000.0}
        assert [line["event"] for line in lines(shop.folder / "ledger.jsonl")] == ["accepted", "cancelled"]


async def test_a_finished_prediction_cannot_be_cancelled(opened: Open) -> None:
    """The clip and the bill stay."""
    async with opened() as shop:
        prediction = await shop.create()
        await shop.ended(prediction)
        assert (await shop.api.post(f"/v1/prediction/{prediction}/cancel")).status_code == 400
        assert (await shop.poll(prediction))["status"] == "success"


async def test_statuses_move_forward_through_the_documented_words(opened: Open) -> None:
    """Processing (and before it created, if seen) with empty output and no cost, then success."""
    async with opened(instant=False, speed=300) as shop:
        prediction = await shop.create()
        seen: list[str] = []
        while not seen or seen[-1] != "success":
            body = await shop.poll(prediction)
            if body["status"] != "success":
                assert (body["output"], body["metrics"]) == (None, {"predict_time": 0, "cost": 0})
            if not seen or seen[-1] != body["status"]:
                seen.append(body["status"])
            await asyncio.sleep(0.002)
    assert seen[-2:] == ["processing", "success"]
    assert set(seen[:-2]) <= {"created", "starting"}


async def test_running_predictions_reserve_their_estimate(opened: Open) -> None:
    """402 once the estimates in flight exceed the balance; the balance itself falls only when billed."""
    async with opened(balance_usd=Decimal("0.90"), **LONG_RENDER) as shop:
        ids = [await shop.create(), await shop.create()]
        refused = await shop.submit((await shop.upload())["public_url"])
        assert refused.status_code == 402
        assert "estimated cost of your in-flight executions exceeds" in refused.json()["details"]
        assert (await shop.api.get("/v1/billing/balance")).json() == {"balance_usd": 0.9}
        await shop.api.post(f"/v1/prediction/{ids[0]}/cancel")
        await shop.create()
        assert len(lines(shop.folder / "ledger.jsonl")) == 4


async def test_a_low_balance_limits_what_is_in_flight(opened: Open) -> None:
    """Ten predictions at $10 or less; the eleventh is a 429 that creates nothing."""
    async with opened(balance_usd=Decimal(10), **LONG_RENDER) as shop:
        url = (await shop.upload())["public_url"]
        codes = [(await shop.submit(url)).status_code for _ in range(11)]
        last = (await shop.submit(url)).json()
    assert codes == [200] * 10 + [429]
    assert last["error"] == "too many requests"
    assert "limited to 10 concurrent" in last["details"]


async def test_a_cap_of_ones_own(opened: Open) -> None:
    """`concurrency` limits whatever the balance."""
    async with opened(concurrency=2, **LONG_RENDER) as shop:
        url = (await shop.upload())["public_url"]
        assert [(await shop.submit(url)).status_code for _ in range(3)] == [200, 200, 429]


async def test_a_sliding_minute_of_submits(opened: Open) -> None:
    """`submit_per_minute` is exact: the next one over it is refused."""
    async with opened(submit_per_minute=3) as shop:
        url = (await shop.upload())["public_url"]
        assert [(await shop.submit(url)).status_code for _ in range(4)] == [200, 200, 200, 429]
    log = [line for line in lines(shop.folder / "requests.jsonl") if line["path"] == "/v1/prediction"]
    assert [line["status"] for line in log] == [200, 200, 200, 429]
    assert all(line["image_url"] == url for line in log)


async def test_the_balance_may_be_read_three_times_a_second(opened: Open) -> None:
    """The fourth read within a second is refused."""
    async with opened(**LONG_RENDER) as shop:
        codes = [(await shop.api.get("/v1/billing/balance")).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]


async def test_executions_are_paged_by_cursor_newest_first(opened: Open) -> None:
    """Pages join without gap or double, also when a new one arrives while paging; rows have no input."""
    async with opened() as shop:
        url = (await shop.upload())["public_url"]
        ids = [(await shop.submit(url)).json()["predictionID"] for _ in range(5)]
        for prediction in ids:
            await shop.ended(prediction)
        seen, cursor = [], None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await shop.api.get("/v2/executions", params=query)).json()
            seen += page["executions"]
            await shop.submit(url)
            if not page["has_more"]:
                break
            cursor = page["next_cursor"]
        old = (await shop.api.get("/v1/executions", params={"limit": 3, "offset": 3})).json()
    assert [row["id"] for row in seen] == ids[::-1]
    assert page["next_cursor"] is None
    assert set(seen[0]) == {
        *("id", "model", "requested_model", "status", "workflow_id", "workflow_execution_id", "execution_cost"),
        *("run_time", "created_at", "started_at", "completed_at", "output"),
    }
    assert seen[0]["execution_cost"] == 0.4
    assert [row["id"] for row in old["executions"]] == ids[::-1][:3]


async def test_executions_filters(opened: Open) -> None:
    """Model, status and times narrow the list; a filter that cannot be read is a 400."""
    async with opened() as shop:
        good, bad = await shop.create(), (await shop.submit("https://example.com/x")).json()["predictionID"]
        await shop.ended(good)
        await shop.ended(bad)

        async def ids(**query: str) -> list[str]:
            page = await shop.api.get("/v2/executions", params=query)
            return [row["id"] for row in page.json()["executions"]]

        rows = (await shop.api.get("/v2/executions")).json()["executions"]
        assert await ids(status="success") == [good]
        assert await ids(status="error") == [bad]
        assert await ids(model="veo-3-image-to-video") == []
        assert await ids(**{"from": "2020-01-01T00:00:00Z"}) == [bad, good]
        assert await ids(**{"from": "2120-01-01T00:00:00+00:00"}) == []
        assert await ids(to=rows[0]["created_at"].replace("Z", "+00:00"), status="success") == [good]
        assert await ids(to="2020-01-01T00:00:00Z") == []
        for query in ({"limit": "0"}, {"limit": "101"}, {"from": "yesterday"}, {"status": "x"}, {"cursor": "x"}):
            assert (await shop.api.get("/v2/executions", params=query)).status_code == 400


async def test_executions_may_lag(opened: Open) -> None:
    """With a lag a new prediction can be polled before any listing shows it."""
    async with opened(instant=False, speed=1, lag=timedelta(seconds=60)) as shop:
        prediction = await shop.create()
        assert (await shop.poll(prediction))["id"] == prediction
        assert (await shop.api.get("/v2/executions")).json()["executions"] == []


async def test_ranges(opened: Open) -> None:
    """A range, an open range and a suffix are served; one behind the end is a 416; a stale tag gives the whole."""
    async with opened() as shop:
        url = (await shop.ended(await shop.create()))["output"]
        whole = await shop.web.get(url)
        tag = whole.headers["ETag"]
        for asked, part in (("0-9", whole.content[:10]), ("100-", whole.content[100:]), ("-5", whole.content[-5:])):
            answer = await shop.web.get(url, headers={"Range": f"bytes={asked}", "If-Range": tag})
            assert (answer.status_code, answer.content) == (206, part)
        assert (await shop.web.get(url, headers={"Range": "bytes=0-9"})).headers["Content-Range"] == (
            f"bytes 0-9/{len(whole.content)}"
        )
        behind = await shop.web.get(url, headers={"Range": f"bytes={len(whole.content)}-"})
        assert behind.status_code == 416
        stale = await shop.web.get(url, headers={"Range": "bytes=0-9", "If-Range": '"old"'})
        assert stale.status_code == 200


async def test_output_urls_expire_and_a_poll_gives_a_new_one(opened: Open) -> None:
    """After `output_ttl` the URL answers 403, and the next poll shows one that works."""
    async with opened(output_ttl=timedelta(seconds=0.3)) as shop:
        prediction = await shop.create()
        old = (await shop.ended(prediction))["output"]
        await asyncio.sleep(0.35)
        assert (await shop.web.get(old)).status_code == 403
        while (await shop.web.get((await shop.poll(prediction))["output"])).status_code != 200:
            pass
        assert (await shop.web.get(f"{shop.url}/uploads/{prediction}.mp4")).status_code == 404


async def test_a_closed_door_opens_only_after_silence(opened: Open) -> None:
    """With `reopening`, submits that keep coming after a 429 keep the door closed."""
    async with opened(concurrency=1, instant=False, speed=1, reopening=timedelta(seconds=0.4)) as shop:
        url = (await shop.upload())["public_url"]
        first = (await shop.submit(url)).json()["predictionID"]
        assert (await shop.submit(url)).status_code == 429
        await shop.api.post(f"/v1/prediction/{first}/cancel")
        assert (await shop.submit(url)).status_code == 429
        await asyncio.sleep(0.45)
        assert (await shop.submit(url)).status_code == 200


async def test_only_loopback(settings: Any) -> None:
    """No other address can be asked for."""
    with pytest.raises(ValueError, match="loopback"):
        replace(settings, host="0.0.0.0")


async def test_the_key_is_in_no_file(opened: Open) -> None:
    """Ledger, indexes and the request log know a hash of the key at most."""
    async with opened(as_key="secret-of-the-shop") as shop:
        await shop.ended(await shop.create())
        with pytest.raises(httpx.HTTPStatusError):
            (await shop.web.get(f"{shop.url}/v1/billing/balance")).raise_for_status()
    for path in shop.folder.glob("*.jsonl"):
        assert b"secret-of-the-shop" not in path.read_bytes()
