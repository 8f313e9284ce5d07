"""The simulator that a run starts beside itself says why it does not start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from batch.core.job import Provider
from batch.errors import JobProblem
from batch.running.simulated import simulator_beside

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_simulator_that_has_ended_before_it_is_heard_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad faults file ends it at once; that there is nothing left to stop is no defect of ours."""
    (tmp_path / "faults.yaml").write_text("rules: [{on: download, fault: shrt}]\n", encoding="utf-8")
    start = asyncio.create_subprocess_exec

    async def started_and_ended(*arguments: str, **options: Any) -> asyncio.subprocess.Process:
        process = await start(*arguments, **options)
        await process.wait()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", started_and_ended)
    settings = Provider(name="simulator", faults="faults.yaml")
    with pytest.raises(JobProblem, match=r"rule 1.*did you mean 'short'"):
        async with simulator_beside(settings, job_folder=tmp_path, data_dir=tmp_path / "simulator"):
            pytest.fail("it started")
