"""Sync first, then send; bytes, then name, then folder, then state: seen from outside the process, by two witnesses."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.proof.lowered import lowered_path
from tests.proof.order import STRACED, counted, order_violations, seen_by_shim, seen_by_strace
from tests.proof.shim import NoShimError, Orders, build_shim, read_trace
from tests.proof.shop import Shop, clean_environment, clip_template
from tests.proof.trial import RUN, SPEED, set_job, set_up

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.proof.order import Seen

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give a clip, so that no run has to encode one."""
    pytest.importorskip("av")
    return clip_template(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the library that counts calls, where it can be made."""
    try:
        return build_shim(tmp_path_factory.mktemp("shim"))
    except NoShimError as missing:
        pytest.skip(str(missing))


def new_shop(folder: Path, template: bytes) -> Shop:
    """Make the shop of two items that all points are tried on."""
    shop = Shop(folder=folder / "shop", template=template, provider_folder=folder / "provider")
    set_up(shop)
    return shop


def run_traced(shop: Shop, environment: Mapping[str, str], *wrapper: str) -> None:
    """Run the job in a process of its own, with more variables than usual, perhaps behind another program."""
    with shop.simulator(speed=SPEED) as url:
        set_job(shop, url)
        command = [*wrapper, sys.executable, "-m", "batch", RUN[0], str(shop.job_file), *RUN[1:]]
        done = subprocess.run(
            command, env={**clean_environment(), **environment}, capture_output=True, text=True, check=False
        )
    if wrapper and "ptrace" in done.stderr:
        pytest.skip(f"strace may not trace here: {done.stderr[:200]}")
    assert done.returncode == 0, done.stderr


def shim_sees(shop: Shop, shim: Path, environment: Mapping[str, str], *wrapper: str) -> list[Seen]:
    """Run the job and give what the shim saw."""
    trace, data = shop.folder.with_suffix(".trace"), shop.folder.with_suffix(".data")
    orders = Orders(trace=trace, roots=(shop.folder,), data=data)
    variables = {**environment, **orders.environment(shim)}
    if wrapper:  # the tracer itself is not to be traced
        wrapper = (*wrapper, *(word for name, value in variables.items() for word in ("-E", f"{name}={value}")))
        variables = {}
    run_traced(shop, variables, *wrapper)
    return list(seen_by_shim(read_trace(trace), data.read_bytes()))


def test_both_witnesses_see_the_same_calls_in_the_right_order(tmp_path: Path, template: bytes, shim: Path) -> None:
    """Every call that strace sees is in the shim's trace, so its numbers leave no point out; and the order holds."""
    if shutil.which("strace") is None:
        pytest.skip("the second witness is strace (Debian: strace)")
    shop, out = new_shop(tmp_path, template), tmp_path / "strace.txt"
    strace = ("strace", "-f", "-yy", "-s", "5000", "-o", str(out), "-e", f"trace={STRACED}")
    by_shim = shim_sees(shop, shim, {}, *strace)
    by_strace = list(seen_by_strace(out.read_text("utf-8", "replace")))
    assert counted(by_strace, shop.folder) == counted(by_shim, shop.folder)
    assert len(shop.clips()) == 2
    assert order_violations(by_shim, shop.state, shop.clips()) == []
    assert order_violations(by_strace, shop.state, shop.clips()) == []


def test_the_check_notices_a_state_that_syncs_less(tmp_path: Path, template: bytes, shim: Path) -> None:
    """With `synchronous` lowered behind the program's back the POST leaves first, and the check says so."""
    shop = new_shop(tmp_path, template)
    seen = shim_sees(shop, shim, {"PYTHONPATH": lowered_path(tmp_path)})
    found = order_violations(seen, shop.state, shop.clips())
    assert len([what for what in found if "left before its intent was synced" in what]) == 2


def test_the_check_notices_a_name_that_came_too_early(tmp_path: Path, template: bytes, shim: Path) -> None:
    """Each step of a clip's way home is looked for: left out of a sound trace, it is missed."""
    shop = new_shop(tmp_path, template)
    seen = shim_sees(shop, shim, {})
    clip = shop.clips()[0]
    assert order_violations(seen, shop.state, shop.clips()) == []
    part = next(one.path for one in seen if one.other == str(clip))

    def without(path: str) -> str:
        left = [one for one in seen if not (one.kind == "fsync" and one.path == path)]
        return "; ".join(order_violations(left, shop.state, shop.clips()))

    assert "before its bytes were synced" in without(part)
    assert "before its folder was synced" in without(str(clip.parent))
