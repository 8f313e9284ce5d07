"""Death at any moment: what was said to be written is there, and what may have been bought is never forgotten."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from batch.core import events as ev
from batch.core.lifecycle import AttemptState, Phase
from batch.errors import Busy
from batch.store import queries
from tests.store.conftest import NOW, PRICE, all_rows, intent

if TYPE_CHECKING:
    from tests.store.conftest import States

_BUY_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from batch.core import events as ev
from batch.store import changes
from batch.store.changes import Caps
from batch.store.state import Binding
from batch.store.store import open_store

async def main(path, accepted, open_posts):
    binding = Binding(job="spring", provider="simulator", host="localhost")
    store = await open_store(Path(path), binding, now=1000.0)
    caps = Caps(run=None, day=None, item=None)
    for item_id in range(1, accepted + open_posts + 1):
        upload = f"u{item_id}"
        intent = ev.Intended(at=1000.0, run_id=1, day="2026-11-23", estimate=400_000, upload_id=upload,
                             upload_url=f"https://cdn/{upload}.jpg", frame_sha256="f", recipe=1)
        await store.reserve(item_id, intent, caps, [f"{item_id}.mp4"])
        if item_id <= accepted:
            await store.apply(item_id, ev.SubmitAccepted(at=1001.0, prediction_id=f"p{item_id}", request_id="r"))
    print("written", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""

_FULL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
from batch.errors import StorageProblem
from batch.store import changes
from batch.store.state import Binding
from batch.store.store import open_store

async def main(path):
    binding = Binding(job="spring", provider="simulator", host="localhost")
    store = await open_store(Path(path), binding, now=1000.0)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    wal = Path(path + "-wal")
    limit = wal.stat().st_size + 300_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    kept = 0
    try:
        for number in range(1000):
            text = str(number) * 4000
            await store.do(lambda connection: changes.set_meta(connection, f"k{number}", text))
            kept += 1
    except StorageProblem as problem:
        print(f"{kept}|{problem.what}|{problem.where}", flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await store.do(lambda connection: changes.set_meta(connection, "after", "room"))
    await store.close()

asyncio.run(main(sys.argv[1]))
"""


def script(source: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    command = [sys.executable, "-c", source, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(("accepted", "open_posts"), [(0, 1), (3, 2), (4, 0)])
async def test_after_a_kill_nothing_paid_is_forgotten(states: States, accepted: int, open_posts: int) -> None:
    """Ids that were written are there; each intent without an answer is unconfirmed, and its money stays reserved."""
    await states.filled(*(f"s{number}" for number in range(6)))
    await states.close()
    died = script(_BUY_AND_DIE, states.path, accepted, open_posts)
    assert (died.returncode, died.stdout) == (-9, "written\n"), died.stderr
    store = await states.open(now=NOW)
    running = {record.prediction_id for record in queries.records_in(store.reader, Phase.RUNNING)}
    assert running == {f"p{number}" for number in range(1, accepted + 1)}
    lost = queries.records_in(store.reader, Phase.UNCONFIRMED)
    uploads = [(record.item_id, record.attempt.upload_id) for record in lost if record.attempt]
    assert uploads == [(number, f"u{number}") for number in range(accepted + 1, accepted + open_posts + 1)]
    assert all(record.committed == PRICE and "ended before" in record.reason for record in lost)
    assert queries.count_in(store.reader, Phase.SUBMITTING) == 0
    assert len(queries.planned(store.reader, after=0, limit=10)) == 6 - accepted - open_posts
    reserved = all_rows(store.reader, "SELECT reserved FROM purse WHERE scope = 'run:1'")
    assert reserved == [((accepted + open_posts) * PRICE,)]


async def test_recovery_happens_once(states: States) -> None:
    """A second opening finds the attempt unconfirmed already, and says nothing new."""
    store = await states.filled("a")
    await store.apply(1, intent())
    await states.close()
    for _ in range(3):
        store = await states.open()
        (record,) = queries.records_in(store.reader, Phase.UNCONFIRMED)
        assert record.attempt is not None
        assert record.attempt.state is AttemptState.UNCONFIRMED
        assert all_rows(store.reader, "SELECT kind FROM event ORDER BY id") == [("Intended",), ("SubmitUnclear",)]
        await states.close()


async def test_who_is_refused_the_lock_recovers_nothing(states: States) -> None:
    """An intent of a run that is at work is not lost."""
    store = await states.filled("a")
    await store.apply(1, intent())
    with pytest.raises(Busy):
        await states.open()
    assert queries.count_in(store.reader, Phase.SUBMITTING) == 1
    await store.apply(1, ev.SubmitAccepted(at=NOW, prediction_id="p1", request_id="r1"))


async def test_a_full_disk_loses_nothing_that_was_promised(states: States) -> None:
    """The caller is told in words, all that was committed is there, and with room again the state goes on."""
    await states.filled("a")
    await states.close()
    full = script(_FULL_DISK, states.path)
    assert full.returncode == 0, full.stderr
    kept, what, where = full.stdout.strip().split("|")
    assert 0 < int(kept) < 1_000
    assert "the state cannot be used" in what
    assert where == str(states.path)
    store = await states.open()
    keys = {key for (key,) in all_rows(store.reader, "SELECT key FROM meta WHERE key LIKE 'k%'")}
    assert keys == {f"k{number}" for number in range(int(kept))}
    assert queries.meta(store.reader, "after") == "room"
    assert all_rows(store.reader, "PRAGMA integrity_check") == [("ok",)]
