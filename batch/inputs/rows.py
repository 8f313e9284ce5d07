"""A job's rows: its manifest, opened; what the job says wrongly of it is told with the job's line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.core.yamltree import Fault
from batch.errors import JobProblem
from batch.inputs.manifest import open_manifest

if TYPE_CHECKING:
    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.manifest import Manifest, Readable
    from batch.inputs.remote import Reach


def open_rows(loaded: LoadedJob, stdin: Readable, reach: Reach) -> Manifest:
    """Open what a job names as its manifest: see `open_manifest`.

    Raises:
        JobErrors: If a key of the job does not fit the manifest, such as a column in `where`.
        Problem: As `open_manifest` does.
    """
    try:
        return open_manifest(loaded.job.manifest, loaded.folder, stdin, reach)
    except JobProblem as problem:
        key = tuple(problem.where.split("."))
        if key[0] != "manifest":  # an adapter of the job's own, which names its file
            raise
        line = loaded.file.tree.line(key)
        raise loaded.file.errors([Fault(line=line, path=key, what=problem.what, hint=problem.hint)]) from None
