"""The words for where an item and its attempts stand; light, since `status` needs no more of the state machine."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where an item stands."""

    PLANNED = "planned"  # nothing of it is at the provider; it may be submitted once `not_before` has passed
    SUBMITTING = "submitting"  # the intent is on disk and its one POST may be open
    UNCONFIRMED = "unconfirmed"  # the POST may have been accepted; the provider is being asked
    HELD = "held"  # the same after the grace period: a person resolves it
    RUNNING = "running"  # the prediction's id is on disk
    MISSING = "missing"  # the provider no longer knows an id that it gave us
    RENDERED = "rendered"  # the provider made the clip; it is not here yet
    UNCOLLECTED = "uncollected"  # the provider made the clip, and it could not be fetched
    DONE = "done"  # the verified clip lies in the output folder
    FAILED = "failed"  # ended without a clip, and no further attempt is allowed
    REFUSED = "refused"  # the provider would not make it
    CANCELLED = "cancelled"  # cancelled at the provider, by us or by somebody else
    REJECTED = "rejected"  # its picture proved unusable before anything was paid
    ABANDONED = "abandoned"  # a person gave it up; what it may have cost stands


AT_PROVIDER = frozenset({Phase.SUBMITTING, Phase.UNCONFIRMED, Phase.RUNNING})
"""Phases that may hold one of the account's places for running predictions."""

RESOLVABLE = frozenset({Phase.UNCONFIRMED, Phase.HELD, Phase.MISSING, Phase.UNCOLLECTED})
"""Phases in which a person may decide what becomes of the item."""

WITH_PERSON = frozenset({Phase.HELD, Phase.MISSING, Phase.UNCOLLECTED})
"""Phases in which money may be gone and no clip is here: a person has to look."""

ENDED = frozenset({Phase.DONE, Phase.FAILED, Phase.REFUSED, Phase.CANCELLED, Phase.REJECTED, Phase.ABANDONED})
"""Phases that an item never leaves by itself."""


RETRYABLE = ENDED - {Phase.DONE, Phase.ABANDONED}
"""Phases from which a person may have an item bought again. What was abandoned may have been charged for."""


class AttemptState(StrEnum):
    """Where one try at an item stands."""

    INTENDED = "intended"  # on disk; at most one POST follows
    UNCONFIRMED = "unconfirmed"  # the answer is lost
    HELD = "held"  # lost, and not found within the grace period
    ACCEPTED = "accepted"  # has a prediction id
    MISSING = "missing"  # has a prediction id that the provider answers with 404
    SUCCEEDED = "succeeded"  # the provider made a clip
    FAILED = "failed"  # the provider made none
    REFUSED = "refused"  # the provider would not
    CANCELLED = "cancelled"  # cancelled at the provider
    NOT_ACCEPTED = "not_accepted"  # turned down; nothing was created
    NOT_SENT = "not_sent"  # never left
    NOT_CHARGED = "not_charged"  # a person found out that nothing was charged for it
    ABANDONED = "abandoned"  # a person gave it up, and what it cost is not known for sure


LET_GO = frozenset({AttemptState.NOT_CHARGED, AttemptState.ABANDONED})
"""States in which a person let an attempt go: a prediction that it had been told of may be another's."""

UNPAID = frozenset({AttemptState.NOT_ACCEPTED, AttemptState.NOT_SENT, AttemptState.NOT_CHARGED})
"""States that prove that the attempt cost nothing and counts for nothing but the rate."""
