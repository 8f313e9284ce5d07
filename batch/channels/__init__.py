"""The channels that clips are made for: those that lie beside this file, and a job's own.

A job's own files are read as `batch.inputs.entries` says; of two rules of one name the later one replaces the other.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from batch.core.channel import Channel
from batch.core.nearest import did_you_mean
from batch.core.yamltree import Fault
from batch.inputs.entries import Entry, Kind, read_entries
from batch.inputs.yamlfile import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from batch.core.yamltree import Path as KeyPath
    from batch.inputs.jobfile import LoadedJob

__all__ = ["builtin_channels", "channel_for", "channels_for"]

_CHANNELS = Kind(model=Channel, name="channel")


def builtin_channels() -> Mapping[str, Channel]:
    """Give the channels that come with the program, by slug."""
    return {slug: entry.value for slug, entry in _builtin().items()}


def channels_for(loaded: LoadedJob) -> tuple[Channel, ...]:
    """Give a job's destinations, each once.

    Raises:
        MissingInput: If a file of channels is not there or cannot be read.
        JobErrors: If one is wrong, or no channel has the slug of a destination.
    """
    job, tree = loaded.job, loaded.file.tree
    if not (job.destinations or job.channels):
        return ()
    known = _known(loaded)
    faults = []
    for place, slug in enumerate(job.destinations):
        if slug not in known:
            at: KeyPath = ("destinations", place)
            hint = did_you_mean(slug, known)
            faults.append(Fault(line=tree.line(at), path=at, what=f"no channel has the slug {slug!r}", hint=hint))
    if faults:
        raise loaded.file.errors(faults)
    return tuple(known[slug].value for slug in dict.fromkeys(job.destinations))


def channel_for(loaded: LoadedJob, slug: str) -> Channel:
    """Give a built-in channel as the job has it: its own files may say otherwise.

    Raises:
        MissingInput: If a file of channels is not there or cannot be read.
        JobErrors: If one is wrong.
    """
    return _known(loaded)[slug].value


def _known(loaded: LoadedJob) -> dict[str, Entry[Channel]]:
    known = dict(_builtin())
    for name in loaded.job.channels:
        known.update(read_entries(read_yaml(loaded.folder / name, kind="channel"), _CHANNELS, known))
    return known


@cache
def _builtin() -> Mapping[str, Entry[Channel]]:
    known: dict[str, Entry[Channel]] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        known.update(read_entries(read_yaml(path, kind="channel"), _CHANNELS, known))
    return MappingProxyType(known)
