"""What a power cut leaves of a folder: rebuilt from a trace of every write, rename and sync in it.

A file's content is durable as of its own last sync, a name as of the last sync of its folder; POSIX promises nothing
else, and nothing else is kept here. With a random generator some of the rest is, in any order: sectors of writes, cuts,
names.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from tests.proof.shim import Call

SECTOR = 512

Change = tuple[int, bytes | None]
"""A write at an offset, or, with None, a cut to a length."""


def _change(content: bytearray, change: Change) -> None:
    offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset : offset + len(data)] = data


@dataclass(slots=True, kw_only=True, eq=False)
class File:
    """A file's bytes: as of its last sync, and what was done to them since."""

    synced: bytes = b""
    pending: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        """Make everything durable."""
        content = bytearray(self.synced)
        for change in self.pending:
            _change(content, change)
        self.synced, self.pending = bytes(content), []

    def after_cut(self, rng: random.Random | None) -> bytes:
        """Give what is left: what was synced, and by chance some of the rest."""
        content = bytearray(self.synced)
        for change in _some(self.pending, rng):
            _change(content, change)
        return bytes(content)


def _some(changes: list[Change], rng: random.Random | None) -> list[Change]:
    """Draw sectors of writes, and cuts, in any order."""
    if rng is None:
        return []
    parts: list[Change] = []
    for offset, data in changes:
        if data is None:
            parts.append((offset, None))
        else:
            parts += [(offset + at, data[at : at + SECTOR]) for at in range(0, len(data), SECTOR)]
    kept = [part for part in parts if rng.random() < 0.5]
    if rng.random() < 0.5:
        rng.shuffle(kept)
    return kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """A name that a folder got or lost.

    Attributes:
        node: What it names from now on; None where it is gone.
        instead_of: The name that the same thing had before, where it was renamed.
    """

    name: str
    node: File | Folder | None
    instead_of: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Folder:
    """A folder's names: now, as of its last sync, and what was done to them since."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    synced: dict[str, File | Folder] = field(default_factory=dict)
    pending: list[Naming] = field(default_factory=list)

    def change(self, naming: Naming) -> None:
        """Give or take a name, not durably."""
        _name(self.names, naming)
        self.pending.append(naming)

    def sync(self) -> None:
        """Make everything durable."""
        self.synced, self.pending = dict(self.names), []

    def after_cut(self, rng: random.Random | None) -> Mapping[str, File | Folder]:
        """Give what is left."""
        left = dict(self.synced)
        for naming in self.pending:
            if rng is not None and rng.random() < 0.5:
                _name(left, naming)
        return left


def _name(names: dict[str, File | Folder], naming: Naming) -> None:
    if naming.instead_of:
        names.pop(naming.instead_of, None)
    if naming.node is None:
        names.pop(naming.name, None)
    else:
        names[naming.name] = naming.node


class Image:
    """A folder on its way through a trace. Whatever is in it when the trace begins is durable and stays.

    Args:
        root: The folder, which exists.
        data: The bytes that the trace's writes point into.
    """

    def __init__(self, root: Path, data: bytes) -> None:
        self._root = root
        self._data = data
        self._top = Folder()

    def take(self, call: Call) -> None:
        """Take a call in that came back; others have done nothing."""
        if call.result is None or call.failed or not call.file_number:
            return
        match call.kind:
            case "open":
                self._open(call)
            case "write" | "pwrite":
                written = self._data[call.data : call.data + call.result]
                self._file(call.path).pending.append((call.offset, written))
            case "ftruncate":
                self._file(call.path).pending.append((call.length, None))
            case "fsync" | "fdatasync":
                self._at(call.path).sync()
            case "rename":
                self._rename(call)
            case "unlink" | "rmdir":
                folder, name = self._place(call.path)
                folder.change(Naming(name=name, node=None))
            case "mkdir":
                folder, name = self._place(call.path)
                folder.change(Naming(name=name, node=Folder()))
            case _:
                raise NotImplementedError(call.kind)

    def _open(self, call: Call) -> None:
        folder, name = self._place(call.path)
        if not call.offset:
            folder.change(Naming(name=name, node=File()))
        elif call.flags & os.O_TRUNC:
            self._file(call.path).pending.append((0, None))

    def _rename(self, call: Call) -> None:
        (folder, name), (to, target) = self._place(call.path), self._place(call.other)
        node = folder.names[name]
        if folder is to:
            to.change(Naming(name=target, node=node, instead_of=name))
        else:  # two folders, each with a sync of its own: it may be in both for a while, or in none
            folder.change(Naming(name=name, node=None))
            to.change(Naming(name=target, node=node))

    def _place(self, path: str) -> tuple[Folder, str]:
        *above, name = Path(path).relative_to(self._root).parts
        folder = self._top
        for part in above:
            inner = folder.names[part]
            assert isinstance(inner, Folder)
            folder = inner
        return folder, name

    def _at(self, path: str) -> File | Folder:
        if path == str(self._root):
            return self._top
        folder, name = self._place(path.removesuffix(" (deleted)"))
        return folder.names.get(name) or File()  # still open, and without a name: nobody will find it

    def _file(self, path: str) -> File:
        file = self._at(path)
        assert isinstance(file, File)
        return file

    def lay_out(self, rng: random.Random | None = None) -> None:
        """Put what a power cut leaves now in the place of what is there; with `rng`, some of the rest as well."""
        for name in {*self._top.names, *self._top.synced}:
            _remove(self._root / name)
        _lay_out(self._top, self._root, rng)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _lay_out(folder: Folder, place: Path, rng: random.Random | None) -> None:
    for name, node in folder.after_cut(rng).items():
        if isinstance(node, Folder):
            (place / name).mkdir()
            _lay_out(node, place / name, rng)
        else:
            (place / name).write_bytes(node.after_cut(rng))
