"""Manifests: files, globs or standard input to batches of rows in which every value is text."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

import polars as pl

from batch.core.framing import FRAMING_COLUMNS
from batch.core.nearest import nearest
from batch.errors import JobProblem, ManifestProblem, MissingInput, StorageProblem
from batch.inputs.choosing import choice_of, nothing_chosen
from batch.inputs.columns import FILE, FLAW, LINE, MISSED, cell
from batch.inputs.delimited import Delimited, read_delimited
from batch.inputs.kinds import HEAD_BYTES, Kind, Stranger, kind_of
from batch.inputs.parquet import ParquetTable, float_columns, read_parquet
from batch.inputs.remote import bring, is_remote
from batch.inputs.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from batch.core.job import Manifest as ManifestKeys
    from batch.inputs.adapting import Adapting
    from batch.inputs.remote import Reach

STANDARD_INPUT: Final = "-"
REQUIRED: Final = ("sku", "image")
KNOWN: Final = (*REQUIRED, "prompt", "duration", "aspect_ratio", "variants", "negative_prompt", *FRAMING_COLUMNS)


class Readable(Protocol):
    """Gives bytes, and none at the end."""

    def read(self, size: int = -1, /) -> bytes:
        """Give up to `size` bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile:
    """Where rows come from.

    Attributes:
        label: What a person calls it: relative to the job's folder, unless the job says it otherwise.
        folder: What relative pictures are relative to.
        base: The file's address where it was fetched, and what they are relative to then; empty where it was not.
    """

    label: str
    folder: Path
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One file's rows, and which of its columns stands for each of the manifest's."""

    rows: Spool | ParquetTable
    cells: tuple[str, ...]

    def frames(self) -> Iterator[pl.DataFrame]:
        return self.rows.frames() if isinstance(self.rows, ParquetTable) else iter(self.rows)


class Manifest:
    """An open manifest. Close it, or use it as a context: standard input and large texts lie in temporary files.

    Attributes:
        files: One or more.
        columns: The manifest's own names, trimmed; column `n` is called `cell(n)` in the batches.
        adapter: The name of the system whose export it is; None for a plain table.
        alts: Whether its pictures have alt texts.
    """

    def __init__(
        self,
        *,
        files: tuple[ManifestFile, ...],
        columns: tuple[str, ...],
        renamed: Mapping[str, str],
        parts: tuple[_Part, ...],
        resources: ExitStack,
        adapter: str | None = None,
        alts: bool = False,
    ) -> None:
        self.files = files
        self.adapter = adapter
        self.alts = alts
        self.columns = columns
        self._renamed = renamed
        self._parts = parts
        self._resources = resources

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was put aside."""
        self._resources.close()

    def own_name(self, name: str) -> str | None:
        """Give the manifest's name for a column that the job or a template names; None if there is no such column."""
        own = self._renamed.get(name, name)
        return own if own in self.columns else None

    def place(self, name: str) -> str | None:
        """Give the batches' name for a column that the job or a template names; None if there is no such column."""
        own = self.own_name(name)
        return None if own is None else cell(self.columns.index(own))

    def nearest(self, name: str) -> str | None:
        """Give the column that a person may have meant; None if none is like it."""
        return nearest(name, (*self._renamed, *self.columns))

    def batches(self) -> Iterator[pl.DataFrame]:
        """Read all rows in their order: `file` (index into `files`), `line`, `flaw` and the cells as text.

        At most 50,000 rows each; can be called again. Values are trimmed, empty ones null.
        """
        for number, part in enumerate(self._parts):
            file = pl.lit(number, dtype=pl.UInt32).alias(FILE)
            cells = [pl.col(name).alias(cell(index)) for index, name in enumerate(part.cells)]
            for frame in part.frames():
                if frame.height:
                    yield frame.select(file, LINE, _flaw(frame), *cells)


def open_manifest(keys: ManifestKeys, folder: Path, stdin: Readable, reach: Reach | None = None) -> Manifest:
    """Open what a job names as its manifest.

    Args:
        keys: The job's `manifest`.
        folder: The job's; paths are relative to it.
        stdin: Read to its end if the path is `-`; pictures are then relative to the job's folder.
        reach: How far a manifest may be fetched from; None if it may not.

    Raises:
        MissingInput: If there is no such file, or it cannot be read.
        ManifestProblem: If it is no table with rows, a SKU and a picture column.
        StorageProblem: If the temporary folder cannot take it.
    """
    with ExitStack() as stack:
        if keys.path == STANDARD_INPUT:
            labelled = [(_put_aside(stdin, stack), "standard input", folder, "")]
        elif is_remote(keys.path):
            labelled = _fetched(keys.path, folder, reach, stack)
        else:
            labelled = [(path, _label(path, keys, folder), path.parent, "") for path in manifest_paths(keys, folder)]
        tables = [_read_table(path, label) for path, label, _, _ in labelled]
        columns = tables[0].header.names
        adapting = _adapting(keys, columns, tables, folder)
        if adapting is None:
            _check_columns(columns, keys.columns, tables)
            parts = tuple(_part(table, columns, stack) for table in tables)
            renamed: Mapping[str, str] = keys.columns
        else:
            _check_same(columns, tables)
            parts = tuple(_adapted(table, columns, adapting, stack) for table in tables)
            columns, renamed = adapting.columns, adapting.renamed
        chosen = _chosen(keys, columns, renamed, parts, stack)
        manifest = Manifest(
            files=tuple(ManifestFile(label=label, folder=home, base=base) for _, label, home, base in labelled),
            columns=columns,
            renamed=renamed,
            parts=chosen,
            resources=stack.pop_all(),
            adapter=None if adapting is None else adapting.adapter.name,
            alts=adapting is not None and adapting.alts,
        )
    if next(manifest.batches(), None) is None:
        some = any(frame.height for part in parts for frame in part.frames())
        manifest.close()
        if some:
            raise nothing_chosen(keys, labelled[0][1])
        raise ManifestProblem("the manifest has a header and no rows", where=labelled[0][1], hint="add a row")
    return manifest


