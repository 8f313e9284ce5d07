"""The state to report files."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from batch.core.verdicts import facts_of
from batch.judge.records import Looks
from batch.report import write_report
from batch.running.destinations import destinations_of
from batch.running.measuring import measured
from batch.running.planning import picture_path
from batch.store import history, views
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from batch.core.channel import Channel
    from batch.core.suiting import Judge
    from batch.core.summary import ItemView, ReportHead
    from batch.inputs.jobfile import LoadedJob

REPORT_FOLDER = "report"
LOOKS_FOLDER = f"{REPORT_FOLDER}/looks"


def write_job_report(loaded: LoadedJob, head: ReportHead) -> dict[str, str]:
    """Write all files of a job's report; give their paths by kind.

    Raises:
        Problem: If the state cannot be read, or a file cannot be written.
    """
    location = loaded.location
    channels = destinations_of(loaded)
    with closing(read_state(location.state, Binding.of(location))) as connection:
        gone = history.gone_products(connection)
        known = _judged(views.items(connection), channels, {one.sku for one in gone}, location.output)
        paths = write_report(
            location.output / REPORT_FOLDER,
            head,
            _with_looks(loaded, known),
            views.rejected(connection),
            output_dir=location.output,
            picture_of=lambda view: picture_path(loaded, view.source, view.source_sha256),
            channels=channels,
            gone=gone,
        )
    return paths.as_json()


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
