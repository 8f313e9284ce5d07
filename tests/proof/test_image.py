"""The test of the test: what a rebuilt disk keeps over a power cut, and what it forgets."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.proof.image import Image
from tests.proof.shim import Call

if TYPE_CHECKING:
    from pathlib import Path


class Tape:
    """Calls, as a program would have made them in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.calls: list[Call] = []
        self.data = b""

    def call(
        self, kind: str, name: str, *, offset: int = 0, length: int = 0, flags: int = 0, other: str = "", at: int = -1
    ) -> None:
        """Append a call that came back."""
        number = len(self.calls) + 1
        call = Call(
            number=number,
            file_number=number,
            kind=kind,
            thread=1,
            offset=offset,
            length=length,
            flags=flags,
            data=at,
            path=str(self.root / name),
            other=str(self.root / other) if other else "",
            result=length if at >= 0 else 0,
        )
        self.calls.append(call)

    def write(self, name: str, data: bytes, offset: int = 0) -> None:
        """Write to a file."""
        self.call("pwrite", name, offset=offset, length=len(data), at=len(self.data))
        self.data += data

    def left(self, rng: random.Random | None = None) -> dict[str, bytes]:
        """Cut the power, and give the files that are left."""
        for path in self.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        image = Image(self.root, self.data)
        for call in self.calls:
            image.take(call)
        image.lay_out(rng)
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes() for path in self.root.rglob("*") if path.is_file()
        }


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    """Give an empty folder, and no calls yet."""
    return Tape(tmp_path)


def test_what_was_never_synced_is_gone(tape: Tape) -> None:
    """Neither the bytes nor the name."""
    tape.call("open", "a", flags=os.O_CREAT)
    tape.write("a", b"one")
    assert tape.left() == {}


def test_a_synced_file_without_a_synced_folder_has_no_name(tape: Tape) -> None:
    """A file's own sync says nothing of its name."""
    tape.call("open", "a", flags=os.O_CREAT)
    tape.write("a", b"one")
    tape.call("fsync", "a")
    assert tape.left() == {}


def test_a_synced_folder_keeps_the_name_of_an_empty_file(tape: Tape) -> None:
    """And the folder's sync says nothing of what is in the file."""
    tape.call("open", "a", flags=os.O_CREAT)
    tape.write("a", b"one")
    tape.call("fsync", "")
    assert tape.left() == {"a": b""}


def test_only_what_came_before_the_sync_stays(tape: Tape) -> None:
    """Later writes over the same place are gone, and so is a later cut."""
    tape.call("open", "a", flags=os.O_CREAT)
    tape.write("a", b"one and two")
    tape.call("fdatasync", "a")
    tape.call("fsync", "")
    tape.write("a", b"ONE")
    tape.call("ftruncate", "a", length=1)
    assert tape.left() == {"a": b"one and two"}


def test_a_rename_counts_from_the_sync_of_the_folder(tape: Tape) -> None:
    """Until then the file has its old name."""
    tape.call("open", "a.part", flags=os.O_CREAT)
    tape.write("a.part", b"one")
    tape.call("fsync", "a.part")
    tape.call("fsync", "")
    tape.call("rename", "a.part", other="a")
    assert tape.left() == {"a.part": b"one"}
    tape.call("fsync", "")
    assert tape.left() == {"a": b"one"}


def test_a_folder_is_gone_with_all_that_was_synced_in_it(tape: Tape) -> None:
    """Its own name lies in the folder above."""
    tape.call("mkdir", "out")
    tape.call("open", "out/a", flags=os.O_CREAT)
    tape.call("fsync", "out/a")
    tape.call("fsync", "out")
    assert tape.left() == {}
    tape.call("fsync", "")
    assert tape.left() == {"out/a": b""}


def test_a_removed_file_comes_back(tape: Tape) -> None:
    """To be gone has to be synced too."""
    tape.call("open", "a", flags=os.O_CREAT)
    tape.call("fsync", "")
    tape.call("unlink", "a")
    assert tape.left() == {"a": b""}


def test_some_of_the_rest_may_be_there_in_pieces(tape: Tape) -> None:
    """What was synced always is; of the rest every sector may be there or not."""
    tape.call("open", "a", flags=os.O_CREAT)
    tape.write("a", b"s" * 512)
    tape.call("fsync", "a")
    tape.call("fsync", "")
    tape.write("a", b"n" * 1024, offset=512)
    left = {tape.left(random.Random(seed))["a"] for seed in range(40)}
    assert {content[:512] for content in left} == {b"s" * 512}
    rests = {content[512:] for content in left}
    assert rests == {b"", b"n" * 512, bytes(512) + b"n" * 512, b"n" * 1024}
