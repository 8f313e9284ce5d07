"""What a job may fetch: its manifest, and the pictures that the manifest names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from batch.inputs.fetching import FetchRules
from batch.inputs.remote import Reach
from batch.inputs.rows import open_rows
from batch.net.buckets import Buckets
from batch.planning.looking import limits_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import httpx

    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.manifest import Manifest, Readable
    from batch.inputs.pictures import PictureBook, Progress
    from batch.planning import Plan


def reach_of(loaded: LoadedJob, listen: Callable[[], None] = lambda: None) -> Reach:
    """Say how far a job's manifest may be fetched from.

    Args:
        listen: Called while it arrives; what it raises ends that.
    """
    return reach(loaded.job.network.allow_hosts, listen)


def reach(allow_hosts: Collection[str] = (), listen: Callable[[], None] = lambda: None) -> Reach:
    """Say how far a manifest may be fetched from that no job names yet: public addresses, and what is opened."""
    return Reach(client=lambda: _client(allow_hosts), buckets=Buckets(os.environ), listen=listen)


def rows_of(loaded: LoadedJob, stdin: Readable, listen: Callable[[], None] = lambda: None) -> Manifest:
    """Open a job's manifest, wherever it lies.

    Args:
        stdin: Read if the job says `-`.
        listen: As for `reach_of`.

    Raises:
        Problem: As `open_rows` does.
    """
    return open_rows(loaded, stdin, reach_of(loaded, listen))


async def fetch_pictures(loaded: LoadedJob, plan: Plan, book: PictureBook, progress: Progress) -> None:
    """Fetch the pictures behind URLs, or ask whether they changed."""
    rules = FetchRules(max_speed=loaded.job.network.max_speed)
    buckets = Buckets(os.environ, seconds=rules.seconds)
    async with _client(loaded.job.network.allow_hosts) as client:
        await book.fetch_all(plan.urls, client, limits_of(loaded.job.image), progress, rules=rules, buckets=buckets)


def _client(allow_hosts: Collection[str]) -> httpx.AsyncClient:
    from batch.net.clients import picture_client  # noqa: PLC0415 - heavy, and most jobs fetch nothing

    return picture_client(allow_hosts)
