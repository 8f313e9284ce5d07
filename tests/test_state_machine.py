"""Random lives of a job: the real state and the simulator's pure world, with what must hold checked after every step.

The ordinary run takes some seconds. `SORA_BATCH_LIVES=5000 pytest tests/test_state_machine.py` lives that many.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from batch.core import events as ev
from batch.core import lifecycle, retry
from batch.core.decision import Judgement
from batch.core.lifecycle import RESOLVABLE, UNPAID, AttemptState, Phase
from batch.simulator.faults import KINDS, Fault
from batch.simulator.world import Rules
from batch.store.changes import Caps
from tests import rehearsal
from tests.rehearsal import CONCURRENCY, Rehearsal, Way, check_everything, finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from batch.core.lifecycle import Record

pytestmark = pytest.mark.proof


CODES = (
    "PROVIDER_SERVER_ERROR",
    "WORKER_LOST",
    "PROVIDER_FAILED",
    "INPUT_DOWNLOAD_ERROR",
    "PROVIDER_AUTH_ERROR",
    "PIPELINE_CONFIG_ERROR",
    "INPUT_VALIDATION_ERROR",
    "PROVIDER_BAD_REQUEST",
    "PROVIDER_REJECTED",
    "SOMETHING_NEW",
)
PICKS = st.integers(0, 7)
PRICE = 400_000


def fault(name: str, **options: Any) -> Fault:
    """Give a fault of the simulator's with its defaults filled in."""
    return Fault(name=name, options={key: option.default for key, option in KINDS[name].options.items()} | options)


ENDINGS = st.one_of(
    st.just(()),
    st.just(()),
    st.just(()),
    st.sampled_from(CODES).map(lambda code: (fault("error", error_code=code),)),
    st.sampled_from(CODES).map(lambda code: (fault("error", error_code=code, cost=0.25),)),
    st.sampled_from(CODES).map(lambda code: (fault("error", error_code=code), fault("cost", value="missing"))),
    st.booleans().map(lambda retryable: (fault("error", error_code=None, retryable=retryable),)),
    st.sampled_from(
        [
            (fault("refused"),),
            (fault("refused", by="sentinel_block", cost=0.4),),
            (fault("stuck"),),
            (fault("cancelled"),),
            (fault("unlisted"),),
            (fault("listed_late", seconds=600),),
            (fault("slow_render", seconds=4000),),
            (fault("output", shape="none"),),
            (fault("output", shape="object_video"),),
        ]
    ),
    st.sampled_from(["missing", "n/a", "nan", 0, 0.39, 0.55]).map(lambda value: (fault("cost", value=value),)),
)
SPANS = st.sampled_from([400.0, 250.0, 1.0, 1_000.0, 30_000.0, 90_000.0])
LOOKS = st.sampled_from(["seen", "seen", "costless", "unknown", "unfinished"])
WHAT = st.sampled_from(
    [*["submit"] * 3, *["look"] * 3, "reconcile", "hear", "interfere", "change", "decide", "resolve"]
)
JUDGEMENTS = st.sampled_from([Judgement.REDO, Judgement.REDO, *Judgement])
WAYS = st.sampled_from([Way.ARRIVES, Way.ARRIVES, Way.ARRIVES, *Way])
ANSWERS = st.sampled_from(["comes", "comes", "is lost", "is waited for", "names another"])
VERDICTS = st.sampled_from(["give up", "adopt", "adopt", "free"])
TROUBLE = st.sampled_from(["die", "die", "restart", "go on", "cancel", "intrude", "tidy"])
PLANS = st.sampled_from(["abcdef", "abc", "bcdefgh"])
JUMPS = st.sampled_from([-3_600.0, 0.0, 3_600.0])
LIMITS = st.builds(
    Caps,
    run=st.sampled_from([None, None, PRICE, 3 * PRICE - 1]),
    day=st.sampled_from([None, None, 2 * PRICE, 5 * PRICE]),
    item=st.sampled_from([None, None, PRICE, 2 * PRICE]),
)
RULES = st.builds(
    Rules,
    seed=st.integers(0, 3),
    lag=st.sampled_from([0.0, 60.0, 1_200.0]),
    concurrency=st.sampled_from([None, None, 1]),
    money=st.sampled_from([Decimal(1000), Decimal(1000), Decimal(1)]),
)


