"""Whether a plan could come out otherwise than last time, without making it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from batch import __version__
from batch.errors import MissingInput
from batch.inputs.manifest import STANDARD_INPUT, manifest_paths
from batch.inputs.remote import is_remote

if TYPE_CHECKING:
    from pathlib import Path

    from batch.inputs.jobfile import LoadedJob


def fingerprint_of(loaded: LoadedJob) -> str | None:
    """Give a hash in hex of everything that a plan is made from, except the pictures (`PictureBook.unchanged`).

    Files of rows count by path, size and time of change; the job, its own profiles and prompts, and this program by
    what they say.

    Args:
        loaded: The job.

    Returns:
        None for a manifest from standard input, which can be read only once, and for one that is fetched, which can
        change without a trace.

    Raises:
        MissingInput: If there is no manifest, or a file of profiles cannot be read.
    """
    keys = loaded.job.manifest
    if keys.path == STANDARD_INPUT or is_remote(keys.path):
        return None
    prompts = loaded.job.prompt.files if loaded.job.prompt else []
    parts = {
        "program": __version__,
        "folder": str(loaded.folder),
        "job": loaded.text_sha256,
        "adapter": _content(loaded.folder / own, "adapter", "manifest.adapter") if (own := keys.own_adapter) else "",
        "profiles": [_content(loaded.folder / name, "model profile", "models") for name in loaded.job.models],
        "prompts": [_content(loaded.folder / name, "prompt library", "prompt.files") for name in prompts],
        "manifest": [_stamp(path) for path in manifest_paths(keys, loaded.folder)],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _content(path: Path, what: str, key: str) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise MissingInput(
            f"the {what} cannot be read: {error.strerror}", where=str(path), hint=f"check `{key}` in the job"
        ) from error


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise MissingInput(f"the manifest cannot be read: {error.strerror}", where=str(path)) from error
    return str(path), status.st_size, status.st_mtime_ns
