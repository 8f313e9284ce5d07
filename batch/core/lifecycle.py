"""Where an item stands, what can happen to it, and what follows: the whole state machine, pure.

`advance(record, event)` is the only way a record changes. The store writes the event and the record that follows from
it in one transaction, so the event log and the table can never tell different stories.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.phases import (
    AT_PROVIDER,
    ENDED,
    LET_GO,
    RESOLVABLE,
    RETRYABLE,
    UNPAID,
    WITH_PERSON,
    AttemptState,
    Phase,
)

if TYPE_CHECKING:
    from batch.core.summary import ClipFacts

__all__ = [
    "AT_PROVIDER",
    "ENDED",
    "RESOLVABLE",
    "UNPAID",
    "WITH_PERSON",
    "Attempt",
    "AttemptState",
    "IllegalEventError",
    "Phase",
    "Record",
    "advance",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at an item: an intent on disk, then at most one POST.

    Attributes:
        number: 1 for an item's first.
        run_id: The run whose caps it counts under until it is settled.
        day: The UTC day of the intent, as `2026-11-23`.
        intent_at: Unix seconds, our clock.
        clock_offset: Seconds that the provider's clock was ahead of ours then: ours may have been set since.
        estimate: Micro-dollars reserved for it.
        settled: Micro-dollars that the provider said it charged; None while it has not said.
        unsettled_for_good: The provider never said; the estimate stands under possibly charged.
        warnings: What a person should know of its frame.
    """

    number: int
    state: AttemptState
    run_id: int
    day: str
    intent_at: float
    estimate: int
    upload_id: str
    upload_url: str
    frame_sha256: str = ""
    recipe: int = 0
    clock_offset: float = 0.0
    answered_at: float | None = None
    prediction_id: str | None = None
    request_id: str = ""
    settled: int | None = None
    unsettled_for_good: bool = False
    ended_at: float | None = None
    render_seconds: float | None = None
    code: str | None = None
    message: str = ""
    looks: int = 0
    duplicates: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def intent_there(self) -> float:
        """Unix seconds of the intent on the provider's clock, by which its history is searched."""
        return self.intent_at + self.clock_offset

    @property
    def reserved(self) -> int:
        """Micro-dollars held for it."""
        open_money = self.settled is None and not self.unsettled_for_good and self.state not in UNPAID
        return self.estimate if open_money else 0

    @property
    def possibly(self) -> int:
        """Micro-dollars that may have been charged, and that nobody will ever confirm; its duplicates' too."""
        itself = self.unsettled_for_good and self.settled is None
        return self.estimate * (itself + len(self.duplicates))

    @property
    def estimated(self) -> int:
        """Micro-dollars that it should cost, if it may have been accepted at all."""
        return 0 if self.state in UNPAID else self.estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An item as the state machine sees it.

    Attributes:
        attempt: The newest attempt; None before the first.
        accepted: Attempts that were accepted, or may have been.
        spent: Micro-dollars of the earlier attempts, settled or possibly charged.
        codes: Error codes of the earlier attempts that failed, oldest first.
        not_before: Unix seconds before which it is not submitted.
    """

    item_id: int
    phase: Phase
    attempt: Attempt | None = None
    accepted: int = 0
    spent: int = 0
    codes: tuple[str, ...] = ()
    not_before: float = 0.0
    reason: str = ""
    clip: ClipFacts | None = None

    @property
    def committed(self) -> int:
        """Micro-dollars that this item has cost, may have cost, or is reserved for it."""
        newest = self.attempt
        if newest is None:
            return self.spent
        return self.spent + newest.reserved + (newest.settled or 0) + newest.possibly

    @property
    def let_go(self) -> bool:
        """Whether a person let its newest attempt go and nothing was bought since: that can be taken back."""
        waits = self.phase in {Phase.PLANNED, Phase.ABANDONED}  # and is neither bought nor rejected meanwhile
        return waits and self.attempt is not None and self.attempt.state in LET_GO

    @property
    def prediction_id(self) -> str:
        """The newest attempt's prediction id; its absence is a defect of the caller."""
        if self.attempt is None or self.attempt.prediction_id is None:
            raise IllegalEventError(f"item {self.item_id} is {self.phase} and has no prediction")
        return self.attempt.prediction_id


