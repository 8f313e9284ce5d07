"""A shell for the state machine test: the real state on disk, the simulator's pure world, and the truth about both.

It does what `batch/running` does, a step at a time and without HTTP: an intent with its reservation, at most one POST,
an answer that may be lost, polls read by the real reader, the real retry table, adoption by the upload's echo. Beside
the state it keeps what became of every POST, which only the provider can know, and holds the state against it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import shutil
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from batch.core import events as ev
from batch.core.decision import Judgement
from batch.core.item import shared_part
from batch.core.lifecycle import IllegalEventError, Record
from batch.core.money import to_micros
from batch.core.phases import ENDED, UNPAID, WITH_PERSON, AttemptState, Phase
from batch.core.prediction import Failure, Seen, Status
from batch.core.retry import NO_OUTPUT, BuyAgain, Refused, decide
from batch.core.summary import ClipFacts
from batch.errors import StateDamaged
from batch.models import builtin_profiles
from batch.planning.keys import key_texts, keys_of
from batch.planning.overriding import Overriding
from batch.providers.eachlabs.wire.poll import read_poll
from batch.running.clock import utc_day
from batch.running.reviewing import Applying, Told
from batch.simulator import answers, twists
from batch.simulator.values import Clip, Prediction, Size
from batch.simulator.values import Status as Word
from batch.simulator.world import Rules, World
from batch.store import changes, lookups, queries, takes
from batch.store.changes import SIGNALLED, CapReached, Caps
from batch.store.loading import load_plan
from batch.store.numbers import meta
from batch.store.state import Binding
from batch.store.store import open_store
from tests.store.conftest import NOW, items, order

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Coroutine
    from pathlib import Path

    from batch.core.prediction import Prediction as Look
    from batch.simulator.faults import Fault
    from batch.store.store import Store

T = TypeVar("T")

OWNER = "me"
BASE = "http://provider"
MODEL = "sora-2-image-to-video"
BINDING = Binding(job="spring", provider="simulator", host="localhost")
ATTEMPTS = 3
CONCURRENCY = 2
GRACE = 900.0
PAUSE = 30.0
OPEN = frozenset({Phase.SUBMITTING, Phase.UNCONFIRMED, Phase.HELD, Phase.RUNNING, Phase.MISSING})
"""Phases in which an attempt may yet cost what it was estimated to."""


class Way(Enum):
    """What becomes of a POST on its way to the provider."""

    ARRIVES = "arrives"
    MALFORMED = "arrives with an input that the provider turns down"
    NOT_SENT = "never leaves"
    LOST = "is lost"
    LATE = "arrives later than anybody waits"


@dataclass(slots=True, kw_only=True)
class Post:
    """One attempt's POST as the provider and the network know it.

    Attributes:
        sent: How often it left.
        dead: Whether it is certain that nothing was created.
        named: What its answer named instead of the prediction that was made of it.
        answer: What the client hears, if it hears anything; None where no answer comes.
    """

    item_id: int
    number: int
    upload_id: str
    body: dict[str, Any]
    faults: tuple[Fault, ...]
    sent: int = 0
    dead: bool = True
    prediction_id: str | None = None
    named: str | None = None
    answer: type[ev.Event] | None = None
    permanent: bool = False


@dataclass(slots=True)
class Rehearsal:
    """One job's state, its provider, and all that was ever sent.

    Attributes:
        now: The provider's clock, which only goes forward.
        jump: How far our own clock is off.
        open: Attempts whose answer the running process waits for.
        late: POSTs that will arrive when nobody waits for them any more.
    """

    folder: Path
    caps: Caps
    rules: Rules
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    now: float = NOW
    jump: float = 0.0
    posts: dict[str, Post] = field(default_factory=dict)
    open: list[Post] = field(default_factory=list)
    late: list[Post] = field(default_factory=list)
    log: list[tuple[Any, ...]] = field(default_factory=list)
    records: dict[int, Record] = field(default_factory=dict)
    skus: str = ""
    crashes: int = 0
    store: Store = field(init=False)
    world: World = field(init=False)
    run_id: int = 0
    at_work: bool = False

    def __post_init__(self) -> None:
        numbers = itertools.count()
        self.world = World(self.rules, new_id=lambda: f"id-{next(numbers):04d}x")
        self._open()
        self.plan("abcde")
        self._begin()

    # The process

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something of the shell to its end."""
        return self.loop.run_until_complete(work)

    @property
    def ours(self) -> float:
        """What our clock says."""
        return self.now + self.jump

    def _open(self) -> None:
        path = self.folder / str(self.crashes) / "state.sqlite"
        try:
            self.store = self.do(open_store(path, BINDING, now=self.ours))
        except StateDamaged as damage:
            raise AssertionError(f"the next command refuses what the one before wrote: {damage}") from damage
        self.at_work = True

    def _shut(self) -> None:
        self.at_work = False
        self.do(self.store.close())

    def _begin(self) -> None:
        now = self.ours
        self.run_id = self.do(self.store.do(lambda connection: changes.begin_run(connection, now))).id

    def plan(self, skus: str) -> None:
        """Make a plan of these SKUs the newest, with what redos say in place of their rows."""
        self.skus, orders, fit = skus, (order(),), dict[str, Any]()
        overriding = Overriding(takes.overrides(self.store.reader), orders, builtin_profiles()[MODEL])
        batch = overriding.applied(items(list(skus)).drop("take"))
        shared = shared_part(model=MODEL, inputs=orders[0].inputs, aspect=orders[0].aspect, fit=fit)
        batch = batch.with_columns(keys_of(key_texts(batch, pl.Series([shared]))))
        self.do(
            self.store.do(
                lambda connection: load_plan(
                    connection, model=MODEL, orders=orders, batches=[batch], rejected=(), fingerprint="f", fit=fit
                )
            )
        )

    def decide(self, item_id: int, judgement: Judgement, prompt: str | None) -> None:
        """Let a person decide about a clip; a plan that is made anew has to come to the same items.

        Unless a redo was withdrawn whose row has changed meanwhile: then the next run plans anew, as the state says.
        """
        item = queries.article(self.store.reader, item_id)
        told = Told(
            line=1,
            key=item.key,
            sku=item.sku,
            judgement=judgement,
            prompt=prompt if judgement is Judgement.REDO else None,
            note="",
            by="ana",
            at=self.now,
        )
        applying = Applying(model=MODEL, most_characters=None, fit={}, now=self.now)
        redos = len(takes.overrides(self.store.reader))
        self.do(self.store.do(lambda connection: applying.work(connection, [told])))
        withdrawn = len(takes.overrides(self.store.reader)) < redos
        wanted, due = self._wanted(), withdrawn and not meta(self.store.reader, "fingerprint")
        self.plan(self.skus)
        assert due or self._wanted() == wanted, "a plan that is made anew wants something else than a redo planned"

    def _wanted(self) -> set[str]:
        query = "SELECT lower(hex(key)) FROM item WHERE plan = ?"
        return {key for (key,) in self.store.reader.execute(query, (queries.newest_plan(self.store.reader),))}

    def die(self) -> int:
        """Kill the process: only what is on disk goes on, as it is. Give the attempts that this left unconfirmed."""
        before = queries.count_in(self.store.reader, Phase.UNCONFIRMED)
        left, self.crashes = self.folder / str(self.crashes), self.crashes + 1
        shutil.copytree(left, self.folder / str(self.crashes), ignore=shutil.ignore_patterns("*-shm", "*.lock"))
        self._shut()
        self.open.clear()
        self._open()
        assert not queries.count_in(self.store.reader, Phase.SUBMITTING), "nobody waits for the answer any more"
        added = queries.count_in(self.store.reader, Phase.UNCONFIRMED) - before
        self._begin()
        return added

    def restart(self, *, signalled: bool) -> None:
        """End the run in order, and begin the next one, or go on with it after a signal."""
        while self.open:
            self.hear(self.open[0], lost=True)
        now, run_id, why = self.ours, self.run_id, SIGNALLED if signalled else "done"
        self.do(self.store.do(lambda connection: changes.end_run(connection, run_id, now, why)))
        self._shut()
        self._open()
        self._begin()

    def close(self) -> None:
        """Let go of everything."""
        if self.at_work:
            self._shut()
        self.loop.close()

    # Submitting

    def ready(self) -> list[int]:
        """List the items that may be bought now."""
        planned = queries.planned(self.store.reader, after=0, limit=100)
        return [article.item_id for article, not_before in planned if not_before <= self.ours]

    def submit(self, item_id: int, way: Way, faults: tuple[Fault, ...]) -> None:
        """Write an intent, and send its POST if the caps let it; the answer is heard by `hear`."""
        upload = self.world.presign(OWNER, "image/jpeg", 30 * 86_400.0, self.now)
        self.world.store(upload.id, 300_000, Size(width=1280, height=720))
        result = self._reserve(item_id, upload.id)
        if isinstance(result, CapReached):
            assert self.committed(result.scope, item_id) + self._estimate(item_id) > result.cap, result
            return
        assert result.attempt is not None
        inputs = {"prompt": f"item {item_id}", "image_url": f"https://cdn/uploads/{upload.id}.jpg", "duration": 4}
        if way is Way.MALFORMED:
            inputs["duration"] = 5
        post = Post(
            item_id=item_id,
            number=result.attempt.number,
            upload_id=upload.id,
            body={"model": MODEL, "input": inputs},
            faults=faults,
        )
        self.may_post(post)
        self.posts[upload.id] = post
        self.open.append(post)
        self._send(post, way)

    def _reserve(self, item_id: int, upload_id: str) -> Record | CapReached:
        intent = ev.Intended(
            at=self.ours,
            run_id=self.run_id,
            day=utc_day(self.ours),
            estimate=self._estimate(item_id),
            upload_id=upload_id,
            upload_url=f"https://cdn/uploads/{upload_id}.jpg",
            frame_sha256="f",
            recipe=1,
        )
        return self.do(self.store.reserve(item_id, intent, self.caps, [f"{item_id}.mp4"]))

    def _estimate(self, item_id: int) -> int:
        return queries.article(self.store.reader, item_id).estimate

    def _send(self, post: Post, way: Way) -> None:
        if way is Way.NOT_SENT:
            post.answer = ev.SubmitNotSent
            return
        post.sent += 1
        post.dead = way is Way.LOST
        if way is Way.LATE:
            self.late.append(post)
        elif way is not Way.LOST:
            self.arrive(post)

    def arrive(self, post: Post) -> None:
        """Let a POST reach the provider."""
        made = self.world.create(OWNER, post.body, post.upload_id, post.faults, self.now)
        if isinstance(made, Prediction):
            post.prediction_id, post.answer = made.id, ev.SubmitAccepted
        else:
            post.dead, post.answer, post.permanent = True, ev.SubmitDenied, made.status == 400

    def hear(self, post: Post, *, lost: bool, swapped: bool = False) -> None:
        """Let the answer come, or let the client give it up.

        Args:
            swapped: The answer names a prediction of another attempt, which the state does not know, if there is one.
        """
        self.open.remove(post)
        event: ev.Event = ev.SubmitUnclear(at=self.ours, message="no answer")
        if post.answer is ev.SubmitNotSent:
            event = ev.SubmitNotSent(at=self.ours, message="no connection")
        elif post in self.late or lost or post.answer is None:
            pass
        elif post.prediction_id is not None:
            post.named = self._nobodys(post) if swapped else None
            event = ev.SubmitAccepted(at=self.ours, prediction_id=post.named or post.prediction_id, request_id="r")
        else:
            event = ev.SubmitDenied(at=self.ours, code="denied", message="no", permanent=post.permanent)
        self.happen(post.item_id, event)

    def _nobodys(self, post: Post) -> str | None:
        """Give a prediction of another attempt that the state has no id of."""
        made = [other.prediction_id for other in self.posts.values() if other.prediction_id and other is not post]
        ours = queries.our_predictions(self.store.reader, made, let_go=False)
        return next((id_ for id_ in made if id_ not in ours), None)

    def happen(self, item_id: int, event: ev.Event) -> Record:
        """Write an event."""
        return self.do(self.store.apply(item_id, event))

    def intrude(self, item_id: int) -> None:
        """Ask for an attempt out of turn: it has to be refused, and to leave nothing behind."""
        if changes.read_one(self.store.reader, item_id).phase is Phase.PLANNED:
            return
        try:
            result = self._reserve(item_id, "intruder")
        except IllegalEventError:
            return
        assert isinstance(result, CapReached), f"item {item_id} could be intended twice"

    # Time, and what the provider does

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and what is due end."""
        self.now += seconds
        for prediction in self.world.due(self.now):
            end = self.world.decide_end(prediction.id, Clip(sha256="c", length=9))
            if end is not None:
                self.world.end(prediction.id, end)

    def cancel(self, record: Record) -> None:
        """Ask the provider to cancel; what came of it is seen by a look."""
        end = self.world.decide_cancel(record.prediction_id, self.now)
        if end is not None:
            self.world.end(record.prediction_id, end)

    # Looking

    def standing(self, *phases: Phase) -> list[Record]:
        """List the records in some phases."""
        return sorted(queries.records_in(self.store.reader, *phases), key=lambda record: record.item_id)

    def poll(self, record: Record, *, unknown: bool = False, unfinished: bool = False, costless: bool = False) -> None:
        """Look at a prediction, and write down what is seen.

        Args:
            unknown: The provider says that it has none of this id.
            unfinished: The answer is older than the prediction's end.
            costless: The answer is older than the cost of a success.
        """
        if unknown:
            if record.phase is Phase.RUNNING:
                self.happen(record.item_id, ev.Missed(at=self.ours, message="404"))
            return
        look = self._look(record, unfinished=unfinished, costless=costless)
        if self._is_anothers(record, look):
            self.happen(record.item_id, ev.Disowned(at=self.ours, message="another's picture"))
            return
        if look.status is Status.RUNNING:
            if record.phase is Phase.MISSING:
                self.happen(record.item_id, ev.Found(at=self.ours))
            return
        self.happen(record.item_id, self._seen(record, look))

    def _is_anothers(self, record: Record, look: Look) -> bool:
        reader, echo = self.store.reader, look.image_url
        assert echo is not None
        assert record.attempt is not None
        owner = lookups.attempt_of_echo(reader, echo)
        elsewhere = owner is not None and owner != (record.item_id, record.attempt.number)
        return elsewhere and lookups.named_by_its_answer(reader, record.item_id, record.prediction_id)

    def _look(self, record: Record, *, unfinished: bool = False, costless: bool = False) -> Look:
        prediction = self.world.find(OWNER, record.prediction_id)
        assert prediction is not None
        body = answers.polled(prediction, self.now, BASE, f"{BASE}/clips/{prediction.clip_id}.mp4")
        for twist in prediction.twists:
            body = twists.twisted(body, twist.fault, twist.options, "image_url")
        if unfinished:
            body = twists.twisted(body, "unfinished", {}, "image_url")
        if costless and prediction.status is Word.SUCCESS:
            body = twists.twisted(body, "cost", {"value": "missing"}, "image_url")
        outcome = read_poll(prediction.id, 200, json.dumps(body).encode())
        assert isinstance(outcome, Seen)
        return outcome.prediction

    def _seen(self, record: Record, look: Look) -> ev.Event:
        cost = None if look.cost is None else to_micros(look.cost)
        if look.status is Status.SUCCEEDED and look.output_urls:
            return ev.Rendered(at=self.ours, cost=cost or None, render_seconds=look.seconds)
        if look.status is Status.CANCELLED:
            return ev.Cancelled(at=self.ours, cost=cost or 0, message="cancelled")
        failure = look.failure or Failure(code=NO_OUTPUT, message="no clip")
        verdict = decide(failure, earlier_codes=record.codes, accepted=record.accepted, attempts=ATTEMPTS, pause=PAUSE)
        return ev.Failed(
            at=self.ours,
            code=failure.code,
            message=failure.message,
            refused=isinstance(verdict, Refused),
            cost=cost,
            render_seconds=look.seconds,
            retry_at=self.ours + verdict.after if isinstance(verdict, BuyAgain) else None,
        )

    def give_up(self, record: Record) -> None:
        """Let a person abandon an item that waits for one."""
        self.happen(record.item_id, ev.Abandoned(at=self.ours, by="ana", reason=""))

    def adopt(self, record: Record) -> None:
        """Let a person who knows it say which prediction an attempt has led to, also after giving it up."""
        assert record.attempt is not None
        made = self.posts[record.attempt.upload_id].prediction_id
        known = record.attempt.prediction_id
        free = made is not None and made not in queries.our_predictions(self.store.reader, [made], let_go=False)
        if made is not None and free and known in {None, made} and self._waits(record):
            self.happen(
                record.item_id,
                ev.AdoptedByHand(at=self.ours, by="ana", reason="", prediction_id=made, echo="matches"),
            )

    def _waits(self, record: Record) -> bool:
        return record.let_go or record.phase in {Phase.UNCONFIRMED, Phase.HELD}

    def free(self, record: Record) -> None:
        """Let a person who knows it say that nothing was charged."""
        assert record.attempt is not None
        if self.posts[record.attempt.upload_id].dead:
            self.happen(record.item_id, ev.NotCharged(at=self.ours, by="ana", reason=""))

    def collect(self, record: Record, *, works: bool) -> None:
        """Ask once more for a cost that was not told, then fetch the clip."""
        assert record.attempt is not None
        if record.attempt.reserved:
            cost = self._look(record).cost
            event = ev.CostSettled(at=self.ours, cost=to_micros(cost)) if cost else ev.CostUnknown(at=self.ours)
            self.happen(record.item_id, event)
        if not works:
            self.happen(record.item_id, ev.DownloadFailed(at=self.ours, reason="gone"))
            return
        name = queries.article(self.store.reader, record.item_id).name
        assert name is not None
        clip = ClipFacts(path=name, bytes=9, sha256="c", seconds=4.0, width=1280, height=720, has_audio=True)
        done, run_id = ev.Downloaded(at=self.ours, clip=clip), self.run_id
        self.do(self.store.do(lambda connection: changes.finish(connection, record.item_id, done, run_id)))

    def reconcile(self, record: Record) -> None:
        """Look a lost attempt up in the provider's history."""
        attempt = record.attempt
        assert attempt is not None
        lag = self.rules.lag
        listed = [
            p for _, p in self.world.listing(OWNER, since=None, until=self.now - lag, before=None) if self._shown(p)
        ]
        ours = queries.our_predictions(self.store.reader, [prediction.id for prediction in listed], let_go=False)
        found = [p.id for p in listed if p.id not in ours and attempt.upload_id in str(p.input["image_url"])]
        if found:
            self.happen(record.item_id, ev.Adopted(at=self.ours, prediction_id=found[0], duplicates=tuple(found[1:])))
        elif record.phase is Phase.UNCONFIRMED and self.ours >= attempt.intent_at + GRACE:
            self.happen(record.item_id, ev.Held(at=self.ours, message="not found"))
        else:
            self.happen(record.item_id, ev.LookedUp(at=self.ours, message="not there"))

    def _shown(self, prediction: Prediction) -> bool:
        late = [twist.options["seconds"] for twist in prediction.twists if twist.fault == "listed_late"]
        return not unlisted(prediction) and all(self.now >= prediction.created_at + seconds for seconds in late)

    def tidy(self) -> None:
        """Delete the uploads that the state calls settled: none that a prediction is, or may yet be, made from."""
        for item_id, number, upload_id in list(queries.settled_uploads(self.store.reader, 100)):
            post = self.posts[upload_id]
            if changes.read_one(self.store.reader, item_id).phase is not Phase.ABANDONED:
                assert post not in self.late, f"{post} may still arrive and would find no picture"
                assert not self.world.needed(upload_id), f"{post} is running and would find no picture"
            self.world.delete(OWNER, upload_id, self.now)
            self.do(self.store.do(partial(changes.upload_gone, item_id=item_id, number=number)))

    # The truth

    def may_post(self, post: Post) -> None:
        """Check that a further POST is allowed by what became of all before it, and by what the contract allows."""
        before = [other for other in self.posts.values() if other.item_id == post.item_id]
        codes: list[str] = []
        for other in before:
            if other.dead:
                continue
            assert other.prediction_id is not None, f"{other} may still be accepted, and {post} is about to be sent"
            prediction = self.world.predictions[other.prediction_id]
            assert prediction.status is Word.ERROR, f"{prediction} has not failed; {post} is about to be sent"
            codes.append(_code(prediction))
        assert len(codes) < ATTEMPTS, f"{post}: {codes}"
        for code in codes:
            assert code in AGAIN or (code in ONCE and codes.count(code) == 1), f"{post} after {code}"

    def charged(self, post: Post) -> bool:
        """Say whether a POST is paid for: its clip is made or being made."""
        if post.prediction_id is None:
            return False
        status = self.world.predictions[post.prediction_id].status
        return status is None or status is Word.SUCCESS

    def committed(self, scope: str, item_id: int) -> int:
        """Add up anew what is spent, reserved and possibly charged under a scope."""
        where = {
            "item": ("item_id = ?", item_id),
            "run": ("run_id = ?", self.run_id),
            "day": ("day = ?", utc_day(self.ours)),
        }[scope]
        unpaid = ", ".join(f"'{state.value}'" for state in UNPAID)
        (sum_,) = self.store.reader.execute(
            "SELECT total(CASE WHEN settled IS NOT NULL THEN settled"
            f" WHEN state IN ({unpaid}) THEN 0 ELSE estimate END) FROM attempt WHERE {where[0]}",
            where[1:],
        ).fetchone()
        return int(sum_)


