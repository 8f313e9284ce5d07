"""The public Python interface: frames in, frames out, and the same state as the command line's."""

from __future__ import annotations

import asyncio
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

import batch
from batch import Job, arun, plan, run
from batch.cli import main
from batch.errors import Busy, Exit, MissingInput, UsageProblem
from batch.inputs.jobfile import JobErrors
from batch.planning import Plan, make_plan
from batch.running import opening
from batch.store.lock import RunLock, lock_path
from tests.proof.shop import draw, wait_until

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rows(tmp_path: Path) -> pl.DataFrame:
    """A table of products whose pictures lie beside the job; one picture is missing."""
    for number, sku in enumerate(("00152", "B-2")):
        draw(tmp_path / f"{sku}.png", number)
    return pl.DataFrame(
        {"sku": ["00152", "B-2", "C-3"], "image": ["00152.png", "B-2.png", "gone.png"], "price": [1, 2, 3]}
    )


def job(folder: Path, rows: pl.DataFrame, **keys: Any) -> Job:
    """Make a job of keys."""
    usual = {
        "name": "spring",
        "provider": {"name": "simulator", "speed": 400, "clips": "cached"},
        "defaults": {"prompt": "{sku} turns", "duration": 4},
        "output": {"dir": "out"},
        "quality": {"look": False},
    }
    return Job(usual | keys, manifest=rows, folder=folder)


def test_frames_in_and_frames_out(tmp_path: Path, rows: pl.DataFrame) -> None:
    """Planned, bought once, and gone on with by the command line."""
    spring = job(tmp_path, rows)
    planned = plan(spring)
    assert (planned.to_buy, planned.usd) == (2, Decimal("0.80"))
    assert planned.items.select("sku", "prompt", "aspect", "usd").rows() == [
        ("00152", "00152 turns", "16:9", Decimal("0.40")),
        ("B-2", "B-2 turns", "16:9", Decimal("0.40")),
    ]
    assert planned.rejected["sku"].to_list() == ["C-3"]
    assert planned.text.startswith("spring: 2 items")

    notes: list[str] = []
    made = run(spring, on_note=notes.append)
    assert (made.exit, made.cost.settled) == (Exit.SOME_FAILED, Decimal("0.80"))
    assert (made.counts.done, made.counts.rejected) == (2, 1)
    assert made.items.select("sku", "sb_status").rows() == [("00152", "done"), ("B-2", "done")]
    assert all((spring.output / clip).is_file() for clip in made.items["sb_clip"])
    assert notes

    assert plan(spring).to_buy == 0
    assert main(["run", str(spring.path), "--json"]) == Exit.SOME_FAILED
    assert run(Job(spring.path)).counts.skipped == 2


async def test_inside_a_running_loop(tmp_path: Path, rows: pl.DataFrame) -> None:
    """Awaited; or called, as in a notebook's cell, from the loop's own thread."""
    first = await arun(job(tmp_path, rows.head(1)))
    assert (first.exit, first.counts.done) == (Exit.DONE, 1)
    second = run(job(tmp_path, rows.head(2)))
    assert (second.exit, second.counts.done, second.counts.skipped) == (Exit.DONE, 1, 1)


async def test_a_cancelled_call_winds_down_and_is_gone_on_with(tmp_path: Path, rows: pl.DataFrame) -> None:
    """What was bought by then is fetched by the next call, and not bought again."""
    slow = job(tmp_path, rows.head(2), provider={"name": "simulator", "speed": 40, "clips": "cached"})
    ledger = slow.output / "simulator" / "ledger.jsonl"
    task = asyncio.create_task(arun(slow))
    both = lambda: ledger.exists() and ledger.read_text("utf-8").count('"accepted"') == 2  # noqa: E731
    await asyncio.to_thread(wait_until, both)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    last = await arun(job(tmp_path, rows.head(2)))
    assert (last.exit, last.counts.done) == (Exit.DONE, 2)
    assert [json.loads(line)["event"] for line in ledger.read_text("utf-8").splitlines()].count("accepted") == 2


def test_what_cannot_begin_is_raised(tmp_path: Path, rows: pl.DataFrame) -> None:
    """Each as its own error, with nothing written where the keys are wrong."""
    with pytest.raises(MissingInput):
        Job(tmp_path / "no.yaml")
    with pytest.raises(JobErrors, match="did you mean `limits`"):
        job(tmp_path, rows, limit={"in_flight": 2})
    assert not (tmp_path / "spring.yaml").exists()
    with pytest.raises(UsageProblem, match="names its own manifest"):
        Job(str(tmp_path / "no.yaml"), manifest=rows)
    spring = job(tmp_path, rows)
    spring.output.mkdir()
    lock = RunLock(lock_path(spring.output / "state.sqlite"))
    with pytest.raises(Busy):
        run(spring)
    lock.release()


def test_a_trial_is_planned_once_and_bought_short(
    tmp_path: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan reads the manifest and the pictures a single time; the whole job is left as it was."""
    spring = job(tmp_path, rows.head(2))
    made: list[object] = []

    def counted(*given: Any, **named: Any) -> Plan:
        made.append(given)
        return make_plan(*given, **named)

    monkeypatch.setattr(opening, "make_plan", counted)
    tried = plan(spring, sample=1, duration=8)
    assert len(made) == 1
    assert (tried.to_buy, tried.items["duration"].to_list()) == (1, ["8"])
    ended = run(spring, sample=1, duration=8)
    assert (ended.exit, ended.items["sb_duration"].drop_nulls().to_list()) == (Exit.DONE, ["8"])
    assert plan(spring).to_buy == 2
    with pytest.raises(UsageProblem, match="this model makes clips of"):
        plan(spring, duration=5)
    with pytest.raises(UsageProblem, match="begin at 1"):
        run(spring, sample=0)


def test_money_needs_a_word(tmp_path: Path, rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `yes` and without a budget nothing is bought."""
    monkeypatch.setenv("EACHLABS_API_KEY", "k")
    with pytest.raises(UsageProblem, match="nobody confirmed"):
        run(job(tmp_path, rows, provider={"name": "eachlabs"}))


@pytest.mark.tree
def test_the_readme_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands there."""
    (code,) = re.findall(r"```python\n(.*?)\n```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    draw(tmp_path / "mug.png", 1)
    monkeypatch.chdir(tmp_path)
    told: dict[str, Any] = {}
    exec(code, told)
    assert told["result"].exit == Exit.DONE


def test_only_what_is_named_is_there() -> None:
    """The package gives its interface, and no other name by accident."""
    with pytest.raises(AttributeError):
        _ = batch.nothing