class IllegalEventError(Exception):
    """An event that cannot happen to a record in its phase: a defect of this program, never bad luck."""


def advance(record: Record, event: ev.Event) -> Record:
    """Give the record that follows.

    Raises:
        IllegalEventError: If the event cannot happen in the record's phase.
    """
    taken_back = isinstance(event, ev.AdoptedByHand) and record.let_go
    if record.phase not in _ALLOWED[type(event)] and not taken_back:
        raise IllegalEventError(f"item {record.item_id} is {record.phase}; {type(event).__name__} cannot happen to it")
    if isinstance(event, _BEGINNINGS):
        return _begun(record, event)
    match event:
        case ev.Downloaded():
            return replace(record, phase=Phase.DONE, clip=event.clip, reason="")
        case ev.DownloadFailed():
            return replace(record, phase=Phase.UNCOLLECTED, reason=event.reason)
        case ev.Retried():
            return replace(record, phase=Phase.PLANNED, reason="", not_before=0.0)
    attempt = record.attempt
    if attempt is None:
        raise IllegalEventError(f"item {record.item_id} has no attempt for {type(event).__name__}")
    if isinstance(event, _SUBMIT_EVENTS):
        return _answered(record, attempt, event)
    if isinstance(event, _RECONCILE_EVENTS):
        return _reconciled(record, attempt, event)
    if isinstance(event, _PERSON_EVENTS):
        return _decided(record, attempt, event)
    return _ended(record, attempt, event)


def _begun(record: Record, event: ev.Intended | ev.Restored | ev.PictureRejected) -> Record:
    match event:
        case ev.Intended():
            return _intended(record, event)
        case ev.Restored():
            return _restored(record, event)
        case ev.PictureRejected():
            unpaid = record.accepted == 0  # after a paid attempt that failed, its money has to stay in sight
            return replace(record, phase=Phase.REJECTED if unpaid else Phase.FAILED, reason=event.reason)


def _intended(record: Record, event: ev.Intended) -> Record:
    before = record.attempt
    earlier = record
    if before is not None:
        earlier = replace(record, spent=record.committed)
    attempt = Attempt(
        number=1 if before is None else before.number + 1,
        state=AttemptState.INTENDED,
        run_id=event.run_id,
        day=event.day,
        intent_at=event.at,
        clock_offset=event.clock_offset,
        estimate=event.estimate,
        upload_id=event.upload_id,
        upload_url=event.upload_url,
        frame_sha256=event.frame_sha256,
        recipe=event.recipe,
        warnings=event.warnings,
    )
    return replace(earlier, phase=Phase.SUBMITTING, attempt=attempt, accepted=record.accepted + 1, reason="")


def _restored(record: Record, event: ev.Restored) -> Record:
    """Go from nothing to an accepted attempt: what lay between is lost."""
    intent = ev.Intended(
        at=event.intent_at,
        run_id=event.run_id,
        day=event.day,
        estimate=event.estimate,
        upload_id=event.upload_id,
        upload_url=event.upload_url,
        frame_sha256=event.frame_sha256,
        recipe=event.recipe,
    )
    begun = _intended(record, intent)
    assert begun.attempt is not None
    accepted = ev.SubmitAccepted(at=event.intent_at, prediction_id=event.prediction_id, request_id="")
    return _answered(begun, begun.attempt, accepted)


