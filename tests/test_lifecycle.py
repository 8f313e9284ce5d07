"""The state machine: what may happen where, what follows, and that no money is ever lost or counted twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.core import events as ev
from batch.core.lifecycle import (
    AT_PROVIDER,
    ENDED,
    UNPAID,
    WITH_PERSON,
    Attempt,
    AttemptState,
    IllegalEventError,
    Phase,
    Record,
    advance,
)
from batch.core.summary import ClipFacts

if TYPE_CHECKING:
    from collections.abc import Sequence

PRICE = 400_000
CLIP = ClipFacts(path="a/a.mp4", bytes=9, sha256="c0", seconds=4.0, width=1280, height=720, has_audio=True)

INTENDED = ev.Intended(
    at=1.0,
    run_id=7,
    day="2026-11-23",
    estimate=PRICE,
    upload_id="u1",
    upload_url="https://cdn/u1.jpg",
    frame_sha256="f0",
    recipe=1,
)
UNUSABLE = ev.PictureRejected(at=1.0, reason="half a picture")
ACCEPTED = ev.SubmitAccepted(at=2.0, prediction_id="p1", request_id="r1")
DENIED = ev.SubmitDenied(at=2.0, code="too_many", message="429", permanent=False, not_before=9.0)
DENIED_FOR_GOOD = ev.SubmitDenied(at=2.0, code="bad_input", message="400", permanent=True)
NOT_SENT = ev.SubmitNotSent(at=2.0, message="no connection", not_before=5.0)
UNCLEAR = ev.SubmitUnclear(at=2.0, message="timeout")
DISOWNED = ev.Disowned(at=3.0, message="another's picture")
ADOPTED = ev.Adopted(at=3.0, prediction_id="p2", duplicates=("p3",))
LOOKED_UP = ev.LookedUp(at=3.0, message="not there yet")
HELD = ev.Held(at=4.0, message="not found")
MISSED = ev.Missed(at=5.0, message="404")
FOUND = ev.Found(at=6.0)
RENDERED = ev.Rendered(at=6.0, cost=410_000, render_seconds=200.0)
RENDERED_UNPRICED = ev.Rendered(at=6.0, cost=None, render_seconds=None)
COST_SETTLED = ev.CostSettled(at=7.0, cost=390_000)
COST_UNKNOWN = ev.CostUnknown(at=7.0)
FAILED = ev.Failed(at=6.0, code="X", message="no", refused=False, cost=0, render_seconds=3.0, retry_at=None)
FAILED_AGAIN = replace(FAILED, retry_at=36.0)
FAILED_UNPRICED = replace(FAILED, cost=None)
REFUSED = replace(FAILED, refused=True)
CANCELLED = ev.Cancelled(at=6.0, cost=0, message="cancelled")
DOWNLOADED = ev.Downloaded(at=8.0, clip=CLIP)
DOWNLOAD_FAILED = ev.DownloadFailed(at=8.0, reason="expired")
BY_HAND = ev.AdoptedByHand(at=9.0, by="ann", reason="support says so", prediction_id="p9", echo="matches")
RESTORED = ev.Restored(
    at=9.0,
    source="the note beside the clip",
    prediction_id="p8",
    run_id=7,
    day="2026-11-23",
    intent_at=1.0,
    estimate=PRICE,
    upload_id="u1",
    upload_url="https://cdn/u1.jpg",
    frame_sha256="f0",
    recipe=1,
)
NOT_CHARGED = ev.NotCharged(at=9.0, by="ann", reason="not on the invoice")
ABANDONED = ev.Abandoned(at=9.0, by="ann", reason="not worth it")
RETRIED = ev.Retried(at=9.0, by="ann", reason="the provider's trouble is over")

EVENTS: dict[str, ev.Event] = {name: value for name, value in globals().items() if isinstance(value, ev.Event)}

WAYS: dict[Phase, Sequence[ev.Event]] = {
    Phase.PLANNED: [],
    Phase.SUBMITTING: [INTENDED],
    Phase.UNCONFIRMED: [INTENDED, UNCLEAR],
    Phase.HELD: [INTENDED, UNCLEAR, HELD],
    Phase.RUNNING: [INTENDED, ACCEPTED],
    Phase.MISSING: [INTENDED, ACCEPTED, MISSED],
    Phase.RENDERED: [INTENDED, ACCEPTED, RENDERED],
    Phase.UNCOLLECTED: [INTENDED, ACCEPTED, RENDERED, DOWNLOAD_FAILED],
    Phase.DONE: [INTENDED, ACCEPTED, RENDERED, DOWNLOADED],
    Phase.FAILED: [INTENDED, ACCEPTED, FAILED],
    Phase.REFUSED: [INTENDED, ACCEPTED, REFUSED],
    Phase.CANCELLED: [INTENDED, ACCEPTED, CANCELLED],
    Phase.REJECTED: [UNUSABLE],
    Phase.ABANDONED: [INTENDED, UNCLEAR, ABANDONED],
}
"""The shortest way into each phase."""

FOLLOWS: dict[Phase, dict[str, Phase]] = {
    Phase.PLANNED: {"INTENDED": Phase.SUBMITTING, "RESTORED": Phase.RUNNING, "UNUSABLE": Phase.REJECTED},
    Phase.SUBMITTING: {
        "ACCEPTED": Phase.RUNNING,
        "DENIED": Phase.PLANNED,
        "DENIED_FOR_GOOD": Phase.FAILED,
        "NOT_SENT": Phase.PLANNED,
        "UNCLEAR": Phase.UNCONFIRMED,
    },
    Phase.UNCONFIRMED: {
        "ADOPTED": Phase.RUNNING,
        "LOOKED_UP": Phase.UNCONFIRMED,
        "HELD": Phase.HELD,
        "BY_HAND": Phase.RUNNING,
        "NOT_CHARGED": Phase.PLANNED,
        "ABANDONED": Phase.ABANDONED,
    },
    Phase.HELD: {
        "ADOPTED": Phase.RUNNING,
        "LOOKED_UP": Phase.HELD,
        "BY_HAND": Phase.RUNNING,
        "NOT_CHARGED": Phase.PLANNED,
        "ABANDONED": Phase.ABANDONED,
    },
    Phase.RUNNING: {
        "MISSED": Phase.MISSING,
        "DISOWNED": Phase.UNCONFIRMED,
        "RENDERED": Phase.RENDERED,
        "RENDERED_UNPRICED": Phase.RENDERED,
        "FAILED": Phase.FAILED,
        "FAILED_AGAIN": Phase.PLANNED,
        "FAILED_UNPRICED": Phase.FAILED,
        "REFUSED": Phase.REFUSED,
        "CANCELLED": Phase.CANCELLED,
    },
    Phase.MISSING: {
        "FOUND": Phase.RUNNING,
        "DISOWNED": Phase.UNCONFIRMED,
        "BY_HAND": Phase.RUNNING,
        "NOT_CHARGED": Phase.PLANNED,
        "ABANDONED": Phase.ABANDONED,
        "RENDERED": Phase.RENDERED,
        "RENDERED_UNPRICED": Phase.RENDERED,
        "FAILED": Phase.FAILED,
        "FAILED_AGAIN": Phase.PLANNED,
        "FAILED_UNPRICED": Phase.FAILED,
        "REFUSED": Phase.REFUSED,
        "CANCELLED": Phase.CANCELLED,
    },
    Phase.RENDERED: {
        "COST_SETTLED": Phase.RENDERED,
        "COST_UNKNOWN": Phase.RENDERED,
        "DOWNLOADED": Phase.DONE,
        "DOWNLOAD_FAILED": Phase.UNCOLLECTED,
    },
    Phase.UNCOLLECTED: {
        "COST_SETTLED": Phase.UNCOLLECTED,
        "COST_UNKNOWN": Phase.UNCOLLECTED,
        "DOWNLOADED": Phase.DONE,
        "DOWNLOAD_FAILED": Phase.UNCOLLECTED,
        "NOT_CHARGED": Phase.PLANNED,
        "ABANDONED": Phase.ABANDONED,
    },
    Phase.DONE: {"COST_SETTLED": Phase.DONE, "COST_UNKNOWN": Phase.DONE},
    Phase.FAILED: {"RETRIED": Phase.PLANNED},
    Phase.REFUSED: {"RETRIED": Phase.PLANNED},
    Phase.CANCELLED: {"RETRIED": Phase.PLANNED},
    Phase.REJECTED: {"RETRIED": Phase.PLANNED},
    Phase.ABANDONED: {"BY_HAND": Phase.RUNNING},
}
"""What may happen in each phase, and where it leads; everything else is a defect."""

STATES: dict[Phase, set[AttemptState]] = {
    Phase.SUBMITTING: {AttemptState.INTENDED},
    Phase.UNCONFIRMED: {AttemptState.UNCONFIRMED},
    Phase.HELD: {AttemptState.HELD},
    Phase.RUNNING: {AttemptState.ACCEPTED},
    Phase.MISSING: {AttemptState.MISSING},
    Phase.RENDERED: {AttemptState.SUCCEEDED},
    Phase.UNCOLLECTED: {AttemptState.SUCCEEDED},
    Phase.DONE: {AttemptState.SUCCEEDED},
    Phase.REFUSED: {AttemptState.REFUSED},
    Phase.CANCELLED: {AttemptState.CANCELLED},
    Phase.FAILED: {AttemptState.FAILED, AttemptState.NOT_ACCEPTED, AttemptState.NOT_SENT},
    Phase.PLANNED: {AttemptState.FAILED, AttemptState.REFUSED, AttemptState.CANCELLED, *UNPAID},
    Phase.REJECTED: {*UNPAID},
    Phase.ABANDONED: {AttemptState.ABANDONED},
}
"""What the newest attempt can be in each phase."""


def lived(*events: ev.Event) -> Record:
    """Give the record of an item to which all this happened."""
    record = Record(item_id=1, phase=Phase.PLANNED)
    for event in events:
        record = advance(record, event)
    return record


def newest(record: Record) -> Attempt:
    """Give an attempt that must be there."""
    assert record.attempt is not None
    return record.attempt


def money(attempt: Attempt) -> int:
    """Add up what an attempt holds, cost or may have cost."""
    return attempt.reserved + (attempt.settled or 0) + attempt.possibly


@pytest.mark.parametrize("let_go", [NOT_CHARGED, ABANDONED])
@pytest.mark.parametrize("phase", [Phase.UNCONFIRMED, Phase.HELD, Phase.MISSING])
def test_what_a_person_let_go_can_be_taken_back(phase: Phase, let_go: ev.Event) -> None:
    """As if it had never been let go: the money is reserved, and the attempt counts."""
    kept, back = lived(*WAYS[phase], BY_HAND), lived(*WAYS[phase], let_go, BY_HAND)
    assert (back.phase, back.accepted, newest(back).ended_at) == (Phase.RUNNING, kept.accepted, None)
    assert newest(back) == newest(kept)


def test_only_what_a_person_let_go_can_be_taken_back() -> None:
    """Not what failed and waits for a further attempt."""
    with pytest.raises(IllegalEventError):
        advance(lived(*WAYS[Phase.RUNNING], FAILED_AGAIN), BY_HAND)


def test_what_an_answer_named_wrongly_is_nobodys_here_and_the_money_stays_reserved() -> None:
    """The id is free for whose picture it shows, and what ours led to may have been charged."""
    lost = newest(lived(INTENDED, ACCEPTED, DISOWNED))
    assert (lost.prediction_id, lost.duplicates, lost.reserved, money(lost)) == (None, (), PRICE, PRICE)
    assert newest(lived(INTENDED, ACCEPTED, DISOWNED, ADOPTED)).prediction_id == "p2"


def test_every_phase_has_a_way_and_a_rule() -> None:
    """No phase and no event is forgotten by these tests."""
    assert set(WAYS) == set(FOLLOWS) == set(Phase)
    assert {type(event).__name__ for event in EVENTS.values()} == {kind.__name__ for kind in ev.Event.__subclasses__()}


@pytest.mark.parametrize("phase", Phase)
def test_the_way_into_a_phase_ends_there(phase: Phase) -> None:
    """The shortest sequence of events gives the documented phase."""
    assert lived(*WAYS[phase]).phase is phase


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("phase", Phase)
def test_an_event_leads_where_it_should_or_is_a_defect(phase: Phase, name: str) -> None:
    """Every event in every phase: the documented phase follows, or nothing happens and the caller is told."""
    record = lived(*WAYS[phase])
    if name in FOLLOWS[phase]:
        assert advance(record, EVENTS[name]).phase is FOLLOWS[phase][name]
    else:
        with pytest.raises(IllegalEventError, match=r"item 1 is \w+; \w+ cannot happen"):
            advance(record, EVENTS[name])


def test_no_ended_item_is_with_a_person_or_at_the_provider() -> None:
    """The sets of phases that the rest of the program asks for do not overlap."""
    assert not ENDED & WITH_PERSON
    assert not ENDED & AT_PROVIDER
    assert not WITH_PERSON & AT_PROVIDER


def test_an_intent_reserves_and_names_its_run_and_day() -> None:
    """The attempt carries everything that its caps and its later search need."""
    attempt = newest(lived(INTENDED))
    assert (attempt.number, attempt.run_id, attempt.day, attempt.upload_id) == (1, 7, "2026-11-23", "u1")
    assert (attempt.reserved, attempt.settled, attempt.possibly, attempt.estimated) == (PRICE, None, 0, PRICE)


@pytest.mark.parametrize("proof", [DENIED, DENIED_FOR_GOOD, NOT_SENT])
def test_what_was_not_accepted_costs_nothing_and_does_not_count(proof: ev.Event) -> None:
    """The reservation is freed by the same event, and the attempt counts for nothing but the rate."""
    record = lived(INTENDED, proof)
    attempt = newest(record)
    assert (record.committed, record.accepted, attempt.estimated) == (0, 0, 0)
    assert attempt.answered_at == 2.0
    assert attempt.state in UNPAID


def test_a_pause_that_was_asked_for_is_kept() -> None:
    """Denied and unsent items wait until the moment that the event names."""
    assert lived(INTENDED, DENIED).not_before == 9.0
    assert lived(INTENDED, NOT_SENT).not_before == 5.0
    assert lived(INTENDED, ACCEPTED, FAILED_AGAIN).not_before == 36.0


@pytest.mark.parametrize("way", [(UNCLEAR,), (UNCLEAR, HELD), (ACCEPTED,), (ACCEPTED, MISSED)])
def test_money_stays_reserved_while_anybody_may_be_charged(way: tuple[ev.Event, ...]) -> None:
    """Unconfirmed, held, running and missing attempts hold their price."""
    record = lived(INTENDED, *way)
    assert (record.committed, record.accepted) == (PRICE, 1)
    assert newest(record).reserved == PRICE


def test_a_settled_cost_takes_the_place_of_the_estimate() -> None:
    """Whether it came with the clip, later, or again; the newest word counts."""
    with_clip = lived(INTENDED, ACCEPTED, RENDERED)
    assert (with_clip.committed, newest(with_clip).reserved) == (410_000, 0)
    later = lived(INTENDED, ACCEPTED, RENDERED_UNPRICED)
    assert (later.committed, newest(later).reserved) == (PRICE, PRICE)
    assert advance(later, COST_SETTLED).committed == 390_000


def test_a_cost_that_is_never_said_is_possibly_charged_until_it_is_said() -> None:
    """The estimate moves from reserved to possibly charged, and goes when the provider speaks after all."""
    silent = lived(INTENDED, ACCEPTED, RENDERED_UNPRICED, COST_UNKNOWN, DOWNLOADED)
    attempt = newest(silent)
    assert (attempt.reserved, attempt.possibly, silent.committed) == (0, PRICE, PRICE)
    told = newest(advance(silent, COST_SETTLED))
    assert (told.reserved, told.possibly, told.settled) == (0, 0, 390_000)


def test_not_knowing_does_not_undo_a_settled_cost() -> None:
    """What the provider has said stands."""
    attempt = newest(lived(INTENDED, ACCEPTED, RENDERED, COST_UNKNOWN))
    assert (attempt.settled, attempt.possibly, attempt.reserved) == (410_000, 0, 0)


@pytest.mark.parametrize(("failed", "possibly"), [(FAILED, 0), (FAILED_UNPRICED, PRICE)])
def test_a_failure_costs_what_the_provider_says_or_possibly_its_estimate(failed: ev.Event, possibly: int) -> None:
    """A cost of zero is a word; none is not."""
    record = lived(INTENDED, ACCEPTED, failed)
    assert (newest(record).reserved, newest(record).possibly, record.committed) == (0, possibly, possibly)


def test_a_further_attempt_keeps_what_the_earlier_ones_cost() -> None:
    """Money, codes and the count of accepted attempts go on; the new attempt begins empty."""
    first = lived(INTENDED, ACCEPTED, replace(FAILED_AGAIN, cost=150_000))
    second = advance(first, replace(INTENDED, upload_id="u2"))
    assert (second.spent, second.committed, second.accepted) == (150_000, 150_000 + PRICE, 2)
    assert second.codes == ("X",)
    attempt = newest(second)
    assert (attempt.number, attempt.upload_id, attempt.prediction_id, attempt.settled) == (2, "u2", None, None)


def test_a_picture_that_goes_bad_after_a_paid_attempt_is_no_rejected_row() -> None:
    """The item has failed, so that what it cost is shown with it."""
    assert lived(INTENDED, NOT_SENT, UNUSABLE).phase is Phase.REJECTED
    paid = lived(INTENDED, ACCEPTED, replace(FAILED_AGAIN, cost=150_000), UNUSABLE)
    assert (paid.phase, paid.reason, paid.committed) == (Phase.FAILED, "half a picture", 150_000)


def test_adoption_keeps_the_duplicates_for_a_person() -> None:
    """Further predictions of one upload are remembered with the attempt."""
    attempt = newest(lived(INTENDED, UNCLEAR, LOOKED_UP, ADOPTED))
    assert (attempt.prediction_id, attempt.duplicates, attempt.looks) == ("p2", ("p3",), 2)


def test_a_decision_by_hand_keeps_an_earlier_id_in_sight() -> None:
    """A missing prediction that gives way to another one may have been charged too."""
    attempt = newest(lived(INTENDED, ACCEPTED, MISSED, BY_HAND))
    assert (attempt.prediction_id, attempt.duplicates) == ("p9", ("p1",))
    assert newest(lived(INTENDED, UNCLEAR, HELD, BY_HAND)).duplicates == ()


def test_what_a_person_says_was_not_charged_is_free_and_may_be_bought_again() -> None:
    """The reservation is gone, the attempt counts for nothing, and another one may follow."""
    freed = lived(INTENDED, UNCLEAR, HELD, NOT_CHARGED)
    assert (freed.phase, freed.committed, freed.accepted, freed.not_before) == (Phase.PLANNED, 0, 0, 0.0)
    again = advance(freed, replace(INTENDED, upload_id="u2"))
    assert (again.accepted, again.committed, newest(again).number) == (1, PRICE, 2)
    refunded = lived(INTENDED, ACCEPTED, RENDERED, DOWNLOAD_FAILED, NOT_CHARGED)
    assert (refunded.committed, refunded.accepted) == (0, 0)


def test_what_a_person_gives_up_stands_as_possibly_charged() -> None:
    """The estimate, where the provider never said a cost; what it said, where it did."""
    lost = lived(INTENDED, UNCLEAR, HELD, ABANDONED)
    assert (newest(lost).possibly, newest(lost).reserved, lost.accepted) == (PRICE, 0, 1)
    told = lived(INTENDED, ACCEPTED, RENDERED, DOWNLOAD_FAILED, ABANDONED)
    assert (newest(told).possibly, newest(told).settled) == (0, 410_000)
    assert (lost.reason, told.reason) == ("not worth it", "not worth it")


def test_what_is_restored_is_as_if_it_had_been_accepted() -> None:
    """With its money, its number and its upload; only when it was put back is new."""
    restored, accepted = lived(RESTORED), lived(INTENDED, replace(ACCEPTED, at=1.0, prediction_id="p8", request_id=""))
    assert restored == accepted
    assert lived(INTENDED, ACCEPTED, FAILED_AGAIN, RESTORED).accepted == 2


def test_the_prediction_id_of_an_item_without_one_is_a_defect() -> None:
    """Nobody polls for nothing."""
    assert lived(INTENDED, ACCEPTED).prediction_id == "p1"
    for record in (lived(), lived(INTENDED)):
        with pytest.raises(IllegalEventError, match="has no prediction"):
            _ = record.prediction_id


def test_a_finished_item_gives_no_reason() -> None:
    """What once went wrong is forgotten when the clip is here."""
    assert lived(INTENDED, ACCEPTED, RENDERED, DOWNLOAD_FAILED).reason == "expired"
    done = lived(INTENDED, ACCEPTED, RENDERED, DOWNLOAD_FAILED, DOWNLOADED)
    assert (done.reason, done.clip) == ("", CLIP)


COSTS = st.integers(0, 10**9)
ANY_EVENT = st.one_of(
    st.sampled_from(list(EVENTS.values())),
    COSTS.map(lambda estimate: replace(INTENDED, estimate=estimate)),
    st.sampled_from([INTENDED, ACCEPTED, FAILED_AGAIN]),  # often, so that walks get far
    COSTS.map(lambda cost: replace(FAILED_AGAIN, cost=cost)),
    COSTS.map(lambda cost: replace(RENDERED, cost=cost)),
    COSTS.map(lambda cost: replace(COST_SETTLED, cost=cost)),
    COSTS.map(lambda cost: replace(CANCELLED, cost=cost)),
)


@given(walk=st.lists(ANY_EVENT, max_size=60))
@settings(max_examples=400, deadline=None)
def test_whatever_happens_the_books_balance(walk: list[ev.Event]) -> None:
    """On every walk: sums are those of the attempts, nothing is negative, and what ended stays, but for a person."""
    record = Record(item_id=1, phase=Phase.PLANNED)
    attempts: dict[int, Attempt] = {}
    for event in walk:
        before = record
        try:
            record = advance(before, event)
        except IllegalEventError:
            continue
        if isinstance(event, ev.Intended):
            assert before.phase is Phase.PLANNED
        if before.phase in ENDED and not isinstance(event, ev.Retried):
            assert record.phase is before.phase
        if record.attempt is not None:
            attempts[record.attempt.number] = record.attempt
            assert record.attempt.state in STATES[record.phase]
        assert_balanced(record, attempts)


def assert_balanced(record: Record, attempts: dict[int, Attempt]) -> None:
    """Hold a record against all attempts that there ever were."""
    assert record.committed == sum(money(attempt) for attempt in attempts.values())
    assert record.accepted == sum(attempt.state not in UNPAID for attempt in attempts.values())
    assert list(attempts) == list(range(1, len(attempts) + 1))
    for attempt in attempts.values():
        assert min(attempt.reserved, attempt.possibly, attempt.estimated, attempt.settled or 0) >= 0
        held = [attempt.reserved > 0, attempt.settled is not None, attempt.possibly > 0]
        assert sum(held) <= 1
        if attempt.state in UNPAID:
            assert money(attempt) == attempt.estimated == 0
        elif attempt.settled is None:
            assert money(attempt) == attempt.estimated == attempt.estimate
