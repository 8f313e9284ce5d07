"""The state to report files."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from batch.report import write_report
from batch.report.writer import local_picture
from batch.run.planning import picture_path_of
from batch.store import views
from batch.store.state import read_state

if TYPE_CHECKING:
    from pathlib import Path

    from batch.core.summary import ItemView, ReportHead
    from batch.inputs.jobfile import LoadedJob

REPORT_FOLDER = "report"


def write_job_report(loaded: LoadedJob, head: ReportHead) -> dict[str, str]:
    """Write all files of a job's report; give their paths by kind.

    Raises:
        Problem: If the state cannot be read, or a file cannot be written.
    """
    location = loaded.location

    def picture(view: ItemView) -> Path | None:
        return local_picture(view) or picture_path_of(loaded, view.source)

    with closing(read_state(location.state)) as connection:
        paths = write_report(
            location.output / REPORT_FOLDER,
            head,
            views.items(connection),
            views.rejected(connection),
            output_dir=location.output,
            picture_of=picture,
        )
    return paths.as_json()
