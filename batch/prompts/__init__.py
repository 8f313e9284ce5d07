"""The prompt library: the entries that lie beside this file, and a job's own.

A job's own file is one entry or a list of them. With `extends: NAME` an entry says only what differs from another;
without a `name` of its own it takes that one's place.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from batch.core.checking import check
from batch.core.library import AUTO, PARTS, Entry, Library, Place
from batch.core.nearest import did_you_mean
from batch.core.yamltree import Fault, Tree
from batch.inputs.yamlfile import YamlFile, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from batch.core.library import PromptKeys
    from batch.core.yamltree import Path as KeyPath
    from batch.inputs.jobfile import LoadedJob

__all__ = ["builtin_library", "library_for"]


@cache
def builtin_library() -> Library:
    """Give the entries that come with the program."""
    entries: dict[str, Entry] = {}
    places: dict[str, Place] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        _add(read_yaml(path, kind="prompt library"), path.name, entries, places)
    return Library(entries=MappingProxyType(entries), places=MappingProxyType(places))


def library_for(loaded: LoadedJob) -> Library | None:
    """Give what a job takes its prompts from; None where it does not use the library.

    Raises:
        MissingInput: If a file that the job names is not there or cannot be read.
        JobErrors: With everything that is wrong in the first wrong file, or with a name that is no entry's.
    """
    keys = loaded.job.prompt
    if keys is None:
        return None
    builtin = builtin_library()
    entries, places = dict(builtin.entries), dict(builtin.places)
    for name in keys.files:
        # An own entry that takes a built-in one's place comes last, so that its words win.
        _add(read_yaml(loaded.folder / name, kind="prompt library"), name, entries, places)
    unknown = list(_unknown_names(keys, entries, loaded.file.tree))
    if unknown:
        raise loaded.file.errors(unknown)
    return Library(entries=entries, places=places)


def _unknown_names(keys: PromptKeys, entries: Mapping[str, Entry], tree: Tree) -> Iterator[Fault]:
    named: list[tuple[KeyPath, str]] = [(("prompt", "fallback"), keys.fallback)]
    if keys.library != AUTO:
        named.append((("prompt", "library"), keys.library))
    named += [(("prompt", "categories", category), name) for category, name in keys.categories.items()]
    for path, name in named:
        if name not in entries:
            yield Fault(
                line=tree.line(path),
                path=path,
                what=f"the prompt library has no entry {name!r}",
                hint=did_you_mean(name, entries),
            )


def _add(file: YamlFile, label: str, entries: dict[str, Entry], places: dict[str, Place]) -> None:
    faults = list(file.tree.faults)
    whole = isinstance(file.tree.value, list)
    for number, value in enumerate(file.tree.value if whole else [file.tree.value]):
        at: KeyPath = (number,) if whole else ()
        entry = _read(value, at, file.tree, entries)
        if isinstance(entry, Entry):
            own = {part: file.tree.line((*at, part)) for part in PARTS if part in value}
            entries.pop(entry.name, None)
            entries[entry.name] = entry
            places[entry.name] = Place(file=label, lines={**dict.fromkeys(PARTS, file.tree.line(at)), **own})
        else:
            faults += entry
    if faults:
        raise file.errors(sorted(faults, key=lambda fault: fault.line))


def _read(value: Any, at: KeyPath, tree: Tree, entries: Mapping[str, Entry]) -> Entry | list[Fault]:
    def fault(path: KeyPath, what: str, hint: str = "") -> Fault:
        return Fault(line=tree.line((*at, *path)), path=(*at, *path), what=what, hint=hint)

    if not isinstance(value, dict):
        return [fault((), "expected an entry: keys and values, `name` or `extends` among them")]
    keys: dict[str, Any] = value
    if "extends" in keys:
        base = entries.get(str(keys["extends"]))
        if base is None:
            return [fault(("extends",), "no entry has this name", did_you_mean(str(keys["extends"]), entries))]
        keys = {**base.model_dump(), **{key: one for key, one in keys.items() if key != "extends"}}
    checked = check(Entry, Tree(value=keys, lines={}))
    if isinstance(checked, Entry):
        return checked
    return [fault(one.path, one.what, one.hint) for one in checked]
