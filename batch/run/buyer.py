"""One attempt: upload the frame, write the intent, send the one POST, write down what came of it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from batch.core import events as ev
from batch.core.ending import Cause
from batch.core.lifecycle import Phase
from batch.core.money import format_usd, from_micros, to_micros
from batch.core.order import wire_inputs
from batch.core.prediction import (
    Accepted,
    Denial,
    NoAnswer,
    NotAccepted,
    NotSent,
    SubmitOutcome,
    SubmitRequest,
    Unclear,
    Upload,
)
from batch.errors import StorageProblem
from batch.frames.errors import PictureError
from batch.frames.settings import RECIPE_VERSION
from batch.run.clock import utc_day
from batch.run.naming import names_for
from batch.run.room import HINT
from batch.store import queries
from batch.store.changes import CapReached, Caps, Purpose, cap_reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.lifecycle import Record
    from batch.frames.settings import Frame
    from batch.run.desk import Desk
    from batch.run.feed import Feed, Ready
    from batch.run.reconciler import Reconciler
    from batch.run.watch import Watch
    from batch.store.queries import Article

_KEEP_UPLOADS = 30 * 86_400
_MOST_TROUBLE = 6
_BALANCE_TRIES = 3
_MOST_FULL = 10
_MOST_PATIENCE = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """An item's place in the row at the gate: uploads overtake each other, submits keep the manifest's order.

    Attributes:
        before: Set when the item before has passed the gate, or left the row.
        passed: The same for this item.
    """

    before: asyncio.Event
    passed: asyncio.Event = field(default_factory=asyncio.Event)

    async def came(self) -> None:
        """Wait for the item before, but not for one whose upload is in trouble."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_MOST_PATIENCE):
                await self.before.wait()


@dataclass(slots=True, kw_only=True)
class _Trouble:
    """Calls of one kind that got nowhere, one after the other; `since` is on the clock's ticks."""

    count: int = 0
    since: float = 0.0


