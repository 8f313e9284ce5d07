"""From a shop's export to a job and its plan."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass, replace
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import polars as pl

from batch.core.draft import Budget, Draft, draft_text
from batch.core.job import Manifest as ManifestKeys
from batch.core.where import Column, read_where
from batch.errors import CannotCreate, ManifestProblem, UsageProblem
from batch.files import atomic, make_folder
from batch.inputs.adapters import adapter_named
from batch.inputs.jobfile import job_of
from batch.inputs.manifest import KNOWN, STANDARD_INPUT, open_manifest
from batch.inputs.remote import is_remote
from batch.planning.values import high_of
from batch.running.fetching import reach
from batch.running.surveying import survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.inputs.manifest import Manifest
    from batch.inputs.pictures import Progress
    from batch.planning.survey import PlanView
    from batch.running.clock import Clock

_OFFERED: Final = ("title", "brand", "category", "type", "colour", "material", "size", "price")
"""Names that a prompt may want, where the export has them."""
_CATEGORIES: Final = 4
_SPARE: Final = Decimal("1.1")
_METAFIELD = re.compile(r"(?P<label>[^()]+?) \(product\.metafields\.[^()]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A job that was written.

    Attributes:
        system: What people call the system; empty for a plain table.
        products: Items of products.
        variants: Items of variants; as many as products in a plain table.
        hidden: Products that the shop does not show, and that are left out.
        view: The job's plan.
    """

    path: Path
    system: str
    products: int
    variants: int
    hidden: int
    view: PlanView


def start_job(export: str, output: Path | None, *, simulated: bool, clock: Clock, progress: Progress) -> Started:
    """Look at an export, write a job for it, and plan that.

    Args:
        export: CSV, TSV or Parquet: a path, an http or https URL, or `s3://bucket/key`.
        output: The job file, or a folder for it; `configs/` here when left out. Overwrites nothing.
        simulated: Whether the simulator makes the clips.
        clock: Says which day it is, for the caps.
        progress: Told about pictures that have to be read.

    Raises:
        Problem: If the export cannot be read or is of no known system, or the job cannot be written.
    """
    if export == STANDARD_INPUT:
        raise UsageProblem("a job names its manifest, so it has to be a file", hint="name the export")
    path = _target(export, output)
    draft = _look(export, path, simulated=simulated)
    view = survey(job_of(path, draft_text(draft, str(path))), fetch=False, clock=clock, progress=progress)
    draft = replace(draft, budget=_budget(view))
    text = draft_text(draft, str(path))
    if draft.budget is not None:
        view = survey(job_of(path, text), fetch=False, clock=clock, progress=progress)
    _write(path, text)
    return Started(
        path=path,
        system=draft.system,
        products=draft.products,
        variants=draft.variants,
        hidden=draft.hidden,
        view=view,
    )


def _target(export: str, output: Path | None) -> Path:
    name = f"{_name(export)}.yaml"
    path = Path("configs", name) if output is None else output / name if output.is_dir() else output
    if path.exists():
        raise CannotCreate("there is a job of this name already", where=str(path), hint="name another file with -o")
    return path


def _name(export: str) -> str:
    path = Path(urlsplit(export).path if is_remote(export) else export)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("._-")[:64]
    return name or "catalogue"


def _look(export: str, path: Path, *, simulated: bool) -> Draft:
    keys = ManifestKeys(path=export if is_remote(export) else str(Path(export).absolute()))
    with open_manifest(keys, Path.cwd(), io.BytesIO(), reach()) as manifest:
        adapter = None if manifest.adapter is None else adapter_named(manifest.adapter, Path.cwd())
        products = _count(manifest)
        shown = None if adapter is None or adapter.shown is None else _usable(adapter.shown, manifest)
        left = products if shown is None else _counted(keys, where=shown)
        name, folder = _name(str(path)), path.absolute().parent
        return Draft(
            name=name,
            path=export if is_remote(export) else os.path.relpath(Path(export).absolute(), folder),
            system="" if adapter is None else adapter.title,
            adapter=manifest.adapter,
            products=products,
            variants=products if adapter is None else _counted(keys, adapter=adapter.name, per="variant"),
            alts=manifest.alts,
            shown=shown if 0 < left < products else None,
            hidden=products - left if 0 < left < products else 0,
            columns=_columns(manifest),
            placeholders=tuple(ours for ours in _OFFERED if manifest.own_name(ours)),
            categories=tuple(_categories(manifest)),
            simulated=simulated,
            # Beside a job of its own folder, clips lie where samples have them; otherwise inside the job's folder.
            output=None if folder.name == "configs" else f"out/{name}" + ("-simulated" if simulated else ""),
        )


def _count(manifest: Manifest) -> int:
    return sum(frame.height for frame in manifest.batches())


def _counted(keys: ManifestKeys, **changes: str) -> int:
    try:
        with open_manifest(keys.model_copy(update=changes), Path.cwd(), io.BytesIO(), reach()) as manifest:
            return _count(manifest)
    except ManifestProblem:  # nothing is left
        return 0


def _usable(where: str, manifest: Manifest) -> str | None:
    """Give a condition if the export has every column that it looks at."""
    names = [piece.name for piece in read_where(where) if isinstance(piece, Column)]
    return where if all(manifest.own_name(name) for name in names) else None


def _columns(manifest: Manifest) -> dict[str, str]:
    """Name columns: those that prompts may want, and such as `Fabric (product.metafields.shopify.fabric)`."""
    if manifest.adapter is None:
        return {}
    offered = {ours: theirs for ours in _OFFERED if (theirs := manifest.own_name(ours)) and theirs != ours}
    filled = {name for name in manifest.columns if _METAFIELD.fullmatch(name) and _has_values(manifest, name)}
    fields = {_short(name): name for name in manifest.columns if name in filled}
    return offered | {
        short: name for short, name in fields.items() if short not in KNOWN and manifest.own_name(short) is None
    }


def _has_values(manifest: Manifest, name: str) -> bool:
    place = manifest.place(name)
    return place is not None and any(frame[place].null_count() < frame.height for frame in manifest.batches())


def _short(name: str) -> str:
    match = _METAFIELD.fullmatch(name)
    short = re.sub(r"[^a-z0-9]+", "_", match["label"].lower()).strip("_") if match else ""
    return short if short[:1].isalpha() else f"field_{short}"


def _categories(manifest: Manifest) -> Iterator[tuple[str, int]]:
    place = manifest.place("category")
    if place is None:
        return
    values = pl.concat([frame[place].drop_nulls() for frame in manifest.batches()])
    yield from (
        values.alias("name")
        .value_counts()
        .sort("count", "name", descending=[True, False])
        .head(_CATEGORIES)
        .iter_rows()
    )


def _budget(view: PlanView) -> Budget | None:
    dearest = max(map(high_of, view.totals.orders), default=Decimal(0))
    if not view.totals.items or not dearest:
        return None
    per_item = 2 * dearest
    per_run = max(per_item, (view.totals.high * _SPARE).quantize(Decimal(1), rounding=ROUND_UP))
    return Budget(items=view.totals.items, price=view.totals.high, per_run=per_run, per_item=per_item)


def _write(path: Path, text: str) -> None:
    try:
        make_folder(path.absolute().parent)
        with atomic(path) as file:
            file.write(text.encode())
    except OSError as error:
        raise CannotCreate(
            f"the job cannot be written: {error.strerror}", where=str(path), hint="name another file with -o"
        ) from error