def all_uploads(connection: sqlite3.Connection) -> list[tuple[int, int, str]]:
    """List all attempts' uploads, as `settled_uploads` lists those that nobody needs any more."""
    return connection.execute("SELECT item_id, number, upload_id FROM attempt WHERE upload_gone = 0").fetchall()


AGAIN = frozenset(
    {
        "PROVIDER_RATE_LIMIT",
        "PROVIDER_SERVER_ERROR",
        "NETWORK_ERROR",
        "WORKER_LOST",
        "EXECUTION_TIMEOUT",
        "PUBLISH_FAILED",
        "retryable",
    }
)
"""What the contract's table allows to buy again; by a hand of its own, so that a mistake is not made twice."""

ONCE = frozenset({"INPUT_DOWNLOAD_ERROR", "PROVIDER_FAILED", "PROVIDER_AUTH_ERROR", "PIPELINE_CONFIG_ERROR"})


def _code(prediction: Prediction) -> str:
    """Give the code of a failure as the contract's table has it."""
    ending = prediction.ending
    assert not isinstance(ending, Clip)
    code = getattr(ending, "error_code", None)
    if code is None:
        return "retryable" if getattr(ending, "retryable", False) else ""
    return str(code)


def unlisted(prediction: Prediction) -> bool:
    """Say whether the provider's history never shows it."""
    return any(twist.fault == "unlisted" for twist in prediction.twists)


