"""Where a job keeps its things: the same rules for the whole job and for the light look that `status` takes."""

from __future__ import annotations

import os.path
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

EACHLABS_URL = "https://api.eachlabs.ai"
SIMULATOR = "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLocation:
    """What has to be known of a job to find its state and its clips.

    Attributes:
        name: The job's.
        provider: `eachlabs` or `simulator`.
        host: Host and, where the job gives one, port of the provider; `built-in` for the simulator inside `run`.
        state: The state file.
        output: The folder of clips and reports.
    """

    name: str
    provider: str
    host: str
    state: Path
    output: Path


def locate_job(
    folder: Path, *, name: str, provider: str, base_url: str | None, output_dir: str | None, state: str | None
) -> JobLocation:
    """Apply the rules for what a job leaves out.

    The simulator's things lie in a folder of their own unless the job names one, so that a job which is tried out
    first does not meet its own rehearsal.

    Args:
        folder: Of the job file, absolute; paths in the job are relative to it.
        name: The job's.
        provider: The provider's name.
        base_url: As written; None or empty where it is not.
        output_dir: As written; None where it is not.
        state: As written; None where it is not.
    """
    usual = "../out/{name}-simulated" if provider == SIMULATOR else "../out/{name}"
    output = _inside(folder, (output_dir or usual).replace("{name}", name))
    return JobLocation(
        name=name,
        provider=provider,
        host=_host(provider, base_url),
        state=output / "state.sqlite" if state is None else _inside(folder, state),
        output=output,
    )


def _inside(folder: Path, written: str) -> Path:
    return Path(os.path.normpath(folder / written))


def _host(provider: str, base_url: str | None) -> str:
    if provider == SIMULATOR and not base_url:
        return "built-in"
    return urlsplit(base_url or EACHLABS_URL).netloc.rpartition("@")[2].lower()
