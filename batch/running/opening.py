"""A job's plan, made from its opened manifest, for everybody who looks and buys nothing."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from batch.inputs.standard import StandardInput
from batch.planning import make_plan, open_book
from batch.prompts import library_for
from batch.running.fetching import fetch_pictures, rows_of
from batch.running.planning import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.manifest import Manifest
    from batch.inputs.pictures import Progress
    from batch.planning import Plan


@contextmanager
def opened_plan(
    loaded: LoadedJob, profile: ModelProfile, *, fetch: bool, progress: Progress
) -> Iterator[tuple[Plan, Manifest]]:
    """Give a job's plan while its manifest is open.

    Args:
        loaded: The job.
        profile: Its model's.
        fetch: Fetch the pictures behind URLs first; otherwise what was fetched before is taken.
        progress: Told about pictures that have to be read.

    Raises:
        Problem: If the manifest, a prompt library, or the cache cannot be read.
    """
    library = library_for(loaded)
    with open_book(cache_folder(loaded)) as book, rows_of(loaded, StandardInput()) as manifest:
        plan = make_plan(loaded.job, profile, manifest, book, progress=progress, library=library)
        if fetch and plan.urls:
            asyncio.run(fetch_pictures(loaded, plan, book, progress))
            plan = make_plan(loaded.job, profile, manifest, book, progress=progress, library=library)
        yield plan, manifest
