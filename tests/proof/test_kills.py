"""A short form of `python -m tests.proof.kills`: two scenes, one of them killed while it recovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proof.kills import prove

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_runs_killed_at_random_moments_buy_nothing_twice_and_lose_nothing(tmp_path: Path) -> None:
    """Ten kills in two scenes of 20 items, a fifth of whose answers are lost."""
    scenes = prove(10, 4, 2, tmp_path)
    assert [what for scene in scenes for what in scene.found] == []
    assert sum(scene.seen["answers lost"] for scene in scenes) > 0
    assert sum(scene.seen["clips fetched"] for scene in scenes) > 0
