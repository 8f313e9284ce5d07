"""A job's destinations; their rules are loaded only where there are any."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from batch.core.channel import Channel
    from batch.inputs.jobfile import LoadedJob


def destinations_of(loaded: LoadedJob) -> tuple[Channel, ...]:
    """Give a job's destinations, each once.

    Raises:
        Problem: As `channels_for` does.
    """
    if not (loaded.job.destinations or loaded.job.channels):
        return ()
    from batch.channels import channels_for  # noqa: PLC0415 - start-up counts

    return channels_for(loaded)