def manifest_paths(keys: ManifestKeys, folder: Path) -> tuple[Path, ...]:
    """Give the files that a job names, sorted; none for standard input and for what is fetched.

    Raises:
        MissingInput: If there are none.
    """
    if keys.path == STANDARD_INPUT or is_remote(keys.path):
        return ()
    named = Path(os.path.normpath(folder / keys.path))
    try:
        return _found(named, keys.path, folder)
    except OSError as error:  # a folder that may not be entered, a name that is too long
        raise MissingInput(
            f"the manifest cannot be read: {error.strerror}", where=str(named), hint="check its path and permissions"
        ) from error


def _found(named: Path, written: str, folder: Path) -> tuple[Path, ...]:
    if named.is_file():
        return (named,)
    if named.is_dir():
        raise MissingInput("the manifest is a folder", where=str(named), hint=f"name a file, or {written}/*.csv")
    if named.exists():
        raise MissingInput(
            "the manifest is no ordinary file", where=str(named), hint="name one, or `-` to read standard input"
        )
    # Only what the job says is a pattern: the folder's own name may have brackets in it.
    names = glob.glob(written, root_dir=folder, recursive=True)  # noqa: PTH207 - `Path.glob` takes no absolute pattern
    paths = (Path(os.path.normpath(folder / name)) for name in names)
    found = sorted(path for path in paths if path.is_file())
    if not found:
        what = "no file fits the pattern" if glob.has_magic(written) else "there is no such manifest"
        raise MissingInput(what, where=str(named), hint="`manifest.path` is relative to the job file's folder")
    return tuple(found)


def _fetched(path: str, folder: Path, reach: Reach | None, stack: ExitStack) -> list[tuple[Path, str, Path, str]]:
    if reach is None:
        raise MissingInput("the manifest is not fetched here", where=path, hint="name a file")
    aside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sora-batch-")))
    return [(file.path, file.label, folder, file.base) for file in bring(path, aside, reach)]


def _label(path: Path, keys: ManifestKeys, folder: Path) -> str:
    return str(path) if Path(keys.path).is_absolute() else os.path.relpath(path, folder)


def _put_aside(stdin: Readable, stack: ExitStack) -> Path:
    try:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sora-batch-"))
        path = Path(folder, "manifest")
        with path.open("wb") as file:
            shutil.copyfileobj(stdin, file, 1 << 20)
    except OSError as error:
        raise StorageProblem(
            f"standard input cannot be put aside: {error}",
            where=tempfile.gettempdir(),
            hint="free some space, or set TMPDIR to a folder with more",
        ) from error
    return path


def _read_table(path: Path, label: str) -> Delimited | ParquetTable:
    try:
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD_BYTES))
        match kind:
            case Stranger(name=name, hint=hint):
                raise ManifestProblem(f"this is {name}, not a table", where=label, hint=hint)
            case Kind.PARQUET:
                return read_parquet(path, label)
            case Kind.DELIMITED:
                return read_delimited(path, label)
    except OSError as error:
        raise MissingInput(
            f"the manifest cannot be read: {error.strerror}", where=label, hint="check its permissions"
        ) from error


def _part(table: Delimited | ParquetTable, columns: tuple[str, ...], stack: ExitStack) -> _Part:
    places = {name: cell(place) for place, name in enumerate(table.header.names)}
    cells = tuple(places[name] for name in columns)
    if isinstance(table, ParquetTable):
        return _Part(rows=table, cells=cells)
    return _Part(rows=_spool(table.frames(), stack), cells=cells)


def _adapting(
    keys: ManifestKeys, columns: tuple[str, ...], tables: list[Delimited | ParquetTable], folder: Path
) -> Adapting | None:
    """Say how the rows have to be read; None for a plain table, which names its SKUs and pictures itself."""
    label = tables[0].label
    plain = all(keys.columns.get(ours, ours) in columns for ours in REQUIRED)
    if keys.adapter is not None or not plain:
        adapting = _by_adapter(keys, columns, label, folder)
        if adapting is not None:
            return adapting
    for key in ("per", "picture"):
        if key in keys.model_fields_set and plain:
            raise JobProblem(
                "a plain table has one row and one picture for each item",
                where=f"manifest.{key}",
                hint="leave it out, or name the system with `adapter`",
            )
    return None


