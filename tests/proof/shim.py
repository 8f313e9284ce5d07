"""The library that counts a process's calls to files and sockets, and what it wrote down of them.

strace can make the Nth call of a thread fail, but not of a process: the main thread opens the state, another one
writes it, and others fetch clips, so most of what happens could not be reached by a number. See shim.c.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCE = Path(__file__).with_name("shim.c")
SYNCS = frozenset({"fsync", "fdatasync"})


class NoShimError(Exception):
    """The library cannot be made on this machine; the text says why."""


def build_shim(folder: Path) -> Path:
    """Compile the library into a folder and give its path.

    Raises:
        NoShimError: If this is no Linux of 64 bits, or there is no C compiler with libc's headers.
    """
    if sys.platform != "linux" or sys.maxsize < 2**32:
        raise NoShimError("counting calls needs a 64-bit Linux")
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoShimError("counting calls needs a C compiler (Debian: gcc, libc6-dev)")
    library = folder / "shim.so"
    made = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-lpthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise NoShimError(f"the library that counts calls does not compile: {made.stderr[:500]}")
    return library


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the library is to do in a process.

    Attributes:
        trace: File that calls are appended to.
        roots: Folders whose files count.
        mode: `record`, `kill`, `sent`, `full-once`, `full-ever`, `broken-once` or `broken-ever`; see shim.c.
        at: Number of the call that is struck.
        data: File that written bytes are appended to; None keeps none.
    """

    trace: Path
    roots: Sequence[Path]
    mode: str = "record"
    at: int = 0
    data: Path | None = None

    def environment(self, library: Path) -> dict[str, str]:
        """Give the variables that make a process of its own obey."""
        variables = {
            "LD_PRELOAD": str(library),
            "SHIM_TRACE": str(self.trace),
            "SHIM_ROOTS": self.folders,
            "SHIM_MODE": self.mode,
            "SHIM_AT": str(self.at),
        }
        return variables if self.data is None else variables | {"SHIM_DATA": str(self.data)}

    @property
    def folders(self) -> str:
        """The roots as the library takes them."""
        return ":".join(os.fspath(root) for root in self.roots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        file_number: Among those to files; 0 for a socket's.
        kind: Name of the call without its variants: `open` stands for those that create or cut off.
        offset: Where it writes; for `open`, whether the file was there.
        length: How much it writes, or what the file is cut to; for `open`, how long it was.
        data: Place of the written bytes in the file of data; -1 where none are kept.
        path: What it touches.
        other: What a file is renamed to.
        result: What came of it; None where it never returned, or nobody wrote that down.
        error: The errno where it failed.
    """

    number: int
    file_number: int
    kind: str
    thread: int
    offset: int
    length: int
    flags: int
    data: int
    path: str
    other: str = ""
    result: int | None = None
    error: int = 0

    @property
    def failed(self) -> bool:
        """Whether it came back with an error."""
        return self.result is not None and self.result < 0


def read_trace(trace: Path) -> list[Call]:
    """Read the calls of one process in their order."""
    if not trace.exists():
        return []
    lines = [line.split("\t") for line in _lines(trace)]
    results = {int(number): (int(result), int(error)) for _, number, result, error in _of_kind(lines, "R")}
    return [_call(fields, *results.get(int(fields[1]), (None, 0))) for fields in _of_kind(lines, "C")]


def _lines(trace: Path) -> Iterator[str]:
    for line in trace.read_text("utf-8", "surrogateescape").splitlines(keepends=True):
        if line.endswith("\n"):
            yield line[:-1]


def _of_kind(lines: list[list[str]], kind: str) -> Iterator[list[str]]:
    return (fields for fields in lines if fields[0] == kind)


def _call(fields: list[str], result: int | None, error: int) -> Call:
    _, number, file_number, kind, *numbers = fields[:9]
    thread, offset, length, flags, data = (int(text) for text in numbers)
    return Call(
        number=int(number),
        file_number=int(file_number),
        kind=kind,
        thread=thread,
        offset=offset,
        length=length,
        flags=flags,
        data=data,
        path=fields[9],
        other=fields[11] if len(fields) > 10 else "",
        result=result,
        error=error,
    )
