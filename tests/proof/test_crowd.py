"""Runs of a job that start together: one works, the others are turned away, and whoever comes next takes over."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.proof.checker import Terms, violations
from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from tests.proof.shop import Shop


@pytest.mark.slow
@pytest.mark.parametrize(("many", "seconds"), [(2, 6), (20, 20)])
def test_one_works_and_the_others_are_turned_away(shop: Shop, many: int, seconds: int) -> None:
    """All but one exit 75 and name the process that works; killed, it is followed by the next, and the books agree."""
    slow = shop.faults(f"{{on: render, fault: slow_render, seconds: {400 * seconds}}}")  # 400 is the speed of time here
    with shop.simulator("--faults", str(shop.folder / slow["faults"])) as url:
        shop.job(provider={"base_url": url}, limits={"item_deadline": "24h"})
        processes = [shop.start("run", "--yes", "--json", stdin=subprocess.DEVNULL) for _ in range(many)]
        try:
            wait_until(lambda: sum(process.poll() is not None for process in processes) >= many - 1)
            wait_until(lambda: shop.posts() == 3)
            working = next(process for process in processes if process.poll() is None)
            turned_away = [finish(process) for process in processes if process is not working]
            assert {ended.exit for ended in turned_away} == {75}
            assert all(f"process {working.pid}" in ended.err for ended in turned_away), turned_away
            working.send_signal(signal.SIGKILL)
            finish(working)
        finally:
            for process in processes:
                process.kill()
        last = shop.run()
    assert last.exit == 0, last.err
    assert shop.posts() == 3
    assert violations(shop, last, Terms()) == []