def _answered(record: Record, attempt: Attempt, event: ev.SubmitEvent) -> Record:
    answered = replace(attempt, answered_at=event.at)
    match event:
        case ev.SubmitAccepted():
            accepted = replace(
                answered,
                state=AttemptState.ACCEPTED,
                prediction_id=event.prediction_id,
                request_id=event.request_id,
            )
            return replace(record, phase=Phase.RUNNING, attempt=accepted)
        case ev.SubmitDenied():
            state = AttemptState.NOT_ACCEPTED
            denied = replace(answered, state=state, ended_at=event.at, code=event.code, message=event.message)
            phase = Phase.FAILED if event.permanent else Phase.PLANNED
            return _unpaid(record, denied, phase=phase, reason=event.message, not_before=event.not_before)
        case ev.SubmitNotSent():
            unsent = replace(answered, state=AttemptState.NOT_SENT, ended_at=event.at, message=event.message)
            return _unpaid(record, unsent, phase=Phase.PLANNED, reason=event.message, not_before=event.not_before)
        case ev.SubmitUnclear():
            unclear = replace(answered, state=AttemptState.UNCONFIRMED, message=event.message)
            return replace(record, phase=Phase.UNCONFIRMED, attempt=unclear, reason=event.message)


def _unpaid(record: Record, attempt: Attempt, *, phase: Phase, reason: str, not_before: float) -> Record:
    return replace(
        record,
        phase=phase,
        attempt=attempt,
        accepted=record.accepted - 1,
        reason=reason,
        not_before=not_before,
    )


def _reconciled(record: Record, attempt: Attempt, event: ev.ReconcileEvent) -> Record:
    match event:
        case ev.Disowned():
            lost = replace(attempt, state=AttemptState.UNCONFIRMED, prediction_id=None, message=event.message)
            return replace(record, phase=Phase.UNCONFIRMED, attempt=lost, reason=event.message)
        case ev.Adopted():
            adopted = replace(
                attempt,
                state=AttemptState.ACCEPTED,
                prediction_id=event.prediction_id,
                duplicates=event.duplicates,
                looks=attempt.looks + 1,
            )
            return replace(record, phase=Phase.RUNNING, attempt=adopted, reason="")
        case ev.LookedUp():
            return replace(record, attempt=replace(attempt, looks=attempt.looks + 1, message=event.message))
        case ev.Held():
            held = replace(attempt, state=AttemptState.HELD, looks=attempt.looks + 1, message=event.message)
            return replace(record, phase=Phase.HELD, attempt=held, reason=event.message)


def _decided(record: Record, attempt: Attempt, event: ev.PersonEvent) -> Record:
    """Follow what a person says of an attempt that this program cannot judge."""
    match event:
        case ev.AdoptedByHand():
            again = attempt.state is AttemptState.NOT_CHARGED
            adopted, accepted = _adopted_by_hand(attempt, event), record.accepted + again
            return replace(record, phase=Phase.RUNNING, attempt=adopted, accepted=accepted, not_before=0.0, reason="")
        case ev.NotCharged():
            # What the provider may have said of its cost was taken back, or was said of nothing of ours.
            freed = replace(attempt, state=AttemptState.NOT_CHARGED, settled=None, unsettled_for_good=False)
            freed = replace(freed, ended_at=event.at, message=event.reason)
            return _unpaid(record, freed, phase=Phase.PLANNED, reason=event.reason, not_before=0.0)
        case ev.Abandoned():
            given_up = replace(attempt, state=AttemptState.ABANDONED, ended_at=event.at, message=event.reason)
            given_up = replace(given_up, unsettled_for_good=attempt.settled is None)
            return replace(record, phase=Phase.ABANDONED, attempt=given_up, reason=event.reason or record.reason)


def _adopted_by_hand(attempt: Attempt, event: ev.AdoptedByHand) -> Attempt:
    """Give the attempt its prediction; an id that it had before may have been charged too, and is kept in sight."""
    named = (*attempt.duplicates, *((attempt.prediction_id,) if attempt.prediction_id else ()))
    others = tuple(one for one in named if one != event.prediction_id)
    return replace(
        attempt,
        state=AttemptState.ACCEPTED,
        prediction_id=event.prediction_id,
        duplicates=others,
        message=event.reason,
        ended_at=None,
        unsettled_for_good=False,
    )