def told(prediction: Prediction) -> int | None:
    """Give the micro-dollars that polls of an ended prediction tell; None where that is no amount."""
    for twist in prediction.twists:
        if twist.fault == "cost" and prediction.status is not Word.CANCELLED:
            value = twist.options["value"]
            usable = isinstance(value, int | float) and math.isfinite(value) and value >= 0
            return to_micros(Decimal(str(value))) if usable else None
    assert prediction.cost is not None
    return to_micros(prediction.cost)


# What holds at every moment


def check_everything(rehearsal: Rehearsal) -> None:
    """Hold the state against itself and against the truth."""
    check_log(rehearsal)
    check_purses(rehearsal)
    check_caps(rehearsal)
    check_posts(rehearsal)
    check_takes(rehearsal)


def check_takes(rehearsal: Rehearsal) -> None:
    """Of each row one take is in the plan, each take follows one that is known, and the run counts its clips."""
    reader = rehearsal.store.reader
    planned = reader.execute("SELECT sku FROM item WHERE plan = ?", (queries.newest_plan(reader),)).fetchall()
    assert sorted(sku for (sku,) in planned) == sorted(rehearsal.skus)
    lost = "SELECT count(*) FROM override WHERE before NOT IN (SELECT key FROM item)"
    assert reader.execute(lost).fetchone() == (0,)
    told, done = reader.execute(
        "SELECT done, (SELECT count(*) FROM item WHERE done_run = run.id AND plan = ?) FROM run"
        " ORDER BY id DESC LIMIT 1",
        (queries.newest_plan(reader),),
    ).fetchone()
    assert told == done


