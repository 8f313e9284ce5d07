"""Walking the boxes of an MP4 file (ISO/IEC 14496-12, 4.2), with bounded work on whatever bytes there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ReadAt = Callable[[int, int], bytes]
    """Gives the bytes at an offset, as many as asked for unless the file ends before."""

_MOST_BOXES: Final = 20_000


class BrokenClip(Exception):
    """These bytes are not a whole MP4 file; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box's payload: `file[start:end]`."""

    kind: bytes
    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of payload."""
        return self.end - self.start


class Fields:
    """The big-endian numbers at the beginning of a box."""

    __slots__ = ("_data", "_kind")

    def __init__(self, data: bytes, kind: bytes) -> None:
        self._data = data
        self._kind = kind

    def number(self, at: int, size: int) -> int:
        """Give the unsigned number of `size` bytes at an offset.

        Raises:
            BrokenClip: If the box ends before.
        """
        piece = self._data[at : at + size]
        if len(piece) < size:
            raise BrokenClip(f"the {name_of(self._kind)} box is too short")
        return int.from_bytes(piece, "big")

    @property
    def version(self) -> int:
        """The version of a full box; from 1 on, times have 64 bits."""
        return self.number(0, 1)

    @property
    def flags(self) -> int:
        """The flags of a full box."""
        return self.number(1, 3)


def name_of(kind: bytes) -> str:
    """Give a box's type as it can be shown."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "?" for byte in kind)


class Walker:
    """Reads boxes, and gives up on files that have more of them than any clip needs.

    Args:
        read: Gives bytes of the file.
        length: Of the file.
    """

    def __init__(self, read: ReadAt, length: int) -> None:
        self._read = read
        self._left = _MOST_BOXES
        self.length = length

    def boxes(self, start: int, end: int) -> Iterator[Box]:
        """Give the boxes between two offsets, in order.

        Raises:
            BrokenClip: If one of them does not fit, or there are too many.
        """
        while start < end:
            box = self._box_at(start, end)
            yield box
            start = box.end

    def children(self, box: Box, *, skip: int = 0) -> list[Box]:
        """Give the boxes in a box, behind `skip` bytes of its own fields."""
        return list(self.boxes(min(box.start + skip, box.end), box.end))

    def find(self, box: Box, *path: bytes) -> Box | None:
        """Give the first box at a path below another one; None where there is none."""
        found: Box | None = box
        for kind in path:
            if found is None:
                return None
            found = next((child for child in self.boxes(found.start, found.end) if child.kind == kind), None)
        return found

    def fields(self, box: Box, most: int = 128) -> Fields:
        """Read the first bytes of a box's payload."""
        return Fields(self.bytes_at(box.start, min(box.size, most)), box.kind)

    def bytes_at(self, start: int, size: int) -> bytes:
        """Read exactly so many bytes.

        Raises:
            BrokenClip: If the file ends before.
        """
        data = self._read(start, size) if size > 0 else b""
        if len(data) < size:
            raise BrokenClip("the file is shorter than its length")
        return data

    def _box_at(self, start: int, end: int) -> Box:
        self._left -= 1
        if self._left < 0:
            raise BrokenClip(f"it has more than {_MOST_BOXES} boxes")
        if end - start < 8:
            raise BrokenClip("it ends in the middle of a box")
        head = self.bytes_at(start, min(16, end - start))
        size, kind, header = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            if len(head) < 16:
                raise BrokenClip("it ends in the middle of a box")
            size, header = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - start
        if size < header:
            raise BrokenClip(f"the {name_of(kind)} box has an impossible size")
        if start + size > end:
            raise BrokenClip(f"it is cut short: the {name_of(kind)} box lacks {start + size - end} bytes")
        return Box(kind, start + header, start + size)
