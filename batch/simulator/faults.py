"""Misbehaviour as data: which faults there are, where each may strike, and which strikes now.

A faults file is a seed and a list of rules; `fault_file.py` reads it. A rule says where it listens (`on`), what it
does (`fault` and that fault's options) and when:

    nth: 2            only at the second matching request
    after: 3          not at the first three
    times: 3          three times at most
    probability: 0.2  at a fifth of the matching requests, drawn from the seed
    match: "text"     only where the prompt, image URL, id or address contains this
    each: true        counts and draws for each prediction (upload, address) apart, not over all requests

Rules that strike one request together work together, but only the first that concerns the connection or replaces the
whole answer does; of the faults of a download, and of those that decide how a rendering ends, the first is taken.
Nothing here reads a file, a clock or a global random number generator.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CALLS = ("submit", "poll", "cancel", "executions", "models", "presign", "upload", "delete", "balance", "download")
PLACES = (*CALLS, "render")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One key that a fault understands: its types, its default, and what it may be (empty: anything)."""

    types: tuple[type, ...]
    default: Any = None
    choices: tuple[Any, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One sort of fault: the places where it may strike, and its options."""

    places: tuple[str, ...]
    options: Mapping[str, Option] = field(default_factory=dict)


def _number(default: float | None, *, required: bool = False) -> Option:
    return Option(types=(int, float), default=default, required=required)


def _text(default: str | None = None) -> Option:
    return Option(types=(str,), default=default)


def _one_of(*choices: str, required: bool = False) -> Option:
    return Option(types=(str,), default=choices[0], choices=choices, required=required)


def _flag(*, default: bool) -> Option:
    return Option(types=(bool,), default=default)


_ACCEPTED = _flag(default=True)
_NOT_ACCEPTED = _flag(default=False)
_SHAPES = ("string", "list", "object_url", "object_video_url", "object_video", "object_output", "none")

KINDS: Mapping[str, Kind] = {
    # The answer to any call is another one. `accepted`: the call took effect all the same.
    # `late` seconds: it takes effect only that long after the answer.
    "status": Kind(
        places=CALLS,
        options={
            "status": Option(types=(int,), required=True),
            "body": Option(types=(str, dict, list)),
            "retry_after": Option(types=(str, int)),
            "accepted": _NOT_ACCEPTED,
            "late": _number(None),
        },
    ),
    "html": Kind(places=CALLS, options={"status": Option(types=(int,), default=502), "accepted": _NOT_ACCEPTED}),
    "redirect": Kind(
        places=CALLS,
        options={
            "location": _text("http://10.0.0.1/elsewhere"),
            "status": Option(types=(int,), default=307),
            "accepted": _NOT_ACCEPTED,
        },
    ),
    # The connection breaks, hangs, or carries something that is no whole answer.
    "reset": Kind(places=CALLS, options={"when": _one_of("before", "after")}),
    "lost_answer_after_accept": Kind(places=CALLS),
    "silence": Kind(places=CALLS, options={"seconds": _number(3600), "accepted": _NOT_ACCEPTED}),
    "delay": Kind(places=CALLS, options={"seconds": _number(None, required=True), "when": _one_of("after", "before")}),
    "truncated": Kind(places=CALLS, options={"accepted": _ACCEPTED}),
    "malformed": Kind(places=CALLS, options={"accepted": _ACCEPTED}),
    "huge": Kind(places=CALLS, options={"megabytes": _number(100), "accepted": _ACCEPTED}),
    # This call is answered as always, and the next one on the same connection finds it dead.
    "stale": Kind(places=CALLS),
    # Submits.
    "no_id": Kind(places=("submit",), options={"accepted": _ACCEPTED}),
    "error_with_200": Kind(
        places=("submit",), options={"message": _text("Failed to create prediction"), "accepted": _NOT_ACCEPTED}
    ),
    "same_id": Kind(places=("submit",), options={"accepted": _NOT_ACCEPTED}),
    # Polls.
    "not_found": Kind(places=("poll",)),
    "unfinished": Kind(places=("poll",)),
    "foreign_body": Kind(places=("poll",)),
    # Bodies of one poll, or of every poll of a prediction (on: render).
    "output": Kind(places=("poll", "render"), options={"shape": Option(types=(str,), choices=_SHAPES, required=True)}),
    "status_word": Kind(
        places=("poll", "render"),
        options={
            "word": Option(types=(str,), required=True),
            "instead_of": _one_of("success", "created", "starting", "processing", "error", "cancelled"),
        },
    ),
    "cost": Kind(places=("poll", "render"), options={"value": Option(types=(str, int, float), required=True)}),
    "echo": Kind(places=("poll", "render"), options={"form": _one_of("percent", "percent_id", "query", "missing")}),
    # Rendering.
    "error": Kind(
        places=("render",),
        options={
            "error_code": _text("PROVIDER_SERVER_ERROR"),
            "message": _text("The provider failed"),
            "shape": _one_of("object", "string", "array"),
            "retryable": _flag(default=False),
            "cost": _number(0),
        },
    ),
    "refused": Kind(
        places=("render",),
        options={
            "by": _one_of("moderation_blocked", "sentinel_block"),
            "shape": _one_of("object", "string", "array"),
            "cost": _number(0),
        },
    ),
    "stuck": Kind(places=("render",)),
    "cancelled": Kind(places=("render",)),
    "slow_render": Kind(places=("render",), options={"seconds": _number(None, required=True)}),
    "listed_late": Kind(places=("render",), options={"seconds": _number(None, required=True)}),
    "unlisted": Kind(places=("render",)),
    # Listings.
    "late": Kind(places=("executions",), options={"seconds": _number(None, required=True)}),
    "shuffled": Kind(places=("executions",)),
    "foreign": Kind(places=("executions",), options={"rows": Option(types=(int,), required=True)}),
    # So many rows more with each page; pages count rows from the newest, so the last of a page come again on the next.
    "arriving": Kind(places=("executions",), options={"rows": Option(types=(int,), default=10)}),
    "page_fails": Kind(
        places=("executions",),
        options={"page": Option(types=(int,), default=2), "status": Option(types=(int,), default=500)},
    ),
    "capped": Kind(places=("executions",), options={"rows": Option(types=(int,), required=True)}),
    # Downloads. `part` is the share of the file that is sent.
    "short": Kind(places=("download",), options={"part": _number(0.5)}),
    "no_length": Kind(places=("download",), options={"part": _number(1.0)}),
    "wrong_length": Kind(places=("download",), options={"part": _number(0.5)}),
    "ranges_ignored": Kind(places=("download",)),
    "slow": Kind(places=("download",), options={"bytes_per_second": _number(1)}),
    "endless": Kind(places=("download",)),
    "gzip": Kind(places=("download",), options={"megabytes": _number(0)}),
    "changing": Kind(places=("download",), options={"part": _number(1.0)}),
    "empty": Kind(places=("download",)),
    "jpeg": Kind(places=("download",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault that strikes: its name, and its options with the defaults filled in."""

    name: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a faults file."""

    on: str
    fault: Fault
    nth: int | None = None
    after: int = 0
    times: int | None = None
    probability: float = 1.0
    match: str | None = None
    each: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """A whole faults file; no rules means that nothing misbehaves."""

    seed: int = 0
    rules: tuple[Rule, ...] = ()

    @property
    def fingerprint(self) -> str:
        """A short hash of the rules: counters are brought back only for the same ones."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the rules made of one request: those that listened (by number), and the faults that strike."""

    rules: tuple[int, ...] = ()
    faults: tuple[Fault, ...] = ()


NOTHING = Heard()


@dataclass(slots=True)
class _Count:
    """How often a rule has listened and struck (for one subject, or over all)."""

    ordinal: int
    heard: int = 0
    struck: int = 0


class FaultBook:
    """The rules with their counters. The same requests in the same order meet the same faults."""

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self.fingerprint = plan.fingerprint
        self._counts: dict[tuple[int, str], _Count] = {}
        self._subjects = [0] * len(plan.rules)

    def listen(self, on: str, subject: str, text: str = "") -> Heard:
        """Count one request and tell what strikes it.

        Args:
            on: The call, or "render" for a prediction that is being accepted.
            subject: What `each` counts by: an id or an address.
            text: What `match` looks into, beside the subject.
        """
        if not self._plan.rules:
            return NOTHING
        wanted = tuple(
            number
            for number, rule in enumerate(self._plan.rules)
            if rule.on == on and (rule.match is None or rule.match in text or rule.match in subject)
        )
        return self.replay(wanted, subject)

    def replay(self, rules: Iterable[int], subject: str) -> Heard:
        """Count one request for rules that are known to have listened to it, as a request log tells."""
        numbers = tuple(rules)
        struck = [self._plan.rules[number].fault for number in numbers if self._strikes(number, subject)]
        return Heard(rules=numbers, faults=tuple(struck))

    def _strikes(self, number: int, subject: str) -> bool:
        rule = self._plan.rules[number]
        key = (number, subject if rule.each else "")
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = _Count(ordinal=self._subjects[number])
            self._subjects[number] += 1
        count.heard += 1
        if count.heard <= rule.after or (rule.nth is not None and count.heard != rule.nth):
            return False
        if rule.times is not None and count.struck >= rule.times:
            return False
        draw = count.ordinal if rule.each else count.heard
        if rule.probability < 1 and self._drawn(number, draw) >= rule.probability:
            return False
        count.struck += 1
        return True

    def _drawn(self, number: int, draw: int) -> float:
        return random.Random(f"{self._plan.seed}:{number}:{draw}").random()
