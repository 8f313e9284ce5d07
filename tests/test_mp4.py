"""What the walker of MP4 boxes says of whole files, of broken ones, and of what is no MP4 file at all."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.collect.boxes import BrokenClip
from batch.collect.mp4 import Mp4Facts, read_mp4

if TYPE_CHECKING:
    from pathlib import Path

UPRIGHT = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
TURNED = (0, 0x10000, 0, -0x10000 & 0xFFFFFFFF, 0, 0, 0, 0, 0x40000000)
UNKNOWN = 0xFFFFFFFF


def box(kind: bytes, *parts: bytes) -> bytes:
    """Write a box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *numbers: int, tail: bytes = b"", version: int = 0, flags: int = 0) -> bytes:
    """Write a full box of 32-bit numbers."""
    return box(kind, struct.pack(f">I{len(numbers)}I", version << 24 | flags, *numbers), tail)


def tkhd(number: int, ticks: int, size: tuple[int, int], matrix: tuple[int, ...] = UPRIGHT) -> bytes:
    """Write a track's header."""
    tail = bytes(16) + struct.pack(">9I", *matrix) + struct.pack(">II", size[0] << 16, size[1] << 16)
    return full(b"tkhd", 0, 0, number, 0, ticks, tail=tail)


def video(
    *,
    ticks: int = 4000,
    shown: int | None = None,
    size: tuple[int, int] = (1280, 720),
    samples: tuple[int, ...] = (60, 40),
    matrix: tuple[int, ...] = UPRIGHT,
) -> bytes:
    """Write a video track."""
    entry = box(b"avc1", bytes(24), struct.pack(">HH", *size), bytes(50))
    table = box(b"stbl", full(b"stsd", 1, tail=entry), full(b"stsz", 0, len(samples), *samples))
    media = box(
        b"mdia",
        full(b"mdhd", 0, 0, 30000, ticks * 30, 0),
        full(b"hdlr", 0, tail=b"vide" + bytes(13)),
        box(b"minf", table),
    )
    return box(b"trak", tkhd(1, ticks if shown is None else shown, size, matrix), media)


def audio(*, samples: int = 10, each: int = 5) -> bytes:
    """Write an audio track."""
    table = box(b"stbl", full(b"stsd", 0), full(b"stsz", each, samples))
    media = box(
        b"mdia", full(b"mdhd", 0, 0, 48000, 192000, 0), full(b"hdlr", 0, tail=b"soun" + bytes(13)), box(b"minf", table)
    )
    return box(b"trak", tkhd(2, 4000, (0, 0)), media)


FTYP = box(b"ftyp", b"isom", bytes(4))
MVHD = full(b"mvhd", 0, 0, 1000, 4000, tail=bytes(80))
MDAT = box(b"mdat", bytes(150))
MOOV = box(b"moov", MVHD, video(), audio())
WHOLE = FTYP + MOOV + MDAT
FACTS = Mp4Facts(
    seconds=4.0,
    width=1280,
    height=720,
    has_audio=True,
    has_video=True,
    tracks=("vide", "soun"),
    container="mp4",
    video_codec="h264",
    frame_rate=0.5,
)


def read(data: bytes) -> Mp4Facts:
    """Read a file that lies in memory."""
    return read_mp4(lambda offset, size: data[offset : offset + size], len(data))


@pytest.mark.parametrize(
    "data",
    [
        WHOLE,
        FTYP + MDAT + MOOV,
        FTYP + box(b"free", bytes(9)) + MOOV + box(b"uuid", bytes(40)) + MDAT + box(b"free", b"prediction"),
        box(b"wide") + WHOLE,
        FTYP + MOOV + struct.pack(">I4sQ", 1, b"mdat", 16 + 150) + bytes(150),
        FTYP + MOOV + struct.pack(">I4s", 0, b"mdat") + bytes(150),
        FTYP + box(b"mdat", bytes(75)) + MOOV + box(b"mdat", bytes(75)),
    ],
    ids=["index first", "index last", "free boxes", "wide", "64-bit size", "to the end", "two stretches"],
)
def test_a_whole_file_is_read_however_its_boxes_lie(data: bytes) -> None:
    """The order of boxes, their way of giving sizes and boxes that mean nothing to us make no difference."""
    assert read(data) == FACTS


