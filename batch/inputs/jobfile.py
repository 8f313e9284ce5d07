"""A job file, read and checked; and the light look at one that needs no checks.

Nothing heavy is imported at the top: `status` answers from here before pydantic could be loaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batch.core.location import JobLocation, locate_job
from batch.inputs.yamlfile import JobError, JobErrors, YamlFile, read_yaml, yaml_of

if TYPE_CHECKING:
    from pathlib import Path

    from batch.core.job import Job

__all__ = ["JobError", "JobErrors", "LoadedJob", "job_schema", "locate", "read_job"]

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedJob:
    """A checked job and where it came from.

    Attributes:
        path: The file, as it was named.
        folder: The file's folder, absolute: what the job's paths are relative to.
        job: What it says.
        file: Its tree, for messages that name a line.
        text_sha256: Of its bytes, in hex.
    """

    path: Path
    folder: Path
    job: Job
    file: YamlFile
    text_sha256: str

    @property
    def location(self) -> JobLocation:
        """Where its state and its clips are."""
        provider = self.job.provider
        return locate_job(
            self.folder,
            name=self.job.name,
            provider=provider.name,
            base_url=provider.base_url,
            output_dir=self.job.output.dir,
            state=self.job.state,
        )


def read_job(path: Path) -> LoadedJob:
    """Read and check a job file.

    Raises:
        MissingInput: If it is not there or cannot be read.
        JobErrors: With everything that is wrong in it.
    """
    return check_job(read_yaml(path, kind="job file"))


def job_of(path: Path, text: str) -> LoadedJob:
    """Check what is going to be written as a job file.

    Raises:
        JobErrors: With everything that is wrong in it.
    """
    return check_job(yaml_of(path, text))


def check_job(file: YamlFile) -> LoadedJob:
    """Check a file that was read as a job.

    Raises:
        JobErrors: With everything that is wrong in it.
    """
    from batch.core.checking import check  # noqa: PLC0415 - pydantic is heavy, and `status` imports this module
    from batch.core.job import Job  # noqa: PLC0415 - the same

    job = check(Job, file.tree)
    if isinstance(job, tuple):
        raise file.errors(job)
    return LoadedJob(path=file.path, folder=_folder(file.path), job=job, file=file, text_sha256=file.sha256)


def locate(path: Path) -> JobLocation:
    """Find a job's state and clips without checking the rest of it.

    Raises:
        MissingInput: If the file is not there or cannot be read.
        JobErrors: If the keys that decide it are wrong.
    """
    file = read_yaml(path, kind="job file")
    location = None if file.tree.faults else _light(file.tree.value, _folder(path))
    return location or read_job(path).location


def job_schema() -> dict[str, Any]:
    """Give the JSON Schema of a job file, for editors that complete and check while one types."""
    from batch.core.job import Job  # noqa: PLC0415 - pydantic is heavy, and `status` imports this module

    schema = Job.model_json_schema()
    return {"$schema": SCHEMA_DIALECT, **schema, "title": "sora-batch job"}


def _folder(path: Path) -> Path:
    return path.absolute().parent.resolve()


def _light(value: Any, folder: Path) -> JobLocation | None:
    """Locate a job whose deciding keys are plainly right; None leaves it to the whole check to say what is not."""
    if not isinstance(value, dict):
        return None
    provider, output = value.get("provider", {}), value.get("output", {})
    if not (isinstance(provider, dict) and isinstance(output, dict)):
        return None
    name, kind = value.get("name"), provider.get("name", "eachlabs")
    written = (provider.get("base_url"), output.get("dir"), value.get("state"))
    if not (isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name)):
        return None
    if kind not in {"eachlabs", "simulator"} or not all(one is None or isinstance(one, str) for one in written):
        return None
    base_url, output_dir, state = written
    return locate_job(folder, name=name, provider=kind, base_url=base_url, output_dir=output_dir, state=state)
