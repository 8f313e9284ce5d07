"""The API's calls: each takes what was asked and gives an answer; HTTP itself is `server.py`'s business."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from batch.simulator import answers, clips, records
from batch.simulator.answers import Answer
from batch.simulator.listing import Listing
from batch.simulator.models import MODELS
from batch.simulator.twists import twisted
from batch.simulator.values import End, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from batch.simulator.disk import Disk
    from batch.simulator.engine import Engine
    from batch.simulator.faults import Fault, FaultBook, Heard
    from batch.simulator.values import Prediction
    from batch.simulator.world import World

DEFAULT_LIFETIME = 180 * 86_400
LIFETIMES = (60, 365 * 86_400)
LARGEST_UPLOAD = 100 * 1_000_000
BALANCE_READS_A_SECOND = 3


@dataclass(slots=True, kw_only=True)
class Call:
    """One request: what the handlers need of it, and the places where they note what the log shall say."""

    owner: str
    now: float
    names: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    faults: Sequence[Fault] = ()
    notes: dict[str, Any] = field(default_factory=dict)
    heard: list[tuple[str, Heard]] = field(default_factory=list)


def owner_of(headers: Mapping[str, str]) -> str | None:
    """Give a short hash of the key that a request carries; None when it carries none."""
    key = headers.get("X-API-Key")
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        key = token.strip()
    return hash_of(key) if key else None


def hash_of(key: str) -> str:
    """Give the short hash under which a key's predictions are kept."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


