"""A small shop whose commands are forked instead of started anew: the same processes, in a tenth of the time."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.proof.forge import HURRY
from tests.proof.shop import PATIENCE, Ended, Shop, clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.proof.forge import Forge, Forked


@dataclass(slots=True, kw_only=True)
class QuickShop(Shop):
    """A shop with a forge.

    Attributes:
        forge: Starts the commands.
        hurry: Seconds after which a command takes silence for an end.
    """

    forge: Forge
    hurry: float = 3.0
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fork(self, command: str, *arguments: str) -> Forked:
        """Start a command on the job and do not wait for it."""
        return self._forked(command, str(self.job_file), *arguments)

    def _forked(self, *arguments: str) -> Forked:
        spoken = self.folder / "spoken"
        spoken.mkdir(exist_ok=True)
        environment = clean_environment() | {HURRY: str(self.hurry)} | self.environment
        place = spoken / f"{next(self._numbers)}-{arguments[0]}"
        return self.forge.start(arguments, environment, place)

    def command(self, *arguments: str, **_: Any) -> Ended:
        """Do a command on the job and wait for its end."""
        return ended(self.fork(*arguments))

    @contextmanager
    def simulator(self, *options: str, speed: int = 400) -> Iterator[str]:
        """Serve a simulator as a process of its own that outlives the runs; gives its URL."""
        self.seed_clips()
        fixed = ("--data-dir", str(self.provider_folder), "--speed", str(speed), "--clips", "cached", "--with-parent")
        process = self._forked("simulate", *fixed, *options)
        try:
            yield _address(process)
        finally:
            process.send_signal(15)
            process.wait(PATIENCE)


def _address(process: Forked) -> str:
    """Wait until a simulator has told where it is."""
    deadline = time.monotonic() + PATIENCE
    while not (told := process.said("out")).endswith("\n"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the simulator did not start: {process.said('err')}")
        time.sleep(0.002)
    return told.strip()


def ended(process: Forked) -> Ended:
    """Wait for a command's end."""
    code = process.wait(PATIENCE)
    return Ended(exit=code, out=process.said("out"), err=process.said("err"))
