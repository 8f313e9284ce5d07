"""The built-in simulator as a process of its own beside the run: the real wire protocol over HTTP, and no money."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from batch.errors import Exit, JobProblem, MissingInput, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from batch.core.job import Provider

_START_SECONDS = 60.0
_STOP_SECONDS = 5.0


@asynccontextmanager
async def simulator_beside(settings: Provider, *, job_folder: Path, data_dir: Path) -> AsyncIterator[str]:
    """Start the simulator on a free port and give its base URL; it ends with the run, however the run ends.

    Args:
        settings: The job's `provider`.
        data_dir: Where its ledger, uploads and clips lie; a simulator started again goes on from there.

    Raises:
        MissingInput: If the faults file is not there.
        JobProblem: If the faults file is wrong.
        Unavailable: If it does not start for another reason; says why.
    """
    arguments = [
        "--data-dir",
        str(data_dir),
        "--speed",
        str(settings.speed),
        "--clips",
        settings.clips,
        "--with-parent",
    ]
    if settings.faults is not None:
        faults = job_folder / settings.faults
        if not faults.is_file():
            raise MissingInput("the faults file is not there", where=str(faults), hint="see `provider.faults`")
        arguments += ["--faults", str(faults)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EACHLABS_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "batch.simulator",
        *arguments,
        stdin=asyncio.subprocess.PIPE,  # its end tells the simulator that we are gone, even after kill -9
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C is meant for the run, which still has answers to wait for
    )
    try:
        yield await _base_url(process)
    finally:
        await _end(process)


async def _base_url(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_SECONDS)
    except TimeoutError:
        said = await _end(process)
    else:
        url = line.decode("utf-8", "replace").strip()
        if url.startswith("http://"):
            return url
        said = await _last_words(process)
    if process.returncode == Exit.BAD_JOB:
        raise JobProblem(said, hint="mend the faults file, or leave `provider.faults` out; nothing was sent")
    raise Unavailable(f"the simulator did not start: {said or 'it said nothing'}", hint="nothing was sent")


async def _end(process: asyncio.subprocess.Process) -> str:
    with suppress(ProcessLookupError):  # it may have ended by itself at any moment
        process.terminate()
    return await _last_words(process)


async def _last_words(process: asyncio.subprocess.Process) -> str:
    """Wait for its end, but not for long; give what it wrote to standard error."""
    try:
        _, said = await asyncio.wait_for(process.communicate(), _STOP_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        _, said = await process.communicate()
    return said.decode("utf-8", "replace").strip().removeprefix("error: ")
