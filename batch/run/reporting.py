"""The state to report files."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from batch.report import write_report
from batch.run.judging import looks_of
from batch.run.planning import picture_path
from batch.store import views
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from batch.core.summary import ItemView, ReportHead
    from batch.inputs.jobfile import LoadedJob

REPORT_FOLDER = "report"


def write_job_report(loaded: LoadedJob, head: ReportHead) -> dict[str, str]:
    """Write all files of a job's report; give their paths by kind.

    Raises:
        Problem: If the state cannot be read, or a file cannot be written.
    """
    location = loaded.location

    with closing(read_state(location.state, Binding.of(location))) as connection:
        paths = write_report(
            location.output / REPORT_FOLDER,
            head,
            _with_looks(loaded, views.items(connection)),
            views.rejected(connection),
            output_dir=location.output,
            picture_of=lambda view: picture_path(loaded, view.source, view.source_sha256),
        )
    return paths.as_json()


def _with_looks(loaded: LoadedJob, items: Iterable[ItemView]) -> Iterator[ItemView]:
    looks, quality = looks_of(loaded), loaded.job.quality
    for view in items:
        if view.clip is None:
            yield view
        else:
            yield replace(view, look=looks.of(view.clip.sha256, quality, wants_sound=view.clip.has_audio))
