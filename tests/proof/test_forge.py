"""The forge: its children are processes with exit codes, words and signals of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.proof.shop import PATIENCE, clean_environment, wait_until

if TYPE_CHECKING:
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


def test_it_has_what_a_process_has_that_was_started(
    forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same descriptors, signals, mask and folder as one whose interpreter was started for it."""
    monkeypatch.chdir(tmp_path)
    words = ["simulate", "--data-dir", str(tmp_path / "sim")]
    forked = forge.start(words, clean_environment(), tmp_path / "simulate")
    wait_until(lambda: forked.said("out").endswith("\n"))
    command = [sys.executable, "-m", "batch", "simulate", "--data-dir", str(tmp_path / "other")]
    with subprocess.Popen(
        command, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as started:
        assert started.stdout is not None
        started.stdout.readline()
        try:
            assert _traits(forked.pid) == _traits(started.pid)
        finally:
            started.terminate()
            forked.send_signal(signal.SIGTERM)
    assert forked.wait(PATIENCE) == started.returncode


def _traits(pid: int) -> dict[str, object]:
    of = Path(f"/proc/{pid}")
    lines = dict(line.split(":", 1) for line in (of / "status").read_text().splitlines())
    signals = {name: int(lines[name], 16) & 0x7FFFFFFF for name in ("SigBlk", "SigIgn", "SigCgt")}  # above: libc's own
    return signals | {
        "mask": lines["Umask"].strip(),
        "folder": (of / "cwd").readlink(),
        "descriptors": sorted(int(link.name) for link in (of / "fd").iterdir()),
    }


@pytest.mark.parametrize("name", ["LD_PRELOAD", "PYTHONUTF8", "TZ", "FAKETIME"])
def test_what_the_interpreter_reads_at_its_start_is_not_taken_over(forge: Forge, name: str) -> None:
    """Such a command gets an interpreter of its own; a key for the API does not ask for one."""
    assert not forge.fits(clean_environment() | {name: "x"})
    assert forge.fits(clean_environment() | {"EACHLABS_API_KEY": "k"})
