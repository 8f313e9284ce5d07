"""Looks at a prediction and the delay between its end and its notice, beside fixed intervals.

Durations are simulated (200 s, spread 40 s), fifty at a time; the first hundred items teach, and are counted too.

    .venv/bin/python -m tests.benchmarks.bench_polling

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import heapq
import itertools
import random
import statistics
from typing import TYPE_CHECKING

from batch.core.polling import Durations
from batch.core.timing import Timing
from tests.benchmarks.figures import told

if TYPE_CHECKING:
    from collections.abc import Callable

ITEMS = 2_000
AT_ONCE = 50
SEEDS = range(5)
TIMING = Timing(eta=200.0, poll_first=None, poll_min=5.0, poll_max=30.0, cooldown=100.0, grace=900.0, deadline=10_800.0)


def watched(
    renders: list[float], pause: Callable[[float], float], learn: Callable[[float, float], None]
) -> tuple[float, float]:
    """Watch items that render side by side; give looks per item and seconds between end and notice, on average."""
    numbers, waiting = itertools.count(), iter(renders)
    heap: list[tuple[float, int, float, float, float]] = []
    looks, delays = 0, list[float]()

    def begin(now: float) -> None:
        seconds = next(waiting, None)
        if seconds is not None:
            heapq.heappush(heap, (now + pause(0.0), next(numbers), now, seconds, 0.0))

    for _ in range(AT_ONCE):
        begin(0.0)
    while heap:
        now, _, since, seconds, looked_at = heapq.heappop(heap)
        looks += 1
        age = now - since
        if age < seconds:
            heapq.heappush(heap, (now + pause(age), next(numbers), since, seconds, age))
            continue
        learn(looked_at, age)
        delays.append(age - seconds)
        begin(now)
    return looks / len(renders), statistics.mean(delays)


def learned(renders: list[float]) -> tuple[float, float]:
    """Watch as the run does."""
    durations = Durations(timing=TIMING)
    return watched(renders, durations.next_look, lambda after, until: durations.learn(after=after, until=until))


def fixed(renders: list[float], interval: float) -> tuple[float, float]:
    """Watch at a fixed interval from the submit on."""
    return watched(renders, lambda _: interval, lambda _after, _until: None)


def main() -> None:
    """Simulate several seeds, and give the medians."""
    rounds: dict[str, list[tuple[float, float]]] = {"ours": [], "1 s": [], "6 s": []}
    for seed in SEEDS:
        chance = random.Random(seed)
        renders = [max(20.0, chance.gauss(200.0, 40.0)) for _ in range(ITEMS)]
        rounds["ours"].append(learned(renders))
        rounds["1 s"].append(fixed(renders, 1.0))
        rounds["6 s"].append(fixed(renders, 6.0))
    looks = {name: statistics.median(pair[0] for pair in pairs) for name, pairs in rounds.items()}
    delay = {name: statistics.median(pair[1] for pair in pairs) for name, pairs in rounds.items()}
    told("polling: looks per item", looks["ours"], "looks", 16)
    told("polling: delay between end and notice", delay["ours"], "s", 5)
    for interval in ("1 s", "6 s"):
        told(f"polling: looks at a fixed {interval} beside ours", looks[interval] / looks["ours"], "x", None)
        told(f"polling: delay at a fixed {interval}", delay[interval], "s", None)


if __name__ == "__main__":
    main()
