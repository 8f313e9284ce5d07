"""Putting what is offered where it goes: clips first, then the feed; what is no longer handed over goes last."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from batch.errors import CannotCreate, Exit
from batch.export.feeds import CLIPS_SHEET, REFUSED_SHEET, Format
from batch.export.ledger import LEDGER, Entry, Ledger, read_ledger
from batch.export.sheets import clips_sheet, refused_sheet
from batch.export.values import FILE_RULE, Offer, Refusal
from batch.running.shelves import ChangedMeanwhile, Shelf, Way, digest_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from batch.core.summary import ClipFacts, ItemView
    from batch.export.choosing import LeftOut

_AT_ONCE: Final = 4

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What an export did.

    Attributes:
        where: The folder, or the prefix.
        feed: The feed's path or address.
        offers: What is handed over.
        ways: How many of them got there in which way.
        removed: Names of clips that were handed over before, and are not any more.
        left: The same, of files that somebody has changed since: they were left alone.
    """

    job: str
    channel: str
    where: str
    feed: str
    offers: tuple[Offer, ...]
    ways: Mapping[Way, int]
    refused: tuple[Refusal, ...]
    left_out: tuple[LeftOut, ...]
    removed: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def exit(self) -> Exit:
        """0 where something is handed over and nothing was refused."""
        return Exit.SOME_FAILED if self.refused or not self.offers else Exit.DONE


async def open_ledger(shelf: Shelf, job: str, channel: str) -> Ledger:
    """Read what we put there before.

    Raises:
        CannotCreate: If what lies there is another export.
    """
    data = await shelf.read(LEDGER)
    if data is None:
        return Ledger(job=job, channel=channel)
    try:
        ledger = read_ledger(data)
    except ValueError as error:
        hint = "choose another -o; without that file it is not known what may be replaced there"
        raise CannotCreate(f"its {LEDGER} is none of ours: {error}", where=shelf.where, hint=hint) from error
    if (ledger.job, ledger.channel) != (job, channel):
        what = f"it holds the export of the job {ledger.job} for {ledger.channel}"
        raise CannotCreate(what, where=shelf.where, hint="choose another -o: a folder holds one export")
    return ledger


async def as_delivered(offers: Sequence[Offer], folder: Path) -> tuple[list[Offer], list[Refusal]]:
    """Hold each clip's file against the hash that the state has of it."""
    troubles = await _each(lambda offer: asyncio.to_thread(_trouble, folder, offer.clip), offers)
    pairs = list(zip(offers, troubles, strict=True))
    refused = [Refusal.of(offer.view, offer.name, FILE_RULE, trouble) for offer, trouble in pairs if trouble]
    return [offer for offer, trouble in pairs if not trouble], refused


