"""A job's plan, made from its opened manifest, for everybody who looks and buys nothing."""

from __future__ import annotations

import asyncio
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from batch.errors import MissingInput
from batch.inputs.standard import StandardInput
from batch.planning import make_plan, open_book
from batch.prompts import library_for
from batch.running.fetching import fetch_pictures, rows_of
from batch.running.planning import cache_folder
from batch.store import takes
from batch.store.state import Binding, explained, read_state

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from batch.core.override import Override
    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.manifest import Manifest
    from batch.inputs.pictures import Progress
    from batch.planning import Plan


@contextmanager
def opened_plan(
    loaded: LoadedJob, profile: ModelProfile, *, fetch: bool, progress: Progress, redone: bool = True
) -> Iterator[tuple[Plan, Manifest]]:
    """Give a job's plan while its manifest is open.

    Args:
        loaded: The job.
        profile: Its model's.
        fetch: Fetch the pictures behind URLs first; otherwise what was fetched before is taken.
        progress: Told about pictures that have to be read.
        redone: Whether the state is asked for redos; what they say instead of the rows changes no frame.

    Raises:
        Problem: If the manifest, a prompt library, the state, or the cache cannot be read.
    """
    library = library_for(loaded)
    overrides = overrides_of(loaded) if redone else ()

    def make() -> Plan:
        return make_plan(loaded.job, profile, manifest, book, progress=progress, library=library, overrides=overrides)

    with open_book(cache_folder(loaded)) as book, rows_of(loaded, StandardInput()) as manifest:
        plan = make()
        if fetch and plan.urls:
            asyncio.run(fetch_pictures(loaded, plan, book, progress))
            plan = make()
        yield plan, manifest


def overrides_of(loaded: LoadedJob) -> tuple[Override, ...]:
    """Read what redos say in place of a job's rows; nothing where there is no state yet."""
    with state_if_any(loaded) as state:
        return takes.overrides(state, loaded.job.trial) if state else ()


@contextmanager
def state_if_any(loaded: LoadedJob) -> Iterator[sqlite3.Connection | None]:
    """Open a job's state for reading; None where there is none yet."""
    try:
        connection = read_state(loaded.location.state, Binding.of(loaded.location))
    except MissingInput:
        yield None
        return
    with closing(connection), explained(loaded.location.state):
        yield connection