def test_every_shortening_of_a_file_is_noticed() -> None:
    """Whatever byte a download ended at, it is not taken for the whole."""
    for data in (WHOLE, FTYP + MDAT + MOOV, FTYP + MOOV + struct.pack(">I4s", 0, b"mdat") + bytes(150)):
        for length in range(len(data)):
            with pytest.raises(BrokenClip):
                read(data[:length])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"\xef\xbb\xbf\n <html>", "a web page"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG"),
        (b"\x89PNG\r\n\x1a\n1234", "a PNG"),
        (b'{"error": "expired"}', "JSON"),
        (b"\x1aE\xdf\xa3abcdefgh", "WebM"),
        (b"hello", "something else"),
        (box(b"free") + MOOV + MDAT, "type"),
        (FTYP, "no moov"),
        (FTYP + MDAT, "no moov"),
        (FTYP + MOOV, "no media data"),
        (FTYP + MOOV + box(b"mdat"), "no media data"),
        (FTYP + MOOV + box(b"mdat", bytes(149)), "150 bytes of media data are described, 149"),
        (FTYP + box(b"moov", video()) + MDAT, "no mvhd"),
        (FTYP + box(b"moov", MVHD, box(b"trak")) + MDAT, "without a header"),
        (FTYP + box(b"moov", full(b"mvhd", 0, 0, 0, 4000)) + MDAT, "time scale"),
        (FTYP + box(b"moov", full(b"mvhd", 0)) + MDAT, "too short"),
        (FTYP + struct.pack(">I4s", 7, b"moov"), "impossible size"),
        (FTYP + struct.pack(">I4sQ", 1, b"moov", 15), "impossible size"),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**63), "lacks"),
        (FTYP + box(b"free") * 20_001, "boxes"),
        (FTYP + box(b"moov", MVHD, video(size=(0, 0))) + MDAT, "0x0"),
        (FTYP + box(b"moov", MVHD, video(size=(20000, 20000))) + MDAT, "20000x20000"),
        (FTYP + box(b"moov", full(b"mvhd", 0, 0, 1, 100_000), audio()) + MDAT, "100000 seconds"),
        (FTYP + box(b"moov", full(b"mvhd", 0, 0, 1, 0)) + MDAT, "0 seconds"),
    ],
)
def test_what_is_no_whole_mp4_file_is_called_what_it_is(data: bytes, words: str) -> None:
    """The reason is for a person who wonders what the provider delivered."""
    with pytest.raises(BrokenClip, match=words):
        read(data)


def test_a_table_that_promises_more_than_it_holds_is_broken() -> None:
    """A count of four billion samples costs nothing to write, and nothing to refuse."""
    table = box(b"stbl", full(b"stsz", 0, 0xFFFFFFFF, 1, 2))
    media = box(b"mdia", full(b"mdhd", 0, 0, 1, 1), full(b"hdlr", 0, tail=b"vide"), box(b"minf", table))
    with pytest.raises(BrokenClip, match="samples"):
        read(FTYP + box(b"moov", MVHD, box(b"trak", tkhd(1, 1, (2, 2)), media)) + MDAT)


def test_a_turned_picture_has_the_sides_that_are_shown() -> None:
    """A phone's clip is stored lying down."""
    facts = read(FTYP + box(b"moov", MVHD, video(matrix=TURNED)) + MDAT)
    assert (facts.width, facts.height, facts.has_audio) == (720, 1280, False)


@pytest.mark.parametrize(
    ("track", "seconds"),
    [
        (video(ticks=5000, shown=4500), 4.5),
        (video(ticks=5000, shown=UNKNOWN), 5.0),
        (video(ticks=5000, shown=0), 5.0),
        (video(ticks=0), 7.0),
    ],
)
def test_an_unknown_duration_is_looked_for_elsewhere(track: bytes, seconds: float) -> None:
    """The track's own, the media's, the movie's, in this order; zero and all ones mean unknown."""
    assert read(FTYP + box(b"moov", full(b"mvhd", 0, 0, 1000, 7000), track) + MDAT).seconds == seconds


def test_a_file_without_video_is_read_and_says_so() -> None:
    """Whether that will do is the caller's to decide."""
    facts = read(FTYP + box(b"moov", MVHD, audio()) + MDAT)
    assert facts == replace(
        FACTS, width=0, height=0, has_video=False, tracks=("soun",), video_codec="", frame_rate=None
    )


