"""A signal that comes while the state is opened, or closed again: the documented exit code, and no traceback."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from batch.cli import main
from batch.errors import Exit, Interrupted, UsageProblem
from batch.inputs.jobfile import read_job
from batch.running import session
from batch.running.calls import Request
from batch.running.clock import Clock
from batch.running.engine import Parts
from batch.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch.core.summary import Cost, ItemCounts
    from tests.proof.shop import Shop

SIGNALS = [(signal.SIGINT, Exit.SIGINT), (signal.SIGTERM, Exit.SIGTERM)]


class Nobody:
    """An audience that hears nothing."""

    def note(self, message: str) -> None:
        """Hear nothing."""

    def moved(self) -> None:
        """See nothing."""

    def follow(self, numbers: Callable[[], tuple[ItemCounts, Cost, int]]) -> None:
        """Follow nothing."""

    def close(self) -> None:
        """Leave."""


async def _call(shop: Shop) -> None:
    request = Request(parts=Parts(), confirm=lambda _: False)
    await session.run_job(read_job(shop.job_file), request, audience=Nobody(), clock=Clock())


@pytest.mark.parametrize(("number", "code"), SIGNALS)
async def test_while_the_state_is_opened(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: Exit
) -> None:
    """Nothing was begun, and the exit code says which signal it was."""

    async def opening(*_: object, **__: object) -> Store:
        os.kill(os.getpid(), number)
        await asyncio.sleep(10)
        raise AssertionError("the signal was not heeded")

    monkeypatch.setattr(session, "open_store", opening)
    with pytest.raises(Interrupted) as caught:
        await _call(shop)
    assert caught.value.exit is code


@pytest.mark.parametrize(("number", "code"), SIGNALS)
async def test_while_a_problem_is_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: Exit
) -> None:
    """A call that nobody confirmed ends as interrupted when the signal comes while the state is closed."""
    closed = Store.close

    async def closing(self: Store) -> None:
        await closed(self)
        os.kill(os.getpid(), number)
        await asyncio.sleep(10)

    monkeypatch.setattr(Store, "close", closing)
    monkeypatch.setattr(session, "_work", _nobody_confirms)
    with pytest.raises(Interrupted) as caught:
        await _call(shop)
    assert caught.value.exit is code


async def _nobody_confirms(_: object) -> None:
    raise UsageProblem("nothing was bought: nobody confirmed the spending")


def test_while_the_command_line_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with 130 and one word, before anything is known of what was wanted."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("batch.cli.build_parser", interrupted)
    assert main(["run", "job.yaml"]) == 130
    assert capsys.readouterr().err == "sora-batch: interrupted\n"


_SWALLOWED = """
import signal, sys
from batch.cli import main

class Swallows:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            {strike}
        return None

sys.meta_path.insert(0, Finder())
sys.exit(main(["run", "--yes", {job!r}]))
"""


_HALF_MADE = """
import signal, sys
from asyncio.unix_events import _UnixSelectorEventLoop as Loop
from batch.cli import main

usual = Loop._make_self_pipe
Loop._make_self_pipe = lambda loop: (signal.raise_signal(signal.SIGINT), usual(loop))
sys.exit(main(["run", "--yes", {job!r}]))
"""


def test_while_the_event_loop_is_made(shop: Shop) -> None:
    """Nothing is torn: no traceback of a loop that is half made, no word of a coroutine that never began."""
    shop.rows("A-1")
    shop.job()
    script = _HALF_MADE.format(job=str(shop.job_file))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "sora-batch: interrupted\n")


@pytest.mark.parametrize("module", ["batch.cli.console", "batch.running.session", "batch.frames.pool"])
@pytest.mark.parametrize(
    "strike",
    ["Swallows()", "signal.raise_signal(signal.SIGINT)", "try: signal.raise_signal(2)\n            except: 1 / 0"],
    ids=["swallowed", "plain", "wrapped"],
)
def test_while_modules_are_imported(shop: Shop, module: str, strike: str) -> None:
    """Python swallows Ctrl-C there, or wraps it: the run ends all the same, and has bought nothing."""
    shop.rows("A-1")
    shop.job()
    script = _SWALLOWED.format(module=module, strike=strike, job=str(shop.job_file))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130, done.stderr
    assert "defect" not in done.stderr
    assert not shop.provider_folder.exists() or shop.posts() == 0
