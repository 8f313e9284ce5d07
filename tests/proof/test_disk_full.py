"""A real disk that is full: no prediction is lost, nothing more is bought, and with room the same command goes on."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.proof.books import Ledger, State
from tests.proof.checker import Terms, violations
from tests.proof.shop import Shop, clip_template, finish, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.proof.shop import Ended

pytestmark = pytest.mark.slow

MEGABYTE = 1_000_000
CONCURRENCY = 2
SKUS = ("A-1", "A-2", "A-3", "A-4", "A-5", "A-6")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 32 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root on Linux")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def shop(small_disk: Path, tmp_path: Path) -> Shop:
    """Make a shop on the small disk, whose provider has another one and delivers clips of three megabytes."""
    pytest.importorskip("av")
    padding = 3 * MEGABYTE
    template = clip_template(tmp_path) + padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)
    shop = Shop(folder=small_disk / "shop", template=template, provider_folder=tmp_path / "provider")
    shop.folder.mkdir()
    shop.rows(*SKUS)
    return shop


def fill(disk: Path, *, leave: int = 0) -> Path:
    """Fill a disk with a file, but for so many bytes."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        while True:
            size = max(0, shutil.disk_usage(disk).free - leave)
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:  # the run took some of it meanwhile
                if error.errno != errno.ENOSPC:
                    raise
            else:
                return filler


def fill_when(shop: Shop, condition: Callable[[], bool], *, leave: int = 0) -> tuple[Ended, Path]:
    """Run, fill the disk once something holds, and wait for the end."""
    with shop.start("run", "--yes", "--json", stdin=subprocess.DEVNULL) as process:
        wait_until(condition, process)
        filler = fill(shop.folder.parent, leave=leave)
        return finish(process), filler


def job(shop: Shop, url: str, *, per_minute: int = 6000, min_free: int = 0) -> None:
    """Write the job, with two submits at once, and unless told nobody who looks for room beforehand."""
    limits = {"submit_per_minute": per_minute, "in_flight": CONCURRENCY, "submit_concurrency": CONCURRENCY}
    shop.job(provider={"base_url": url}, limits={**limits, "min_free": min_free})


def with_faults(shop: Shop, rule: str) -> tuple[str, ...]:
    """Give the options of a simulator that obeys a rule."""
    shop.faults(rule)
    return "--faults", str(shop.folder / "faults.yaml")


def check_goes_on(shop: Shop, filler: Path) -> None:
    """Make room, give the same command again, and hold the books against each other."""
    filler.unlink()
    last = shop.run()
    assert last.exit == 0, last.err
    assert violations(shop, last, Terms()) == []
    assert len(shop.ledger().accepted) == len(shop.clips()) == len(SKUS)


def test_full_when_the_answers_come(shop: Shop) -> None:
    """The ids are in hand and cannot be written down; the intents are on disk, and the next run finds them by those."""
    rule = "{on: submit, fault: delay, seconds: 1.5, when: after, times: 2}"
    with shop.simulator(*with_faults(shop, rule)) as url:
        job(shop, url)
        ended, filler = fill_when(shop, lambda: len(shop.ledger().accepted) == CONCURRENCY)
        assert ended.exit == 74, ended.err
        assert "disk is full" in ended.err
        assert "Traceback" not in ended.err
        for prediction in shop.ledger().accepted:
            assert f"prediction {prediction} could not be written down yet" in ended.err
        assert shop.posts() == CONCURRENCY
        check_goes_on(shop, filler)


def test_full_in_the_middle_of_downloads(shop: Shop) -> None:
    """What is half here is removed, what was bought is remembered, and nothing more is bought."""
    rule = "{on: download, fault: delay, seconds: 1, when: before, times: 2}"
    with shop.simulator(*with_faults(shop, rule)) as url:
        job(shop, url, per_minute=60)
        ended, filler = fill_when(shop, lambda: bool(shop.leftovers()), leave=MEGABYTE)
        assert ended.exit == 74, ended.err
        assert "Traceback" not in ended.err
        assert shop.leftovers() == []
        known = {attempt["prediction_id"] for attempt in State.read(shop.state).attempts}
        assert known >= set(Ledger.read(shop.provider_folder).ended)
        posts = shop.posts()
        assert posts < len(SKUS)
        job(shop, url, min_free=MEGABYTE)
        again = shop.run()
        assert (again.exit, shop.posts()) == (74, posts), again.err
        job(shop, url)
        check_goes_on(shop, filler)


def test_full_from_the_beginning(shop: Shop) -> None:
    """Without room for a state nothing is bought."""
    filler = fill(shop.folder.parent)
    with shop.simulator() as url:
        filler.unlink()
        job(shop, url)
        filler = fill(shop.folder.parent)
        ended = shop.run()
        assert ended.exit == 74, ended.err
        assert "Traceback" not in ended.err
        assert shop.posts() == 0
