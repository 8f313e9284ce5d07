"""A damaged or lost state, brought back from what else remembers.

That is its copy, the notes beside the clips, the damaged file itself, and the provider's history. What none of them can
tell is held, and never bought again silently.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from batch.collect.notes import notes_below
from batch.core import events as ev
from batch.core.phases import Phase
from batch.core.timing import timing_of
from batch.errors import Exit, KeyRefused, MissingInput, Problem, StorageProblem, Unavailable
from batch.models import profile_for
from batch.running.desking import provider_for
from batch.running.history import learn_clock, look_at, read_history
from batch.running.naming import names_for
from batch.running.planning import bring_plan_up_to_date
from batch.running.provenance import provider_name
from batch.store import changes, lookups, queries, restoring
from batch.store.copying import copy_path
from batch.store.lock import RunLock, lock_path
from batch.store.replacing import building_place, put_in_place
from batch.store.salvage import salvage
from batch.store.seal import Seal, look_at_seal
from batch.store.state import Binding, damage
from batch.store.store import Store, open_store

if TYPE_CHECKING:
    from pathlib import Path

    from batch.core.note import Note
    from batch.core.prediction import Execution, NoAnswer
    from batch.inputs.jobfile import LoadedJob
    from batch.providers.base import Provider
    from batch.running.clock import Clock
    from batch.running.desk import Watcher
    from batch.store.salvage import Salvaged

MOST_LOOKS = 2_000
"""Predictions whose picture is looked at in one rebuild."""

_LONGEST_MEMORY = 30 * 86_400.0
"""Seconds of history that are read where there is no copy: as long as uploads are kept."""

_MARGIN = 600.0


@dataclass(slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild came to.

    Attributes:
        why: How the state was damaged; empty where it was whole, and nothing was done.
        base: What it was rebuilt from: `copy`, or `nothing` but the manifest.
        clips: Items that are done by the notes beside their clips.
        salvaged: Attempts that only the damaged file still showed.
        adopted: Predictions that were found by their upload.
        unaccounted: Predictions of which nobody can tell the item; nothing is bought until a person does.
        kept: Where the damaged file lies now.
        notes: What a person should know.
    """

    why: str = ""
    base: str = "nothing"
    clips: int = 0
    salvaged: int = 0
    adopted: int = 0
    unaccounted: list[str] = field(default_factory=list)
    kept: Path | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def exit(self) -> Exit:
        """4 where a person has to say what belongs where."""
        return Exit.NEEDS_PERSON if self.unaccounted else Exit.DONE

    def as_json(self) -> dict[str, Any]:
        """Give the documented keys."""
        return {
            "damage": self.why,
            "base": self.base,
            "clips": self.clips,
            "salvaged": self.salvaged,
            "adopted": self.adopted,
            "unaccounted": self.unaccounted,
            "kept": None if self.kept is None else str(self.kept),
            "notes": self.notes,
            "exit": int(self.exit),
        }


async def rebuild(loaded: LoadedJob, audience: Watcher, clock: Clock, *, force: bool) -> Rebuilt:
    """Rebuild a job's state beside the damaged one, and put it into its place only when it is finished.

    Args:
        force: Do not wait until the provider lists what was sent last, and go on where its history has no end.

    Raises:
        Busy: If a run is at work on this job.
        Problem: If the state is another's, or something that is needed does not answer; nothing was changed then.
    """
    location = loaded.location
    binding = Binding.of(location)
    _check_folder(location.state)
    lock = RunLock(lock_path(location.state))
    try:
        why = _why(location.state, binding)
        if not why:
            return Rebuilt()
        return await _Rebuilding(loaded, audience, clock, binding, force=force).work(why)
    except OSError as error:
        raise StorageProblem(
            f"the state cannot be rebuilt: {error.strerror}", where=str(location.state), hint="look at its disk"
        ) from error
    finally:
        lock.release()


def _check_folder(state: Path) -> None:
    if not state.parent.is_dir():
        raise MissingInput(
            "there is no folder for a state", where=str(state.parent), hint="`sora-batch run JOB` makes both"
        )


