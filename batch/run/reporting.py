"""The state to report files."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from batch.report import write_report
from batch.run.planning import picture_path
from batch.store import views
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    from batch.core.summary import ReportHead
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
            views.items(connection),
            views.rejected(connection),
            output_dir=location.output,
            picture_of=lambda view: picture_path(loaded, view.source, view.source_sha256),
        )
    return paths.as_json()
