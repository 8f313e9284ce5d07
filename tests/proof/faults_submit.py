"""Submits that go wrong: turned down, lost, answered with nonsense, or never sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.proof.forge import LOOKUPS_FAIL
from tests.proof.scenes import Ending, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_MONEY = ("0.00", "0.00", "0.00")
_PENDING = {"pending": 1}
_SHORT_GRACE = {"reconcile": {"grace": 300}}  # three quarters of a second at this speed

# The API is looked up once, then once for each submit; uploads go to the address that the provider gives.
_UPLOADS_ALLOWED = {"network": {"allow_hosts": ["127.0.0.1"]}}

HELD = Ending(exit=4, items={"unconfirmed": 1}, says=("it may have been accepted", "it is held"))
STILL_HELD = Ending(exit=4, items={"unconfirmed": 1})
FOUND = Ending(says=("it may have been accepted", "the lost answer was found"))


def adopted(name: str, *rules: str) -> Fault:
    """Give a fault whose submit took effect: it is found again, and not bought twice."""
    return Fault(name=name, rules=rules, runs=(FOUND,), events={"SubmitUnclear": 1, "Adopted": 1, "Held": 0})


def held(name: str, *rules: str) -> Fault:
    """Give a fault whose submit may have taken effect and did not: it is held with its money, run after run."""
    return Fault(
        name=name,
        rules=rules,
        job=_SHORT_GRACE,
        runs=(HELD, STILL_HELD),
        bought=(0,),
        posts=1,
        events={"Held": 1, "Intended": 1},
        money=("0.00", "0.40", "0.00"),
    )


def stopped(name: str, status: int, code: int, *says: str) -> Fault:
    """Give a status that ends the run at once: nothing is bought by it, and the same command goes on later."""
    return Fault(
        name=name,
        rules=(f"{{on: submit, fault: status, status: {status}, times: 1}}",),
        runs=(Ending(exit=code, items=_PENDING, says=says), Ending()),
        posts=2,
        events={"SubmitDenied": 1, "SubmitAccepted": 1},
    )


def _paused(name: str, header: str, *, least: float = 0.0, most: float = 60.0, speed: int = 400) -> Fault:
    rule = f"{{on: submit, fault: status, status: 429, times: 1{header}}}"
    says = ("submitting pauses",)
    return Fault(
        name=name, rules=(rule,), runs=(Ending(says=says),), posts=2, speed=speed, pause=least, pause_most=most
    )


def _turned_down() -> Iterator[Fault]:
    yield _paused("429 without Retry-After", "", least=0.24)
    yield _paused("429 with Retry-After in seconds", ', retry_after: "1"', least=0.99)
    yield _paused("429 with Retry-After as a date", ", retry_after: date+2", least=0.9)
    yield _paused("429 with Retry-After that is nonsense", ", retry_after: soon", least=0.24, most=5.0)
    yield _paused(
        "429 with Retry-After of thirty years", ', retry_after: "999999999"', least=1.7, most=10.0, speed=2000
    )
    yield Fault(
        name="429 for ever",
        rules=("{on: submit, fault: status, status: 429}",),
        runs=(Ending(exit=75, items=_PENDING, says=("submitting pauses", "run the same command again later")),),
        bought=(0,),
        posts=10,
        money=_NO_MONEY,
    )
    yield Fault(
        name="402 until something has settled",
        rules=("{on: submit, fault: status, status: 402, times: 1}",),
        runs=(Ending(says=("nothing of ours is in flight",)),),
        posts=2,
    )
    yield Fault(
        name="402 for ever",
        rules=("{on: submit, fault: status, status: 402}",),
        runs=(Ending(exit=8, items=_PENDING, says=("top up the balance",)),),
        bought=(0,),
        posts=3,
        money=_NO_MONEY,
    )
    yield Fault(
        name="401 in the middle",
        skus=("A-1", "A-2"),
        rules=("{on: submit, fault: status, status: 401, match: A-2, times: 1}",),
        runs=(
            Ending(exit=77, items={"pending": 2}, says=("EACHLABS_API_KEY",)),
            Ending(items={"done": 2}),
        ),
        bought=(1, 1),
        posts=3,
        money=("0.80", "0.00", "0.00"),
    )
    yield stopped("403", 403, 77, "this key may not use this model")
    yield stopped("404 on the model", 404, 69, "choose another `model:`")
    yield stopped("422", 422, 69, "please report this")
    yield stopped("415", 415, 69, "please report this")
    for status in (400, 413):
        yield Fault(
            name=str(status),
            rules=(f"{{on: submit, fault: status, status: {status}}}",),
            runs=(
                Ending(exit=1, items={"failed": 1}, says=(f"the provider answered {status}",)),
                Ending(exit=1, items={"failed": 1}),
            ),
            bought=(0,),
            posts=1,
            money=_NO_MONEY,
        )


def _unclear() -> Iterator[Fault]:
    for status in (500, 503, 408, 409):
        yield adopted(f"{status}, accepted", f"{{on: submit, fault: status, status: {status}, accepted: true}}")
        yield held(f"{status}, not accepted", f"{{on: submit, fault: status, status: {status}}}")
    yield adopted("502 with HTML, accepted", "{on: submit, fault: html, accepted: true}")
    yield held("502 with HTML, not accepted", "{on: submit, fault: html}")
    yield adopted("504, accepted late", "{on: submit, fault: status, status: 504, late: 0.4}")
    yield Fault(
        name="504, accepted after the grace period",
        rules=("{on: submit, fault: status, status: 504, late: 1.2}",),
        job=_SHORT_GRACE,
        runs=(HELD, Ending(after=1.0, says=("the lost answer was found",))),
        events={"Held": 1, "Adopted": 1},
    )
    yield held("reset before the request was read", "{on: submit, fault: reset, when: before}")
    yield held("reset after the request was read", "{on: submit, fault: reset, when: after}")
    yield adopted("reset after it was accepted", "{on: submit, fault: lost_answer_after_accept}")
    yield adopted("silence, accepted", "{on: submit, fault: silence, accepted: true}")
    yield held("silence, not accepted", "{on: submit, fault: silence}")
    yield Fault(name="an answer that takes two seconds", rules=("{on: submit, fault: delay, seconds: 2}",))
    yield adopted("truncated JSON, accepted", "{on: submit, fault: truncated}")
    yield held("truncated JSON, not accepted", "{on: submit, fault: truncated, accepted: false}")
    yield adopted("malformed JSON, accepted", "{on: submit, fault: malformed}")
    yield held("malformed JSON, not accepted", "{on: submit, fault: malformed, accepted: false}")
    yield adopted("2xx without an id, accepted", "{on: submit, fault: no_id}")
    yield held("2xx without an id, not accepted", "{on: submit, fault: no_id, accepted: false}")
    yield adopted("status error with 200, accepted", "{on: submit, fault: error_with_200, accepted: true}")
    yield held("status error with 200, not accepted", "{on: submit, fault: error_with_200}")
    for status in (301, 303, 307):
        yield adopted(
            f"redirect {status}, accepted", f"{{on: submit, fault: redirect, status: {status}, accepted: true}}"
        )
    yield held("redirect, not accepted", "{on: submit, fault: redirect}")
    yield adopted("an answer of 100 MB", "{on: submit, fault: huge, megabytes: 100}")


def _twins() -> Iterator[Fault]:
    yield Fault(
        name="the same id twice, both accepted",
        skus=("A-1", "A-2"),
        rules=("{on: submit, fault: same_id, accepted: true, match: A-2}",),
        job={"limits": {"submit_concurrency": 1}},
        runs=(Ending(items={"done": 2}, says=("A-2: the lost answer was found",)),),
        bought=(1, 1),
        events={"SubmitAccepted": 1, "Adopted": 1},
        money=("0.80", "0.00", "0.00"),
    )
    yield Fault(
        name="the same id twice, accepted once",
        skus=("A-1", "A-2"),
        rules=("{on: submit, fault: same_id, match: A-2}",),
        job={"limits": {"submit_concurrency": 1}, **_SHORT_GRACE},
        runs=(
            Ending(exit=4, items={"done": 1, "unconfirmed": 1}, says=("A-2: ",)),
            Ending(exit=4, items={"skipped": 1, "unconfirmed": 1}),
        ),
        bought=(1, 0),
        posts=2,
        events={"SubmitAccepted": 1, "Held": 1},
        money=("0.40", "0.40", "0.00"),
    )


def _swapped() -> Iterator[Fault]:
    """The first answer cannot be read, so that nobody knows yet whose id the second one names."""
    rules = (
        "{on: submit, fault: malformed, match: A-1}",
        "{on: submit, fault: same_id, accepted: true, match: A-2}",
    )
    says = "A-2: the submit's answer named prediction "
    first = "{on: render, fault: listed_late, seconds: 400, nth: 1}"
    yield Fault(
        name="the id of another whose own answer could not be read",
        skus=("A-1", "A-2"),
        rules=(*rules, first),
        job={"limits": {"submit_concurrency": 1}},
        runs=(
            Ending(items={"done": 2}, says=(says, "A-1: the lost answer was found", "A-2: the lost answer was found")),
        ),
        bought=(1, 1),
        events={"SubmitUnclear": 1, "SubmitAccepted": 1, "Disowned": 1, "Adopted": 2},
        money=("0.80", "0.00", "0.00"),
    )
    yield Fault(
        name="the id of another, and neither is ever listed",
        skus=("A-1", "A-2"),
        rules=(*rules, "{on: render, fault: unlisted}"),
        job={"limits": {"submit_concurrency": 1}, **_SHORT_GRACE},
        runs=(
            Ending(exit=4, items={"unconfirmed": 2}, says=(says,)),
            Ending(exit=4, items={"unconfirmed": 2}),
        ),
        bought=(1, 1),
        events={"Disowned": 1, "Adopted": 0, "Held": 2},
        money=("0.00", "0.80", "0.00"),
    )


def _never_sent() -> Iterator[Fault]:
    yield Fault(
        name="stale keep-alive",
        skus=("A-1", "A-2"),
        rules=tuple(
            f"{{on: {on}, fault: stale, times: 3}}" for on in ("balance", "presign", "upload", "submit", "poll")
        ),
        runs=(Ending(items={"done": 2}),),
        bought=(1, 1),
        events={"SubmitUnclear": 0},
        money=("0.80", "0.00", "0.00"),
    )
    yield Fault(
        name="DNS failure when it is to be sent",
        job=_UPLOADS_ALLOWED,
        by_name=True,
        environment={LOOKUPS_FAIL: "2-4"},
        events={"SubmitNotSent": 3, "SubmitAccepted": 1},
    )
    yield Fault(
        name="DNS failure for ever when it is to be sent",
        job=_UPLOADS_ALLOWED,
        by_name=True,
        environment={LOOKUPS_FAIL: "2-999"},
        runs=(Ending(exit=69, items=_PENDING, says=("the provider cannot be reached", "nothing is lost")),),
        bought=(0,),
        events={"SubmitAccepted": 0},
        money=_NO_MONEY,
    )


SUBMIT = (*_turned_down(), *_unclear(), *_twins(), *_swapped(), *_never_sent())
