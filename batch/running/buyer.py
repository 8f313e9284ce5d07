"""One attempt: upload the frame, write the intent, send the one POST, write down what came of it."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from batch.collect.notes import own_note
from batch.core import events as ev
from batch.core.counting import counted
from batch.core.ending import Cause
from batch.core.lifecycle import Phase
from batch.core.money import to_micros
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
from batch.errors import KeyRefused, StorageProblem, Unavailable
from batch.frames.errors import PictureError
from batch.frames.settings import RECIPE_VERSION
from batch.running.clock import utc_day
from batch.running.hindrances import Hindrances, Trouble
from batch.running.naming import all_names, names_for
from batch.running.provenance import provider_name
from batch.running.room import HINT
from batch.running.uploads import discard
from batch.store import queries, restoring
from batch.store.changes import CapReached, Caps, Purpose, cap_reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.lifecycle import Record
    from batch.frames.settings import Frame
    from batch.running.desk import Desk
    from batch.running.feed import Feed, Ready
    from batch.running.reconciler import Reconciler
    from batch.running.watch import Watch
    from batch.store.queries import Article

_KEEP_UPLOADS = 30 * 86_400
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


class Buyer:
    """Buys items, `submit_concurrency` at a time.

    Attempts between their intent and the commit of their answer are critical: never cancelled, only waited for.
    """

    def __init__(self, desk: Desk, feed: Feed, watch: Watch, reconciler: Reconciler) -> None:
        self._desk = desk
        self._feed = feed
        self._watch = watch
        self._reconciler = reconciler
        self._uploads = Trouble()
        self._hindrances = Hindrances(desk, feed, watch, reconciler)
        self.submitted = queries.submitted_in(desk.store.reader, desk.run.id)
        self._looking = asyncio.Lock()
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
        if not (await desk.gate.clear() and await self._looked()):
            ready.frame.cancel()
            return
        with self._at_work():
            if await self._is_there(article):
                ready.frame.cancel()
                return
            reached = self._cap_reached(article)
            if reached is not None:
                ready.frame.cancel()
                self._hindrances.capped(article, reached)
                return
            frame = await self._frame(ready)
            upload = await self._upload(article, frame) if frame is not None else None
        if frame is not None and upload is not None and not await self._submit(article, frame, upload, turn):
            # Nothing was ordered with it. Best effort: it expires by itself.
            desk.background(desk.provider.delete_upload(upload.id))

    async def _looked(self) -> bool:
        """Ask the provider what is to be known before the first purchase; False, and the end of buying, where it tells.

        Most calls have asked before they began.
        """
        desk = self._desk
        async with self._looking:
            if desk.look is None or desk.gate.closed:
                return not desk.gate.closed
            try:
                await desk.look()
            except (Unavailable, KeyRefused) as problem:
                cause = Cause.MODEL_GONE if isinstance(problem, Unavailable) else Cause.KEY_REFUSED
                desk.stop(cause, problem.what, problem.hint)
                return False
            desk.look = None
            return True

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

    async def _is_there(self, article: Article) -> bool:
        """Take an item's clip in that lies whole beside its note: the state was replaced by an older one, or lost."""
        desk = self._desk
        names = all_names(desk.job, article)
        note = await asyncio.to_thread(own_note, desk.output_dir, names, article.key, provider_name(desk.job))
        if note is None or not await desk.store.do(partial(restoring.restore_clip, note=note, now=desk.clock.now())):
            return False
        await desk.store.do(partial(restoring.restore_decision, note=note))
        desk.note(f"{article.sku}: its clip was there already, unknown to the state, and is not bought again")
        return True

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
        pause = self._uploads.pause_after(desk)
        if pause is None:
            overloaded = isinstance(answer, NoAnswer) and answer.http_status in {429, 500, 502, 503, 504}
            cause = Cause.OVERLOADED if overloaded else Cause.UNREACHABLE
            desk.stop(cause, f"{what}: {answer.message}", "run the same command again later; nothing is lost")
            return
        await asyncio.sleep(pause)

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
                desk.stop(
                    Cause.ITEM_CAP,
                    f"max_items is reached: {counted(limit, 'item was', 'items were')} submitted",
                    "run again to go on",
                )
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
            self._hindrances.capped(article, reserved)
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
                self._hindrances.none()
                self._watch.add(article, record)
                if self._desk.on_accepted is not None:
                    self._desk.background(self._desk.on_accepted(self._desk, record))
            case Accepted() | Unclear():
                self._desk.watcher.note(f"{article.sku}: {record.reason}; it may have been accepted and is looked up")
                self._reconciler.add(article, record)
            case NotSent():
                self.submitted -= 1
                self._hindrances.not_sent(article, outcome)
            case NotAccepted():
                self.submitted -= 1
                self._hindrances.denied(article, outcome)
                if record.phase is Phase.FAILED:
                    discard(self._desk, record)


def caps_of(desk: Desk) -> Caps:
    """Give the caps that now stand in the job, in micro-dollars."""
    budget = desk.job.budget
    run, day, item = (
        None if usd is None else to_micros(usd) for usd in (budget.per_run_usd, budget.per_day_usd, budget.per_item_usd)
    )
    return Caps(run=run, day=day, item=item)
