"""The protocol of submitting, explored whole: what may go wrong is found in others' ways, and not in ours."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import pytest

from batch.core import events as ev
from batch.core.lifecycle import Record, advance
from batch.core.phases import ENDED, Phase
from tests import test_lifecycle as lives
from tests.protocol_model import (
    BLIND,
    FORGETFUL,
    RESUBMITTING,
    Fate,
    Setting,
    Shown,
    charged_twice,
    explore,
    exposure,
    lost,
    sent_in_doubt,
    steps,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.protocol_model import Explored, State


@pytest.fixture(scope="module")
def ours() -> Explored:
    """Everything that may happen to an item of ours: two POSTs, two deaths, no bound on any delay."""
    return explore(Setting())


def assert_never(explored: Explored, wrong: Callable[[State], bool]) -> None:
    """Say that something happens nowhere, or tell the shortest way to it."""
    state = explored.first(wrong)
    assert state is None, f"{wrong.__name__}:\n{explored.story(state)}"


@pytest.mark.parametrize("wrong", [charged_twice, sent_in_doubt, lost])
def test_ours_never_pays_twice_and_loses_nothing(ours: Explored, wrong: Callable[[State], bool]) -> None:
    """Whatever is lost or late, however long, and whenever the process dies; in no state on the way either."""
    assert_never(ours, wrong)


def test_every_story_of_ours_ends_with_an_answer_or_a_person(ours: Explored) -> None:
    """No way leads where nothing can end; what was accepted is known in the end, or held because nothing shows it."""
    assert ours.can_end() == set(ours.after)
    assert len(ours.ends) > 20
    for end in ours.ends:
        (item,) = end.items
        assert item.phase in ENDED | {Phase.HELD} or (item.phase, len(item.posts)) == (Phase.PLANNED, 2), end
        if item.phase is Phase.HELD:
            assert not any(post.shown is Shown.YES for post in item.posts[-1:]), ours.story(end)
        if any(post.fate is Fate.MADE for post in item.posts):
            assert item.phase in {Phase.DONE, Phase.HELD}, ours.story(end)


def test_each_death_adds_at_most_the_open_posts() -> None:
    """With nobody to ask, what is unknown stays below twice `submit_concurrency`, however often the process dies."""
    for concurrency in (1, 2):
        setting = Setting(items=3, posts=1, concurrency=concurrency, crashes=2, silent=True)
        explored = explore(setting)
        assert max(exposure(state) for state in explored.after) == 2 * concurrency - 1
        for before, following in explored.after.items():
            for after in following:
                if after.up and not before.up:
                    assert unconfirmed(after) - unconfirmed(before) <= concurrency, explored.story(before)


def unconfirmed(state: State) -> int:
    """Count the attempts that are looked for."""
    return sum(item.phase is Phase.UNCONFIRMED for item in state.items)


def test_sending_again_blindly_pays_twice() -> None:
    """The model sees what the usual client does: a lost answer, a second POST, two clips."""
    explored = explore(Setting(policy=BLIND, crashes=0), until=charged_twice)
    state = explored.first(charged_twice)
    assert state is not None
    assert "the answer does not come" in explored.story(state)


def test_a_death_alone_suffices_for_the_blind() -> None:
    """However patiently it waits for answers: what dies before one has nothing to remember it by."""
    patient = replace(BLIND, patient=True)
    explored = explore(Setting(policy=patient, crashes=1), until=charged_twice)
    state = explored.first(charged_twice)
    assert state is not None
    assert "the process dies" in explored.story(state)
    assert_never(explore(Setting(policy=patient, crashes=0)), charged_twice)


@pytest.mark.parametrize("grace", [0, 1, 2])
def test_too_short_a_grace_pays_twice(grace: int) -> None:
    """A request that is accepted a tick late and shown a tick later still is not there when the grace is over."""
    setting = Setting(policy=RESUBMITTING, crashes=0, grace=grace, late=1, lag=1)
    explored = explore(setting, until=charged_twice)
    state = explored.first(charged_twice)
    assert state is not None
    assert "the grace is over" in explored.story(state)


def test_a_grace_longer_than_every_delay_would_do_if_there_were_one() -> None:
    """The model does not condemn waiting as such: where delays have a bound, sending again after it is sound."""
    assert_never(explore(Setting(policy=RESUBMITTING, crashes=0, grace=3, late=1, lag=1)), sent_in_doubt)


def test_no_grace_is_long_enough_for_a_history_without_a_bound() -> None:
    """Nothing is documented about the lag, so sending again by itself is not offered."""
    setting = Setting(policy=RESUBMITTING, crashes=0, grace=6, late=1)
    explored = explore(setting, until=charged_twice)
    assert explored.first(charged_twice) is not None


def test_giving_up_after_the_grace_loses_what_was_paid_for() -> None:
    """Calling an attempt failed because the history does not show it forgets a clip that is being made."""
    explored = explore(Setting(policy=FORGETFUL, crashes=0), until=lost)
    state = explored.first(lost)
    assert state is not None
    assert "the grace is over: failed" in explored.story(state)


def test_a_story_is_the_shortest() -> None:
    """What is printed of a violation leads step by step from the beginning to it, and no step is in vain."""
    explored = explore(Setting(policy=BLIND, crashes=0), until=charged_twice)
    state = explored.first(charged_twice)
    assert state is not None
    *lines, end = [line.strip() for line in explored.story(state).splitlines()]
    assert sorted(lines) == [
        "the POST is sent",
        "the POST is sent",
        "the answer does not come",
        "the intent is written",
        "the intent is written",
        "the provider accepts (POST 1)",
        "the provider accepts (POST 2)",
    ]
    assert end == f"in the end: {state}"


def real(kind: type[ev.Event], after: Phase) -> ev.Event:
    """Give the program's event for a step of the model."""
    if kind is ev.Failed and after is Phase.PLANNED:
        return lives.FAILED_AGAIN
    return next(event for event in lives.EVENTS.values() if type(event) is kind)


def record_in(phase: Phase) -> Record:
    """Give a record of the program that stands in a phase."""
    return reduce(advance, lives.WAYS[phase], Record(item_id=1, phase=Phase.PLANNED))


def test_the_model_is_one_of_this_program(ours: Explored) -> None:
    """Every step of the model that writes an event leads `advance` to the same phase."""
    taken = set()
    for state in ours.after:
        for number, step in steps(state, Setting()):
            if step.kind is not None:
                taken.add((state.items[number].phase, step.kind, step.after.phase))
    assert len(taken) == 13
    for before, kind, after in taken:
        assert advance(record_in(before), real(kind, after)).phase is after, (before, kind)
    died = advance(record_in(Phase.SUBMITTING), real(ev.SubmitUnclear, Phase.UNCONFIRMED))  # as `recover` does
    assert died.phase is Phase.UNCONFIRMED