class Lives(RuleBasedStateMachine):
    """What may happen to a job, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.shell: Rehearsal | None = None

    @property
    def _shell(self) -> Rehearsal:
        assert self.shell is not None
        return self.shell

    def _pick(self, pick: int, *phases: Phase) -> Record | None:
        found = self._shell.standing(*phases)
        return found[pick % len(found)] if found else None

    @initialize(caps=LIMITS, rules=RULES)
    def begin(self, caps: Caps, rules: Rules) -> None:
        """A new job with three items."""
        folder = Path(self._folder.name)
        (folder / "0").mkdir()
        self.shell = Rehearsal(folder=folder, caps=caps, rules=rules)

    @rule(what=WHAT, data=st.data())
    def live(self, what: str, data: st.DataObject) -> None:
        """One thing happens. A single rule, since hypothesis switches rules off in each life, and all are needed."""
        pick = data.draw(PICKS)
        match what:
            case "submit":
                self._submit(pick, data.draw(WAYS), data.draw(ENDINGS), data.draw(ANSWERS))
            case "look":
                self._look(pick, data.draw(SPANS), data.draw(LOOKS), data.draw(st.booleans()))
            case "reconcile":
                self._reconcile(pick, data.draw(SPANS), data.draw(st.booleans()))
            case "hear":
                self._hear(pick, data.draw(st.booleans()))
            case "interfere":
                self._interfere(pick, data.draw(TROUBLE))
            case "decide":
                self._decide(pick, data.draw(JUDGEMENTS), data.draw(st.sampled_from([None, "pull back"])))
            case "resolve":
                self._resolve(pick, data.draw(VERDICTS))
            case _:
                self._change(data.draw(PLANS), data.draw(JUMPS))

    def _submit(self, pick: int, way: Way, ending: tuple[Fault, ...], answer: str) -> None:
        """An item is bought, as far as its POST, or further."""
        ready, shell = self._shell.ready(), self._shell
        if not ready or len(shell.open) == CONCURRENCY:
            return
        before = len(shell.open)
        shell.submit(ready[pick % len(ready)], way, ending)
        if answer != "is waited for" and len(shell.open) > before:
            shell.hear(shell.open[-1], lost=answer == "is lost", swapped=answer == "names another")

    def _hear(self, pick: int, lost: bool) -> None:
        """An answer comes, or does not."""
        opened = self._shell.open
        if opened:
            self._shell.hear(opened[pick % len(opened)], lost=lost)

    def _look(self, pick: int, seconds: float, what: str, fetched: bool) -> None:
        """Time passes, a prediction is looked at, and a clip that is made is fetched, or cannot be."""
        self._shell.pass_time(seconds)
        running = self._pick(pick, Phase.RUNNING, Phase.MISSING)
        if running is not None:
            self._shell.poll(running, **({} if what == "seen" else {what: True}))
        made = self._pick(pick, Phase.RENDERED, Phase.UNCOLLECTED)
        if made is not None and pick:
            self._shell.collect(made, works=fetched)

    def _reconcile(self, pick: int, seconds: float, arrives: bool) -> None:
        """A POST that nobody waits for any more may reach the provider, and a lost answer is looked up."""
        if self._shell.late and arrives:
            self._shell.arrive(self._shell.late.pop(0))
        self._shell.pass_time(seconds)
        record = self._pick(pick, Phase.UNCONFIRMED, Phase.HELD)
        if record is not None:
            self._shell.reconcile(record)

    def _interfere(self, pick: int, what: str) -> None:
        """A prediction is cancelled, uploads are deleted, a part asks out of turn, the process dies or is ended."""
        shell = self._shell
        match what:
            case "cancel" if (running := self._pick(pick, Phase.RUNNING)) is not None:
                shell.cancel(running)
            case "intrude" if (busy := self._pick(pick, *set(Phase) - {Phase.PLANNED})) is not None:
                shell.intrude(busy.item_id)
            case "die":
                opened = len(shell.open)
                assert shell.die() <= opened, "a death left more in doubt than there were open POSTs"
            case "restart" | "go on":
                shell.restart(signalled=what == "go on")
            case _:
                shell.tidy()

    def _change(self, skus: str, jump: float) -> None:
        """The manifest has changed, and our own clock is set wrong, or right."""
        self._shell.plan(skus)
        self._shell.jump = jump

    def _decide(self, pick: int, judgement: Judgement, prompt: str | None) -> None:
        """A person has looked at a clip."""
        if (made := self._pick(pick, Phase.DONE)) is not None:
            self._shell.decide(made.item_id, judgement, prompt)

    def _resolve(self, pick: int, verdict: str) -> None:
        """A person decides about an item that waits for one, or takes back that it was given up."""
        shell = self._shell
        match verdict:
            case "give up" if (waits := self._pick(pick, *RESOLVABLE)) is not None:
                shell.give_up(waits)
            case "adopt" if (lost := self._pick(pick, Phase.UNCONFIRMED, Phase.HELD, Phase.ABANDONED)) is not None:
                shell.adopt(lost)
            case "free" if (held := self._pick(pick, Phase.UNCONFIRMED, Phase.HELD)) is not None:
                shell.free(held)

    @invariant()
    def everything_holds(self) -> None:
        """The books are right, and nothing is paid twice or lost."""
        if self.shell is not None:
            check_everything(self.shell)

    def teardown(self) -> None:
        """Live to the end, unless something was found already."""
        try:
            if self.shell is not None:
                if sys.exc_info()[0] is None:
                    finish(self.shell)
                self.shell.close()
        finally:
            self._folder.cleanup()


LIVES = int(os.environ.get("SORA_BATCH_LIVES", "30"))


def test_nothing_is_paid_twice_and_nothing_lost_in_any_life() -> None:
    """Lost and late answers, every kind of failure, deaths, wrong clocks, new runs, days and plans, under caps."""
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


# The test of the test: each of these defects must be found, and soon.

REAL_ADVANCE = lifecycle.advance


def mutated(change: Callable[[Record, ev.Event, Record], Record]) -> Callable[[Record, ev.Event], Record]:
    """Give an `advance` with a defect: what follows is changed."""

    def advance(record: Record, event: ev.Event) -> Record:
        return change(record, event, REAL_ADVANCE(record, event))

    return advance


def resubmits(_: Record, event: ev.Event, after: Record) -> Record:
    """An attempt whose answer is lost is planned again."""
    return replace(after, phase=Phase.PLANNED) if isinstance(event, ev.SubmitUnclear) else after


def gives_up(_: Record, event: ev.Event, after: Record) -> Record:
    """What was not found has failed."""
    return replace(after, phase=Phase.FAILED) if isinstance(event, ev.Held) else after


def buys_refused_again(_: Record, event: ev.Event, after: Record) -> Record:
    """Every failure may be bought again."""
    return replace(after, phase=Phase.PLANNED) if isinstance(event, ev.Failed) else after


def forgets_costs(_: Record, event: ev.Event, after: Record) -> Record:
    """A cost that comes late is not taken in."""
    if isinstance(event, ev.CostSettled) and after.attempt is not None:
        return replace(after, attempt=replace(after.attempt, settled=None, unsettled_for_good=True))
    return after


def forgets_what_is_given_up(_: Record, event: ev.Event, after: Record) -> Record:
    """What a person gave up was not paid for."""
    if isinstance(event, ev.Abandoned) and after.attempt is not None:
        return replace(after, attempt=replace(after.attempt, unsettled_for_good=False))
    return after


def moves_back(before: Record, event: ev.Event, after: Record) -> Record:
    """A clip that is here is wanted once more."""
    return replace(after, phase=before.phase) if isinstance(event, ev.Downloaded) else after


DEFECTS: dict[str, tuple[str, Any]] = {
    "caps are not looked at": ("batch.store.changes.cap_reached", lambda *_: None),
    "caps forget what is reserved": ("batch.store.changes._committed", lambda *_: 0),
    "lost answers are sent again": ("batch.store.changes.advance", mutated(resubmits)),
    "what is not found has failed": ("batch.store.changes.advance", mutated(gives_up)),
    "every failure is bought again": ("batch.store.changes.advance", mutated(buys_refused_again)),
    "late costs are forgotten": ("batch.store.changes.advance", mutated(forgets_costs)),
    "what is given up costs nothing": ("batch.store.changes.advance", mutated(forgets_what_is_given_up)),
    "an answer is believed whatever its prediction shows": ("batch.store.lookups.attempt_of_echo", lambda *_: None),
    "a download ends nothing": ("batch.store.changes.advance", mutated(moves_back)),
    "the retry table says yes to all": ("tests.rehearsal.decide", lambda *_, **__: retry.BuyAgain(after=1.0)),
    "unconfirmed money is freed": ("batch.core.lifecycle.UNPAID", UNPAID | {AttemptState.UNCONFIRMED}),
    "an intent whose process died is left open": ("batch.store.changes.recover", lambda *_: 0),
    "money moves nowhere": ("batch.store.changes._move_money", lambda *_: None),
    "the tally stands still": ("batch.store.changes._move_tally", lambda *_: None),
    "a redo leaves the old take in the plan": ("batch.store.takes.leave_plan", lambda *_: None),
    "a plan forgets redos": ("batch.store.takes.overrides", lambda _: ()),
    "uploads in doubt are deleted": ("batch.store.queries.settled_uploads", lambda c, _: rehearsal.all_uploads(c)),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_found(monkeypatch: pytest.MonkeyPatch, defect: str) -> None:
    """A machine that cannot fail would prove nothing."""
    monkeypatch.setattr(*DEFECTS[defect])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Lives,
            settings=settings(
                max_examples=100,
                stateful_step_count=40,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Stage.generate],
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
            ),
        )
