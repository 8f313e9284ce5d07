"""The profiles of models: those that lie beside this file, and a job's own.

A job's own files are read as `batch.inputs.entries` says; of two prices the later one replaces the other whole.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from batch.core.nearest import did_you_mean
from batch.core.order import Complaint, job_complaints, purchase_complaint
from batch.core.profile import ModelProfile
from batch.core.yamltree import Fault
from batch.inputs.entries import Entry, Kind, read_entries
from batch.inputs.yamlfile import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from batch.core.job import Job
    from batch.inputs.jobfile import LoadedJob

__all__ = ["builtin_profiles", "find_profile", "load_profiles", "profile_for"]

_PROFILES = Kind(model=ModelProfile, name="profile", whole=frozenset({"price"}))


def builtin_profiles() -> Mapping[str, ModelProfile]:
    """Give the profiles that come with the program, by slug."""
    return {slug: known.value for slug, known in _builtin().items()}


def load_profiles(job: Job, job_dir: Path) -> Mapping[str, ModelProfile]:
    """Give all profiles that a job can name, by slug: its own files' replace built-in ones.

    Raises:
        MissingInput: If a file that the job names is not there or cannot be read.
        JobErrors: With everything that is wrong in the first wrong file.
    """
    known = dict(_builtin())
    for name in job.models:
        known.update(read_entries(read_yaml(job_dir / name, kind="model profile"), _PROFILES, known))
    return {slug: one.value for slug, one in known.items()}


def profile_for(loaded: LoadedJob, *, to_buy: bool = False) -> ModelProfile:
    """Give the profile of a job's model, with the job's defaults checked against it.

    Args:
        loaded: The job.
        to_buy: Refuse a model of which something is unknown that buying needs.

    Raises:
        MissingInput: If a file of profiles is not there or cannot be read.
        JobErrors: If no profile has that slug, or the job asks for what the model does not take.
    """
    found = find_profile(loaded.job, loaded.folder, to_buy=to_buy)
    if isinstance(found, ModelProfile):
        return found
    tree = loaded.file.tree
    faults = [
        Fault(line=tree.line(complaint.path), path=complaint.path, what=complaint.what, hint=complaint.hint)
        for complaint in found
    ]
    raise loaded.file.errors(sorted(faults, key=lambda fault: fault.line))


def find_profile(job: Job, job_dir: Path, *, to_buy: bool = False) -> ModelProfile | list[Complaint]:
    """Give the profile of a job's model, or everything in the job that does not go with it.

    Raises:
        MissingInput: If a file of profiles is not there or cannot be read.
        JobErrors: With everything that is wrong in the first wrong file.
    """
    profiles = load_profiles(job, job_dir)
    profile = profiles.get(job.model)
    if profile is None:
        what = f"no profile has the slug {job.model!r}"
        return [Complaint(path=("model",), what=what, hint=did_you_mean(job.model, profiles))]
    return list(_complaints(profile, job, to_buy=to_buy)) or profile


def _complaints(profile: ModelProfile, job: Job, *, to_buy: bool) -> Iterator[Complaint]:
    if to_buy and (unknown := purchase_complaint(profile, job)):
        yield unknown
    yield from job_complaints(profile, job)


@cache
def _builtin() -> Mapping[str, Entry[ModelProfile]]:
    known: dict[str, Entry[ModelProfile]] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        known.update(read_entries(read_yaml(path, kind="model profile"), _PROFILES, known))
    return MappingProxyType(known)
