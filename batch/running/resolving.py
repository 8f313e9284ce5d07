"""What a person decides about an item that this program cannot judge, and what is shown for it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.lifecycle import RESOLVABLE, Attempt, Phase, Record
from batch.core.money import format_usd, from_micros
from batch.core.prediction import NoAnswer, Seen, UnknownId
from batch.core.timing import timing_of
from batch.errors import KeyRefused, Problem, Unavailable, UsageProblem
from batch.models import profile_for
from batch.running.accounting import Decided, let_go, take_in
from batch.running.desking import provider_for
from batch.running.evidence import Echo, Evidence, gather, read_echo
from batch.running.history import BEFORE
from batch.running.person import this_person
from batch.store import lookups, queries
from batch.store.changes import read_one
from batch.store.state import Binding, read_state
from batch.store.store import open_store

if TYPE_CHECKING:
    import sqlite3

    from batch.inputs.jobfile import LoadedJob
    from batch.providers.base import Provider
    from batch.running.clock import Clock
    from batch.store.lookups import Named
    from batch.store.queries import Article
    from batch.store.store import Store


class Verdict(StrEnum):
    """What a person can decide."""

    ADOPT = "adopt"
    NOT_CHARGED = "not-charged"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's word.

    Attributes:
        prediction_id: What to adopt; empty for all other verdicts.
        reason: In that person's own words; may be empty.
        force: Decide so although the provider speaks against it.
    """

    verdict: Verdict
    prediction_id: str = ""
    reason: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an item that needs a decision.

    Attributes:
        evidence: What the provider shows around its newest attempt; None where there was none or it was not asked.
    """

    article: Article
    record: Record
    evidence: Evidence | None = None

    @property
    def attempt(self) -> Attempt:
        """The newest attempt; only asked for where there is one."""
        assert self.record.attempt is not None
        return self.record.attempt


async def look_up(loaded: LoadedJob, words: str) -> Known:
    """Say what is known of an item; takes no lock and changes nothing, so it works beside a run.

    Raises:
        UsageProblem: If no item, or more than one, is meant.
        Problem: If the state cannot be read.
    """
    with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as connection:
        item_id = choose(connection, words).item_id
        article, record = queries.article(connection, item_id), read_one(connection, item_id)
        known = Known(article=article, record=record)
        if record.attempt is None:
            return known
        try:
            async with provider_for(loaded) as (provider, _):
                evidence = await _evidence(loaded, provider, connection, known)
        except Problem as problem:  # the state's own side is worth showing without the provider's
            evidence = Evidence(trouble=problem.what)
        return replace(known, evidence=evidence)


async def decide(loaded: LoadedJob, words: str, decision: Decision, clock: Clock) -> Decided:
    """Make a decision an event of the item.

    Raises:
        Busy: If a run is at work on this job.
        UsageProblem: If the decision cannot be meant, or the provider speaks against it and `force` is not set.
        Unavailable: If the provider has to be asked and does not answer.
    """
    location = loaded.location
    store = await open_store(location.state, Binding.of(location), now=clock.now())
    try:
        if words in queries.unaccounted(store.reader):
            return await _let_go(store, words, decision)
        item_id = choose(store.reader, words).item_id
        article, record = queries.article(store.reader, item_id), read_one(store.reader, item_id)
        if record.phase is Phase.PLANNED and decision.prediction_id in queries.unaccounted(store.reader):
            return await take_in(loaded, store, article, decision.prediction_id, _source(decision))
        taken_back = decision.verdict is Verdict.ADOPT and record.let_go
        if record.attempt is None or not (record.phase in RESOLVABLE or taken_back):
            raise UsageProblem(
                f"{article.sku} is {record.phase}: there is nothing to decide", hint="`sora-batch status` says more"
            )
        return await _Deciding(loaded, store, Known(article=article, record=record), decision, clock).event()
    finally:
        await store.close()


def choose(connection: sqlite3.Connection, words: str) -> Named:
    """Find the one item that a person means by a SKU or the beginning of a key.

    Of several items of a SKU the one is meant that waits for a person, if there is just one.

    Raises:
        UsageProblem: If there is none, or more than one.
    """
    found = lookups.items_named(connection, words)
    if not found:
        raise UsageProblem(
            f"no item has the SKU {words!r}, nor a key that begins so",
            hint="give a SKU as in the manifest, or at least four digits of an item's key",
        )
    waiting = [one for one in found if one.phase in RESOLVABLE]
    meant = found if len(found) == 1 else waiting
    if len(meant) == 1:
        return meant[0]
    lines = "\n".join(
        f"  {one.key[:12]}  {one.sku}  {one.aspect} {one.duration} s, variant {one.variant}, take {one.take}:"
        f" {one.phase}"
        for one in (waiting or found)[:20]
    )
    raise UsageProblem(f"{words!r} names {len(waiting or found)} items:\n{lines}", hint="give the key's beginning")


class _Deciding:
    """One decision about one item, with the state locked."""

    def __init__(self, loaded: LoadedJob, store: Store, known: Known, decision: Decision, clock: Clock) -> None:
        self._loaded = loaded
        self._store = store
        self._known = known
        self._article = known.article
        self._record = known.record
        self._attempt = known.attempt
        self._decision = decision
        self._clock = clock
        self._notes: list[str] = []

    async def event(self) -> Decided:
        """Check the decision against what the provider says, and write it down."""
        decision = self._decision
        match decision.verdict:
            case Verdict.ADOPT:
                event: ev.Event = await self._adopt(decision.prediction_id)
            case Verdict.NOT_CHARGED:
                event = await self._not_charged()
            case Verdict.ABANDON:
                event = ev.Abandoned(at=self._clock.now(), by=this_person(), reason=decision.reason)
        record = await self._store.apply(self._record.item_id, event)
        return Decided(article=self._article, record=record, notes=tuple(self._notes))

    async def _adopt(self, prediction_id: str) -> ev.AdoptedByHand:
        self._check_free(prediction_id)
        async with provider_for(self._loaded) as (provider, _):
            outcome = await provider.poll(prediction_id)
        match outcome:
            case UnknownId():
                raise UsageProblem(
                    f"the provider knows no prediction {prediction_id}", hint="look at the id; nothing was changed"
                )
            case NoAnswer():
                raise _silent(outcome)
            case Seen(prediction=prediction):
                echo, owner = read_echo(self._store.reader, self._attempt, prediction.image_url)
        self._weigh(prediction_id, echo, owner)
        return ev.AdoptedByHand(
            at=self._clock.now(),
            by=this_person(),
            reason=self._decision.reason,
            prediction_id=prediction_id,
            echo=echo.value,
        )

    def _check_free(self, prediction_id: str) -> None:
        """Refuse what is another item's already: one clip cannot be two."""
        if self._record.phase is Phase.UNCOLLECTED:
            raise UsageProblem(
                f"{self._article.sku} has a prediction that was made, {self._attempt.prediction_id}",
                hint="`sora-batch collect` tries its clip again; or give --abandon, or --not-charged",
            )
        owner = lookups.item_of_prediction(self._store.reader, prediction_id)
        if owner == self._record.item_id:
            raise UsageProblem(
                f"{prediction_id} is this item's already", hint="every run looks whether the provider knows it again"
            )
        if owner is not None:
            sku = lookups.sku_of(self._store.reader, owner)
            raise UsageProblem(
                f"{prediction_id} belongs to another item, {sku}", hint="look at the id; nothing was changed"
            )

    def _weigh(self, prediction_id: str, echo: Echo, owner: str) -> None:
        if echo is Echo.MATCHES:
            return
        if echo is Echo.HIDDEN:
            self._notes.append(f"the provider does not show which picture {prediction_id} was made from")
            return
        whose = f"an upload of {owner}" if echo is Echo.ANOTHERS else "a picture that this job never uploaded"
        self._object(f"{prediction_id} was made from {whose}")

    async def _not_charged(self) -> ev.NotCharged:
        """Let an attempt go as free, unless the provider shows that it was made, or may still come to show it."""
        async with provider_for(self._loaded) as (provider, _):
            evidence = await _evidence(self._loaded, provider, self._store.reader, self._known)
            await self._check_own(provider)
        if evidence.matching:
            found = ", ".join(evidence.matching)
            self._object(f"the provider made {found} from this item's upload: --adopt it")
        elif evidence.trouble:
            self._object(f"the provider's history cannot be read: {evidence.trouble}")
        elif not evidence.complete:
            self._object("the provider's history could not be read to its end: it may still show the prediction")
        elif not self._attempt.prediction_id and (left := self._grace_left()) > 0:
            self._object(
                f"the provider's history may be late: for another {left:.0f} s that it shows none says nothing"
            )
        return ev.NotCharged(at=self._clock.now(), by=this_person(), reason=self._decision.reason)

    def _grace_left(self) -> float:
        grace = timing_of(self._loaded.job, profile_for(self._loaded).eta_seconds).grace
        return self._attempt.intent_at + grace - self._clock.now()

    async def _check_own(self, provider: Provider) -> None:
        """Look at the prediction that the attempt already has, if any."""
        if self._attempt.settled:
            cost = format_usd(from_micros(self._attempt.settled))
            self._object(f"the provider said that it charged ${cost} for {self._attempt.prediction_id}")
        elif self._attempt.prediction_id and isinstance(await provider.poll(self._attempt.prediction_id), Seen):
            self._object(f"the provider knows {self._attempt.prediction_id}: `sora-batch collect` goes on with it")

    def _object(self, what: str) -> None:
        """Speak against the decision; it stands only where the person has insisted."""
        if not self._decision.force:
            raise UsageProblem(what, hint="nothing was changed; --force decides so all the same")
        self._notes.append(f"{what}; decided all the same")


