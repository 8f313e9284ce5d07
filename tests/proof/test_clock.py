"""The machine's clock is set while a run is at work, and between two runs: by an hour, forwards and backwards.

The clock is libfaketime's (from Debian's packages), so that everything in the process sees it jump. What is waited for
goes by a clock that never jumps, which it leaves alone.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.proof.books import Ledger, State
from tests.proof.checker import Terms, held_though_bought, violations
from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from tests.proof.shop import Ended, Shop

_LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
HOUR = 3600

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_LIBRARY is None, reason="libfaketime is not installed (Debian: faketime)"),
]

RULES = (
    '{on: submit, fault: lost_answer_after_accept, match: "B-2"}',
    '{on: render, fault: error, error_code: PROVIDER_SERVER_ERROR, match: "C-3", times: 1}',
    "{on: render, fault: slow_render, seconds: 1600}",
)


class Clock:
    """A file that says how far the clock of the runs is off, in seconds."""

    def __init__(self, shop: Shop) -> None:
        self._file = shop.folder / "clock"
        self.set(0)
        shop.environment |= {
            "LD_PRELOAD": str(_LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds: int) -> None:
        """Set the clock."""
        self._file.write_text(f"{seconds:+d}\n")


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_while_a_run_is_at_work_changes_nothing(shop: Shop, jump: int) -> None:
    """Lost answers are found, failures bought again, and nothing sold twice, though the clock jumps after the POSTs."""
    with shop.simulator("--faults", str(_faults(shop))) as url:
        clock = Clock(shop)
        shop.job(provider={"base_url": url}, limits={"item_deadline": "600h"})
        with shop.start("run", "--yes", "--json", stdin=subprocess.DEVNULL) as process:
            wait_until(lambda: len(shop.ledger().accepted) >= 2, process)
            clock.set(jump)
            last = finish(process)
        _check_all_done(shop, last)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_jump_between_a_kill_and_the_next_run_changes_nothing(shop: Shop, jump: int) -> None:
    """What was lost under the old clock is found under the new one."""
    with shop.simulator("--faults", str(_faults(shop))) as url:
        clock = Clock(shop)
        shop.job(provider={"base_url": url}, limits={"item_deadline": "600h"})
        with shop.start("run", "--yes", "--json", stdin=subprocess.DEVNULL) as process:
            wait_until(lambda: len(shop.ledger().accepted) >= 3, process)
            process.send_signal(signal.SIGKILL)
            finish(process)
        clock.set(jump)
        _check_all_done(shop, shop.run())


def _faults(shop: Shop) -> Path:
    return shop.folder / str(shop.faults(*RULES)["faults"])


def _check_all_done(shop: Shop, last: Ended) -> None:
    ledger, state = Ledger.read(shop.provider_folder), State.read(shop.state)
    assert violations(shop, last, Terms()) == []
    assert held_though_bought(ledger, state) == 0
    assert (last.exit, sum(last.items.values())) == (0, 3), last.err
    assert set(last.items) <= {"done", "skipped"}
    assert len(ledger.accepted) == 4