def check_log(rehearsal: Rehearsal) -> None:
    """The event log only grows, and tells every record anew."""
    reader = rehearsal.store.reader
    log = reader.execute("SELECT id, item_id, attempt, at, kind, data FROM event ORDER BY id").fetchall()
    known = len(rehearsal.log)
    advance = vars(changes)["advance"]  # the store's own, with any defect that a test of this test put there
    assert log[:known] == rehearsal.log, "what was written was changed"
    for _, item_id, number, at, kind, data in log[known:]:
        before = rehearsal.records.get(item_id, Record(item_id=item_id, phase=Phase.PLANNED))
        after: Record = advance(before, _read_event(kind, at, json.loads(data)))
        assert number == (after.attempt.number if after.attempt else 0)
        assert number >= (before.attempt.number if before.attempt else 0), "an attempt was followed by an older one"
        taken_back = kind == ev.AdoptedByHand.__name__ and before.let_go
        stays = before.phase not in ENDED or after.phase is before.phase or taken_back
        assert stays, f"{kind} moved what had ended: {before}"
        rehearsal.records[item_id] = after
    rehearsal.log = log
    for item_id, record in rehearsal.records.items():
        assert changes.read_one(reader, item_id) == record


def _read_event(kind: str, at: float, data: dict[str, Any]) -> ev.Event:
    if "clip" in data:
        data["clip"] = ClipFacts(**{**data["clip"], "warnings": tuple(data["clip"]["warnings"])})
    if "duplicates" in data:
        data["duplicates"] = tuple(data["duplicates"])
    if "warnings" in data:
        data["warnings"] = tuple(data["warnings"])
    event: ev.Event = getattr(ev, kind)(at=at, **data)
    return event