def _why(state: Path, binding: Binding) -> str:
    try:
        return damage(state, binding)
    except MissingInput as missing:  # lost with everything beside it: the clips' notes may still tell
        return missing.what


class _Rebuilding:
    """One rebuild, with the job's lock held."""

    def __init__(self, loaded: LoadedJob, audience: Watcher, clock: Clock, binding: Binding, *, force: bool) -> None:
        self._loaded = loaded
        self._audience = audience
        self._clock = clock
        self._binding = binding
        self._force = force
        self._state = loaded.location.state
        self._result = Rebuilt()

    async def work(self, why: str) -> Rebuilt:
        """Do it step by step; each source adds what the ones before did not know."""
        result = self._result
        result.why = why
        attempts = await asyncio.to_thread(salvage, self._state)
        place = building_place(self._state)
        if _usable(copy_path(self._state)):
            await asyncio.to_thread(shutil.copyfile, copy_path(self._state), place)
            result.base = "copy"
        store = await open_store(place, self._binding, now=self._clock.now())
        try:
            known_until = restoring.newest_moment(store.reader)
            notes = await self._notes()
            await store.do(partial(restoring.restore_overrides, notes=notes))
            await self._plan(store)
            await self._clips(store, notes)
            await self._attempts(store, attempts)
            await self._history(store, known_until)
            result.unaccounted = list(queries.unaccounted(store.reader))
        finally:
            await store.close()
        stamp = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        result.kept = await asyncio.to_thread(put_in_place, place, self._state, stamp)
        return result

    async def _plan(self, store: Store) -> None:
        """Bring in the manifest's items; with a copy, most are there, and a missing manifest is no reason to stop."""
        try:
            profile = profile_for(self._loaded)
            await bring_plan_up_to_date(store, self._loaded, profile, audience=self._audience, strict=False)
        except Problem as problem:
            if self._result.base == "nothing":
                raise
            self._note(f"the manifest was not read: {problem.what}")

    async def _notes(self) -> list[Note]:
        output, job = self._loaded.location.output, self._loaded.job
        return await asyncio.to_thread(lambda: list(notes_below(output, job.name, provider_name(job))))

    async def _clips(self, store: Store, notes: list[Note]) -> None:
        now = self._clock.now()
        for note in notes:
            if await store.do(partial(restoring.restore_clip, note=note, now=now)):
                self._result.clips += 1
                await store.do(partial(restoring.restore_decision, note=note))
            else:
                self._note(f"{note.sku}: its clip is there, and the state has another story of it: {note.clip.path}")

    async def _attempts(self, store: Store, attempts: list[Salvaged]) -> None:
        """Bring in what the damaged file shows; what cannot be placed keeps everything from being bought."""
        now = self._clock.now()
        before = store.reader.execute("SELECT count(*) FROM attempt").fetchone()[0]
        for found in attempts:
            placed = await store.do(partial(restoring.restore_attempt, found=found, now=now))
            if not placed:
                await self._unaccounted(store, {found.prediction_id or found.upload_id: found.intent_at})
        named = {found.key.hex(): found.name for found in attempts}
        for item_id in lookups.nameless(store.reader):
            article = queries.article(store.reader, item_id)
            known = named.get(article.key, "")
            names = names_for(self._loaded.job, self._loaded.location.output, article, known)
            await store.do(partial(changes.give_name, item_id=item_id, names=tuple(names)))
        self._result.salvaged = store.reader.execute("SELECT count(*) FROM attempt").fetchone()[0] - before

    async def _history(self, store: Store, known_until: float) -> None:
        """Ask the provider what was made since the copy, once it lists what was sent last."""
        await self._wait(store)
        now = self._clock.now()
        since = known_until - _MARGIN if known_until else now - _LONGEST_MEMORY
        models = {self._loaded.job.model, *lookups.models_bought(store.reader)}
        async with provider_for(self._loaded) as (provider, _):
            await learn_clock(provider)
            for model in sorted(models):
                offset = provider.clock_offset
                history = await read_history(provider, model, since=since + offset, until=now + offset + _MARGIN)
                if history.trouble is not None:
                    raise _silent(history.trouble)
                if not history.complete and not self._force:
                    raise Unavailable(
                        "the provider's history is too long to be read to its end: what is not seen may be ours",
                        hint="nothing was changed; --force rebuilds all the same, from what was read",
                    )
                await self._look_through(store, provider, history.rows)

    async def _wait(self, store: Store) -> None:
        """Let the provider's listing catch up with what the damaged state wrote last."""
        if self._force or not queries.count_in(store.reader, Phase.PLANNED):
            return
        grace = timing_of(self._loaded.job, profile_for(self._loaded).eta_seconds).grace
        written = [path.stat().st_mtime for path in _files(self._state) if path.exists()]
        now = self._clock.now()
        pause = min(grace, max(written, default=now) + grace - now)
        if pause > 0:
            self._audience.note(
                f"waiting {pause:.0f} s, until the provider has to list what was sent last (reconcile.grace);"
                " --force does not wait"
            )
            await asyncio.sleep(pause)

    async def _look_through(self, store: Store, provider: Provider, rows: tuple[Execution, ...]) -> None:
        known = queries.our_predictions(store.reader, [row.id for row in rows])
        known |= {id_ for one in lookups.booked_with_duplicates(store.reader) for id_ in one.duplicates}
        unknown = [row for row in rows if row.id not in known]
        for row in unknown[:MOST_LOOKS]:
            await self._look_at(store, provider, row)
        if len(unknown) > MOST_LOOKS:
            self._note(
                f"only {MOST_LOOKS} of {len(unknown)} unknown predictions were looked at; all others count as lost"
            )
            await self._unaccounted(store, {row.id: _made_at(row) for row in unknown[MOST_LOOKS:]})

    async def _look_at(self, store: Store, provider: Provider, row: Execution) -> None:
        """Give a prediction to the attempt whose upload it echoes; without one nobody can tell its item."""
        prediction = await look_at(provider, row.id)
        echo = prediction.image_url if prediction is not None else None
        owner = lookups.attempt_of_echo(store.reader, echo) if echo is not None else None
        if owner is None:
            await self._unaccounted(store, {row.id: _made_at(row)})
            return
        record = changes.read_one(store.reader, owner[0])
        newest = record.attempt is not None and record.attempt.number == owner[1]
        if newest and record.phase in {Phase.UNCONFIRMED, Phase.HELD}:
            await store.apply(owner[0], ev.Adopted(at=self._clock.now(), prediction_id=row.id))
            self._result.adopted += 1
        elif record.phase is Phase.PLANNED:  # it would be bought, and this one may be what it wants
            await self._unaccounted(store, {row.id: _made_at(row)})
        else:
            sku = lookups.sku_of(store.reader, owner[0])
            self._note(f"{sku}: the provider made {row.id} from its upload as well; `sora-batch audit` shows it")

    async def _unaccounted(self, store: Store, made: dict[str, float]) -> None:
        await store.do(partial(restoring.note_unaccounted, made=made))

    def _note(self, message: str) -> None:
        self._result.notes.append(message)
        self._audience.note(message)


def _made_at(row: Execution) -> float:
    return row.created_at.timestamp() if row.created_at else 0.0


def _usable(copy: Path) -> bool:
    """Say whether the copy is what was made of it; one without a seal is searched for contradictions when opened."""
    return copy.exists() and look_at_seal(copy) in {Seal.WHOLE, Seal.NONE}


def _files(state: Path) -> tuple[Path, ...]:
    return state, state.with_name(f"{state.name}-wal")


def _silent(answer: NoAnswer) -> Problem:
    if answer.key_refused:
        return KeyRefused(f"the provider refused the key: {answer.message}", hint="check EACHLABS_API_KEY")
    return Unavailable(
        f"the provider did not tell its history: {answer.message}", hint="try again later; nothing was changed"
    )
