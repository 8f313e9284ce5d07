"""Polls that say too little, too late, or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.proof.scenes import Ending, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSURE = ("0.00", "0.00", "0.40")
_NO_MONEY = ("0.00", "0.00", "0.00")
_RESERVED = ("0.00", "0.40", "0.00")
_FAILED = Ending(exit=1, items={"failed": 1})
_OVERDUE = Ending(exit=4, items={"pending": 1}, says=("past item_deadline",), unfinished=True)
_SILENT = Ending(exit=69, items={"pending": 1}, says=("has not answered for too long",))
_DEADLINE = {"limits": {"item_deadline": 400}}  # a second at this speed
_REFUSED = Ending(exit=1, items={"refused": 1}, says=("refused by the provider",))


def _fine(name: str, *rules: str, **changes: Any) -> Fault:
    return Fault(name=name, rules=rules, **changes)


def _ends(name: str, *rules: str, first: Ending, money: tuple[str, str, str] = _NO_MONEY, **changes: Any) -> Fault:
    """Give a fault that ends an item for good: the same command again comes to the same, and buys nothing."""
    again = Ending(exit=first.exit, items=first.items, unfinished=first.unfinished)
    return Fault(name=name, rules=rules, runs=(first, again), money=money, **changes)


def _answers() -> Iterator[Fault]:
    yield _fine("404 for a fresh id", "{on: poll, fault: not_found, each: true, times: 3}")
    missing = Ending(exit=4, items={"unconfirmed": 1}, says=("no longer knows prediction", "stays reserved"))
    yield _ends("404 for ever", "{on: poll, fault: not_found}", first=missing, money=_RESERVED, events={"Missed": 1})
    for status in (500, 503, 429):
        yield _fine(f"a burst of {status}", f"{{on: poll, fault: status, status: {status}, times: 8}}")
    yield _fine("a burst of 502 with HTML", "{on: poll, fault: html, times: 8}")
    yield _fine("polls that break off", "{on: poll, fault: truncated, times: 4}", "{on: poll, fault: reset, nth: 6}")
    yield _ends("5xx for ever", "{on: poll, fault: status, status: 503}", first=_SILENT, money=_RESERVED)
    refused = Ending(exit=77, items={"pending": 1}, says=("the key was refused",))
    yield Fault(
        name="401 on a poll",
        rules=("{on: poll, fault: status, status: 401, times: 1}",),
        runs=(refused, Ending()),
    )
    yield Fault(
        name="going back from success to processing",
        rules=(
            "{on: render, fault: slow_render, seconds: 1}",
            "{on: poll, fault: cost, value: missing, nth: 1}",
            "{on: poll, fault: unfinished, nth: 2}",
        ),
        job={"polling": {"first": 400}},
        events={"Rendered": 1, "CostSettled": 1},
    )
    yield Fault(
        name="going back to processing when a fresh URL is asked for",
        rules=(
            "{on: render, fault: slow_render, seconds: 1}",
            "{on: download, fault: status, status: 403, times: 1}",
            "{on: poll, fault: unfinished, nth: 2}",
        ),
        job={"polling": {"first": 400}},
        events={"Rendered": 1, "Downloaded": 1},
    )
    yield Fault(
        name="another prediction's body",
        skus=("A-1", "A-2"),
        rules=("{on: poll, fault: foreign_body, times: 6}",),
        runs=(Ending(items={"done": 2}),),
        bought=(1, 1),
        money=("0.80", "0.00", "0.00"),
    )
    yield Fault(
        name="another prediction's body for ever",
        skus=("A-1", "A-2"),
        rules=("{on: poll, fault: foreign_body}",),
        runs=(Ending(exit=69, items={"pending": 2}, says=("the answer speaks of",)),),
        bought=(1, 1),
        money=("0.00", "0.80", "0.00"),
    )


def _outputs() -> Iterator[Fault]:
    for shape in ("string", "list", "object_url", "object_video_url", "object_video", "object_output"):
        yield _fine(f"output as {shape}", f"{{on: render, fault: output, shape: {shape}}}")
    nothing = Ending(exit=1, items={"failed": 1}, says=("success and gives no clip",))
    yield _ends(
        "success without any output",
        "{on: render, fault: output, shape: none}",
        first=nothing,
        money=("0.40", "0.00", "0.00"),
    )
    yield _fine("success whose output comes later", "{on: poll, fault: output, shape: none, times: 2}")


def _words() -> Iterator[Fault]:
    for word in ("succeeded", "completed", "SUCCESS", "Completed", "' success '"):
        yield _fine(f"success spelled {word}", f"{{on: render, fault: status_word, word: {word}}}")
    failure = "{on: render, fault: error, error_code: PROVIDER_BAD_REQUEST}"
    for word in ("failed", "FAILED", "Error"):
        rule = f"{{on: render, fault: status_word, word: {word}, instead_of: error}}"
        yield _ends(f"error spelled {word}", failure, rule, first=_FAILED)
    for word in ("canceled", "CANCELLED"):
        rule = f"{{on: render, fault: status_word, word: {word}, instead_of: cancelled}}"
        yield _ends(f"cancelled spelled {word}", "{on: render, fault: cancelled}", rule, first=_FAILED)
    for word in ("queued", "'?'", "''"):
        rule = f"{{on: render, fault: status_word, word: {word}, instead_of: processing}}"
        yield _fine(f"an unknown status: {word}", rule)
    yield _ends(
        "an unknown status for ever",
        "{on: render, fault: status_word, word: archived}",
        first=_OVERDUE,
        job=_DEADLINE,
        money=_RESERVED,
    )


def _ends_of_predictions() -> Iterator[Fault]:
    yield _ends("stuck for ever", "{on: render, fault: stuck}", first=_OVERDUE, job=_DEADLINE, money=_RESERVED)
    for by in ("moderation_blocked", "sentinel_block"):
        for shape in ("object", "string", "array"):
            rule = f"{{on: render, fault: refused, by: {by}, shape: {shape}}}"
            yield _ends(f"refused by {by} as {shape}", rule, first=_REFUSED)
    yield _ends(
        "refused and charged",
        "{on: render, fault: refused, cost: 0.4}",
        first=_REFUSED,
        money=("0.40", "0.00", "0.00"),
    )
    cancelled = Ending(exit=1, items={"failed": 1}, says=("cancelled at the provider",))
    yield _ends("cancelled by someone else", "{on: render, fault: cancelled}", first=cancelled)
    yield Fault(
        name="failed once, and bought again",
        rules=("{on: render, fault: error, error_code: WORKER_LOST, times: 1, cost: 0.1}",),
        runs=(Ending(says=("a further attempt is due now",)),),
        bought=(2,),
        money=("0.50", "0.00", "0.00"),
    )
    yield _ends(
        "failed with a code that nobody lists, and called retryable",
        "{on: render, fault: error, error_code: SOMETHING_NEW, retryable: true}",
        first=_FAILED,
    )
    yield _fine(
        "failed without a code, and called retryable",
        "{on: render, fault: error, error_code: '', retryable: true, times: 1}",
        bought=(2,),
    )
    yield _ends(
        "failed for ever",
        "{on: render, fault: error, error_code: WORKER_LOST}",
        first=_FAILED,
        bought=(2,),
    )


def _costs() -> Iterator[Fault]:
    unknown = (Ending(says=("does not say what the clip cost",)),)
    for name, value in (
        ("missing", "missing"),
        ("0", "0"),
        ("as text", "'0.40'"),
        ("as a word", "free"),
        ("NaN", "NaN"),
        ("negative", "-0.4"),
        ("beyond all measure", "1.0e+300"),
    ):
        rule = f"{{on: render, fault: cost, value: {value}}}"
        yield _fine(f"cost {name}", rule, runs=unknown, money=_UNSURE, events={"CostUnknown": 1})
    yield _fine("cost not the price, but less", "{on: render, fault: cost, value: 0.3}", money=("0.30", "0.00", "0.00"))
    dearer = (Ending(says=("charged $0.55 for A-1, estimated $0.40",)),)
    yield _fine(
        "cost not the price, but more",
        "{on: render, fault: cost, value: 0.55}",
        runs=dearer,
        money=("0.55", "0.00", "0.00"),
    )
    yield _fine("cost told at the second look", "{on: poll, fault: cost, value: missing, times: 1}")


POLL = (*_answers(), *_outputs(), *_words(), *_ends_of_predictions(), *_costs())