def check_purses(rehearsal: Rehearsal) -> None:
    """Every purse is the sum of its attempts, and the tally that of the items."""
    reader = rehearsal.store.reader
    sums: dict[str, list[int]] = {}
    rows = reader.execute("SELECT run_id, day, state, estimate, settled, unsettled FROM attempt").fetchall()
    for run_id, day, state, estimate, settled, unsettled in rows:
        unpaid = AttemptState(state) in UNPAID
        pending = settled is None and not unsettled and not unpaid
        money = (
            0 if unpaid else estimate,
            estimate if pending else 0,
            settled or 0,
            estimate if unsettled and settled is None else 0,
        )
        for scope in ("all", f"run:{run_id}", f"day:{day}"):
            before = sums.setdefault(scope, [0, 0, 0, 0])
            sums[scope] = [old + new for old, new in zip(before, money, strict=True)]
    purses = {scope: money for scope, *money in reader.execute("SELECT * FROM purse") if any(money)}
    assert purses == {scope: money for scope, money in sums.items() if any(money)}
    tally = {phase: number for phase, number in reader.execute("SELECT phase, items FROM tally") if number}
    in_plan = reader.execute(
        "SELECT phase, count(*) FROM item WHERE plan = ? GROUP BY phase", (queries.newest_plan(reader),)
    )
    assert tally == dict(in_plan.fetchall())