def _by_adapter(keys: ManifestKeys, columns: tuple[str, ...], label: str, folder: Path) -> Adapting | None:
    """Take the adapter that the job names, or the one whose header this is; None if it is nobody's."""
    from batch.inputs.adapters import adapter_named, fit, recognise, stranger  # noqa: PLC0415 - start-up counts
    from batch.inputs.adapting import Adapting  # noqa: PLC0415 - the same

    adapter = None
    if keys.adapter is not None:
        adapter = adapter_named(keys.adapter, folder)
    else:
        adapter = recognise(columns, keys.columns)
        if adapter is None and not keys.columns and (problem := stranger(columns, keys.columns, label)) is not None:
            raise problem
    if adapter is not None:
        for ours, theirs in keys.columns.items():
            if theirs not in columns:
                raise _no_column(f"{theirs!r}, which `manifest.columns` calls {ours}", theirs, columns, label)
        return Adapting(fit(adapter, columns, keys, label), columns, keys)
    return None


def _adapted(table: Delimited | ParquetTable, columns: tuple[str, ...], adapting: Adapting, stack: ExitStack) -> _Part:
    part = _part(table, columns, stack)
    rows = _spool(adapting.rows(part.frames, part.cells), stack)
    if isinstance(part.rows, Spool):
        part.rows.close()
    return _Part(rows=rows, cells=tuple(map(cell, range(len(adapting.columns)))))


def _chosen(
    keys: ManifestKeys,
    columns: tuple[str, ...],
    renamed: Mapping[str, str],
    parts: tuple[_Part, ...],
    stack: ExitStack,
) -> tuple[_Part, ...]:
    """Give the parts with the rows alone that the job is about."""
    choice = choice_of(keys, columns, renamed, lambda name: cell(columns.index(name)))
    if choice is None:
        return parts
    cells = tuple(map(cell, range(len(columns))))

    def named() -> Iterator[pl.DataFrame]:
        for number, part in enumerate(parts):
            own = [pl.col(place).alias(name) for place, name in zip(part.cells, cells, strict=True)]
            for frame in part.frames():
                missed = [MISSED] if MISSED in frame.columns else []
                yield frame.select(pl.lit(number, dtype=pl.UInt32).alias(FILE), LINE, FLAW, *missed, *own)

    spools = [Spool() for _ in parts]
    for spool in spools:
        stack.callback(spool.close)
    for frame in choice.rows(named):
        for (number,), rows in frame.group_by(FILE, maintain_order=True):
            spools[int(str(number))].add(rows.drop(FILE))
    return tuple(_Part(rows=spool, cells=cells) for spool in spools)


def _flaw(frame: pl.DataFrame) -> pl.Expr:
    return pl.coalesce(FLAW, MISSED).alias(FLAW) if MISSED in frame.columns else pl.col(FLAW)


def _spool(frames: Iterator[pl.DataFrame], stack: ExitStack) -> Spool:
    spool = Spool()
    stack.callback(spool.close)
    for frame in frames:
        spool.add(frame)
    return spool


def _check_same(columns: tuple[str, ...], tables: list[Delimited | ParquetTable]) -> None:
    label = tables[0].label
    for table in tables[1:]:
        odd = sorted(set(columns) ^ set(table.header.names))
        if odd:
            raise ManifestProblem(
                f"the files have different columns: {odd[0]!r} is only in one of {label} and {table.label}",
                where=table.label,
                hint="give all files the same columns, or each kind a job of its own",
            )


def _check_columns(
    columns: tuple[str, ...], renamed: Mapping[str, str], tables: list[Delimited | ParquetTable]
) -> None:
    _check_same(columns, tables)
    label = tables[0].label
    for ours, theirs in renamed.items():
        if theirs not in columns:
            raise _no_column(f"{theirs!r}, which `manifest.columns` calls {ours}", theirs, columns, label)
    for ours in REQUIRED:
        if renamed.get(ours, ours) not in columns:
            raise _no_column(f"{ours!r}, which every manifest needs", ours, columns, label)
    sku = renamed.get("sku", "sku")
    for table in tables:
        if isinstance(table, ParquetTable) and sku in float_columns(table):
            raise ManifestProblem(
                f"the column {sku!r} holds floating-point numbers, which lose zeros and digits of a SKU",
                where=table.label,
                hint="write the SKUs as text",
            )


def _no_column(what: str, name: str, columns: tuple[str, ...], label: str) -> ManifestProblem:
    like = nearest(name, columns)
    names = ", ".join(columns[:12]) + (", ..." if len(columns) > 12 else "")
    ours = f"; for {like!r} write `columns: {{{name}: {like}}}`" if like and name in KNOWN else ""
    meant = f"did you mean {like!r}? " if like else ""
    return ManifestProblem(f"there is no column {what}", where=label, hint=f"{meant}It has: {names}{ours}")
