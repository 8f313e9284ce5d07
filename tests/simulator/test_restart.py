"""A simulator that is started again goes on where it was, also after kill -9."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from batch.simulator.disk import FolderInUseError
from batch.simulator.ledger import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    Open = Callable[..., AbstractAsyncContextManager[Any]]

KEY = {"Authorization": "Bearer test-key"}


async def test_everything_goes_on(opened: Open) -> None:
    """Predictions, clips, uploads, balance and history are there again, under the new address."""
    async with opened() as shop:
        slot = await shop.upload()
        done = (await shop.submit(slot["public_url"])).json()["predictionID"]
        old = await shop.ended(done)
        clip = (await shop.web.get(old["output"])).content
        failed = (await shop.submit("https://example.com/a")).json()["predictionID"]
        await shop.ended(failed)
    async with opened() as shop:
        body = await shop.poll(done)
        assert body["output"].startswith(shop.url)
        assert (await shop.web.get(body["output"])).content == clip
        assert body["metrics"] == old["metrics"]
        assert (await shop.poll(failed))["output"]["error_code"] == "INPUT_DOWNLOAD_ERROR"
        rows = (await shop.api.get("/v2/executions")).json()["executions"]
        assert [row["id"] for row in rows] == [failed, done]
        assert (await shop.api.get("/v1/billing/balance")).json() == {"balance_usd": 999.6}
        picture = await shop.web.get(f"{shop.url}/uploads/{slot['id']}.jpg")
        assert picture.status_code == 200
        assert (await shop.ended((await shop.submit(slot["public_url"])).json()["predictionID"]))["status"] == "success"


async def test_what_was_rendering_ends_at_its_time(opened: Open) -> None:
    """A prediction that was rendering at the stop is finished after the start; a cancelled one stays so."""
    async with opened(instant=False, speed=200) as shop:
        rendering, cancelled = await shop.create(), await shop.create()
        await shop.api.post(f"/v1/prediction/{cancelled}/cancel")
        assert (await shop.poll(rendering))["status"] in ("created", "starting", "processing")
    async with opened(instant=False, speed=200) as shop:
        assert (await shop.ended(rendering))["status"] == "success"
        assert (await shop.poll(cancelled))["status"] == "cancelled"
    events = [json.loads(line) for line in (shop.folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in events] == ["accepted", "accepted", "cancelled", "settled"]
    assert events[3]["time"] == events[0]["finishes_at"]


async def test_uploads_and_deletions_are_remembered(opened: Open) -> None:
    """A presigned slot can still be filled, a deleted file stays gone, a queued order loses its picture."""
    async with opened(instant=False, speed=0.001) as shop:
        slot = (await shop.api.post("/v1/upload/presign", json={"content_type": "image/jpeg"})).json()
        gone = await shop.upload()
        queued = (await shop.submit(gone["public_url"])).json()["predictionID"]
        await shop.api.delete(f"/v1/files/{gone['id']}")
    async with opened(instant=False, speed=0.001) as shop:
        path = httpx.URL(slot["presigned_url"]).raw_path.decode()
        headers = {"Content-Type": "image/jpeg", **slot["required_headers"]}
        assert (await shop.web.put(shop.url + path, content=shop.draw(8, 8), headers=headers)).status_code == 200
        assert (await shop.web.get(f"{shop.url}/uploads/{gone['id']}.jpg")).status_code == 404
        assert (await shop.poll(queued))["status"] == "created"


async def test_fault_counters_go_on(opened: Open) -> None:
    """`times: 2` stays two over a restart; another faults file begins anew."""
    rule = "{on: models, fault: status, status: 503, times: 2}"
    async with opened(faults=rule) as shop:
        assert (await shop.api.get("/v1/models")).status_code == 503
    async with opened(faults=rule) as shop:
        assert [(await shop.api.get("/v1/models")).status_code for _ in range(2)] == [503, 200]
    async with opened(faults=rule.replace("503", "500")) as shop:
        assert (await shop.api.get("/v1/models")).status_code == 500


async def test_a_half_written_line_is_cut_off(opened: Open) -> None:
    """What a crash left of the last line was never answered: it goes, and the next line begins cleanly."""
    async with opened() as shop:
        first = await shop.create()
        await shop.ended(first)
    with (shop.folder / "ledger.jsonl").open("ab") as file:
        file.write(b'{"event": "accep')
    async with opened() as shop:
        second = await shop.create()
        await shop.ended(second)
    async with opened() as shop:
        assert [(await shop.poll(one))["status"] for one in (first, second)] == ["success", "success"]


async def test_a_damaged_ledger_is_named(opened: Open) -> None:
    """Damage before the last line is an error with file and line; the folder is let go again."""
    async with opened() as shop:
        await shop.ended(await shop.create())
    ledger = shop.folder / "ledger.jsonl"
    ledger.write_bytes(b"rubbish\n" + ledger.read_bytes())
    with pytest.raises(LedgerError, match=r"ledger\.jsonl: line 1"):
        async with opened():
            pass
    ledger.write_bytes(b'{"event": "settled", "id": "nobody"}\n')
    with pytest.raises(LedgerError, match="move the folder away"):
        async with opened():
            pass


async def test_a_folder_serves_one_simulator(opened: Open) -> None:
    """A second one is refused while the first lives."""
    async with opened():
        with pytest.raises(FolderInUseError, match="another simulator"):
            async with opened():
                pass
    async with opened():
        pass


@contextmanager
def process(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a simulator as a process of its own; gives it and its base URL."""
    command = [sys.executable, "-m", "batch.simulator", "--data-dir", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_killed_after_it_answered(tmp_path: Path) -> None:
    """Every order that was answered is in the ledger of a simulator that was killed with SIGKILL."""
    order = {
        "model": "sora-2-image-to-video",
        "input": {"prompt": "turn", "image_url": "https://example.com/uploads/x.jpg"},
    }
    with process(tmp_path) as (running, url):
        ids = [httpx.post(f"{url}/v1/prediction", json=order, headers=KEY).json()["predictionID"] for _ in range(3)]
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    told = [json.loads(line) for line in (tmp_path / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in told] == ids
    with process(tmp_path) as (_, url):
        rows = httpx.get(f"{url}/v2/executions", headers=KEY).json()["executions"]
    assert [row["id"] for row in rows] == ids[::-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT: exit 0, nothing on standard error, the folder free."""
    with process(tmp_path, "--instant", "--clips", "cached") as (running, url):
        assert httpx.get(f"{url}/v1/models").status_code == 200
        running.send_signal(number)
        _, errors = running.communicate(timeout=10)
        assert (running.returncode, errors) == (0, "")


def test_a_start_that_fails_says_why(tmp_path: Path) -> None:
    """A wrong faults file, a folder in use, a port in use, a folder that cannot be made: one line and its own code."""
    faults = tmp_path / "faults.yaml"
    faults.write_text("rules: [{on: submit, fault: stauts}]", encoding="utf-8")
    with process(tmp_path / "a", "--faults", str(faults)) as (running, _):
        _, errors = running.communicate(timeout=10)
        assert running.returncode == os.EX_CONFIG
        assert errors == f"error: {faults}: rule 1: key 'fault': unknown value 'stauts'; did you mean 'status'?\n"
    with process(tmp_path / "b"), process(tmp_path / "b") as (second, _):
        _, errors = second.communicate(timeout=10)
        assert second.returncode == os.EX_TEMPFAIL
        assert "another simulator is serving this folder" in errors
    with process(tmp_path / "c") as (_, url):
        port = url.rpartition(":")[2]
        with process(tmp_path / "d", "--port", port) as (second, _):
            _, errors = second.communicate(timeout=10)
            assert second.returncode == os.EX_TEMPFAIL
            said = f"127.0.0.1:{port}: Address already in use; choose another --port, or 0 for a free one"
            assert errors == f"error: {said}\n"
    with process(faults / "e") as (running, _):
        _, errors = running.communicate(timeout=10)
        assert running.returncode == os.EX_CANTCREAT
        assert errors == f"error: {faults / 'e' / 'uploads'}: Not a directory; name another folder with --data-dir\n"


async def test_one_sync_covers_many_orders(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders that arrive together wait for few syncs, and each is in the ledger when it is answered."""
    synced: list[int] = []
    real = os.fsync

    def counted(handle: int) -> None:
        synced.append(handle)
        real(handle)

    monkeypatch.setattr(os, "fsync", counted)
    async with opened(instant=False, speed=0.001) as shop:
        synced.clear()
        answers = await asyncio.gather(*(shop.submit("https://example.com/a") for _ in range(40)))
        ledger = (shop.folder / "ledger.jsonl").read_text(encoding="utf-8")
    assert all(answer.json()["predictionID"] in ledger for answer in answers)
    assert 1 <= len(synced) <= 40


def test_clients_that_leave_make_no_noise(tmp_path: Path) -> None:
    """Requests given up in the middle, and one still open at the end, leave nothing on standard error."""
    faults = tmp_path / "faults.yaml"
    faults.write_text(
        "rules:\n- {on: models, fault: silence, nth: 1}\n- {on: models, fault: huge, nth: 2}\n", encoding="utf-8"
    )
    with process(tmp_path / "data", "--faults", str(faults)) as (running, url):
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{url}/v1/models", timeout=0.2)
        with httpx.stream("GET", f"{url}/v1/models") as answer:
            assert answer.status_code == 200
        assert httpx.get(f"{url}/v1/models").status_code == 200
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=10)
    assert (running.returncode, errors) == (0, "")
    log = [json.loads(line) for line in (tmp_path / "data" / "requests.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(line["status"] for line in log) == [0, 0, 200]


def test_it_ends_with_its_parent_and_the_next_one_takes_over(tmp_path: Path) -> None:
    """When standard input ends so does the simulator, and one that is started at once waits for the folder."""
    command = [sys.executable, "-m", "batch.simulator", "--data-dir", str(tmp_path), "--with-parent"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as first:
        assert first.stdout is not None
        assert first.stdin is not None
        assert first.stdout.readline().startswith("http://")
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as second:
            assert second.stdout is not None
            first.stdin.close()
            assert first.wait(timeout=10) == 0
            assert second.stdout.readline().startswith("http://")
            second.communicate(timeout=10)
            assert second.returncode == 0
