"""What `lint` says: the prompts of a job, looked through without its pictures, its state or the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.core.library import PARTS
from batch.inputs.standard import StandardInput
from batch.models import profile_for
from batch.planning.linting import lint_manifest
from batch.planning.lintwords import Source
from batch.prompts import library_for
from batch.prompts.wordlists import vocabulary_for
from batch.running.fetching import rows_of

if TYPE_CHECKING:
    from batch.inputs.jobfile import LoadedJob
    from batch.planning.linting import LintReport


def lint(loaded: LoadedJob) -> tuple[LintReport, Source]:
    """Look through all prompts of a job.

    Raises:
        Problem: If the job, a file that it names, or the manifest cannot be read.
    """
    profile, library, vocabulary = profile_for(loaded), library_for(loaded), vocabulary_for(loaded)
    with rows_of(loaded, StandardInput()) as manifest:
        report = lint_manifest(loaded.job, profile, manifest, library, vocabulary)
    return report, source_of(loaded)


def source_of(loaded: LoadedJob) -> Source:
    """Say where the job's templates stand."""
    places = [
        ("defaults", "prompt"),
        ("defaults", "negative_prompt"),
        ("prompt",),
        *(("prompt", part) for part in PARTS),
    ]
    lines = {".".join(path): loaded.file.tree.lines[path] for path in places if path in loaded.file.tree.lines}
    return Source(job=loaded.job, library=library_for(loaded), file=str(loaded.path), lines=lines)
