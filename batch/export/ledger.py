"""`export.json`: what this program put into an export's folder. Only that does it ever replace or remove."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LEDGER: Final = "export.json"
FORMAT: Final = 1
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A clip in the folder."""

    sku: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What lies in an export's folder by our hand.

    Attributes:
        job: The job's name.
        channel: As `--for` has it.
        clips: By name.
        files: Name of each other file: its SHA-256.
    """

    job: str
    channel: str
    clips: Mapping[str, Entry] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> bytes:
        """Write it, always in the same order."""
        clips = {
            name: {"sku": one.sku, "bytes": one.bytes, "sha256": one.sha256} for name, one in sorted(self.clips.items())
        }
        value = {
            "format": FORMAT,
            "job": self.job,
            "channel": self.channel,
            "clips": clips,
            "files": dict(sorted(self.files.items())),
        }
        return f"{json.dumps(value, indent=2)}\n".encode()


def read_ledger(data: bytes) -> Ledger:
    """Read what `text` wrote; a name that could lead out of the folder is never taken.

    Raises:
        ValueError: If it is none of ours, in words that go behind "it".
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise ValueError(f"it is not of the format {FORMAT}, which this version reads")
    job, channel, clips, files = (value.get(key) for key in ("job", "channel", "clips", "files"))
    if not (isinstance(job, str) and isinstance(channel, str) and isinstance(clips, dict) and isinstance(files, dict)):
        raise ValueError("it lacks `job`, `channel`, `clips` or `files`")
    if bad := next((name for name in (*clips, *files) if not _NAME.fullmatch(name)), None):
        raise ValueError(f"it names {bad[:80]!r}, which is no name of ours")
    if not all(isinstance(digest, str) and _HASH.fullmatch(digest) for digest in files.values()):
        raise ValueError("it has a file without its hash")
    return Ledger(job=job, channel=channel, clips={name: _entry(one) for name, one in clips.items()}, files=files)


def _entry(value: Any) -> Entry:
    match value:
        case {"sku": str(sku), "bytes": int(size), "sha256": str(digest)} if _HASH.fullmatch(digest):
            return Entry(sku=sku, bytes=size, sha256=digest)
    raise ValueError("it has a clip without SKU, length and hash")