def fragments(*, durations: tuple[int, ...] | None, default: int | None, usual: int = 0, whole: int = 0) -> bytes:
    """Write a fragmented file of two fragments."""
    extends = [full(b"trex", 1, 1, usual, 0, 0)]
    if whole:
        extends.insert(0, full(b"mehd", whole))
    moov = box(
        b"moov", full(b"mvhd", 0, 0, 1000, 0, tail=bytes(80)), video(ticks=0, samples=()), box(b"mvex", *extends)
    )
    tfhd = full(b"tfhd", 1, *([] if default is None else [default]), flags=0 if default is None else 0x8)
    if durations is None:
        trun = full(b"trun", 2, 0, flags=0x1)
    else:
        trun = full(b"trun", 2, 0, *(n for ticks in durations for n in (ticks, 9)), flags=0x1 | 0x100 | 0x200)
    other = box(b"traf", full(b"tfhd", 2), full(b"trun", 5, *[9] * 5, flags=0x100))
    return FTYP + moov + (box(b"moof", full(b"mfhd", 1), box(b"traf", tfhd, trun), other) + MDAT) * 2


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (fragments(durations=(15000, 30000), default=None), 3.0),
        (fragments(durations=None, default=15000), 2.0),
        (fragments(durations=None, default=None, usual=30000), 4.0),
        (fragments(durations=None, default=None, whole=4500), 4.5),
    ],
    ids=["each sample", "fragment's default", "track's default", "header"],
)
def test_a_fragmented_file_is_as_long_as_its_fragments(data: bytes, seconds: float) -> None:
    """Its header says zero, and the other tracks do not count."""
    assert read(data).seconds == seconds


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_broken_and_nothing_else(data: bytes) -> None:
    """No bytes lead to another error."""
    with pytest.raises(BrokenClip):
        read(data)


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_file_is_read_or_broken_and_nothing_else(data: st.DataObject) -> None:
    """Flipped bytes in a real structure reach every branch; each ends in facts or in a reason."""
    origin = data.draw(st.sampled_from([WHOLE, fragments(durations=(1, 2), default=3, whole=1), FTYP + MDAT + MOOV]))
    damaged = bytearray(origin)
    for at in data.draw(st.lists(st.integers(0, len(origin) - 1), max_size=8)):
        damaged[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BrokenClip):
        assert read(bytes(damaged)).seconds > 0


def test_the_work_is_bounded_by_the_file() -> None:
    """Nested, overlapping promises do not make it read more than a few times what is there."""
    nested = b""
    for _ in range(2000):
        nested = box(b"trak", nested)
    data = FTYP + box(b"moov", MVHD, nested, *[video(samples=())] * 500) + MDAT
    taken = 0

    def reading(offset: int, size: int) -> bytes:
        nonlocal taken
        taken += len(data[offset : offset + size])
        return data[offset : offset + size]

    with pytest.raises(BrokenClip):
        read_mp4(reading, len(data))
    assert taken < 20 * len(data)


def encode(target: Path, **options: str) -> None:
    """Encode two seconds of video with sound, by the library that players use."""
    av = pytest.importorskip("av")
    with av.open(str(target), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        sound = container.add_stream("aac", rate=48000)
        for number in range(60):
            frame = av.VideoFrame(64, 36, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        for number in range(0, 95_232, 1024):
            piece = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
            for plane in piece.planes:
                plane.update(bytes(plane.buffer_size))
            piece.sample_rate, piece.pts = 48000, number
            container.mux(sound.encode(piece))
        container.mux(stream.encode())
        container.mux(sound.encode())


@pytest.mark.parametrize("flags", ["", "faststart", "frag_keyframe+empty_moov"])
def test_real_files_are_read(flags: str, tmp_path: Path) -> None:
    """What a real encoder writes, with the index last, first, and in fragments."""
    encode(tmp_path / "x.mp4", **({"movflags": flags} if flags else {}))
    facts = read((tmp_path / "x.mp4").read_bytes())
    assert facts.seconds == pytest.approx(2.0, abs=0.05)
    assert (facts.width, facts.height, facts.has_audio, facts.has_video) == (64, 36, True, True)
    assert (facts.container, facts.video_codec, facts.audio_codec) == ("mp4", "h264", "aac")
    assert facts.frame_rate == (None if "frag" in flags else 30)
