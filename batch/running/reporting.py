"""The state to report files."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from batch.core.summary import ReportHead
from batch.core.verdicts import facts_of
from batch.judge.records import Looks
from batch.report import write_page_alone, write_report
from batch.running.destinations import destinations_of
from batch.running.measuring import measured
from batch.running.person import this_person
from batch.running.planning import picture_path
from batch.store import history, queries, views
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from batch.core.channel import Channel
    from batch.core.suiting import Judge
    from batch.core.summary import GoneProduct, ItemView, RejectedView
    from batch.inputs.jobfile import LoadedJob

REPORT_FOLDER = "report"
LOOKS_FOLDER = f"{REPORT_FOLDER}/looks"


def report_head(loaded: LoadedJob, connection: sqlite3.Connection, now: float) -> ReportHead:
    """Say of a job's state as a whole what its report says.

    Args:
        now: Unix seconds.
    """
    last = queries.newest_run(connection)
    return ReportHead(
        job=loaded.job.name,
        model=loaded.job.model,
        provider=loaded.job.provider.name,
        simulated=loaded.job.simulated,
        made_at=datetime.fromtimestamp(now, UTC),
        run_started_at=datetime.fromtimestamp(last.started_at, UTC) if last else None,
        ended=last.ended if last else "",
        counts=queries.counts(connection),
        cost=queries.cost(connection),
    )


def write_job_report(loaded: LoadedJob, head: ReportHead) -> dict[str, str]:
    """Write all files of a job's report; give their paths by kind.

    Raises:
        Problem: If the state cannot be read, or a file cannot be written.
    """
    output, channels = loaded.location.output, destinations_of(loaded)
    with _told(loaded, channels) as told:
        paths = write_report(
            output / REPORT_FOLDER,
            head,
            told.items,
            told.rejected,
            output_dir=output,
            picture_of=told.picture_of,
            channels=channels,
            gone=told.gone,
        )
    return paths.as_json()


def write_served_page(file: BinaryIO, loaded: LoadedJob, head: ReportHead, *, served: str) -> None:
    """Write a job's page as a server gives it; no file beside it but the thumbnails.

    Args:
        served: Where the page sends decisions; see `Page`.

    Raises:
        Problem: If the state cannot be read, or a file cannot be written.
    """
    output, channels = loaded.location.output, destinations_of(loaded)
    with _told(loaded, channels) as told:
        write_page_alone(
            file,
            output / REPORT_FOLDER,
            head,
            told.items,
            told.rejected,
            served=served,
            person=this_person(),
            output_dir=output,
            picture_of=told.picture_of,
            channels=channels,
            gone=told.gone,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What a report tells, read from the state while it is written."""

    items: Iterator[ItemView]
    rejected: Iterator[RejectedView]
    gone: Sequence[GoneProduct]
    picture_of: Callable[[ItemView], Path | None]


@contextmanager
def _told(loaded: LoadedJob, channels: Collection[Channel]) -> Iterator[_Told]:
    location = loaded.location
    with closing(read_state(location.state, Binding.of(location))) as connection:
        gone = history.gone_products(connection)
        known = _judged(views.items(connection), channels, {one.sku for one in gone}, location.output)
        yield _Told(
            items=_with_looks(loaded, known),
            rejected=views.rejected(connection),
            gone=gone,
            picture_of=lambda view: picture_path(loaded, view.source, view.source_sha256),
        )


def _with_looks(loaded: LoadedJob, items: Iterable[ItemView]) -> Iterator[ItemView]:
    """Add to items what a machine saw of their clips."""
    looks, quality = looks_of(loaded), loaded.job.quality
    for view in items:
        if view.clip is None:
            yield view
        else:
            yield replace(view, look=looks.of(view.clip.sha256, quality, wants_sound=view.clip.has_audio))


def looks_of(loaded: LoadedJob) -> Looks:
    """Open what was measured of a job's clips."""
    output = loaded.location.output
    return Looks(output, output / LOOKS_FOLDER)


def _judges(channels: Collection[Channel]) -> list[Judge]:
    if not channels:
        return []
    from batch.core.suiting import Judge  # noqa: PLC0415 - start-up counts

    return [Judge(channel) for channel in channels]


def _judged(
    items: Iterable[ItemView], channels: Collection[Channel], gone: Collection[str], folder: Path
) -> Iterator[ItemView]:
    """Add to items what only the job and all of the state know: whether their product is gone, and what suits whom."""
    judges = _judges(channels)
    for view in items:
        judged = replace(view, gone=True) if not view.line and view.sku in gone else view
        if judges and view.clip is not None:
            clip = measured(view.clip, folder)
            facts = facts_of(clip)
            judged = replace(judged, clip=clip, channels=tuple(judge.judge(facts) for judge in judges))
        yield judged
