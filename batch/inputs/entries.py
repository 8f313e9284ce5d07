"""Files of data that people add to ours: one entry or a list of them, each with a `slug`.

With `extends: slug` an entry says only what differs from another; without a `slug` of its own it takes that one's
place. Keys inside keys are merged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel

from batch.core.checking import check
from batch.core.nearest import did_you_mean
from batch.core.yamltree import Fault, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from batch.core.yamltree import Path as KeyPath
    from batch.inputs.yamlfile import YamlFile

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[M]):
    """An entry, and the keys it was read from, which another may extend."""

    value: M
    keys: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[M]):
    """What a file's entries are.

    Attributes:
        model: What each is read as; it has a `slug`.
        name: What messages call one, for example `profile`.
        whole: Keys that replace the other entry's instead of being merged with them.
    """

    model: type[M]
    name: str
    whole: frozenset[str] = frozenset()


def read_entries(file: YamlFile, kind: Kind[M], known: Mapping[str, Entry[M]]) -> dict[str, Entry[M]]:
    """Read the entries of a file, by slug; a later one may extend an earlier one.

    Args:
        file: What it says.
        kind: What its entries are.
        known: Those that may be extended, by slug.

    Raises:
        JobErrors: With everything that is wrong in it.
    """
    found: dict[str, Entry[M]] = {}
    faults: list[Fault] = list(file.tree.faults)
    for part in _parts(file.tree):
        one = _read(part, kind, {**known, **found})
        if isinstance(one, Entry):
            found[one.keys["slug"]] = one
        else:
            faults += one
    if faults:
        raise file.errors(sorted(faults, key=lambda fault: fault.line))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One entry in a file, and where in the file it stands."""

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


def _read(part: _Part, kind: Kind[M], known: Mapping[str, Entry[M]]) -> Entry[M] | list[Fault]:
    if not isinstance(part.value, dict):
        return [part.fault((), f"expected a {kind.name}: keys and values, `slug` or `extends` among them")]
    keys: Mapping[str, Any] = part.value
    if "extends" in keys:
        base = known.get(str(keys["extends"]))
        if base is None:
            hint = did_you_mean(str(keys["extends"]), known)
            return [part.fault(("extends",), f"no {kind.name} has this slug", hint)]
        own = {key: value for key, value in keys.items() if key != "extends"}
        keys = _merged(base.keys, own, kind.whole)
    value = check(kind.model, Tree(value=keys, lines={}))
    if isinstance(value, tuple):
        return [part.fault(fault.path, fault.what, fault.hint) for fault in value]
    return Entry(value=value, keys=keys)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any], whole: frozenset[str]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        below = base.get(key)
        if isinstance(below, dict) and isinstance(value, dict) and key not in whole:
            merged[key] = _merged(below, value, whole)
        else:
            merged[key] = value
    return merged
