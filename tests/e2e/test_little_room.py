"""A disk with too little room: nothing is bought that could not be kept, and what was bought is still fetched."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.proof.shop import Shop

MEGABYTE = 1_000_000


@pytest.fixture
def small(shop: Shop) -> Iterator[Path]:
    """Put the job's output on a disk of 40 MB of its own; the provider's folder lies elsewhere."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a small disk")
    shop.provider_folder = shop.folder / "provider"
    shop.out.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(shop.out)], check=False)
    if made.returncode:
        pytest.skip("this container may not mount a disk")
    yield shop.out
    subprocess.run(["umount", "-l", str(shop.out)], check=True)


def fill(folder: Path, megabytes: int) -> Path:
    """Take room away."""
    path = folder / "ballast"
    path.write_bytes(bytes(megabytes * MEGABYTE))
    return path


def test_nothing_is_bought_without_room(shop: Shop, small: Path) -> None:
    """Exit 74 before the first POST, with what is missing and the way out; the same command goes on with room."""
    ballast = fill(small, 20)
    with shop.simulator() as url:
        shop.job(provider={"base_url": url}, limits={"min_free": "10MB"})
        ended = shop.run()
        assert ended.exit == 74, ended.err
        assert ended.items == {"pending": 3}
        assert "nothing was bought" in ended.err
        assert "limits.min_free" in ended.err
        assert str(small) in ended.err
        assert shop.posts() == 0
        ballast.unlink()
        again = shop.run()
    assert (again.exit, again.items) == (0, {"done": 3}), again.err


def test_submitting_stops_when_room_runs_low_and_what_was_bought_is_fetched(shop: Shop, small: Path) -> None:
    """Somebody fills the disk while the first clip renders: it is fetched, and nothing more is bought."""
    slow = shop.faults("{on: render, fault: slow_render, seconds: 1600}")
    with shop.simulator("--faults", str(shop.folder / slow["faults"])) as url:
        shop.job(provider={"base_url": url}, limits={"in_flight": 1, "submit_concurrency": 1, "min_free": "2MB"})
        with shop.start("run", "--yes", "--json") as process:
            wait_until(lambda: len(shop.ledger().accepted) == 1, process)
            ballast = fill(small, 28)
            ended = finish(process)
        assert ended.exit == 74, ended.err
        assert ended.items == {"done": 1, "pending": 2}
        assert "limits.min_free" in ended.err
        ballast.unlink()
        again = shop.run()
    assert (again.exit, again.items) == (0, {"done": 2, "skipped": 1}), again.err
    assert shop.posts() == 3


def test_a_floor_that_no_disk_has_stops_and_zero_switches_the_check_off(shop: Shop) -> None:
    """`min_free` is the job's own word; `max_items` bounds what has to fit."""
    shop.job(limits={"min_free": "900000GB"})
    ended = shop.run()
    assert (ended.exit, ended.items) == (74, {"pending": 3}), ended.err
    assert ended.summary["stopped"][0]["cause"] == "no_room"
    assert shop.requests() == []
    shop.job(limits={"min_free": 0})
    assert shop.run().exit == 0
