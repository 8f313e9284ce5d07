"""The provider's behaviour as a value that changes: no file, no network, no clock.

Every transition takes `now` (seconds since the epoch). Chance comes from a seed and the number of the prediction, so a
world restored from its ledger goes on exactly as it would have.
"""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from batch.simulator import answers
from batch.simulator.endings import ending_of
from batch.simulator.models import MODELS, Model, Undisclosed
from batch.simulator.schema import problems
from batch.simulator.values import (
    CancelledByOther,
    Clip,
    End,
    Failure,
    Prediction,
    Status,
    Twist,
    Upload,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from batch.simulator.answers import Answer
    from batch.simulator.faults import Fault
    from batch.simulator.values import Size

PUT_SECONDS = 15 * 60
HIGHEST_COST = 1e9  # dollars; a fault may tell more, which no account is ever billed
LOW_BALANCE = Decimal(10)
LOW_BALANCE_IN_FLIGHT = 10
LOW_BALANCE_UNPRICED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the world is set up.

    Attributes:
        seed: What all chance is drawn from.
        speed: What rendering times and listing lags are divided by; infinite renders at once.
        money: The account's balance in dollars before anything was billed.
        concurrency: How many predictions may be in flight; None for no limit of this kind.
        submits_per_minute: How many submits any sliding minute may see; None for no limit.
        lag: Seconds before a listing shows a new prediction.
        reopening: Seconds without a submit after which a door that a 429 closed opens again; 0 keeps none closed.
    """

    seed: int = 0
    speed: float = 1.0
    money: Decimal = Decimal(1000)
    concurrency: int | None = None
    submits_per_minute: int | None = None
    lag: float = 0.0
    reopening: float = 0.0


class World:
    """One account's predictions, uploads and money."""

    def __init__(self, rules: Rules, *, new_id: Callable[[], str]) -> None:
        self.rules = rules
        self._new_id = new_id
        self.predictions: dict[str, Prediction] = {}
        self.uploads: dict[str, Upload] = {}
        self._clips: dict[str, str] = {}
        self._order: dict[str, list[str]] = {}
        self._times: dict[str, list[float]] = {}
        self._users: dict[str, set[str]] = {}
        self._ending: set[str] = set()
        self._due: list[tuple[float, str]] = []
        self._reserved = Decimal(0)
        self._billed = Decimal(0)
        self._running = 0
        self._submits: list[float] = []
        self._closed_since: float | None = None

    # Uploads

    def presign(self, owner: str, content_type: str, lifetime: float, now: float) -> Upload:
        """Open a slot for one file, readable for `lifetime` seconds."""
        upload = Upload(
            id=self._new_id(),
            owner=owner,
            token=self._new_id(),
            content_type=content_type,
            created_at=now,
            put_until=now + PUT_SECONDS,
            expires_at=now + lifetime,
        )
        self.uploads[upload.id] = upload
        return upload

    def store(self, upload_id: str, length: int, size: Size | None) -> Upload:
        """Note that the slot's file of `length` bytes has arrived; `size` is None when it is no readable picture."""
        upload = replace(self.uploads[upload_id], stored=True, length=length, size=size)
        self.uploads[upload_id] = upload
        return upload

    def delete(self, owner: str, upload_id: str, now: float) -> Upload | None:
        """Remove the file; what waits for it in the queue will not find it. None when there is no such file."""
        upload = self.uploads.get(upload_id)
        if upload is None or upload.owner != owner or upload.deleted:
            return None
        upload = replace(upload, deleted=True)
        self.uploads[upload_id] = upload
        for prediction_id in self._users.get(upload_id, ()):
            prediction = self.predictions[prediction_id]
            if now < prediction.rendering_at:
                self.predictions[prediction_id] = replace(prediction, ending=answers.NOT_DOWNLOADED)
        return upload

    def needed(self, upload_id: str) -> bool:
        """Whether a prediction that is not over yet is made from this upload."""
        return bool(self._users.get(upload_id))

    # Predictions

    def create(
        self, owner: str, body: Mapping[str, Any], upload_id: str | None, faults: Sequence[Fault], now: float
    ) -> Prediction | Answer:
        """Accept an order, or give the answer that refuses it.

        Args:
            owner: Whose key it came with.
            body: The request's JSON.
            upload_id: The upload that the input's image URL points to; None for any other address.
            faults: What strikes this prediction while it renders, and for the rest of its life.
            now: The time.
        """
        model = MODELS.get(str(body.get("model")))
        if model is None:
            return answers.MODEL_NOT_FOUND
        inputs = body.get("input")
        if not isinstance(inputs, dict):
            return answers.invalid_input(["field 'input' must be an object"])
        if found := problems(model, inputs):
            return answers.invalid_input(found)
        complete = model.complete(inputs)
        price = model.price.of(complete, model.seconds(complete))
        if (closed := self._closed(model, price, now)) is not None:
            return closed
        prediction = self._accepted(
            owner=owner,
            model=model,
            inputs=inputs,
            upload=self._picture(upload_id, now),
            faults=faults,
            price=price,
            now=now,
        )
        self.restore(prediction)
        return prediction

    def _closed(self, model: Model, price: Decimal, now: float) -> Answer | None:
        """Give the 429 or 402 that stands against one more prediction; nothing is created then."""
        window = [at for at in self._submits if at > now - 60] if self.rules.submits_per_minute else []
        last, self._submits = (self._submits[-1] if self._submits else None), [*window, now]
        if self.rules.submits_per_minute is not None and len(window) >= self.rules.submits_per_minute:
            self._submits.pop()
            return answers.TOO_MANY_REQUESTS
        balance, cap = self.balance(), self.rules.concurrency
        if balance <= LOW_BALANCE:
            low = LOW_BALANCE_UNPRICED if isinstance(model.price, Undisclosed) else LOW_BALANCE_IN_FLIGHT
            cap = low if cap is None else min(cap, low)
        if self._closed_since is not None and last is not None:
            if now - max(last, self._closed_since) >= self.rules.reopening / self.rules.speed:
                self._closed_since = None
            else:
                return answers.TOO_MANY_IN_FLIGHT
        if cap is not None and self._running >= cap:
            self._closed_since = now if self.rules.reopening else None
            return answers.TOO_MANY_IN_FLIGHT
        return answers.PAYMENT_REQUIRED if self._reserved + price > balance else None

    def _accepted(
        self,
        *,
        owner: str,
        model: Model,
        inputs: Mapping[str, Any],
        upload: Upload | None,
        faults: Sequence[Fault],
        price: Decimal,
        now: float,
    ) -> Prediction:
        chance = random.Random(f"{self.rules.seed}:{len(self.predictions)}")
        rendering = min(max(chance.gauss(model.eta, model.spread), model.eta / 4), model.eta * 3)
        queued, starting = chance.uniform(0.5, 3.0), 1.0 if chance.random() < 0.02 else 0.0
        slow = [fault.options["seconds"] for fault in faults if fault.name == "slow_render"]
        rendering = slow[0] if slow else rendering
        times = self._times.get(owner)
        created = max(now, times[-1]) if times else now
        speed = self.rules.speed
        rendering_at = created + (queued + starting) / speed
        return Prediction(
            id=self._new_id(),
            owner=owner,
            model=model.slug,
            input=dict(inputs),
            price=price,
            upload_id=None if upload is None else upload.id,
            clip_id=self._new_id(),
            created_at=created,
            starting_at=created + queued / speed,
            rendering_at=rendering_at,
            finishes_at=rendering_at + rendering / speed,
            ending=ending_of(model, inputs, upload, faults),
            twists=tuple(Twist(fault=fault.name, options=fault.options) for fault in faults),
        )

    def _picture(self, upload_id: str | None, now: float) -> Upload | None:
        # Anybody's upload may be named: a public URL can be read by anyone who has it.
        upload = self.uploads.get(upload_id) if upload_id is not None else None
        return upload if upload is not None and upload.readable(now) else None

    def restore(self, prediction: Prediction) -> None:
        """Take in a prediction that is in the ledger, in the order of the ledger."""
        self.predictions[prediction.id] = prediction
        self._clips[prediction.clip_id] = prediction.id
        self._order.setdefault(prediction.owner, []).append(prediction.id)
        self._times.setdefault(prediction.owner, []).append(prediction.created_at)
        self._reserved += prediction.price
        self._running += 1
        if prediction.upload_id is not None:
            self._users.setdefault(prediction.upload_id, set()).add(prediction.id)
        heapq.heappush(self._due, (prediction.finishes_at, prediction.id))

    def find(self, owner: str, prediction_id: str) -> Prediction | None:
        """Give the owner's prediction; another owner's is not there."""
        prediction = self.predictions.get(prediction_id)
        return prediction if prediction is not None and prediction.owner == owner else None

    def neighbour(self, prediction: Prediction) -> Prediction:
        """Give the owner's prediction before this one (after the first: the next); itself when it is alone."""
        order = self._order[prediction.owner]
        position = order.index(prediction.id)
        return self.predictions[order[position - 1 if position else min(1, len(order) - 1)]]

    def of_clip(self, clip_id: str) -> Prediction | None:
        """Give the prediction whose clip lies under this id."""
        prediction_id = self._clips.get(clip_id)
        return None if prediction_id is None else self.predictions[prediction_id]

    def due(self, now: float) -> list[Prediction]:
        """Take the predictions that end by `now` out of the queue; each has to be settled by the caller."""
        ended = []
        while self._due and self._due[0][0] <= now:
            prediction = self.predictions[heapq.heappop(self._due)[1]]
            if prediction.status is None and not prediction.stuck:
                ended.append(prediction)
        return ended

    def next_due(self) -> float | None:
        """Give the time when the next prediction ends; None when none is waiting."""
        return self._due[0][0] if self._due else None

    def decide_end(self, prediction_id: str, clip: Clip | None) -> End | None:
        """Decide how a prediction whose time has come ends; `end` applies it once it is written down.

        None when it is over, or when a cancellation is being written down.
        """
        prediction = self.predictions[prediction_id]
        if prediction.status is not None or prediction_id in self._ending:
            return None
        self._ending.add(prediction_id)
        ending, at = prediction.ending, prediction.finishes_at
        if isinstance(ending, Failure):
            return End(status=Status.ERROR, cost=ending.cost, at=at)
        if isinstance(ending, CancelledByOther):
            return End(status=Status.CANCELLED, cost=Decimal(0), at=at)
        return End(status=Status.SUCCESS, cost=billed(prediction), at=at, clip=clip)

    def decide_cancel(self, prediction_id: str, now: float) -> End | None:
        """Decide that a queued or rendering prediction stops; None when its end is already decided."""
        prediction = self.predictions[prediction_id]
        if prediction.status is not None or prediction_id in self._ending:
            return None
        self._ending.add(prediction_id)
        return End(status=Status.CANCELLED, cost=Decimal(0), at=now)

    def fail(self, prediction_id: str, failure: Failure) -> None:
        """Let a prediction that was to succeed fail instead."""
        self.predictions[prediction_id] = replace(self.predictions[prediction_id], ending=failure)

    def end(self, prediction_id: str, end: End) -> Prediction:
        """End a prediction, as the ledger now tells: bill it and free its reservation."""
        self._ending.discard(prediction_id)
        prediction = self.predictions[prediction_id]
        ended = replace(prediction, status=end.status, cost=end.cost, settled_at=end.at, clip=end.clip)
        self.predictions[prediction_id] = ended
        self._reserved -= prediction.price
        self._running -= 1
        self._billed += end.cost
        if prediction.upload_id is not None:
            users = self._users[prediction.upload_id]
            users.discard(prediction_id)
            if not users:
                del self._users[prediction.upload_id]
        return ended

    # The account

    def balance(self) -> Decimal:
        """Give the money that is left; what runs is reserved, not yet taken."""
        return self.rules.money - self._billed

    def in_flight(self) -> int:
        """Count the predictions that are not over."""
        return self._running

    def listing(
        self, owner: str, *, since: float | None, until: float, before: int | None
    ) -> Iterator[tuple[int, Prediction]]:
        """Walk the owner's predictions, newest first, each with its position for a cursor.

        Args:
            owner: Whose predictions.
            since: The earliest creation time, or None for all.
            until: The latest creation time.
            before: Only positions below this one (a cursor), or None.
        """
        order, times = self._order.get(owner, []), self._times.get(owner, [])
        position = min(bisect_right(times, until), len(order) if before is None else before)
        while position > 0:
            position -= 1
            if since is not None and times[position] < since:
                return
            yield position, self.predictions[order[position]]


def billed(prediction: Prediction) -> Decimal:
    """Give what a success costs: its price, or what a fault names instead; of several the last, as in polls."""
    for twist in reversed(prediction.twists):
        value = twist.options["value"] if twist.fault == "cost" else None
        if isinstance(value, int | float) and abs(value) < HIGHEST_COST:
            return Decimal(str(value))
    return prediction.price