def check_caps(rehearsal: Rehearsal) -> None:
    """Spent and reserved money never pass a cap by more than what the provider charged beyond its own price."""
    for scope, cap, column in (
        ("run", rehearsal.caps.run, "run_id"),
        ("day", rehearsal.caps.day, "day"),
        ("item", rehearsal.caps.item, "item_id"),
    ):
        if cap is None:
            continue
        unpaid = ", ".join(f"'{state.value}'" for state in UNPAID)
        for which, committed, beyond in rehearsal.store.reader.execute(
            f"SELECT {column}, total(CASE WHEN settled IS NOT NULL THEN settled WHEN state IN ({unpaid}) THEN 0"
            f" ELSE estimate END), total(max(0, coalesce(settled, 0) - estimate)) FROM attempt GROUP BY {column}"
        ):
            assert committed <= cap + beyond, f"{scope} {which}: {committed} under a cap of {cap}, {beyond} beyond"


def check_posts(rehearsal: Rehearsal) -> None:
    """One POST for an attempt, one clip for an item, and a known place for everything that may be paid for."""
    attempts = _attempts(rehearsal)
    paid = [post for post in rehearsal.posts.values() if rehearsal.charged(post)]
    assert len({post.item_id for post in paid}) == len(paid), f"paid for twice: {paid}"
    for post in rehearsal.posts.values():
        assert post.sent <= 1, f"sent twice: {post}"
        record = changes.read_one(rehearsal.store.reader, post.item_id)
        assert record.attempt is not None
        newest = record.attempt.upload_id == post.upload_id
        if rehearsal.charged(post) or (not post.dead and post.prediction_id is None):
            assert newest, f"{post} may be paid for, and a further attempt began"
            assert _in_sight(record, rehearsal, post), f"lost: {post} is paid for, and the item is {record}"
        if newest and record.phase in OPEN and record.attempt.settled is None:
            assert record.attempt.reserved == record.attempt.estimate, f"freed while it may be charged: {record}"
        check_money(rehearsal, post, attempts[post.upload_id])


