"""The rate of submits as a server sees it: the fullest sliding minute, and the share of the limit that is used.

Three limits run side by side for real minutes, each against a sink behind a network that delays requests and answers
by different spans, some of them by seconds.

    .venv/bin/python -m tests.benchmarks.bench_limiter [--minutes 3]

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time

from batch.core.pace import WINDOW
from batch.running.clock import Clock
from batch.running.traffic import Rate
from tests.benchmarks.figures import told

LIMITS = (60, 600, 6_000)
SENDERS = 64


class Server:
    """Notes when requests arrive; nothing else here knows when they do.

    Args:
        seed: Of the network's delays.
    """

    def __init__(self, seed: int) -> None:
        self.arrivals: list[float] = []
        self._chance = random.Random(seed)

    def _travel(self) -> float:
        return 2.0 if self._chance.random() < 0.005 else self._chance.uniform(0.01, 0.15)

    async def post(self) -> None:
        """Receive a request and answer it."""
        await asyncio.sleep(self._travel())
        self.arrivals.append(time.monotonic())
        await asyncio.sleep(self._travel())


async def traffic(limit: int, seconds: float) -> list[float]:
    """Send as eagerly as the limit allows; give the server's arrivals, in order."""
    server, rate = Server(limit), Rate(Clock(), limit, [])
    until = time.monotonic() + seconds

    async def sender() -> None:
        while time.monotonic() < until:
            await rate.take()
            try:
                await server.post()
            finally:
                rate.answered()

    senders = [asyncio.create_task(sender()) for _ in range(SENDERS)]
    await asyncio.sleep(seconds)
    for task in senders:
        task.cancel()
    await asyncio.gather(*senders, return_exceptions=True)
    return sorted(server.arrivals)


def fullest(arrivals: list[float]) -> int:
    """Count the requests of the fullest minute, wherever it begins."""
    most, first = 0, 0
    for last, moment in enumerate(arrivals):
        while moment - arrivals[first] >= WINDOW:
            first += 1
        most = max(most, last - first + 1)
    return most


async def measured(seconds: float) -> None:
    """Run all limits side by side, and tell what came of each."""
    for limit, arrivals in zip(LIMITS, await asyncio.gather(*(traffic(n, seconds) for n in LIMITS)), strict=True):
        used = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) * WINDOW / limit
        told(f"limiter: fullest minute at {limit} a minute", fullest(arrivals) / limit, "of the limit", 1)
        told(f"limiter: used at {limit} a minute", used, "of the limit", 0.98)


def main() -> None:
    """Measure for some real minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    asyncio.run(measured(parser.parse_args().minutes * 60))


if __name__ == "__main__":
    main()
