"""When predictions are looked at: seldom, and soon after they have ended."""

from __future__ import annotations

import heapq
import itertools
import random
from dataclasses import dataclass
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.core.polling import Durations
from batch.core.timing import Timing


def timing(*, eta: float = 200.0, first: float | None = None, shortest: float = 5.0, longest: float = 30.0) -> Timing:
    """Give a job's spans."""
    return Timing(
        eta=eta,
        poll_first=first,
        poll_min=shortest,
        poll_max=longest,
        cooldown=100.0,
        grace=900.0,
        deadline=10_800.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What looking at one item came to."""

    looks: int
    delay: float


def watched(durations: Durations, renders: list[float], *, at_once: int) -> list[Looked]:
    """Look at predictions that run side by side, as the run does, and learn from each that ended."""
    numbers, waiting, results = itertools.count(), iter(renders), list[Looked]()
    heap: list[tuple[float, int, float, float, int, float]] = []

    def begin(now: float) -> None:
        seconds = next(waiting, None)
        if seconds is not None:
            heapq.heappush(heap, (now + durations.next_look(0.0), next(numbers), now, seconds, 0, 0.0))

    for _ in range(at_once):
        begin(0.0)
    while heap:
        now, _, since, seconds, looks, looked_at = heapq.heappop(heap)
        age = now - since
        if age >= seconds:
            durations.learn(after=looked_at, until=age)
            results.append(Looked(looks=looks + 1, delay=age - seconds))
            begin(now)
        else:
            heapq.heappush(heap, (now + durations.next_look(age), next(numbers), since, seconds, looks + 1, age))
    return results


def renders(number: int, seed: int, *, middle: float = 200.0, spread: float = 40.0) -> list[float]:
    """Draw rendering times in seconds."""
    chance = random.Random(seed)
    return [max(1.0, chance.gauss(middle, spread)) for _ in range(number)]


@pytest.mark.parametrize("seed", range(4))
def test_few_looks_and_a_short_delay(seed: int) -> None:
    """For clips of 200 s, give or take 40: under 16 looks each, seen within 5 s of their end in the middle."""
    results = watched(Durations(timing=timing()), renders(1_000, seed), at_once=50)
    assert len(results) == 1_000
    assert mean(result.looks for result in results) < 16
    assert mean(result.delay for result in results) < 5


@pytest.mark.parametrize(("middle", "spread"), [(60.0, 10.0), (400.0, 60.0)])
def test_a_wrong_eta_is_outgrown(middle: float, spread: float) -> None:
    """What the run has seen outweighs the profile; the later half is noticed as soon as if it had been right."""
    results = watched(Durations(timing=timing(eta=200.0)), renders(1_000, 5, middle=middle, spread=spread), at_once=50)
    late = results[500:]
    assert mean(result.delay for result in late) < 5
    assert mean(result.looks for result in late) < 25


def test_the_first_look_moves_to_what_was_seen() -> None:
    """Learning converges: the first look comes near the early end of the durations seen."""
    durations = Durations(timing=timing(eta=200.0))
    before = durations.next_look(0.0)
    for seconds in renders(2_000, 1, middle=400.0, spread=20.0):
        durations.learn(after=seconds - 2.5, until=seconds + 2.5)
    assert before < 200.0
    assert durations.next_look(0.0) == pytest.approx(400.0 - 2.05 * 20.0, abs=15.0)


def test_late_ones_are_looked_at_ever_more_seldom() -> None:
    """Up to the longest pause, and never beyond it."""
    durations = Durations(timing=timing())
    pauses = [durations.next_look(age) for age in (330.0, 340.0, 360.0, 400.0, 1_000.0, 1e6)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30.0
    assert pauses[0] > durations.next_look(200.0)


def test_a_first_look_that_the_job_names_is_kept() -> None:
    """`polling.first` is a promise for the first look, and for no other."""
    durations = Durations(timing=timing(first=60.0))
    assert durations.next_look(0.0) == 60.0
    assert durations.next_look(60.0) == 30.0
    assert Durations(timing=timing(first=1.0)).next_look(0.0) == 5.0


AGES = st.floats(0.001, 1e6)
SEEN = st.lists(st.tuples(st.floats(0, 2_000), st.floats(0, 100)), max_size=30)


@st.composite
def timings(draw: st.DrawFn) -> Timing:
    """Draw what a job and a profile may say."""
    shortest = draw(st.floats(0.01, 60))
    return timing(
        eta=draw(st.floats(0.01, 20_000)),
        first=draw(st.none() | st.floats(0, 600)),
        shortest=shortest,
        longest=shortest + draw(st.floats(0, 600)),
    )


@given(spans=timings(), seen=SEEN, ages=st.lists(AGES, min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_pauses_stay_between_the_jobs_bounds(spans: Timing, seen: list[tuple[float, float]], ages: list[float]) -> None:
    """After the first look, never shorter than `min`, never longer than `max`, whatever was seen before."""
    durations = Durations(timing=spans)
    for after, width in seen:
        durations.learn(after=after, until=after + width)
    assert durations.next_look(0.0) >= spans.poll_min
    for age in ages:
        assert spans.poll_min <= durations.next_look(age) <= spans.poll_max


@pytest.mark.parametrize("age", [-3_600.0, -0.5])
def test_a_clock_that_was_set_back_delays_nothing(age: float) -> None:
    """A negative age counts as new, not as an hour to wait, and teaches nothing."""
    durations = Durations(timing=timing())
    fresh = durations.next_look(0.0)
    durations.learn(after=0.0, until=age)
    assert durations.next_look(age) == fresh == durations.next_look(0.0)