def _in_sight(record: Record, rehearsal: Rehearsal, post: Post) -> bool:
    if record.phase in OPEN | {Phase.RENDERED, Phase.UNCOLLECTED, Phase.DONE, Phase.ABANDONED}:
        return True
    without_clip = record.attempt is not None and record.attempt.code == NO_OUTPUT
    ended = post.prediction_id is not None and rehearsal.world.predictions[post.prediction_id].status is not None
    return record.phase is Phase.FAILED and without_clip and ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the state says of an attempt's end."""

    state: AttemptState
    prediction_id: str | None
    settled: int | None
    unsettled: bool


def _attempts(rehearsal: Rehearsal) -> dict[str, Row]:
    rows = rehearsal.store.reader.execute("SELECT upload_id, state, prediction_id, settled, unsettled FROM attempt")
    return {
        upload_id: Row(
            state=AttemptState(state), prediction_id=prediction_id, settled=settled, unsettled=bool(unsettled)
        )
        for upload_id, state, prediction_id, settled, unsettled in rows
    }


def check_money(rehearsal: Rehearsal, post: Post, row: Row) -> None:
    """What the provider told as a cost is settled to the cent; what it did not tell stands under possibly charged."""
    if row.prediction_id is not None:
        unseen = {AttemptState.ACCEPTED, AttemptState.MISSING, AttemptState.ABANDONED}
        believed = row.prediction_id == post.named and row.state in unseen
        assert believed or row.prediction_id == post.prediction_id, f"{post} has another's prediction: {row}"
    if row.state in UNPAID:
        assert post.dead or post.sent == 0, f"called unpaid: {post}"
        assert row.settled is None
        return
    if row.state is AttemptState.ABANDONED:
        assert row.unsettled == (row.settled is None), f"given up, and its money is nowhere: {row}"
        return
    if row.state not in {AttemptState.SUCCEEDED, AttemptState.FAILED, AttemptState.REFUSED, AttemptState.CANCELLED}:
        assert row.settled is None or row.settled == told(rehearsal.world.predictions[post.prediction_id or ""])
        assert not row.unsettled
        return
    assert post.prediction_id is not None
    prediction = rehearsal.world.predictions[post.prediction_id]
    cost = told(prediction)
    if row.state is AttemptState.CANCELLED:
        assert row.settled == (cost or 0)
    elif row.state is AttemptState.SUCCEEDED:
        waits = row.settled is None and not row.unsettled  # the cost is asked for once more before the clip is fetched
        assert waits or (row.settled, row.unsettled) == ((cost, False) if cost else (None, True)), f"told {cost}: {row}"
    else:
        no_clip = prediction.status is Word.SUCCESS
        assert row.settled == cost or (no_clip and row.settled is None), f"told {cost}: {row}"
        assert row.unsettled == (row.settled is None)


