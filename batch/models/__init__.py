"""The profiles of models: those that lie beside this file, and a job's own.

A job's own file is one profile or a list of them. With `extends: slug` a profile says only what differs from
another; without a `slug` of its own it takes that one's place. Keys inside keys are merged, except `price`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from batch.core.checking import check
from batch.core.nearest import did_you_mean
from batch.core.order import job_complaints, purchase_complaint
from batch.core.profile import ModelProfile
from batch.core.yamltree import Fault, Tree
from batch.inputs.yamlfile import YamlFile, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from batch.core.job import Job
    from batch.core.order import Complaint
    from batch.core.yamltree import Path as KeyPath
    from batch.inputs.jobfile import LoadedJob

__all__ = ["builtin_profiles", "load_profiles", "profile_for"]

_REPLACED_WHOLE = frozenset({"price"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A profile, and the keys it was read from, which another may extend."""

    profile: ModelProfile
    keys: Mapping[str, Any]


def builtin_profiles() -> Mapping[str, ModelProfile]:
    """Give the profiles that come with the program, by slug."""
    return {slug: known.profile for slug, known in _builtin().items()}


def load_profiles(job: Job, job_dir: Path) -> Mapping[str, ModelProfile]:
    """Give all profiles that a job can name, by slug: its own files' replace built-in ones.

    Raises:
        MissingInput: If a file that the job names is not there or cannot be read.
        JobErrors: With everything that is wrong in the first wrong file.
    """
    known = dict(_builtin())
    for name in job.models:
        known.update(_own(read_yaml(job_dir / name, kind="model profile"), known))
    return {slug: one.profile for slug, one in known.items()}


def profile_for(loaded: LoadedJob, *, to_buy: bool = False) -> ModelProfile:
    """Give the profile of a job's model, with the job's defaults checked against it.

    Args:
        loaded: The job.
        to_buy: Refuse a model of which something is unknown that buying needs.

    Raises:
        MissingInput: If a file of profiles is not there or cannot be read.
        JobErrors: If no profile has that slug, or the job asks for what the model does not take.
    """
    job, tree = loaded.job, loaded.file.tree
    profiles = load_profiles(job, loaded.folder)
    profile = profiles.get(job.model)
    if profile is None:
        at: KeyPath = ("model",)
        what = f"no profile has the slug {job.model!r}"
        fault = Fault(line=tree.line(at), path=at, what=what, hint=did_you_mean(job.model, profiles))
        raise loaded.file.errors([fault])
    faults = [
        Fault(line=tree.line(complaint.path), path=complaint.path, what=complaint.what, hint=complaint.hint)
        for complaint in _complaints(profile, job, to_buy=to_buy)
    ]
    if faults:
        raise loaded.file.errors(sorted(faults, key=lambda fault: fault.line))
    return profile


def _complaints(profile: ModelProfile, job: Job, *, to_buy: bool) -> Iterator[Complaint]:
    if to_buy and (unknown := purchase_complaint(profile, job)):
        yield unknown
    yield from job_complaints(profile, job)


@cache
def _builtin() -> Mapping[str, _Known]:
    known: dict[str, _Known] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        known.update(_own(read_yaml(path, kind="model profile"), known))
    return MappingProxyType(known)


def _own(file: YamlFile, known: Mapping[str, _Known]) -> dict[str, _Known]:
    """Read the profiles of a file; a later one may extend an earlier one."""
    found: dict[str, _Known] = {}
    faults: list[Fault] = list(file.tree.faults)
    for part in _parts(file.tree):
        one = _read(part, {**known, **found})
        if isinstance(one, _Known):
            found[one.profile.slug] = one
        else:
            faults += one
    if faults:
        raise file.errors(sorted(faults, key=lambda fault: fault.line))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One profile in a file, and where in the file it stands."""

    value: Any
    at: KeyPath
    tree: Tree

    def fault(self, path: KeyPath, what: str, hint: str = "") -> Fault:
        whole = (*self.at, *path)
        return Fault(line=self.tree.line(whole), path=whole, what=what, hint=hint)


def _parts(tree: Tree) -> Iterator[_Part]:
    if isinstance(tree.value, list):
        for place, value in enumerate(tree.value):
            yield _Part(value=value, at=(place,), tree=tree)
    else:
        yield _Part(value=tree.value, at=(), tree=tree)


def _read(part: _Part, known: Mapping[str, _Known]) -> _Known | list[Fault]:
    if not isinstance(part.value, dict):
        return [part.fault((), "expected a profile: keys and values, `slug` or `extends` among them")]
    keys: Mapping[str, Any] = part.value
    if "extends" in keys:
        base = known.get(str(keys["extends"]))
        if base is None:
            return [part.fault(("extends",), "no profile has this slug", did_you_mean(str(keys["extends"]), known))]
        keys = _merged(base.keys, {key: value for key, value in keys.items() if key != "extends"})
    profile = check(ModelProfile, Tree(value=keys, lines={}))
    if isinstance(profile, ModelProfile):
        return _Known(profile=profile, keys=keys)
    return [part.fault(fault.path, fault.what, fault.hint) for fault in profile]


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        if isinstance(below, dict) and isinstance(value, dict) and key not in _REPLACED_WHOLE:
            merged[key] = _merged(below, value)
        else:
            merged[key] = value
    return merged
