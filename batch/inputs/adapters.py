"""Which system a header comes from, and where in it the things are that an adapter knows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import batch
from batch.core.adapter import PICTURES, Adapter, PictureColumns, like, names_in, numbered
from batch.core.checking import check
from batch.core.nearest import did_you_mean
from batch.errors import JobProblem, ManifestProblem
from batch.inputs.yamlfile import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from batch.core.adapter import Items
    from batch.core.job import Manifest as ManifestKeys

__all__ = ["Fitted", "Listed", "adapter_named", "builtin_adapters", "fit", "recognise", "stranger"]

_FILES: Final = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Picture columns that are there.

    Attributes:
        columns: The export's own names, in the order in which their pictures count.
        alts: Of each, the column with the alt texts; None without.
        position: The column that orders them.
    """

    rule: PictureColumns
    columns: tuple[str, ...]
    alts: tuple[str | None, ...]
    position: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """An adapter held against a header.

    Attributes:
        names: Our name: the export's own, of everything that is there.
        pictures: Where pictures are named.
    """

    adapter: Adapter
    names: Mapping[str, str]
    pictures: tuple[Listed, ...]

    @property
    def image(self) -> str:
        """The column that a person is shown as the picture's: the first whose picture a product would take."""
        shared = [listed for listed in self.pictures if listed.rule.shared]
        return (shared or list(self.pictures))[0].columns[0]

    @property
    def has_alts(self) -> bool:
        """Whether any picture comes with an alt text."""
        return any(any(listed.alts) for listed in self.pictures)

    def found(self, names: list[str]) -> tuple[str, ...]:
        """Give the export's own names of some of ours, as far as they are there, each once."""
        return tuple(dict.fromkeys(self.names[name] for name in names if name in self.names))

    def sku(self, items: Items) -> str | None:
        """Give the column that a person is shown as the SKU's."""
        return next(iter(self.found([name for part in items.sku for name in names_in(part)])), None)


@cache
def builtin_adapters() -> tuple[Adapter, ...]:
    """Give the adapters that come with the program, by name."""
    folder = Path(batch.__file__).parent / "adapters"
    return tuple(_read(path) for path in sorted(folder.glob("*.yaml")))


def adapter_named(name: str, folder: Path) -> Adapter:
    """Give the adapter that a job names: a built-in one, or a file of its own.

    Args:
        name: A name, or the path of a YAML file.
        folder: The job's.

    Raises:
        JobProblem: If there is none of this name, or the file has errors.
        MissingInput: If the file cannot be read.
    """
    if name.endswith(_FILES):
        return _read(folder / name)
    known = {adapter.name: adapter for adapter in builtin_adapters()}
    if name not in known:
        raise JobProblem(
            f"there is no adapter {name!r}", where="manifest.adapter", hint=did_you_mean(name, sorted(known))
        )
    return known[name]


def recognise(columns: tuple[str, ...], renamed: Mapping[str, str]) -> Adapter | None:
    """Find the system that a header comes from; where several fit, the one that asks for most.

    Args:
        columns: The header.
        renamed: What the job says of it: our name: the export's own.
    """
    fitting = [one for one in builtin_adapters() if not _missing(one, columns, renamed)]
    return max(fitting, key=lambda one: len(one.anchors), default=None)


def stranger(columns: tuple[str, ...], renamed: Mapping[str, str], label: str) -> ManifestProblem | None:
    """Say which system an unknown header is nearest to, and what it lacks; None if it is like none at all."""

    def share(one: Adapter) -> float:
        return 1 - len(_missing(one, columns, renamed)) / len(one.anchors)

    near = max(builtin_adapters(), key=share)
    if share(near) < 0.5:
        return None
    lacks = _missing(near, columns, renamed)
    return ManifestProblem(
        f"the header is of no system that is known here; it is nearest to {near.title}, but has no "
        + ", and no ".join(lacks),
        where=label,
        hint=(
            f"rename its columns, or write in the job `adapter: {near.name}` with `columns: {{our name: its name}}`, "
            "or `columns: {sku: ..., image: ...}` alone for a plain table"
        ),
    )


def fit(adapter: Adapter, columns: tuple[str, ...], keys: ManifestKeys, label: str) -> Fitted:
    """Hold an adapter against a header.

    Args:
        adapter: The one to use.
        columns: The header.
        keys: The job's; its `columns` go before what the adapter says.
        label: What a person calls the file.

    Raises:
        ManifestProblem: If the header lacks what the adapter cannot do without.
    """
    lacks = _missing(adapter, columns, keys.columns)
    if lacks:
        raise ManifestProblem(
            f"`adapter: {adapter.name}` needs what this header has not: {', and '.join(lacks)}",
            where=label,
            hint="name another adapter, or say in `columns` which column it is, such as `columns: {title: Naam}`",
        )
    names = {ours: theirs for ours in adapter.columns if (theirs := _find(adapter, ours, columns, keys.columns))}
    return Fitted(adapter=adapter, names=names, pictures=_pictures(adapter, columns, keys.columns.get("image")))


def _read(path: Path) -> Adapter:
    file = read_yaml(path, kind="adapter")
    adapter = check(Adapter, file.tree)
    if isinstance(adapter, tuple):
        raise file.errors(adapter)
    return adapter


def _missing(adapter: Adapter, columns: tuple[str, ...], renamed: Mapping[str, str]) -> list[str]:
    """Say for each anchor that a header lacks which columns would do."""

    def there(name: str) -> bool:
        if name == PICTURES:
            return "image" in renamed or any(_named(rule.columns, columns) for rule in adapter.pictures)
        return _find(adapter, name, columns, renamed) is not None

    def wanted(name: str) -> list[str]:
        if name == PICTURES:
            return [rule.columns[0] for rule in adapter.pictures]
        return adapter.columns[name][:2]

    lacking = [anchor for anchor in adapter.anchors if not any(map(there, anchor))]
    return [" or ".join(dict.fromkeys(repr(text) for name in anchor for text in wanted(name))) for anchor in lacking]


def _find(adapter: Adapter, ours: str, columns: tuple[str, ...], renamed: Mapping[str, str]) -> str | None:
    if renamed.get(ours) in columns:
        return renamed[ours]
    return next(iter(_named(adapter.columns[ours], columns)), None)


def _named(known: list[str], columns: tuple[str, ...]) -> tuple[str, ...]:
    """Give the first of some names that a header has; of one with a number, all that it stands for."""
    forms = {like(name): name for name in columns}
    for name in known:
        found = numbered(name, columns) if "#" in name else tuple(filter(None, [forms.get(like(name))]))
        if found:
            return found
    return ()


def _pictures(adapter: Adapter, columns: tuple[str, ...], said: str | None) -> tuple[Listed, ...]:
    """Find the picture columns; the job's own word for the picture goes before them all."""
    found = []
    for rule in adapter.pictures:
        names = _named(rule.columns, columns)
        if names and (said is None or said in names):
            alts = _named(rule.alt, columns)
            padded = (*alts, *[None] * len(names))[: len(names)]
            position = next(iter(_named(rule.position, columns)), None)
            found.append(Listed(rule=rule, columns=names, alts=padded, position=position))
    if said is not None and not found:
        return (Listed(rule=PictureColumns(columns=[said]), columns=(said,), alts=(None,), position=None),)
    return tuple(found)
