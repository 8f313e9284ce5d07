"""How a host wants to be treated, learnt while pictures are fetched from it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What is taken from one host.

    Attributes:
        longest: Seconds that one `Retry-After` may ask for.
        in_all: Seconds of such pauses in one command.
        failures: Pictures in a row that fail for reasons of the moment.
    """

    longest: float = 60.0
    in_all: float = 300.0
    failures: int = 10


class Host:
    """One host, as all that fetch from it see it.

    Args:
        patience: What is taken from it.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._not_before = 0.0
        self._waited = 0.0
        self._failures = 0
        self.given_up = ""
        """Why nothing more is asked of it; empty while it is."""

    async def ready(self) -> None:
        """Wait until it may be asked again."""
        loop = asyncio.get_running_loop()
        # Others may put it off again meanwhile.
        while (pause := self._not_before - loop.time()) > 0:  # noqa: ASYNC110 - it is a moment that is waited for
            await asyncio.sleep(pause)

    def put_off(self, seconds: float) -> None:
        """Heed a `Retry-After`; a host that asks for too much is given up."""
        if seconds > self._patience.longest:
            self.given_up = f"the server wants to be left alone for {seconds:,.0f} s; run again after that"
            return
        until = asyncio.get_running_loop().time() + seconds
        self._waited += max(0.0, until - max(self._not_before, asyncio.get_running_loop().time()))
        self._not_before = max(self._not_before, until)
        if self._waited > self._patience.in_all:
            self.given_up = f"the server asked for pauses of more than {self._patience.in_all:g} s; run again later"

    def answered(self) -> None:
        """Note that a picture came, or will never come, which says the same of the host."""
        self._failures = 0

    def failed(self, reason: str) -> None:
        """Note that a picture did not come although it might have; after many in a row no more are asked for."""
        self._failures += 1
        if self._failures >= self._patience.failures and not self.given_up:
            self.given_up = f"not asked for, after {self._failures} failures in a row of this host, the last: {reason}"
