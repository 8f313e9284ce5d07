"""The forge: its children are processes with exit codes, words and signals of their own."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.proof.shop import clean_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proof.forge import Forge


def test_a_command_says_and_ends_as_it_does_elsewhere(forge: Forge, tmp_path: Path) -> None:
    """Its words go into two files, and its exit code comes back."""
    helped = forge.start(["run", "--help"], clean_environment(), tmp_path / "help")
    wrong = forge.start(["run", str(tmp_path / "none.yaml")], clean_environment(), tmp_path / "wrong")
    assert (helped.wait(30), wrong.wait(30)) == (0, 66)
    assert "usage: sora-batch run" in helped.said("out")
    assert "none.yaml" in wrong.said("err")


def test_a_signal_ends_the_child_alone(forge: Forge, tmp_path: Path) -> None:
    """A killed child is told from one that ended by itself, and the forge goes on."""
    serving = forge.start(["simulate", "--data-dir", str(tmp_path / "sim")], clean_environment(), tmp_path / "simulate")
    serving.drain(0.1)
    serving.send_signal(signal.SIGKILL)
    assert serving.wait(30) == -signal.SIGKILL
    assert forge.start(["run", "--help"], clean_environment(), tmp_path / "help").wait(30) == 0


def test_the_end_of_an_earlier_process_with_the_same_number_is_forgotten(forge: Forge, tmp_path: Path) -> None:
    """Numbers of processes come again after some thousands of them."""
    forge._ended = dict.fromkeys(range(1, 5_000_000), -1)
    assert forge.start(["run", "--help"], clean_environment(), tmp_path / "help").wait(30) == 0
    forge._ended.clear()
