"""Standard input: read to its end, given up when asked, empty where it was closed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from batch.inputs.standard import StandardInput

if TYPE_CHECKING:
    from collections.abc import Iterator


class _StopError(Exception):
    """What the listener raises."""


def _stop() -> None:
    raise _StopError


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Put a pipe in the place of standard input and give its other end."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writing


def test_everything_is_read_to_the_end(pipe: int) -> None:
    """What comes is given as it comes, and nothing at the end."""
    os.write(pipe, b"sku,image\n")
    stdin = StandardInput()
    assert stdin.read(4) == b"sku,"
    assert stdin.read() == b"image\n"
    os.close(pipe)
    assert stdin.read(4) == b""


def test_whoever_listens_can_end_the_reading(pipe: int) -> None:
    """While nothing comes, the listener is asked, and what it raises comes out."""
    with pytest.raises(_StopError):
        StandardInput(_stop).read(4)
    os.close(pipe)


def test_a_closed_standard_input_is_empty() -> None:
    """Some daemons start their children without one; whoever does not need it must not notice."""
    code = "from batch.inputs.standard import StandardInput; print(StandardInput().read(4))"
    command = ["sh", "-c", 'exec "$0" -c "$1" <&-', sys.executable, code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "b''\n"