def finish(rehearsal: Rehearsal) -> None:
    """Go on until nothing more can happen, and check that everything has ended or waits for a person."""
    for post in list(rehearsal.late):
        rehearsal.late.remove(post)
        rehearsal.arrive(post)
    for _ in range(3):
        rehearsal.restart(signalled=False)
        rehearsal.pass_time(2 * 86_400.0 + abs(rehearsal.jump))
        rehearsal.jump = 0.0
        for record in rehearsal.standing(Phase.UNCONFIRMED, Phase.HELD):
            rehearsal.reconcile(record)
        for record in rehearsal.standing(Phase.RUNNING, Phase.MISSING):
            rehearsal.poll(record)
        for record in rehearsal.standing(Phase.RENDERED, Phase.UNCOLLECTED):
            rehearsal.collect(record, works=True)
        check_everything(rehearsal)
    _check_ends(rehearsal)


def _check_ends(rehearsal: Rehearsal) -> None:
    for record in rehearsal.standing(*Phase):
        stuck = record.phase is Phase.RUNNING and rehearsal.world.predictions[record.prediction_id].stuck
        assert stuck or record.phase in ENDED | WITH_PERSON | {Phase.PLANNED}, f"neither ended nor held: {record}"
    for post in rehearsal.posts.values():
        if rehearsal.charged(post) and post.prediction_id is not None:
            prediction = rehearsal.world.predictions[post.prediction_id]
            record = changes.read_one(rehearsal.store.reader, post.item_id)
            if record.phase is Phase.HELD:
                assert unlisted(prediction), f"shown to all, and not adopted: {prediction}"
            elif prediction.status is not None and record.phase not in {Phase.FAILED, Phase.ABANDONED}:
                assert record.phase is Phase.DONE, f"{prediction} is made, and its item is {record}"
                assert record.attempt is not None
                assert not record.attempt.reserved, f"its cost is known, or will never be: {record}"