async def _evidence(loaded: LoadedJob, provider: Provider, connection: sqlite3.Connection, known: Known) -> Evidence:
    grace = timing_of(loaded.job, profile_for(loaded).eta_seconds).grace
    until = known.attempt.intent_there + grace + BEFORE
    return await gather(provider, connection, known.article.model, known.attempt, until=until)


def _silent(answer: NoAnswer) -> Problem:
    if answer.key_refused:
        return KeyRefused(f"the provider refused the key: {answer.message}", hint="check EACHLABS_API_KEY")
    return Unavailable(f"the provider did not answer: {answer.message}", hint="try again later; nothing was changed")


async def _let_go(store: Store, prediction_id: str, decision: Decision) -> Decided:
    """Take a person's word that a prediction is nobody's here, or is given up: buying may go on."""
    if decision.verdict is Verdict.ADOPT:
        raise UsageProblem(
            "an item adopts a prediction", hint=f"give the item: resolve JOB ITEM --adopt {prediction_id}"
        )
    await let_go(store, prediction_id)
    left = len(queries.unaccounted(store.reader))
    return Decided(notes=(f"{prediction_id} is no longer waited for; {left} are left",))


def _source(decision: Decision) -> str:
    return f"{this_person()}: {decision.reason}" if decision.reason else this_person()