def _ended(record: Record, attempt: Attempt, event: ev.Event) -> Record:
    match event:
        case ev.Missed():
            missing = replace(attempt, state=AttemptState.MISSING, message=event.message)
            return replace(record, phase=Phase.MISSING, attempt=missing, reason=event.message)
        case ev.Found():
            return replace(
                record, phase=Phase.RUNNING, attempt=replace(attempt, state=AttemptState.ACCEPTED), reason=""
            )
        case ev.Rendered():
            state = AttemptState.SUCCEEDED
            made = replace(attempt, state=state, ended_at=event.at, render_seconds=event.render_seconds)
            return replace(record, phase=Phase.RENDERED, attempt=_settle(made, event.cost), reason="")
        case ev.CostSettled():
            return replace(record, attempt=_settle(attempt, event.cost))
        case ev.CostUnknown():
            return replace(record, attempt=replace(attempt, unsettled_for_good=True))
        case ev.Failed():
            return _failed(record, attempt, event)
        case ev.Cancelled():
            gone = replace(attempt, state=AttemptState.CANCELLED, ended_at=event.at, settled=event.cost)
            return replace(record, phase=Phase.CANCELLED, attempt=gone, reason=event.message)
    raise IllegalEventError(f"{type(event).__name__} is not handled")


def _failed(record: Record, attempt: Attempt, event: ev.Failed) -> Record:
    state = AttemptState.REFUSED if event.refused else AttemptState.FAILED
    ended = replace(
        attempt,
        state=state,
        ended_at=event.at,
        code=event.code,
        message=event.message,
        render_seconds=event.render_seconds,
        settled=event.cost,
        unsettled_for_good=event.cost is None,
    )
    phase = Phase.PLANNED if event.retry_at is not None else Phase.REFUSED if event.refused else Phase.FAILED
    return replace(
        record,
        phase=phase,
        attempt=ended,
        reason=event.message,
        codes=(*record.codes, event.code or ""),
        not_before=event.retry_at or 0.0,
    )


def _settle(attempt: Attempt, cost: int | None) -> Attempt:
    return attempt if cost is None else replace(attempt, settled=cost, unsettled_for_good=False)


_BEGINNINGS = (ev.Intended, ev.Restored, ev.PictureRejected)
_SUBMIT_EVENTS = (ev.SubmitAccepted, ev.SubmitDenied, ev.SubmitNotSent, ev.SubmitUnclear)
_RECONCILE_EVENTS = (ev.Disowned, ev.Adopted, ev.LookedUp, ev.Held)
_PERSON_EVENTS = (ev.AdoptedByHand, ev.NotCharged, ev.Abandoned)

_LOST = frozenset({Phase.UNCONFIRMED, Phase.HELD})
_KNOWN = frozenset({Phase.RUNNING, Phase.MISSING})
_MADE = frozenset({Phase.RENDERED, Phase.UNCOLLECTED})

_ALLOWED: dict[type[ev.Event], frozenset[Phase]] = {
    ev.Intended: frozenset({Phase.PLANNED}),
    ev.PictureRejected: frozenset({Phase.PLANNED}),
    ev.Restored: frozenset({Phase.PLANNED}),
    ev.SubmitAccepted: frozenset({Phase.SUBMITTING}),
    ev.SubmitDenied: frozenset({Phase.SUBMITTING}),
    ev.SubmitNotSent: frozenset({Phase.SUBMITTING}),
    ev.SubmitUnclear: frozenset({Phase.SUBMITTING}),
    ev.Disowned: _KNOWN,
    ev.Adopted: _LOST,
    ev.LookedUp: _LOST,
    ev.Held: frozenset({Phase.UNCONFIRMED}),
    ev.Missed: frozenset({Phase.RUNNING}),
    ev.Found: frozenset({Phase.MISSING}),
    ev.Rendered: _KNOWN,
    ev.CostSettled: _MADE | {Phase.DONE},
    ev.CostUnknown: _MADE | {Phase.DONE},
    ev.Failed: _KNOWN,
    ev.Cancelled: _KNOWN,
    ev.Downloaded: _MADE,
    ev.DownloadFailed: _MADE,
    ev.AdoptedByHand: _LOST | {Phase.MISSING},  # and where a person takes back what a person let go
    ev.NotCharged: RESOLVABLE,
    ev.Abandoned: RESOLVABLE,
    ev.Retried: RETRYABLE,
}
