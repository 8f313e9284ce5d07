"""The limits on submits, whatever the network does in between."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.core.pace import WINDOW, InFlightLimit, SubmitWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

# Whole seconds, so that sums are exact and the edge of a window can be hit.
TRAVELS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=1, max_size=60)


def arrivals(window: SubmitWindow, travels: Sequence[tuple[int, int]], *, at_once: int) -> list[float]:
    """Send as eagerly as the window allows; give when each request reached the server.

    Args:
        travels: Seconds to the server and back, of each request in order.
        at_once: How many may be open.
    """
    now, open_answers, reached = 0.0, list[float](), list[float]()
    for there, back in travels:
        while True:
            while open_answers and open_answers[0] <= now:
                window.answer(heapq.heappop(open_answers))
            wait = window.wait(now)
            if wait == 0 and len(open_answers) < at_once:
                break
            answers = open_answers[0] if open_answers else math.inf
            now = min(answers, now + wait if wait else math.inf)
            assert now < math.inf, "nothing can ever free a place"
        window.send()
        reached.append(now + there)
        heapq.heappush(open_answers, now + there + back)
    return reached


def most_in_a_window(moments: Sequence[float]) -> int:
    """Count the requests of the fullest window, wherever it begins."""
    return max(sum(begin <= moment < begin + WINDOW for moment in moments) for begin in moments)


@given(limit=st.integers(1, 8), travels=TRAVELS, at_once=st.integers(1, 12))
@settings(max_examples=300, deadline=None)
def test_no_window_at_the_server_holds_more_than_the_limit(
    limit: int, travels: list[tuple[int, int]], at_once: int
) -> None:
    """However unevenly requests and answers travel, and however many are open at a time."""
    assert most_in_a_window(arrivals(SubmitWindow(limit=limit), travels, at_once=at_once)) <= limit


@given(
    limit=st.integers(1, 8),
    before=st.lists(st.tuples(st.integers(-100, 0), st.integers(0, 60)), max_size=20),
    travels=TRAVELS,
)
@settings(max_examples=300, deadline=None)
def test_a_restored_window_counts_what_was_sent_before(
    limit: int, before: list[tuple[int, int]], travels: list[tuple[int, int]]
) -> None:
    """Requests of an earlier process, answered before now, keep their places, in whatever order they are remembered."""
    earlier = [(float(sent), float(min(0, sent + back))) for sent, back in before]
    kept = list[tuple[float, float]]()
    for pair in earlier:  # what an earlier process may have done under the same limit
        if most_in_a_window([sent for sent, _ in (*kept, pair)]) <= limit:
            kept.append(pair)
    window = SubmitWindow.restored(limit, [answered for _, answered in kept])
    reached = arrivals(window, travels, at_once=5)
    assert most_in_a_window([*(sent for sent, _ in kept), *reached]) <= limit


def test_the_whole_limit_may_be_used_at_once() -> None:
    """The limit is for a minute, not for its parts; then the minute has to pass."""
    window = SubmitWindow(limit=3)
    for _ in range(3):
        assert window.wait(10.0) == 0.0
        window.send()
    for _ in range(3):
        window.answer(10.0)
    assert window.wait(10.0) == WINDOW
    assert window.wait(69.0) == 1.0
    assert window.wait(70.0) == 0.0


def test_a_place_is_free_a_minute_after_its_answer() -> None:
    """Not after its sending: the server may have counted it as late as that."""
    window = SubmitWindow(limit=1)
    window.send()
    assert window.wait(1_000.0) == math.inf
    window.answer(1_000.0)
    assert window.wait(1_001.0) == WINDOW - 1


def test_a_restored_window_that_is_overfull_waits_for_enough_places() -> None:
    """After the limit was lowered in the job, several have to go before one may come."""
    window = SubmitWindow.restored(2, [5.0, 1.0, 3.0, 2.0])
    assert window.wait(10.0) == 3.0 + WINDOW - 10.0


def test_the_in_flight_limit_is_the_jobs_until_the_provider_objects() -> None:
    """Without a 429, nothing lowers it."""
    limit = InFlightLimit(most=10, calm=600.0)
    assert [limit.now(at) for at in (0.0, 1e6)] == [10, 10]


def test_a_429_lowers_the_limit_below_what_is_running_and_time_raises_it_again() -> None:
    """The denied one counts among those in flight; one more is allowed after each calm span, up to the job's."""
    limit = InFlightLimit(most=10, calm=600.0)
    limit.lower(100.0, in_flight=8)
    assert [limit.now(at) for at in (100.0, 699.0, 700.0, 1_299.0, 1_300.0)] == [7, 7, 8, 8, 9]
    assert limit.now(1e9) == 10


def test_further_429s_begin_the_calm_anew_and_never_close_the_door() -> None:
    """The limit never falls below one, and never rises by being lowered."""
    limit = InFlightLimit(most=10, calm=600.0)
    limit.lower(0.0, in_flight=4)
    limit.lower(500.0, in_flight=9)
    assert (limit.now(500.0), limit.now(1_099.0), limit.now(1_100.0)) == (2, 2, 3)
    for at in range(2_000, 2_010):
        limit.lower(float(at), in_flight=1)
    assert limit.now(2_010.0) == 1


def test_spans_of_calm_are_not_lost_between_questions() -> None:
    """It makes no difference how often somebody asks."""
    asked, once = InFlightLimit(most=50, calm=10.0), InFlightLimit(most=50, calm=10.0)
    for limit in (asked, once):
        limit.lower(0.0, in_flight=2)
    answers = [asked.now(tenth / 10) for tenth in range(1_000)]
    assert answers[-1] == once.now(99.9) == 10
    assert answers == sorted(answers)


def test_no_cooldown_means_no_lowering() -> None:
    """A job whose cooldown is 0 gets its limit back at once, not a division by zero."""
    limit = InFlightLimit(most=10, calm=0.0)
    limit.lower(5.0, in_flight=4)
    assert limit.now(5.0) == 10


@pytest.mark.parametrize("limit", [1, 30, 600])
def test_steady_traffic_uses_nearly_all_of_the_limit(limit: int) -> None:
    """With answers after a second, a place is lost for one second of sixty-one."""
    moments = arrivals(SubmitWindow(limit=limit), [(0, 1)] * (limit * 10), at_once=limit)
    used = (len(moments) - limit) / (moments[-1] - moments[0]) * WINDOW / limit
    assert used > 60 / 62
