"""A history that hides what is looked for: every submit here was accepted and its answer lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.proof.faults_submit import FOUND, HELD, STILL_HELD, adopted
from tests.proof.scenes import Ending, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

LOST = "{on: submit, fault: lost_answer_after_accept}"
_GRACE = {"reconcile": {"grace": 400}}  # a second at this speed
_FOREIGN = "{on: executions, fault: foreign, rows: 150}"


def _found(name: str, *rules: str) -> Fault:
    return adopted(name, LOST, *rules)


def _hidden(name: str, *rules: str, says: str = "") -> Fault:
    """Give a history that never shows it: held and never bought again, although it was made."""
    first = Ending(exit=HELD.exit, items=HELD.items, says=(*HELD.says, says))
    return Fault(
        name=name,
        rules=(LOST, *rules),
        job=_GRACE,
        runs=(first, STILL_HELD),
        events={"Intended": 1, "Held": 1, "Adopted": 0},
        money=("0.00", "0.40", "0.00"),
    )


def _later(name: str, *rules: str, after: float = 0.0) -> Fault:
    """Give a history that shows it when it is held already: the next run adopts it."""
    return Fault(
        name=name,
        rules=(LOST, *rules),
        job=_GRACE,
        runs=(HELD, Ending(after=after, says=("the lost answer was found",))),
        events={"Intended": 1, "Held": 1, "Adopted": 1},
    )


def _all() -> Iterator[Fault]:
    yield _found("executions late by minutes", "{on: executions, fault: late, seconds: 300}")
    yield _later("executions late beyond the grace period", "{on: executions, fault: late, seconds: 800}", after=1.5)
    yield _hidden("executions that never show it", "{on: render, fault: unlisted}", says="read to its end")
    yield _found("executions shuffled", "{on: executions, fault: shuffled}", _FOREIGN)
    yield _found("executions with rows arriving while paging", _FOREIGN, "{on: executions, fault: arriving, rows: 30}")
    yield _hidden("executions with a capped total", _FOREIGN, "{on: executions, fault: capped, rows: 100}")
    yield _hidden(
        "executions failing on page two",
        _FOREIGN,
        "{on: executions, fault: page_fails, page: 2}",
        says="not readable to its end",
    )
    yield _found(
        "executions failing on page two for a while", _FOREIGN, "{on: executions, fault: page_fails, times: 4}"
    )
    yield _found("executions answering 503 for a while", "{on: executions, fault: status, status: 503, times: 4}")
    yield _hidden(
        "executions answering with HTML for ever", "{on: executions, fault: html}", says="not readable to its end"
    )
    yield _found("ten thousand foreign rows", "{on: executions, fault: foreign, rows: 10000}")
    yield _found("image_url with its slashes encoded", "{on: render, fault: echo, form: percent}")
    yield _found("image_url with its id encoded", "{on: render, fault: echo, form: percent_id}")
    yield _found("image_url with a query behind it", "{on: render, fault: echo, form: query}")
    yield _hidden("image_url not shown at all", "{on: render, fault: echo, form: missing}")
    yield Fault(
        name="executions that show a stranger first",
        rules=(LOST, "{on: executions, fault: foreign, rows: 20}", "{on: render, fault: listed_late, seconds: 200}"),
        runs=(FOUND,),
        events={"Adopted": 1},
    )


EXECUTIONS = tuple(_all())