class Buyer:
    """Buys items, `submit_concurrency` at a time.

    Attempts between their intent and the commit of their answer are critical: never cancelled, only waited for.
    """

    def __init__(self, desk: Desk, feed: Feed, watch: Watch, reconciler: Reconciler) -> None:
        self._desk = desk
        self._feed = feed
        self._watch = watch
        self._reconciler = reconciler
        self._uploads = _Trouble()
        self._unsent = _Trouble()  # counted apart: uploads may well go through in between
        self._full = 0
        self._balance_tries = 0
        self.submitted = queries.submitted_in(desk.store.reader, desk.run.id)
        self._critical = 0
        self._busy = 0
        self._open = 0
        self._answered = asyncio.Event()
        self._last_turn = asyncio.Event()
        self._last_turn.set()
        self._calm = asyncio.Event()
        self._calm.set()

    async def work(self) -> None:
        """Buy one item after the other until submitting is over."""
        while not self._desk.gate.closed:
            ready = await self._feed.next()
            if ready is None:
                return
            self._busy += 1
            try:
                with self._turn() as turn:
                    await self._buy(ready, turn)
            finally:
                self._busy -= 1
                self._desk.changed.set()

    async def _buy(self, ready: Ready, turn: _Turn) -> None:
        """Upload an item's frame, then wait for a place in flight, which the upload would leave empty, and submit."""
        desk, article = self._desk, ready.article
        if not await desk.gate.clear():
            ready.frame.cancel()
            return
        with self._at_work():
            reached = self._cap_reached(article)
            if reached is not None:
                ready.frame.cancel()
                self._capped(article, reached)
                return
            frame = await self._frame(ready)
            upload = await self._upload(article, frame) if frame is not None else None
        if frame is not None and upload is not None and not await self._submit(article, frame, upload, turn):
            # Nothing was ordered with it. Best effort: it expires by itself.
            desk.background(desk.provider.delete_upload(upload.id))

    async def _submit(self, article: Article, frame: Frame, upload: Upload, turn: _Turn) -> bool:
        """Wait for a place and submit; the place stays taken only while something may be running.

        Returns:
            Whether an intent names the upload.
        """
        desk = self._desk
        await turn.came()
        if not await desk.gate.enter():
            return False
        turn.passed.set()
        record: Record | None = None
        with self._at_work():
            try:
                if await self._come_up():
                    with self._critically():
                        record = await self._attempt(article, frame, upload)
            finally:
                if record is None or record.phase not in {Phase.RUNNING, Phase.UNCONFIRMED}:
                    desk.gate.leave()
        return record is not None

    async def _come_up(self) -> bool:
        """Wait for the rate. A pause that began meanwhile holds for those who waited, too.

        Returns:
            False, with nothing taken of the rate, when submitting is over.
        """
        desk = self._desk
        while await desk.gate.still_clear():
            await desk.rate.take()
            if not (desk.gate.closed or desk.gate.held_up):
                return True
            desk.rate.give_back()
        return False

    @contextmanager
    def _turn(self) -> Iterator[_Turn]:
        """Give an item its place in the row at the gate, and leave the row when it is done with it."""
        turn = _Turn(before=self._last_turn)
        self._last_turn = turn.passed
        try:
            yield turn
        finally:
            turn.passed.set()

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Count the item as worked on, which an item that waits at the gate is not."""
        self._desk.begin()
        try:
            yield
        finally:
            self._desk.end()

    @contextmanager
    def _critically(self) -> Iterator[None]:
        self._critical += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._critical -= 1
            self._desk.rate.answered()
            if not self._critical:
                self._calm.set()

    @property
    def idle(self) -> bool:
        """Whether no item is being bought right now, or waits at the gate to be."""
        return self._busy == 0

    async def open_posts_ended(self, seconds: float) -> None:
        """Wait until no POST is open and every answer is on disk, but not for longer than this."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._calm.wait()

    def _cap_reached(self, article: Article) -> CapReached | None:
        """Look at the caps before the frame is uploaded; what decides is the look in the intent's transaction."""
        desk = self._desk
        price = desk.estimate_of(article)
        purpose = Purpose(run_id=desk.run.id, day=utc_day(desk.clock.now()), estimate=price)
        return cap_reached(desk.store.reader, article.item_id, purpose, caps_of(desk))

    async def _frame(self, ready: Ready) -> Frame | None:
        try:
            return await ready.frame
        except PictureError as error:
            reason = f"{error.reason}; {error.hint}" if error.hint else error.reason
            event = ev.PictureRejected(at=self._desk.clock.now(), reason=reason)
            await self._desk.store.apply(ready.article.item_id, event)
            self._desk.watcher.note(f"{ready.article.sku}: {error}")
            return None

    async def _upload(self, article: Article, frame: Frame) -> Upload | None:
        """Upload the frame, again and again with growing pauses; None when the provider took none of it."""
        while not self._desk.gate.closed:
            answer = await self._desk.provider.upload(frame.data, frame.content_type, keep_seconds=_KEEP_UPLOADS)
            if isinstance(answer, Upload):
                self._uploads.count = 0
                return answer
            await self._bear(answer, f"{article.sku}: the frame could not be uploaded")
        return None

    async def _bear(self, answer: NoAnswer | NotSent, what: str) -> None:
        """Pause after a call that got nowhere, or stop when none has got anywhere for too long."""
        desk = self._desk
        if isinstance(answer, NoAnswer) and answer.key_refused:
            desk.stop(Cause.KEY_REFUSED, f"{what}: {answer.message}", "check EACHLABS_API_KEY")
            return
        pause = self._pause_after(self._uploads)
        if pause is None:
            overloaded = isinstance(answer, NoAnswer) and answer.http_status in {429, 500, 502, 503, 504}
            cause = Cause.OVERLOADED if overloaded else Cause.UNREACHABLE
            desk.stop(cause, f"{what}: {answer.message}", "run the same command again later; nothing is lost")
            return
        await asyncio.sleep(pause)

    def _pause_after(self, trouble: _Trouble) -> float | None:
        """Count a call that got nowhere, and give the pause after it; None when that has gone on for too long.

        Several buyers fail at the same time, so that their number alone says little.
        """
        timing, now = self._desk.timing, self._desk.clock.ticks()
        if not trouble.count:
            trouble.since = now
        trouble.count += 1
        if trouble.count >= _MOST_TROUBLE and now - trouble.since >= timing.missing_after:
            return None
        return timing.trouble_pause * min(10.0, 2.0 ** min(trouble.count - 1, 4))

    async def _attempt(self, article: Article, frame: Frame, upload: Upload) -> Record | None:
        """Write the intent, send, record; None where there was no room for an intent."""
        if not self._room() or not await self._counted():
            return None
        self._open += 1
        try:
            return await self._attempt_once(article, frame, upload)
        finally:
            self._open -= 1
            self._answered.set()

    def _room(self) -> bool:
        """Say whether the disk has room for one clip more than is in flight; without it, buying is over."""
        desk = self._desk
        missing = desk.room.meanwhile(desk.gate.in_flight)
        if missing:
            desk.stop(Cause.NO_ROOM, missing, HINT)
        return not missing

    async def _counted(self) -> bool:
        """Count an attempt under `max_items`; with that reached, wait for open ones, which may not be accepted."""
        desk = self._desk
        limit = desk.job.limits.max_items
        while limit is not None and self.submitted >= limit:
            if not self._open:
                desk.stop(Cause.ITEM_CAP, f"max_items is reached: {limit} items were submitted", "run again to go on")
            if desk.gate.closed:
                return False
            self._answered.clear()
            await self._answered.wait()
        self.submitted += 1
        return True

    async def _attempt_once(self, article: Article, frame: Frame, upload: Upload) -> Record | None:
        desk = self._desk
        now = desk.clock.now()
        intent = ev.Intended(
            at=now,
            run_id=desk.run.id,
            day=utc_day(now),
            estimate=desk.estimate_of(article),
            upload_id=upload.id,
            upload_url=upload.url,
            frame_sha256=frame.sha256,
            recipe=RECIPE_VERSION,
            clock_offset=desk.provider.clock_offset,
            warnings=frame.warnings,
        )
        reserved = await desk.store.reserve(
            article.item_id, intent, caps_of(desk), names_for(desk.job, desk.output_dir, article)
        )
        if isinstance(reserved, CapReached):
            self.submitted -= 1
            self._capped(article, reserved)
            return None
        return await self._send(article, upload)

    async def _send(self, article: Article, upload: Upload) -> Record:
        desk = self._desk
        inputs = wire_inputs(
            desk.profile,
            article.inputs,
            prompt=article.prompt,
            negative_prompt=article.negative_prompt,
            image_url=upload.url,
        )
        posted: list[asyncio.Future[Record]] = []

        def settle(outcome: SubmitOutcome) -> None:
            posted.append(desk.store.post(article.item_id, self._event(outcome)))

        outcome = await desk.provider.submit(SubmitRequest(model=desk.profile.slug, inputs=inputs), settle)
        try:
            record = await asyncio.shield(posted[0])
        except StorageProblem:
            if isinstance(outcome, Accepted):  # the intent is on disk, so the next run finds it by its upload
                desk.note(f"{article.sku}: prediction {outcome.prediction_id} could not be written down yet")
            raise
        self._follow(article, record, outcome)
        return record

    def _event(self, outcome: SubmitOutcome) -> ev.SubmitEvent:
        now = self._desk.clock.now()
        match outcome:
            case Accepted():
                return ev.SubmitAccepted(at=now, prediction_id=outcome.prediction_id, request_id=outcome.request_id)
            case NotAccepted():
                permanent = outcome.denial is Denial.BAD_INPUT
                code = outcome.denial.value
                return ev.SubmitDenied(at=now, code=code, message=outcome.message, permanent=permanent)
            case NotSent():
                return ev.SubmitNotSent(at=now, message=outcome.message)
            case Unclear():
                return ev.SubmitUnclear(at=now, message=outcome.message)

    def _follow(self, article: Article, record: Record, outcome: SubmitOutcome) -> None:
        """Do what an outcome asks for beyond being written down."""
        match outcome:
            case Accepted() if record.phase is Phase.RUNNING:
                self._unsent.count = self._full = self._balance_tries = 0
                self._watch.add(article, record)
                if self._desk.on_accepted is not None:
                    self._desk.background(self._desk.on_accepted(self._desk, record))
            case Accepted() | Unclear():
                self._desk.watcher.note(f"{article.sku}: {record.reason}; it may have been accepted and is looked up")
                self._reconciler.add(article, record)
            case NotSent():
                self.submitted -= 1
                self._not_sent(article, outcome)
            case NotAccepted():
                self.submitted -= 1
                self._denied(article, outcome)

    def _not_sent(self, article: Article, outcome: NotSent) -> None:
        desk = self._desk
        pause = self._pause_after(self._unsent)
        if pause is None:
            hint = "run the same command again later; nothing is lost"
            desk.stop(Cause.UNREACHABLE, f"the provider cannot be reached: {outcome.message}", hint)
        self._feed.put_back(article.item_id, pause or 0.0)

    def _denied(self, article: Article, outcome: NotAccepted) -> None:
        desk = self._desk
        said = f"{article.sku}: the provider answered {outcome.http_status} ({outcome.message})"
        match outcome.denial:
            case Denial.BAD_INPUT:
                desk.watcher.note(said)
                desk.verdict(failed=True)  # it costs nothing, and must not use up a whole catalogue
                return
            case Denial.TOO_MANY:
                self._too_many(said, outcome.retry_after or 0.0)
            case Denial.BALANCE:
                self._no_balance(said)
            case Denial.KEY:
                desk.stop(Cause.KEY_REFUSED, said, "check EACHLABS_API_KEY")
            case Denial.FORBIDDEN:
                desk.stop(Cause.KEY_REFUSED, said, "this key may not use this model or this API")
            case Denial.MODEL_GONE:
                desk.stop(Cause.MODEL_GONE, said, "choose another `model:`; `sora-batch doctor` lists them")
            case Denial.OUR_DEFECT:
                desk.stop(Cause.DEFECT, said, "nothing was bought; please report this, with the message above")
        self._feed.put_back(article.item_id)

    @property
    def _may_settle(self) -> bool:
        """Whether anything of ours is running, or may be: its end frees what it holds."""
        return self._watch.running > 0 or self._reconciler.waiting > 0

    def _too_many(self, said: str, retry_after: float) -> None:
        """Pause. With nothing of ours in flight others fill the account, and no end of ours will ever make room."""
        desk = self._desk
        desk.gate.lower()
        if not (self._may_settle or desk.gate.paused):
            self._full += 1
        if self._full >= _MOST_FULL:
            desk.stop(Cause.OVERLOADED, said, "run the same command again later; nothing is lost")
            return
        pause = max(desk.timing.cooldown, min(retry_after, desk.timing.longest_pause))
        desk.gate.pause(pause)
        desk.watcher.note(f"{said}; submitting pauses for {pause:.0f} s")

    def _no_balance(self, said: str) -> None:
        """Wait until something of ours settles; with nothing in flight, one cooldown each for three tries."""
        desk = self._desk
        if self._may_settle:
            desk.gate.wait_for_settling()
            desk.watcher.note(f"{said}; submitting goes on when something of ours has settled")
            return
        if desk.gate.paused:  # sent before the pause began: no further try
            return
        self._balance_tries += 1
        if self._balance_tries >= _BALANCE_TRIES:
            desk.stop(Cause.BALANCE, said, "top up the balance at each::labs, then give the same command again")
            return
        desk.gate.pause(desk.timing.cooldown)
        desk.watcher.note(f"{said}; nothing of ours is in flight, trying again in {desk.timing.cooldown:.0f} s")

    def _capped(self, article: Article, reached: CapReached) -> None:
        desk = self._desk
        cap, committed = (format_usd(from_micros(m)) for m in (reached.cap, reached.committed))
        what = f"budget.per_{reached.scope}_usd ({cap}) is reached: {committed} is spent or reserved"
        if reached.scope == "item":
            desk.note(f"{article.sku}: {what}, and one attempt more would go beyond it")
            desk.capped_items += 1
            return
        if self._may_settle:  # for less than its estimate, or for nothing
            desk.gate.wait_for_settling()
            self._feed.put_back(article.item_id)
            return
        desk.stop(Cause.MONEY_CAP, what, "raise the cap in the job, or wait for the next run or day")


def caps_of(desk: Desk) -> Caps:
    """Give the caps that now stand in the job, in micro-dollars."""
    budget = desk.job.budget
    run, day, item = (
        None if usd is None else to_micros(usd) for usd in (budget.per_run_usd, budget.per_day_usd, budget.per_item_usd)
    )
    return Caps(run=run, day=day, item=item)
