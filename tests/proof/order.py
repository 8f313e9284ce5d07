"""In which order a run writes, syncs and sends: by the shim's trace, or by strace's, which knows nothing of the other.

1. An attempt's intent is synced before the first byte of its POST leaves.
2. A clip is synced, then renamed, then its folder is synced; then the state says so, and is synced too.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.proof.shim import SYNCS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tests.proof.shim import Call

STRACED = (
    "open,openat,openat2,creat,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,fsync,fdatasync,"
    "sync_file_range,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,"
    "copy_file_range,sendfile,splice,sendto,sendmsg,sendmmsg,recvfrom,recvmsg,recvmmsg"
)
"""What strace is asked for: also what the shim does not know, so that it would be found missing."""

_KINDS = {
    "openat": "open",
    "openat2": "open",
    "creat": "open",
    "writev": "write",
    "pwrite64": "pwrite",
    "pwritev": "pwrite",
    "pwritev2": "pwrite",
    "renameat": "rename",
    "renameat2": "rename",
    "unlinkat": "unlink",
    "mkdirat": "mkdir",
    "linkat": "link",
    "sendto": "send",
    "sendmsg": "send",
    "sendmmsg": "send",
    "recvfrom": "recv",
    "recvmsg": "recv",
    "recvmmsg": "recv",
}

_UPLOAD = re.compile(r"uploads/([0-9a-f-]{36})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A call as one of the two saw it.

    Attributes:
        path: The file, or the socket.
        other: What a file was renamed to.
        data: What was written or sent, as text, as far as it was seen.
        began: Place in time; comparable within one trace.
        ended: The same.
    """

    kind: str
    path: str
    other: str
    data: str
    began: int
    ended: int


def seen_by_shim(calls: Iterable[Call], data: bytes) -> Iterator[Seen]:
    """Turn the shim's trace of a whole run."""
    for call in calls:
        written = data[call.data : call.data + call.length] if call.data >= 0 else b""
        yield Seen(
            kind=call.kind,
            path=call.path,
            other=call.other,
            data=written.decode("latin-1"),
            began=2 * call.number,
            ended=2 * call.number + 1,
        )


_BEGUN = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_DESCRIPTOR = re.compile(r"^\d+<((?:TCP|UNIX)[^]]*\]|[^>]*)>")
_NAME = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')


def seen_by_strace(text: str) -> Iterator[Seen]:
    """Turn the output of `strace -f -yy`."""
    open_calls: dict[str, tuple[int, str, str]] = {}
    for at, line in enumerate(text.splitlines()):
        if resumed := _RESUMED.match(line):
            began, name, arguments = open_calls.pop(resumed[1], (at, "", ""))
            arguments += resumed[2]
        elif begun := _BEGUN.match(line):
            began, name, arguments = at, begun[2], begun[3]
            if arguments.endswith("<unfinished ...>"):
                open_calls[begun[1]] = (at, name, arguments.removesuffix("<unfinished ...>"))
                continue
        else:
            continue
        if name:
            yield _seen(name, arguments, began, at)


def _seen(name: str, arguments: str, began: int, ended: int) -> Seen:
    kind = _KINDS.get(name, name)
    if kind == "unlink" and "AT_REMOVEDIR" in arguments:
        kind = "rmdir"
    if kind == "open" and "O_CREAT" not in arguments and "O_TRUNC" not in arguments and name != "creat":
        kind = "open for reading"
    path = other = ""
    if kind in {"open", "open for reading", "rename", "unlink", "rmdir", "mkdir", "link", "truncate", "symlink"}:
        names = [os.path.join(folder, name) for folder, name in _NAME.findall(arguments)]  # noqa: PTH118 - text
        path, other = names[0] if names else "", names[1] if len(names) > 1 else ""
    elif descriptor := _DESCRIPTOR.match(arguments):
        path = descriptor[1]
    return Seen(kind=kind, path=path, other=other, data=arguments, began=began, ended=ended)


def counted(seen: Iterable[Seen], root: Path) -> Counter[str]:
    """Count calls by kind and file, as far as they touch the root or the network."""
    counts: Counter[str] = Counter()
    for one in seen:
        if one.kind in {"send", "recv"}:
            if not one.path.startswith("UNIX"):
                counts[f"{one.kind} socket"] += 1
        elif f"{one.path}/".startswith(f"{root}/") and one.kind != "open for reading":
            counts[f"{one.kind} {one.path}"] += 1
    return counts


def order_violations(seen: Sequence[Seen], state: Path, clips: Iterable[Path]) -> list[str]:
    """List what was done in the wrong order in a run that bought and fetched some clips."""
    log = [one for one in seen if one.path == f"{state}-wal"]
    found = [*_posts(seen, log)]
    for clip in clips:
        sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
        told = next((one for one in log if one.kind == "pwrite" and sha256 in one.data), None)
        if told is None:
            found.append(f"the state was never told of {clip.name}")
            continue
        found += [*_file(seen, clip, told), *_file(seen, clip.with_name(f"{clip.name}.json"), told)]
        if not any(one.kind in SYNCS and one.began > told.ended for one in log):
            found.append(f"the state that knows {clip.name} was never synced")
    return found


def _posts(seen: Sequence[Seen], log: Sequence[Seen]) -> Iterator[str]:
    posts = 0
    for at, one in enumerate(seen):
        if one.kind != "send" or "POST /v1/prediction " not in one.data:
            continue
        posts += 1
        rest = (later for later in seen[at:] if later.kind == "send" and later.path == one.path)
        upload = next(match[1] for match in map(_UPLOAD.search, (later.data for later in rest)) if match)
        intent = next((write for write in log if upload in write.data and write.ended < one.began), None)
        if intent is None:
            yield f"the POST for {upload} left before its intent was written"
        elif not any(s.kind in SYNCS and s.began > intent.ended and s.ended < one.began for s in log):
            yield f"the POST for {upload} left before its intent was synced"
    if not posts:
        yield "no POST was seen"


def _file(seen: Sequence[Seen], path: Path, told: Seen) -> Iterator[str]:
    rename = next((one for one in seen if one.kind == "rename" and one.other == str(path)), None)
    if rename is None:
        yield f"{path.name} was never given its name"
        return
    writes = [one.ended for one in seen if one.kind in {"write", "pwrite"} and one.path == rename.path]
    if not _synced(seen, rename.path, after=max(writes, default=-1), before=rename.began):
        yield f"{path.name} got its name before its bytes were synced"
    if not _synced(seen, str(path.parent), after=rename.ended, before=told.began):
        yield f"the state was told of {path.name} before its folder was synced"


def _synced(seen: Sequence[Seen], path: str, *, after: int, before: int) -> bool:
    return any(one.kind in SYNCS and one.path == path and after < one.began and one.ended < before for one in seen)
