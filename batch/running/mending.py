"""`lint --fix`: which files would be changed and how, and changing them."""

from __future__ import annotations

import difflib
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.csvedit import CellEdit, edit_cells
from batch.core.yamledit import replace_text
from batch.errors import StorageProblem
from batch.files import disk_problem, write_atomic
from batch.inputs.delimited import read_delimited
from batch.inputs.kinds import HEAD_BYTES, Kind, kind_of
from batch.inputs.manifest import STANDARD_INPUT, manifest_paths, open_manifest
from batch.inputs.remote import is_remote
from batch.inputs.standard import StandardInput
from batch.models import profile_for
from batch.planning.mending import Mender
from batch.planning.wording import PROMPT
from batch.prompts.wordlists import vocabulary_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from batch.inputs.jobfile import LoadedJob
    from batch.inputs.manifest import Manifest
    from batch.planning.mending import RowMend


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFix:
    """A file that would be changed.

    Attributes:
        path: The file.
        before: Its bytes, as they were looked at.
        after: Its bytes to be.
        diff: What changes, as a unified diff.
        changes: How many texts or cells.
    """

    path: Path
    before: bytes
    after: bytes
    diff: str
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixes:
    """All changes, and why some cannot be made."""

    files: tuple[FileFix, ...]
    left: tuple[str, ...]


def plan_fixes(loaded: LoadedJob) -> Fixes:
    """Say what `--fix` would change; changes nothing.

    Raises:
        Problem: If the job, a file that it names, or the manifest cannot be read.
    """
    mender = Mender(loaded.job, profile_for(loaded), vocabulary_for(loaded))
    left: list[str] = []
    files = [*_job_fixes(loaded, mender, left), *_manifest_fixes(loaded, mender, left)]
    return Fixes(files=tuple(files), left=tuple(left))


def write_fixes(fixes: Fixes) -> None:
    """Write what was planned, file by file.

    Raises:
        StorageProblem: If a file was changed in the meantime, or the disk fails.
        CannotCreate: If a file cannot be written.
    """
    for fix in fixes.files:
        try:
            target = fix.path.resolve()
            if target.read_bytes() != fix.before:
                raise StorageProblem(
                    "somebody has changed the file in the meantime", where=str(fix.path), hint="give the command again"
                )
            mode = target.stat().st_mode
            write_atomic(target, fix.after)
            target.chmod(mode & 0o7777)
        except OSError as error:
            raise disk_problem(error, fix.path, what="the file cannot be changed", hint="check its folder") from error


def _job_fixes(loaded: LoadedJob, mender: Mender, left: list[str]) -> Iterator[FileFix]:
    before = loaded.file.data
    bom = BOM_UTF8 if before.startswith(BOM_UTF8) else b""
    source = text = before.decode("utf-8-sig")
    changes = 0
    for one in mender.of_the_job():
        changed = replace_text(text, one.path, one.new)
        if changed is None:
            left.append(f"{loaded.path}: `{'.'.join(map(str, one.path))}` is written so that only you can change it")
        else:
            text, changes = changed, changes + 1
    if changes:
        yield FileFix(
            path=loaded.path,
            before=before,
            after=bom + text.encode(),
            diff=_diff(str(loaded.path), source, text),
            changes=changes,
        )


def _manifest_fixes(loaded: LoadedJob, mender: Mender, left: list[str]) -> Iterator[FileFix]:
    keys = loaded.job.manifest
    if keys.path == STANDARD_INPUT:
        left.append("standard input is not changed")
        return
    if is_remote(keys.path):
        left.append(f"{keys.path} is not changed: it was fetched")
        return
    with open_manifest(keys, loaded.folder, StandardInput()) as manifest:
        if manifest.own_name(PROMPT) is None:
            return
        mends: dict[int, list[RowMend]] = {}
        for one in mender.of_the_rows(manifest):
            mends.setdefault(one.file, []).append(one)
        paths = manifest_paths(keys, loaded.folder)
        for number, of_file in mends.items():
            yield from _cells(paths[number], manifest, number, of_file, left)


def _cells(path: Path, manifest: Manifest, number: int, mends: list[RowMend], left: list[str]) -> Iterator[FileFix]:
    label, name = manifest.files[number].label, manifest.own_name(PROMPT)
    before = path.read_bytes()
    table = read_delimited(path, label) if kind_of(before[:HEAD_BYTES]) is Kind.DELIMITED else None
    if table is None or table.encoding == "utf-16" or name not in table.header.names:
        left.append(f"{label}: {len(mends)} prompts are to be mended where this file is made: it is no CSV in UTF-8")
        return
    bom = BOM_UTF8 if before.startswith(BOM_UTF8) else b""
    edited = edit_cells(
        before.decode("utf-8-sig"),
        table.separator,
        table.header.places[table.header.names.index(name)],
        {one.line: CellEdit(old=one.old, new=one.new) for one in mends},
    )
    missed = len(mends) - len(edited.lines)
    if missed:
        left.append(f"{label}: {missed} prompts are not on the lines where they were expected, and left alone")
    if edited.lines:
        yield FileFix(
            path=path,
            before=before,
            after=bom + edited.text.encode(),
            diff="\n".join([f"--- {label}", f"+++ {label}", *edited.hunks]),
            changes=len(edited.lines),
        )


def _diff(label: str, before: str, after: str) -> str:
    return "\n".join(difflib.unified_diff(before.splitlines(), after.splitlines(), label, label, lineterm="", n=1))
