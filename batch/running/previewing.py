"""Every frame that a job would send, made before anything is paid: for a contact sheet."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.media import Size
from batch.errors import UsageProblem
from batch.files import sweep_parts
from batch.frames.cache import FrameCache
from batch.frames.errors import PictureError
from batch.frames.flags import Flag, Kind, flags_of, scale_of, share_of
from batch.frames.pool import default_workers, frame_now
from batch.frames.settings import FrameTarget
from batch.frames.thumbnail import small_copy
from batch.models import profile_for
from batch.report.contact import Shot, write_contact
from batch.running.framing import fit_of, fit_settings
from batch.running.opening import opened_plan
from batch.running.planning import frames_folder, picture_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from batch.core.profile import ModelProfile
    from batch.frames.settings import FitSettings, Frame
    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.pictures import Progress
    from batch.planning import Plan
    from batch.report.contact import Contact

FRAMES_FOLDER = "frames"
_SHOWN = Size(360, 270)
_WINDOW = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which frames are wanted.

    Args:
        skus: Only these; all where there are none.
        limit: No more than this many.
        fetch: Whether pictures behind URLs are fetched first.
    """

    skus: frozenset[str]
    limit: int
    fetch: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """What was looked at.

    Attributes:
        contact: The files, and what they show.
        items: Frames that the job has.
        left_out: How many of them were beyond the limit.
        unchecked: Pictures behind URLs that were not fetched.
        rejected: Rows that cannot become an item.
    """

    contact: Contact
    items: int
    left_out: int
    unchecked: int
    rejected: int


def preview(loaded: LoadedJob, choice: Choice, folder: Path, progress: Progress, made: Progress) -> Previewed:
    """Make the frames of a job and a contact sheet of them; sends nothing, buys nothing.

    Args:
        loaded: The job.
        choice: Which frames.
        folder: Where the sheet goes.
        progress: Told about pictures that have to be read.
        made: Told about frames that have been made.

    Raises:
        UsageProblem: If a SKU is not in the plan.
        Problem: If the manifest cannot be read, or the files cannot be written.
    """
    profile, job = profile_for(loaded, to_buy=False), loaded.job
    with opened_plan(loaded, profile, fetch=choice.fetch, progress=progress, redone=False) as (plan, _):
        wanted = list(itertools.islice(_wanted(loaded, profile, plan, choice), choice.limit))
        items = len(wanted) if len(wanted) < choice.limit else sum(1 for _ in _wanted(loaded, profile, plan, choice))
        missing = choice.skus - {one.sku for one in wanted}
        if missing and items == len(wanted):
            raise UsageProblem(f"no item has the SKU {min(missing)!r}", hint="`sora-batch plan` says what is rejected")
        sweep_parts(frames_folder(loaded))
        contact = write_contact(folder, job.name, lambda thumbs: _shots(loaded, wanted, thumbs, made))
        return Previewed(
            contact=contact,
            items=items,
            left_out=items - len(wanted),
            unchecked=len(plan.unchecked_urls),
            rejected=plan.totals.rejected,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    sku: str
    line: int
    aspect: str
    source: Path
    sha256: str
    settings: FitSettings
    target: FrameTarget


def _wanted(loaded: LoadedJob, profile: ModelProfile, plan: Plan, choice: Choice) -> Iterator[_Wanted]:
    """Each frame once, in the manifest's order: variants and durations of an item share theirs."""
    of_job, seen = fit_settings(loaded.job), ("", "")
    columns = ("sku", "line", "order", "source", "source_sha256", "framing")
    for batch in plan.batches():
        for sku, line, place, source, sha256, framing in batch.select(columns).iter_rows():
            if choice.skus and sku not in choice.skus:
                continue
            order = plan.orders[place]
            shown = (sku, str(order.frame))
            if shown == seen:
                continue
            seen = shown
            yield _Wanted(
                sku=sku,
                line=line,
                aspect=order.aspect,
                source=picture_path(loaded, source, sha256),
                sha256=sha256,
                settings=fit_of(of_job, framing),
                target=FrameTarget(
                    size=Size(order.frame.width, order.frame.height),
                    max_bytes=profile.image.max_bytes,
                    formats=profile.image.formats,
                ),
            )


def _shots(loaded: LoadedJob, wanted: list[_Wanted], thumbs: Path, made: Callable[[int, int], None]) -> Iterator[Shot]:
    """Make frames a window at a time, so that no more than that many wait to be written."""
    cache = FrameCache(frames_folder(loaded))
    with ThreadPoolExecutor(default_workers(), thread_name_prefix="frames") as threads:
        for first in range(0, len(wanted), _WINDOW):
            some = wanted[first : first + _WINDOW]
            numbers = range(first, first + len(some))
            yield from threads.map(lambda number, one: _shot(cache, one, thumbs / str(number)), numbers, some)
            made(first + len(some), len(wanted))


def _shot(cache: FrameCache, one: _Wanted, thumb: Path) -> Shot:
    source, frame = thumb.with_suffix(".source.jpg"), thumb.with_suffix(".frame.jpg")
    try:
        made = frame_now(one.source, one.sha256, one.settings, one.target, cache)
        source.write_bytes(small_copy(_read(one.source), _SHOWN))
        frame.write_bytes(small_copy(made.data, _SHOWN))
    except PictureError as error:
        reason = f"{error.reason}; {error.hint}" if error.hint else error.reason
        flag = Flag(kind=Kind.REJECTED, reason=reason)
        return _told(one, None, (flag,), source if source.exists() else None, None)
    return _told(one, made, flags_of(made, one.settings), source, frame)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:  # its frame may still lie in the cache
        raise PictureError(f"{path.name} cannot be read: {error.strerror or error}", hint="check its path") from error


def _told(
    one: _Wanted, frame: Frame | None, flags: tuple[Flag, ...], source_thumb: Path | None, frame_thumb: Path | None
) -> Shot:
    share = None if frame is None else share_of(frame)
    return Shot(
        sku=one.sku,
        line=one.line,
        aspect=one.aspect,
        picture=one.source.name,
        pixels=None if frame is None else str(frame.source_size),
        fit=None if frame is None else frame.fit_used.value,
        background=None if frame is None else _background(frame),
        scale=None if frame is None else round(scale_of(frame), 3),
        share=None if share is None else round(share, 3),
        seam=None if frame is None or frame.looks.seam is None else round(frame.looks.seam, 2),
        flags=tuple((flag.kind.value, flag.reason) for flag in flags),
        weight=min((list(Kind).index(flag.kind) for flag in flags), default=len(Kind)),
        source=source_thumb,
        frame=frame_thumb,
    )


def _background(frame: Frame) -> str:
    beyond = frame.looks.beyond
    if beyond is None:
        return "none: the picture fills the frame" if frame.background is None else frame.background
    return f"{beyond.value} {frame.background}" if beyond.value == "colour" else beyond.value
