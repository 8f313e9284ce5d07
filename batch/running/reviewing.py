"""What persons decided about clips, taken into the state; a redo plans a new take, and buys nothing by itself."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from batch.collect.sidecar import decide_in_note
from batch.core.decision import Decision, Judgement
from batch.core.item import fit_rules
from batch.core.phases import RETRYABLE, Phase
from batch.errors import MissingInput
from batch.models import profile_for
from batch.store import changes, decisions, queries, takes
from batch.store.copying import copy_path
from batch.store.numbers import is_partial
from batch.store.state import Binding
from batch.store.store import open_store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from batch.core.override import Override
    from batch.inputs.jobfile import LoadedJob
    from batch.running.clock import Clock
    from batch.store.queries import Article
    from batch.store.takes import NewTake

_EARLY = 24 * 3600.0
"""Seconds that the clock of whoever decided may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One decision as a file or a page tells it.

    Attributes:
        line: Of the file; 0 where there is none.
        key: The item's, in hex.
        sku: As it is told; empty where it is not.
        prompt: What a new take is asked for with; None: the same words once more, or no redo.
        at: Unix seconds.
    """

    line: int
    key: str
    sku: str
    judgement: Judgement
    prompt: str | None
    note: str
    by: str
    at: float

    @property
    def decision(self) -> Decision:
        """What it says of the clip."""
        return Decision(judgement=self.judgement, by=self.by, at=self.at, note=self.note, prompt=self.prompt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A decision that is not taken in, and changes nothing."""

    line: int
    key: str
    sku: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of decisions.

    Attributes:
        changed: Those that are new to the state.
        known: How many it had already.
        refused: Those that changed nothing, in the order of their lines.
        planned: New takes, which the next run buys.
    """

    changed: tuple[Told, ...]
    known: int
    refused: tuple[Refused, ...]
    planned: tuple[NewTake, ...]


GONE = "the plan no longer wants this clip: its row, picture or job has changed since, or the row is gone"
PARTIAL = "the newest plan is less than the whole job, without this clip: `sora-batch run` plans all of it"


_BRACES = re.compile(r"\{[^{}]*\}")


class _RefusedError(Exception):
    """One decision cannot be taken in, for the reason that it says."""


async def apply_decisions(loaded: LoadedJob, told: Sequence[Told], clock: Clock) -> Applied:
    """Take decisions into the state, all good ones in one transaction; nothing is bought.

    In the order of their moments: a file may tell the history of a clip in any order. The notes beside the clips are
    written after that; where that was cut off, the same decisions again write them.

    Raises:
        Busy: If a run is at work on this job.
        MissingInput: If it never ran.
        Problem: If the state cannot be read or written.
    """
    location = loaded.location
    if not location.state.exists() and not copy_path(location.state).exists():
        raise MissingInput(
            "this job has no state yet", where=str(location.state), hint="`sora-batch run JOB` makes it, and clips"
        )
    store = await open_store(location.state, Binding.of(location), now=clock.now())
    try:
        applying = Applying(
            model=loaded.job.model,
            most_characters=profile_for(loaded).prompt.max_characters,
            fit=fit_rules(loaded.job.image),
            now=clock.now(),
        )
        applied = await store.do(lambda connection: applying.work(connection, told))
        clips = list(_clips(store.reader, {one.key for one in told}))
        await asyncio.to_thread(_write_notes, location.output, clips)
        return applied
    finally:
        await store.close()


def _clips(connection: sqlite3.Connection, keys: Iterable[str]) -> Iterator[tuple[str, Decision | None]]:
    """Give the clips of items with what stands of them; notes that a kill left behind are mended by the next try."""
    for key in keys:
        item_id = queries.item_of_key(connection, key)
        clip = None if item_id is None else changes.read_one(connection, item_id).clip
        if item_id is not None and clip is not None:
            yield clip.path, decisions.standing(decisions.holding(connection, item_id))


def _write_notes(output: Path, clips: Iterable[tuple[str, Decision | None]]) -> None:
    for path, decision in clips:
        decide_in_note(output / path, decision)


class Applying:
    """One application.

    Args:
        model: The job's.
        most_characters: Of a prompt that the model takes; None: not known.
        fit: How the job fits pictures.
        now: Unix seconds.
    """

    def __init__(self, *, model: str, most_characters: int | None, fit: Mapping[str, Any], now: float) -> None:
        self._model = model
        self._most = most_characters
        self._fit = fit
        self._now = now

    def work(self, connection: sqlite3.Connection, told: Sequence[Told]) -> Applied:
        """Take decisions in, inside the caller's transaction."""
        changed: list[Told] = []
        refused: list[Refused] = []
        planned: dict[str, NewTake] = {}
        for one in sorted(told, key=attrgetter("at")):
            connection.execute("SAVEPOINT told")
            try:
                if self._take_in(connection, one, planned):
                    changed.append(one)
            except _RefusedError as error:
                connection.execute("ROLLBACK TO told")
                refused.append(Refused(line=one.line, key=one.key, sku=one.sku, reason=str(error)))
            connection.execute("RELEASE told")
        return Applied(
            changed=tuple(changed),
            known=len(told) - len(changed) - len(refused),
            refused=tuple(sorted(refused, key=attrgetter("line"))),
            planned=tuple(planned.values()),
        )

    def _take_in(self, connection: sqlite3.Connection, told: Told, planned: dict[str, NewTake]) -> bool:
        """Take one decision in; False where it is known."""
        item = self._item(connection, told)
        decision = told.decision
        if decisions.is_known(connection, item.item_id, decision):
            return False
        self._check(connection, item, told)
        after = takes.made_after(connection, item.key)
        if told.judgement is Judgement.REDO:
            if after is not None and not takes.withdraw(connection, after, self._fit):
                raise _RefusedError(_not_newest(connection, after))
            planned[item.key] = self._redo(connection, item, told)
        elif after is not None and takes.withdraw(connection, after, self._fit):
            planned.pop(item.key, None)
        elif after is not None and told.judgement is Judgement.APPROVE:
            changes.set_meta(connection, "fingerprint", "")  # a plan of another length may come to this take's words
        decisions.record(connection, item.item_id, decision)
        return True

    def _item(self, connection: sqlite3.Connection, told: Told) -> Article:
        item_id = queries.item_of_key(connection, told.key)
        if item_id is None:
            raise _RefusedError("no item of this job has this key")
        item = queries.article(connection, item_id)
        if told.sku and told.sku != item.sku:
            raise _RefusedError(f"the key is that of {item.sku}")
        return item

    def _check(self, connection: sqlite3.Connection, item: Article, told: Told) -> None:
        phase = queries.phase_of(connection, item.item_id)
        if phase is not Phase.DONE:
            raise _RefusedError(_no_clip(phase))
        if told.prompt is not None and told.judgement is not Judgement.REDO:
            raise _RefusedError(f"a prompt belongs to a redo, and this says {told.judgement.value}")
        if told.prompt is not None and self._most is not None and len(told.prompt) > self._most:
            length = f"{len(told.prompt):,} characters"
            raise _RefusedError(f"the prompt has {length}; {self._model} takes {self._most:,}")
        for braces in _BRACES.findall(told.prompt or ""):
            if braces not in item.prompt:
                raise _RefusedError(f"a redo's words are sent as they stand, with {braces}: write what it stands for")
        if told.at > self._now + _EARLY:
            raise _RefusedError("it is of a time that has not come yet")
        newest = decisions.holding(connection, item.item_id)
        if newest is not None and told.at < newest.at:
            raise _RefusedError(f"it is older than what is known: {newest.judgement.value} by {newest.by}")

    def _redo(self, connection: sqlite3.Connection, item: Article, told: Told) -> NewTake:
        if not queries.in_newest_plan(connection, item.item_id):
            raise _RefusedError(PARTIAL if is_partial(connection) else GONE)
        try:
            prompt = item.prompt if told.prompt is None else told.prompt
            asked = takes.Asked(by=told.by, at=told.at, note=told.note)
            return takes.plan_take(connection, item, prompt=prompt, fit=self._fit, asked=asked)
        except takes.UnknownFitError:
            raise _RefusedError(UNKNOWN_FIT) from None


UNKNOWN_FIT = "the state does not say how its picture was fitted, and `image` in the job has changed since"


def _no_clip(phase: Phase) -> str:
    if phase in RETRYABLE:
        return f"there is no clip, it is {phase.value}: `sora-batch retry JOB` plans it again"
    return f"there is no clip yet, it is {phase.value}"


def _not_newest(connection: sqlite3.Connection, after: Override) -> str:
    newest = takes.newest_of(connection, after)
    if newest is None:
        return f"there is a newer take, {after.take}"
    item = queries.article(connection, newest)
    return f"there is a newer take, {item.take} ({item.key[:12]}, {queries.phase_of(connection, newest).value})"
