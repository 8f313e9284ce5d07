"""A short form of `python -m tests.proof.signals`: a few moments of each kind of provider but the silent one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proof.signals import Moment, play

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = (1, 3, 4, 6, 7, 9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_signal_at_a_random_moment_is_heeded_soon_and_safely(seed: int, tmp_path: Path, template: bytes) -> None:
    """The run is gone in time, nothing is left unconfirmed, and the same command goes on."""
    moment = play(seed, tmp_path, template)
    assert moment.found == [], str(moment)


def test_the_short_form_has_both_signals_and_both_providers(tmp_path: Path) -> None:
    """Seeds are drawn once and for all: these cover what is fast enough for every run of the tests."""
    drawn = [Moment.drawn(seed, tmp_path, b"") for seed in SEEDS]
    assert {moment.provider for moment in drawn} == {"prompt", "slow"}
    assert {moment.number.name for moment in drawn} == {"SIGINT", "SIGTERM"}
    assert any(moment.twice for moment in drawn)