class Calls:
    """The API over one world; `base_url` is where it is served from just now."""

    def __init__(self, world: World, disk: Disk, engine: Engine, book: FaultBook, *, output_ttl: float) -> None:
        self.base_url = ""
        self._world = world
        self._disk = disk
        self._engine = engine
        self._book = book
        self._output_ttl = output_ttl
        self._listing = Listing(world)
        self._balance_reads: deque[float] = deque(maxlen=BALANCE_READS_A_SECOND)
        self._last_created: dict[str, str] = {}

    # Predictions

    async def submit(self, call: Call) -> Answer:
        """Create a prediction: it is in the ledger, on the disk, before this returns."""
        try:
            body = json.loads(call.body)
        except ValueError:
            return answers.MALFORMED
        if not isinstance(body, dict):
            return answers.MALFORMED
        upload_id = self._upload_id(body)
        call.notes["model"] = body.get("model")
        call.notes["image_url"] = self._image_url(body)
        prompt = str(body.get("input", {}).get("prompt", "")) if isinstance(body.get("input"), dict) else ""
        heard = self._book.listen("render", upload_id or "", prompt)
        if heard.rules:
            call.heard.append((upload_id or "", heard))
        outcome = self._world.create(call.owner, body, upload_id, heard.faults, call.now)
        if isinstance(outcome, Answer):
            return outcome
        try:
            await self._disk.ledger.append(records.accepted(outcome))
        except OSError:
            self._world.end(outcome.id, End(status=Status.ERROR, cost=Decimal(0), at=call.now))
            return Answer(status=500, body=answers.default_error(500))
        self._engine.expect(outcome)
        self._last_created[call.owner] = outcome.id
        call.notes["prediction"] = outcome.id
        return Answer(status=200, body=answers.created(outcome.id))

    def last_created(self, owner: str) -> str | None:
        """Give the id of the owner's latest prediction since the start."""
        return self._last_created.get(owner)

    def _image_url(self, body: Mapping[str, Any]) -> Any:
        model, inputs = MODELS.get(str(body.get("model"))), body.get("input")
        return inputs.get(model.image_field) if model is not None and isinstance(inputs, dict) else None

    def _upload_id(self, body: Mapping[str, Any]) -> str | None:
        url = self._image_url(body)
        if not isinstance(url, str):
            return None
        name = unquote(urlsplit(url).path).rpartition("/uploads/")[2]
        return name.rpartition(".")[0] or name

    async def poll(self, call: Call) -> Answer:
        """Tell how a prediction stands."""
        prediction = self._world.find(call.owner, call.names["id"])
        if prediction is None:
            foreign = self._listing.foreign_body(call.names["id"], self.base_url)
            return answers.PREDICTION_NOT_FOUND if foreign is None else Answer(status=200, body=foreign)
        for fault in call.faults:
            if fault.name == "not_found":
                return answers.PREDICTION_NOT_FOUND
            if fault.name == "foreign_body":
                prediction = self._world.neighbour(prediction)
        return Answer(status=200, body=self._polled(prediction, call))

    def _polled(self, prediction: Prediction, call: Call) -> dict[str, Any]:
        body = answers.polled(prediction, call.now, self.base_url, self._clip_url(prediction, call.now))
        image_field = MODELS[prediction.model].image_field
        twists = [(twist.fault, twist.options) for twist in prediction.twists]
        twists += [(fault.name, fault.options) for fault in call.faults]
        # The other word for the status comes last: the rest depends on what the status is, however it is spelled.
        for name, options in sorted(twists, key=lambda twist: twist[0] == "status_word"):
            body = twisted(body, name, options, image_field)
        return body

    def _clip_url(self, prediction: Prediction, now: float) -> str:
        """Give the URL that works now: each lives for `output_ttl`, then a poll shows the next one."""
        if prediction.settled_at is None:
            return ""
        age = int(max(0.0, now - prediction.settled_at) / self._output_ttl)
        return f"{self.base_url}/uploads/{prediction.clip_id}{f'-{age}' if age else ''}.mp4"

    def clip_of(self, name: str, now: float) -> tuple[Prediction, bool] | None:
        """Find the prediction whose clip has this file name, and whether that URL still works at `now`."""
        stem = name.removesuffix(".mp4")
        clip_id, age = (stem[:36], stem[37:] or "0") if len(stem) > 36 else (stem, "0")
        prediction = self._world.of_clip(clip_id)
        if prediction is None or prediction.status is not Status.SUCCESS or not age.isdigit():
            return None
        assert prediction.settled_at is not None, "a success is settled"
        return prediction, now < prediction.settled_at + (int(age) + 1) * self._output_ttl

    async def cancel(self, call: Call) -> Answer:
        """Stop a prediction while it is queued or rendering."""
        prediction = self._world.find(call.owner, call.names["id"])
        if prediction is None:
            return answers.PREDICTION_NOT_FOUND
        end = self._world.decide_cancel(prediction.id, call.now)
        if end is not None:
            await self._disk.ledger.append(records.ended(prediction, end))
            prediction = self._world.end(prediction.id, end)
            if prediction.upload_id is not None:
                self._disk.forget(self._world, prediction.upload_id)
        if prediction.status is Status.CANCELLED:
            return Answer(status=200, body={"status": "success", "message": "Prediction cancelled"})
        return Answer(status=400, body={"status": 400, "error": "prediction cannot be cancelled any more"})

    async def executions_v2(self, call: Call) -> Answer:
        """List the history by cursor."""
        return self._listing.by_cursor(call, lambda prediction: self._clip_url(prediction, call.now))

    async def executions_v1(self, call: Call) -> Answer:
        """List the history by offset, 1,000 rows at most."""
        return self._listing.by_offset(call, lambda prediction: self._clip_url(prediction, call.now))

    # Catalogue and account

    async def models(self, call: Call) -> Answer:
        """List the catalogue."""
        del call
        entries = [answers.catalogue_entry(model, detail=False) for model in MODELS.values()]
        return Answer(status=200, body={"models": entries, "total": len(entries)})

    async def model(self, call: Call) -> Answer:
        """Show one model with its input's schema and its price."""
        model = MODELS.get(call.names["slug"])
        if model is None:
            return answers.MODEL_NOT_FOUND
        return Answer(status=200, body=answers.catalogue_entry(model, detail=True))

    async def balance(self, call: Call) -> Answer:
        """Tell what money is left, three times a second at most (of the simulator's compressed seconds)."""
        reads, second = self._balance_reads, 1 / self._world.rules.speed
        if len(reads) == BALANCE_READS_A_SECOND and call.now - reads[0] < second:
            return answers.TOO_MANY_REQUESTS
        reads.append(call.now)
        return Answer(status=200, body={"balance_usd": float(self._world.balance())})

    # Uploads

    async def presign(self, call: Call) -> Answer:
        """Open a slot for one file."""
        try:
            body = json.loads(call.body)
        except ValueError:
            return answers.MALFORMED
        content_type = body.get("content_type") if isinstance(body, dict) else None
        if not isinstance(content_type, str) or "/" not in content_type:
            return answers.invalid_input(["field 'content_type' is required"])
        lifetime = body.get("expires_in_seconds", DEFAULT_LIFETIME)
        if not isinstance(lifetime, int) or not LIFETIMES[0] <= lifetime <= LIFETIMES[1]:
            return answers.invalid_input(["field 'expires_in_seconds' must lie between 60 and 31536000"])
        upload = self._world.presign(call.owner, content_type, lifetime, call.now)
        self._disk.note_upload(records.presigned(upload))
        call.notes["upload"] = upload.id
        return Answer(status=200, body=answers.presigned(upload, self.base_url))

    async def put(self, call: Call, read: Callable[[], Any]) -> Answer:
        """Take a file in, when signature, time, content type and every required header are right."""
        upload = self._world.uploads.get(call.names["id"])
        if upload is None or upload.deleted or call.now >= upload.put_until:
            return _denied("The request signature has expired or is not known")
        if not hmac.compare_digest(upload.token, call.query.get("signature", "")):
            return _denied("The request signature does not match")
        if "Authorization" in call.headers or "X-API-Key" in call.headers:
            return _denied("Only one authentication mechanism is allowed; this URL carries its own")
        if call.headers.get("Content-Type") != upload.content_type:
            return _denied("Content-Type is not the one that was signed")
        if call.headers.get("x-amz-meta-file-id") != upload.id:
            return _denied("x-amz-meta-file-id is missing or not the one that was signed")
        if int(call.headers.get("Content-Length", "0")) > LARGEST_UPLOAD:
            return Answer(status=413, body="<Error><Code>EntityTooLarge</Code></Error>")
        content = await read()
        self._disk.upload_path(upload.id).write_bytes(content)
        stored = self._world.store(upload.id, len(content), clips.picture_size(content))
        self._disk.note_upload(records.stored(stored, call.now))
        return Answer(status=200, body=b"", headers={"ETag": f'"{hashlib.md5(content).hexdigest()}"'})  # noqa: S324 - S3's

    async def delete(self, call: Call) -> Answer:
        """Remove an upload."""
        upload = self._world.delete(call.owner, call.names["id"], call.now)
        if upload is None:
            return answers.NOT_FOUND
        self._disk.note_upload(records.deleted(upload, call.now))
        self._disk.forget(self._world, upload.id)
        return Answer(status=200, body={"status": "success", "message": "File deleted"})


def _denied(message: str) -> Answer:
    text = f'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>{message}</Message></Error>'
    return Answer(status=403, body=text, headers={"Content-Type": "application/xml"})
