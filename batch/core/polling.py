"""When to look at a prediction again: late enough to cost little, early enough to notice soon.

A look is worth most when the prediction is likely to have ended since the last one. So the next look comes when a
fixed share of the clips that are still rendering at this age should have ended, judged by the durations seen so far;
before enough were seen, by a normal distribution around the expected time.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field
from statistics import NormalDist

from batch.core.timing import Timing  # noqa: TC001 - dataclass fields are looked at when the class is made

_SHARE = 0.03
"""Share of the remaining clips that should have ended by the next look.

A late look also keeps a place in flight empty, so looks are spent freely where endings are dense; `min` bounds them.
"""

_FIRST_QUANTILE = 0.03
_PRIOR_SPREAD = 0.3
_ENOUGH = 8
_KEEP = 512


@dataclass(slots=True, kw_only=True)
class Durations:
    """What was learned in this run of how long clips take, from submit to end, in seconds."""

    timing: Timing
    _seen: list[float] = field(default_factory=list)

    def learn(self, seconds: float) -> None:
        """Take a clip's duration in; the oldest knowledge is thinned out when there is plenty."""
        if len(self._seen) >= _KEEP:
            del self._seen[::2]
        insort(self._seen, seconds)

    def next_look(self, age: float) -> float:
        """Give the pause in seconds before a prediction of this age is looked at next.

        Args:
            age: Seconds since its submit was answered.
        """
        timing = self.timing
        if age <= 0 and timing.poll_first is not None:
            return max(timing.poll_min, timing.poll_first)
        first = self._quantile(_FIRST_QUANTILE)
        if age < first - timing.poll_min:
            return first - age
        pause = self._until_share_ended(age)
        return min(timing.poll_max, max(timing.poll_min, pause))

    def _until_share_ended(self, age: float) -> float:
        ended = self._share_ended(age)
        target = ended + _SHARE * (1 - ended)
        if target >= 0.995:  # beyond what was ever seen: look ever more slowly
            return max(self.timing.poll_min, (age - self._quantile(0.9)) / 2)
        return self._quantile(target) - age

    def _share_ended(self, age: float) -> float:
        if len(self._seen) < _ENOUGH:
            return self._prior().cdf(age)
        return bisect_right(self._seen, age) / len(self._seen)

    def _quantile(self, share: float) -> float:
        if len(self._seen) < _ENOUGH:
            return self._prior().inv_cdf(min(max(share, 0.001), 0.999))
        return self._seen[min(int(share * len(self._seen)), len(self._seen) - 1)]

    def _prior(self) -> NormalDist:
        return NormalDist(self.timing.eta, self.timing.eta * _PRIOR_SPREAD)
