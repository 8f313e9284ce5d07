"""How long a fragmented MP4 file is (ISO/IEC 14496-12, 8.8): its header does not know, its fragments do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from batch.collect.boxes import Box, Walker

_DATA_OFFSET, _FIRST_FLAGS = 0x1, 0x4
_DURATION, _SIZE, _FLAGS, _COMPOSITION = 0x100, 0x200, 0x400, 0x800
_BASE_OFFSET, _DESCRIPTION, _DEFAULT_DURATION = 0x1, 0x2, 0x8


def fragment_seconds(
    walker: Walker, moov: Box, fragments: Iterable[Box], *, track: int, timescale: int, movie_scale: int
) -> float:
    """Give the length of one track; 0 where nothing says it.

    Args:
        walker: Reads the file.
        moov: Its header.
        fragments: Its `moof` boxes.
        track: The number of the track that counts.
        timescale: Ticks per second of that track.
        movie_scale: Ticks per second of the header's own durations.

    Raises:
        BrokenClip: If a box does not hold what it has to.
    """
    usual = _usual_duration(walker, moov, track)
    ticks = sum(_fragment_ticks(walker, box, track, usual) for box in fragments)
    whole = walker.find(moov, b"mvex", b"mehd")
    if ticks or whole is None:
        return ticks / timescale
    fields = walker.fields(whole)
    return fields.number(4, 8 if fields.version >= 1 else 4) / movie_scale


def _usual_duration(walker: Walker, moov: Box, track: int) -> int:
    extends = walker.find(moov, b"mvex")
    for box in walker.children(extends) if extends is not None else ():
        if box.kind == b"trex" and walker.fields(box).number(4, 4) == track:
            return walker.fields(box).number(12, 4)
    return 0


def _fragment_ticks(walker: Walker, moof: Box, track: int, usual: int) -> int:
    total = 0
    for traf in walker.children(moof):
        header = walker.find(traf, b"tfhd") if traf.kind == b"traf" else None
        if header is None or walker.fields(header).number(4, 4) != track:
            continue
        each = _own_duration(walker, header, usual)
        total += sum(_run_ticks(walker, box, each) for box in walker.children(traf) if box.kind == b"trun")
    return total


def _own_duration(walker: Walker, header: Box, usual: int) -> int:
    fields = walker.fields(header)
    if not fields.flags & _DEFAULT_DURATION:
        return usual
    return fields.number(8 + 8 * bool(fields.flags & _BASE_OFFSET) + 4 * bool(fields.flags & _DESCRIPTION), 4)


def _run_ticks(walker: Walker, run: Box, each: int) -> int:
    fields = walker.fields(run, most=run.size)
    flags, count = fields.flags, fields.number(4, 4)
    if not flags & _DURATION:
        return each * count
    start = 8 + 4 * bool(flags & _DATA_OFFSET) + 4 * bool(flags & _FIRST_FLAGS)
    step = 4 * sum(bool(flags & bit) for bit in (_DURATION, _SIZE, _FLAGS, _COMPOSITION))
    return sum(fields.number(start + step * index, 4) for index in range(count))
