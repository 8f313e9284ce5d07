"""The sample jobs that come with the program: which there are, and every file that one needs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import batch
from batch.errors import CannotCreate, UsageProblem
from batch.inputs.columns import cell
from batch.inputs.jobfile import read_job
from batch.inputs.manifest import manifest_paths, open_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

_BESIDE = {"nightly": ("crontab.example", "sora-batch.service", "sora-batch.timer")}
_SCHEMA = "job.schema.json"


def sample_root() -> Path:
    """Say where `configs/` and `manifests/` lie: in the installed package, or beside it in a checkout."""
    package = Path(batch.__file__).parent
    installed = package / "samples"
    return installed if installed.is_dir() else package.parent


def sample_names() -> tuple[str, ...]:
    """Name the samples."""
    return tuple(sorted(path.stem for path in (sample_root() / "configs").glob("*.yaml")))


def sample_files(name: str) -> tuple[Path, ...]:
    """Give everything that a sample needs, relative to `sample_root()`: the job first, then manifests and pictures.

    Raises:
        UsageProblem: If there is no such sample.
    """
    if name not in sample_names():
        raise UsageProblem(f"there is no sample {name!r}", hint=f"there are {', '.join(sample_names())}")
    root = sample_root()
    job = root / "configs" / f"{name}.yaml"
    beside = [root / "configs" / other for other in (_SCHEMA, *_BESIDE.get(name, ()))]
    files = [job, *beside, *_manifest_files(job)]
    return tuple(dict.fromkeys(path.resolve().relative_to(root.resolve()) for path in files))


def _manifest_files(path: Path) -> Iterator[Path]:
    loaded = read_job(path)
    yield from manifest_paths(loaded.job.manifest, loaded.folder)
    with open_manifest(loaded.job.manifest, loaded.folder, io.BytesIO()) as manifest:
        place = manifest.place("image") or cell(0)
        for batch_ in manifest.batches():
            for number, picture in batch_.select("file", place).iter_rows():
                yield manifest.files[number].folder / picture


def _is_taken(target: Path, sample: Path) -> bool:
    """Say whether something else lies in a sample file's place."""
    try:
        return target.read_bytes() != sample.read_bytes()
    except FileNotFoundError:
        return False
    except IsADirectoryError:
        return True
    except OSError as error:
        raise _cannot_write(target, error) from error


def _cannot_write(target: Path, error: OSError) -> CannotCreate:
    return CannotCreate(f"the sample cannot be written: {error.strerror}", where=str(target), hint="choose another -o")


def write_sample(name: str, folder: Path) -> tuple[Path, ...]:
    """Write a sample's files below a folder and give their paths, the job's first; overwrites nothing.

    Raises:
        UsageProblem: If there is no such sample.
        CannotCreate: If one of its files is there already, or cannot be written; nothing is written then.
    """
    files = sample_files(name)
    for file in files:
        if _is_taken(folder / file, sample_root() / file):
            raise CannotCreate("there is another file of this name", where=str(folder / file), hint="choose another -o")
    for file in files:
        target = folder / file
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((sample_root() / file).read_bytes())
        except OSError as error:
            raise _cannot_write(target, error) from error
    return tuple(folder / file for file in files)