def _trouble(folder: Path, clip: ClipFacts) -> str:
    """Say what is wrong with a clip's file. The path is the short one: this is published, too."""
    try:
        length, digest = digest_of(folder / clip.path)
    except FileNotFoundError:
        return f"its file {clip.path} is gone"
    except OSError as error:
        return f"its file {clip.path} cannot be read ({error.strerror})"
    if (length, digest) != (clip.bytes, clip.sha256):
        return f"its file {clip.path} is not as it was delivered any more"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Puts what is offered on a shelf.

    Attributes:
        ledger: Of what lies there by our hand.
        source: The output folder.
    """

    shelf: Shelf
    form: Format
    ledger: Ledger
    source: Path
    languages: tuple[str, ...]
    _ways: Counter[Way] = field(default_factory=Counter)

    async def deliver(self, offers: list[Offer], refused: list[Refusal], left_out: tuple[LeftOut, ...]) -> HandedOver:
        """Put clips, sheets and feed there, in this order, and take away what is not handed over any more."""
        await self._refuse_strangers()
        expected = self._next(offers, self._files(offers, refused), self._kept_back(refused))
        is_new = expected.text() != self.ledger.text()
        if is_new:  # before the first clip, so that what a kill leaves is known as ours
            both = replace(expected, clips={**self.ledger.clips, **expected.clips})
            await self.shelf.put_file(LEDGER, both.text())
        found = await _each(self._put, offers)
        late = [one for one in found if isinstance(one, Refusal)]
        offers = [offer for offer, one in zip(offers, found, strict=True) if one is None]
        refused = [*refused, *late]
        files = self._files(offers, refused)
        for name, data in files.items():
            if await self.shelf.look(name) != hashlib.sha256(data).hexdigest():
                await self.shelf.put_file(name, data)
        final = self._next(offers, files, self._kept_back(refused))
        removed, left = await self._clear(final)
        if is_new or final.text() != self.ledger.text():
            await self.shelf.put_file(LEDGER, final.text())
        return HandedOver(
            job=self.ledger.job,
            channel=self.form.name,
            where=self.shelf.where,
            feed=f"{self.shelf.where}/{self.form.feed}",
            offers=tuple(offers),
            ways=self._ways,
            refused=tuple(refused),
            left_out=left_out,
            removed=tuple(removed),
            left=tuple(left),
        )

    async def _refuse_strangers(self) -> None:
        for name in (self.form.feed, CLIPS_SHEET, REFUSED_SHEET):
            if name not in self.ledger.files and await self.shelf.look(name) is not None:
                what = f"{name} lies there already, and not by an export's hand"
                raise CannotCreate(what, where=self.shelf.where, hint="choose another -o, or move that file away")

    def _files(self, offers: Sequence[Offer], refused: Sequence[Refusal]) -> dict[str, bytes]:
        """Make all files but the clips; the feed is the last."""
        return {
            REFUSED_SHEET: refused_sheet(refused),
            **({} if self.form.has_all else {CLIPS_SHEET: clips_sheet(offers, self.languages)}),
            self.form.feed: self.form.write(self.ledger.job, offers, self.languages),
        }

    def _kept_back(self, refused: Sequence[Refusal]) -> dict[str, Entry]:
        """Give what stays there although it is not in the feed: the only whole copy of a clip may lie here."""
        names = {one.name for one in refused if one.rule == FILE_RULE}
        return {name: entry for name, entry in self.ledger.clips.items() if name in names}

    def _next(self, offers: Iterable[Offer], files: Mapping[str, bytes], kept: Mapping[str, Entry]) -> Ledger:
        return replace(
            self.ledger,
            clips={**kept, **{offer.name: _entry(offer) for offer in offers}},
            files={**self.ledger.files, **{name: hashlib.sha256(data).hexdigest() for name, data in files.items()}},
        )

    async def _put(self, offer: Offer) -> Refusal | None:
        lies = await self.shelf.look(offer.name)
        if lies not in {None, offer.clip.sha256} and offer.name not in self.ledger.clips:
            return Refusal.of(
                offer.view, offer.name, "name", f"{offer.name} lies there already, and not by an export's hand"
            )
        source = self.source / offer.clip.path
        try:
            self._ways[await self.shelf.put_clip(offer.name, source, _entry(offer), lies)] += 1
        except ChangedMeanwhile:
            return Refusal.of(
                offer.view, offer.name, FILE_RULE, f"its file {offer.clip.path} changed while it was handed over"
            )
        return None

    async def _clear(self, final: Ledger) -> tuple[list[str], list[str]]:
        """Remove what we put there and is not handed over any more."""
        removed: list[str] = []
        left: list[str] = []
        for name in sorted(set(self.ledger.clips) - set(final.clips)):
            gone = await self.shelf.remove(name, self.ledger.clips[name].sha256)
            (removed if gone else left).append(name)
        return removed, left


def _entry(offer: Offer) -> Entry:
    return Entry(sku=offer.view.sku, bytes=offer.clip.bytes, sha256=offer.clip.sha256)


async def _each(work: Callable[[T], Awaitable[R]], values: Iterable[T]) -> list[R]:
    """Do something with each value, a few at once; give the results in order."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(value: T) -> R:
        async with turns:
            return await work(value)

    return await asyncio.gather(*(one(value) for value in values))


def by_reason(left_out: Iterable[LeftOut]) -> dict[str, int]:
    """Count what is left out, by reason."""
    return dict(Counter(one.why.value for one in left_out))


def in_doubt(offers: Iterable[Offer]) -> Iterator[tuple[ItemView, str]]:
    """Give the clips of which something is in doubt, and what."""
    for offer in offers:
        if offer.doubts:
            yield offer.view, "; ".join(offer.doubts)
