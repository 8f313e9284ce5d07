"""When to look at a prediction again: late enough to cost little, early enough to notice soon.

A look is worth most when the prediction is likely to have ended since the last one. So the next look comes when a
fixed share of the clips that are still rendering at this age should have ended. What is expected is a normal
distribution that begins around the profile's time and is drawn to the durations seen in this run. (The durations
themselves would not do: an ending is only known to lie between two looks, and looks at the ages where earlier looks
found something would confirm themselves for ever.)
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from batch.core.timing import Timing  # noqa: TC001 - dataclass fields are looked at when the class is made

_SHARE = 0.05
"""Share of the remaining clips that should have ended by the next look.

A late look also keeps a place in flight empty, so looks are spent freely where endings are dense; `min` bounds them.
"""

_FIRST_QUANTILE = 0.02
_PRIOR_SPREAD = 0.25
_PRIOR_WEIGHT = 4
_LEAST_SPREAD = 0.02
_LATE = 0.99


@dataclass(slots=True, kw_only=True)
class Durations:
    """What was learned in this run of how long clips take, from submit to end, in seconds."""

    timing: Timing
    _count: int = 0
    _mean: float = 0.0
    _squares: float = 0.0  # sum of squared distances from the mean, kept by Welford's method
    _expected: NormalDist | None = None

    def learn(self, *, after: float, until: float) -> None:
        """Take in that a clip ended between two ages, in seconds; a clock that was set back teaches nothing."""
        if not 0 <= after <= until:
            return
        seconds = (after + until) / 2
        self._count += 1
        distance = seconds - self._mean
        self._mean += distance / self._count
        self._squares += distance * (seconds - self._mean)
        self._expected = None

    def next_look(self, age: float) -> float:
        """Give the pause in seconds before a prediction of this age is looked at next.

        Args:
            age: Seconds since its submit was answered; 0 where it was never looked at.
        """
        timing = self.timing
        expected = self._distribution()
        first = max(timing.poll_min, expected.inv_cdf(_FIRST_QUANTILE))
        if age <= 0:
            return first if timing.poll_first is None else max(timing.poll_min, timing.poll_first)
        pause = first - age if age < first else _until_share_ended(expected, age)
        return min(timing.poll_max, max(timing.poll_min, pause))

    def _distribution(self) -> NormalDist:
        """Weigh what was expected beforehand against what was seen."""
        if self._expected is None:
            eta = self.timing.eta
            total = _PRIOR_WEIGHT + self._count
            mean = (_PRIOR_WEIGHT * eta + self._count * self._mean) / total
            prior = _PRIOR_WEIGHT * (eta * _PRIOR_SPREAD) ** 2
            shift = _PRIOR_WEIGHT * self._count / total * (self._mean - eta) ** 2
            spread = ((prior + self._squares + shift) / total) ** 0.5
            self._expected = NormalDist(mean, max(spread, mean * _LEAST_SPREAD))
        return self._expected


def _until_share_ended(expected: NormalDist, age: float) -> float:
    ended = expected.cdf(age)
    if ended >= _LATE:  # later than nearly all: look ever more slowly
        return (age - expected.mean) / 4
    return expected.inv_cdf(ended + _SHARE * (1 - ended)) - age
