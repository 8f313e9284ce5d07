"""Looks at running predictions when it is worth it, and says what became of them."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.echo import names_upload
from batch.core.ending import Cause
from batch.core.lifecycle import Phase
from batch.core.money import format_usd, from_micros, to_micros
from batch.core.prediction import Failure, NoAnswer, Prediction, Seen, Status, UnknownId
from batch.core.retry import NO_OUTPUT, BuyAgain, GiveUp, Refused, decide
from batch.running.uploads import discard
from batch.store import lookups

if TYPE_CHECKING:
    from batch.core.lifecycle import Record
    from batch.running.collector import Collector
    from batch.running.desk import Desk
    from batch.running.feed import Feed
    from batch.running.reconciler import Reconciler
    from batch.store.queries import Article

_LOOKS_AT_ONCE = 64
_STRANGE_IDS = 3
_MORE_LOOKS = 2
_TROUBLE = 4


@dataclass(slots=True, kw_only=True)
class Watched:
    """A prediction that is looked at.

    Attributes:
        since: When its submit was answered, on the clock's ticks: the system's time may be set while it renders.
        from_before: Whether an earlier run bought it, or its answer was lost.
        looked_at: Age in seconds at the last look.
        unknown_since: When the provider first said that it does not know it.
        without_clip: How often it was seen to have succeeded without giving a clip.
    """

    article: Article
    record: Record
    since: float
    from_before: bool
    looked_at: float = 0.0
    unknown_since: float | None = None
    without_clip: int = 0
    trouble: int = 0


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    watched: Watched = field(compare=False)


class Watch:
    """Polls every running prediction from a heap of due times.

    Args:
        reconciler: Where attempts go whose answer turns out to have named another's prediction.
        once: Look at each prediction a single time and let go of those that are still running.
    """

    def __init__(
        self, desk: Desk, feed: Feed, collector: Collector, reconciler: Reconciler, *, once: bool = False
    ) -> None:
        self._desk = desk
        self._feed = feed
        self._collector = collector
        self._reconciler = reconciler
        self._once = once
        self._heap: list[_Due] = []
        self._numbers = itertools.count()
        self._added = asyncio.Event()
        self._slots = asyncio.Semaphore(_LOOKS_AT_ONCE)
        self._strange = 0
        self._familiar = False
        self._silent_since: float | None = None
        self.running = 0

    def add(self, article: Article, record: Record, *, from_before: bool = False) -> None:
        """Begin to look at a running prediction; its place in flight is taken already."""
        attempt = record.attempt
        since = self._desk.clock.ticks()
        if attempt is not None and from_before:
            since -= max(0.0, self._desk.clock.now() - (attempt.answered_at or attempt.intent_at))
        watched = Watched(article=article, record=record, since=since, from_before=from_before)
        self._desk.begin()
        self.running += 1
        pause = 0.0 if from_before else self._desk.durations.next_look(0.0)
        self._schedule(watched, pause)

    async def work(self) -> None:
        """Look at what is due, for ever; cancelled when the run is over."""
        async with asyncio.TaskGroup() as looks:
            while True:
                now = self._desk.clock.ticks()
                while self._heap and self._heap[0].at <= now:
                    await self._slots.acquire()
                    looks.create_task(self._look(heapq.heappop(self._heap).watched))
                self._added.clear()
                pause = self._heap[0].at - now if self._heap else None
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._added.wait()

    def _schedule(self, watched: Watched, pause: float) -> None:
        heapq.heappush(self._heap, _Due(self._desk.clock.ticks() + pause, next(self._numbers), watched))
        self._added.set()

    async def _look(self, watched: Watched) -> None:
        try:
            outcome = await self._desk.provider.poll(watched.record.prediction_id)
        finally:
            self._slots.release()
        match outcome:
            case Seen(prediction=prediction):
                self._familiar, self._silent_since = True, None
                watched.trouble = 0
                await self._seen(watched, prediction)
            case UnknownId():
                self._silent_since = None
                await self._unknown(watched)
            case NoAnswer():
                self._no_answer(watched, outcome)

    async def _seen(self, watched: Watched, prediction: Prediction) -> None:
        watched.unknown_since = None
        owner = self._other_owner(watched.record, prediction)
        if owner is not None:
            await self._disown(watched, owner)
            return
        if watched.record.phase is Phase.MISSING and prediction.status is Status.RUNNING:
            found = ev.Found(at=self._desk.clock.now())
            watched.record = await self._desk.store.apply(watched.record.item_id, found)
            self._desk.gate.occupy()
        attempt = watched.record.attempt
        if attempt is not None and prediction.image_url and names_upload(prediction.image_url, attempt.upload_id):
            self._desk.echo_seen()
        match prediction.status:
            case Status.RUNNING:
                self._still_running(watched)
            case Status.SUCCEEDED if prediction.output_urls:
                await self._rendered(watched, prediction)
            case Status.SUCCEEDED:
                await self._without_clip(watched, prediction)
            case Status.FAILED:
                failure = prediction.failure or Failure(code=None, message="the provider gives no reason")
                await self._failed(watched, prediction, failure)
            case Status.CANCELLED:
                await self._cancelled(watched, prediction)

    def _other_owner(self, record: Record, prediction: Prediction) -> int | None:
        """Give the item whose picture a prediction shows, if only an answer of the provider says that it is ours."""
        attempt, echo = record.attempt, prediction.image_url
        if attempt is None or not echo or names_upload(echo, attempt.upload_id):
            return None
        reader = self._desk.store.reader
        owner = lookups.attempt_of_echo(reader, echo)
        if owner is None or not lookups.named_by_its_answer(reader, record.item_id, record.prediction_id):
            return None
        return owner[0]

    async def _disown(self, watched: Watched, owner: int) -> None:
        """Leave a prediction to whom it belongs, and look up what was made for us."""
        desk, record = self._desk, watched.record
        sku = lookups.sku_of(desk.store.reader, owner)
        message = f"the submit's answer named prediction {record.prediction_id}, which was made from a picture of {sku}"
        lost = await desk.store.apply(record.item_id, ev.Disowned(at=desk.clock.now(), message=message))
        desk.note(f"{watched.article.sku}: {message}; what was made for it is looked up")
        if record.phase is Phase.MISSING:
            desk.gate.occupy()
        self._reconciler.add(watched.article, lost)
        self._let_go(watched, keeps_place=True)

    def _still_running(self, watched: Watched) -> None:
        desk = self._desk
        age = desk.clock.ticks() - watched.since
        watched.looked_at = age
        if self._once:
            self._let_go(watched, keeps_place=True)
        elif age > desk.timing.deadline:
            self._overdue(watched)
        else:
            self._schedule(watched, desk.durations.next_look(age))

    def _overdue(self, watched: Watched) -> None:
        self._desk.overdue.add(watched.record.item_id)
        self._desk.note(
            f"{watched.article.sku}: prediction {watched.record.prediction_id} is past item_deadline; it waits for the"
            " next run and is not bought again"
        )
        self._let_go(watched, keeps_place=True)

    def _let_go(self, watched: Watched, *, keeps_place: bool = False) -> None:
        """Look no longer. A prediction that goes on without us keeps its place in flight."""
        self.running -= 1
        holds = watched.record.phase is not Phase.MISSING
        if holds and not keeps_place:
            self._desk.gate.leave()
        self._desk.gate.settled()
        self._desk.end()

    async def _rendered(self, watched: Watched, prediction: Prediction) -> None:
        desk = self._desk
        now = desk.clock.now()
        if not watched.from_before:
            desk.durations.learn(after=watched.looked_at, until=desk.clock.ticks() - watched.since)
        cost = prediction.cost or None  # 0 for a clip is no answer
        event = ev.Rendered(at=now, cost=None if cost is None else to_micros(cost), render_seconds=prediction.seconds)
        record = await desk.store.apply(watched.record.item_id, event)
        if event.cost is not None:
            desk.learn_price(watched.article, event.cost)
        desk.verdict(failed=False)
        self._collector.add(watched.article, record, prediction.output_urls)
        self._let_go(watched)

    async def _without_clip(self, watched: Watched, prediction: Prediction) -> None:
        """Look twice more at a success that gives no clip: its address, or what it cost, may come a little later."""
        watched.without_clip += 1
        if watched.without_clip <= _MORE_LOOKS:
            self._schedule(watched, self._desk.timing.poll_min)
            return
        failure = Failure(code=NO_OUTPUT, message="the provider says success and gives no clip")
        await self._failed(watched, replace(prediction, cost=prediction.cost or None), failure)  # 0 is no answer here

    async def _failed(self, watched: Watched, prediction: Prediction, failure: Failure) -> None:
        desk, record = self._desk, watched.record
        now = desk.clock.now()
        decision = decide(
            failure,
            earlier_codes=record.codes,
            accepted=record.accepted,
            attempts=desk.job.retries.attempts,
            pause=desk.timing.retry_pause,
        )
        event = ev.Failed(
            at=now,
            code=failure.code,
            message=failure.message,
            refused=isinstance(decision, Refused),
            cost=None if prediction.cost is None else to_micros(prediction.cost),
            render_seconds=prediction.seconds,
            retry_at=now + decision.after if isinstance(decision, BuyAgain) else None,
        )
        await desk.store.apply(record.item_id, event)
        discard(desk, record)
        if event.cost is not None:
            desk.learn_price(watched.article, event.cost)
        if isinstance(decision, BuyAgain):
            self._feed.put_back(record.item_id, decision.after)
        desk.watcher.note(f"{watched.article.sku}: {_in_words(failure, decision)}")
        desk.verdict(failed=True, final=event.retry_at is None)
        self._let_go(watched)

    async def _cancelled(self, watched: Watched, prediction: Prediction) -> None:
        cost = to_micros(prediction.cost) if prediction.cost is not None else 0  # the provider does not bill these
        message = "cancelled at the provider"
        await self._desk.store.apply(
            watched.record.item_id, ev.Cancelled(at=self._desk.clock.now(), cost=cost, message=message)
        )
        discard(self._desk, watched.record)
        self._desk.watcher.note(f"{watched.article.sku}: {message}; charged ${format_usd(from_micros(cost))}")
        self._let_go(watched)

    async def _unknown(self, watched: Watched) -> None:
        """Bear with an id of ours that the provider does not know, for ten minutes."""
        desk = self._desk
        known_missing = watched.record.phase is Phase.MISSING  # says nothing of the key
        if watched.from_before and not known_missing and not self._familiar and watched.unknown_since is None:
            self._strange += 1
            if self._strange >= _STRANGE_IDS:
                message = f"the provider knows none of our first {_STRANGE_IDS} predictions"
                desk.stop(
                    Cause.KEY_REFUSED, message, "the key is probably another account's; use the one that bought them"
                )
                return
        now = desk.clock.ticks()
        watched.unknown_since = watched.unknown_since or now
        if known_missing:
            self._let_go(watched)
        elif now - watched.unknown_since < desk.timing.missing_after and not self._once:
            self._schedule(watched, desk.timing.poll_min)
        elif self._once and now - watched.since < desk.timing.missing_after:
            self._let_go(watched, keeps_place=True)
        else:
            message = f"the provider no longer knows prediction {watched.record.prediction_id}"
            await desk.store.apply(watched.record.item_id, ev.Missed(at=desk.clock.now(), message=message))
            desk.note(f"{watched.article.sku}: {message}; its money stays reserved until a person decides")
            self._let_go(watched)

    def _no_answer(self, watched: Watched, outcome: NoAnswer) -> None:
        desk = self._desk
        if outcome.key_refused:
            desk.stop(Cause.KEY_REFUSED, f"the key was refused: {outcome.message}", "check EACHLABS_API_KEY")
            return
        now = desk.clock.ticks()
        self._silent_since = self._silent_since or now
        if now - self._silent_since > desk.timing.missing_after:
            hint = "run the same command again later; what was bought is remembered"
            desk.stop(Cause.UNREACHABLE, f"the provider has not answered for too long: {outcome.message}", hint)
            return
        watched.trouble += 1
        pause = max(desk.timing.poll_min, desk.timing.trouble_pause) * min(8, 2 ** (watched.trouble - 1))
        if self._once and watched.trouble >= _TROUBLE:
            self._let_go(watched, keeps_place=True)
            desk.note(f"{watched.article.sku}: the provider does not answer: {outcome.message}")
        elif watched.trouble >= _TROUBLE and now - watched.since > desk.timing.deadline:
            self._overdue(watched)  # others are answered, so this would go on for as long as they come
        else:
            self._schedule(watched, pause)


def _in_words(failure: Failure, decision: BuyAgain | GiveUp | Refused) -> str:
    what = f"{failure.code or 'no error code'}: {failure.message}"
    match decision:
        case BuyAgain(after=after):
            due = f"in {after:.0f} s" if after >= 1 else "now"
            return f"failed ({what}); a further attempt is due {due}"
        case GiveUp(reason=reason):
            return f"failed ({what}); no further attempt: {reason}"
        case Refused():
            return f"refused by the provider ({what})"
