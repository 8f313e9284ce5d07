"""What the benchmarks measure against still works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.proof.shop import Shop

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.tree


def test_the_shell_on_a_memory_store_makes_the_clips_and_keeps_no_state(shop: Shop) -> None:
    """Else the protections would be measured against something that does less than it should, or more."""
    shop.rows("A-1", "A-2")
    shop.job()
    shop.seed_clips()
    command = [sys.executable, "-m", "tests.benchmarks.memory_store", str(shop.job_file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["items"]["done"] == len(shop.clips()) == 2
    assert not shop.state.exists()
