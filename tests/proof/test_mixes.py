"""A short form of `python -m tests.proof.mixes`: 200 of its mixes, in four parts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.proof.mixes import prove
from tests.proof.mixing import POOL, draw

if TYPE_CHECKING:
    from pathlib import Path

PART = 50


@pytest.mark.slow
@pytest.mark.parametrize("first", [1, 51, 101, 151])
def test_faults_mixed_at_random_break_no_promise(first: int, tmp_path: Path) -> None:
    """Whatever comes together, nothing is bought twice, nothing is lost, and every end is said."""
    scenes = list(prove(range(first, first + PART), 4, tmp_path))
    assert [(scene.mix, scene.log, scene.found) for scene in scenes if scene.found] == []
    seen = sum((scene.seen for scene in scenes), Counter[str]())
    assert min(seen[what] for what in ("struck", "interrupted", "SubmitUnclear", "Adopted", "Downloaded")) > 0


def test_a_seed_draws_the_same_mix_again() -> None:
    """A broken mix can be played once more."""
    assert draw(77) == draw(77)
    assert draw(77) != draw(78)


def test_every_fault_is_in_the_pool_without_its_selectors() -> None:
    """What decides when a rule strikes is drawn anew for each mix."""
    assert len(POOL) > 100
    assert not any(word in rule for rule in POOL for word in ("times:", "nth:", "match:", "each:"))
