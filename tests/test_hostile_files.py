"""Hostile and broken files: a short form of `python -m tests.proof.fuzz`, and each thing that the long form found."""

from __future__ import annotations

import io
import logging
import struct
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from batch.core.job import Manifest as ManifestKeys
from batch.core.media import Size
from batch.errors import ManifestProblem
from batch.frames.decoding import decode
from batch.frames.errors import PictureError
from batch.frames.inspection import inspect_picture
from batch.frames.preparing import prepare_frame
from batch.frames.settings import FitSettings, FrameTarget
from batch.inputs.manifest import open_manifest
from batch.inputs.picturefacts import Unusable
from batch.planning.looking import look_at
from batch.simulator.fault_file import FaultFileError, read_fault_file
from tests.hostile.bombs import scans
from tests.hostile.pictures import chunk, png, tiff
from tests.hostile.readers import READERS
from tests.hostile.tables import sound_parquets
from tests.proof.fuzz import hunt

if TYPE_CHECKING:
    from pathlib import Path

ANY = FitSettings(min_side=1)
TARGET = FrameTarget(size=Size(128, 72))


@pytest.mark.parametrize("name", sorted(READERS))
def test_nothing_but_our_own_errors_comes_out(name: str) -> None:
    """Of any reader, in a second and 512 MB for each input."""
    assert hunt(READERS[name], 40).examples >= 40


def problem(folder: Path, data: bytes) -> str:
    """What is wrong with a manifest."""
    (folder / "m").write_bytes(data)
    with (
        pytest.raises(ManifestProblem) as caught,
        open_manifest(ManifestKeys(path="m"), folder, io.BytesIO()) as manifest,
    ):
        list(manifest.batches())
    return str(caught.value)


def test_a_parquet_file_on_which_polars_panics_is_damaged(tmp_path: Path) -> None:
    """A panic is no `Exception`: it passed every handler, with a trace for the operator."""
    sound = sound_parquets()[0]
    length = struct.unpack("<I", sound[-8:-4])[0]
    # The beginning of the data is gone, so that the footer points behind the end.
    short = sound[:4] + sound[-8 - length :]
    assert "the Parquet file cannot be read" in problem(tmp_path, short)


@pytest.mark.parametrize("columns", [5_000, 100_000])
def test_a_header_of_very_many_columns_is_turned_down(tmp_path: Path, columns: int) -> None:
    """Finding each column's place took the square of their number: half an hour for these."""
    header = ",".join(f"c{number}" for number in range(columns))
    assert "columns; the most is 4,096" in problem(tmp_path, f"sku,image,{header}\n1,a.png\n".encode())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("seed: 2026-13-45", "month"),
        ("seed: &a [1, 1]\nrules: [*a, *a]", "refers to another place"),
        ("seed: 1\n#" + "x" * 100_000, "longer than 100,000 bytes"),
    ],
)
def test_a_faults_file_is_read_as_carefully_as_a_job(tmp_path: Path, text: str, why: str) -> None:
    """A date that there is not was a bare ValueError; names of places make a short text large."""
    (tmp_path / "faults.yaml").write_text(text)
    with pytest.raises(FaultFileError, match=why):
        read_fault_file(tmp_path / "faults.yaml")


def test_a_palette_picture_without_a_palette_is_turned_down() -> None:
    """Pillow asserts that there is one when it is asked about transparency."""
    assert isinstance(look_at(png(400, 400, depth=1, colour=3, packed=b"x")), Unusable)


def test_what_follows_the_first_picture_of_a_gif_may_be_broken() -> None:
    """It is not used; looking whether it is there raised an IndexError."""
    file = io.BytesIO()
    Image.new("P", (400, 400)).save(file, "GIF")
    cut = file.getvalue()[:-1] + b"!"
    assert inspect_picture(cut, ANY).warnings == ()


def test_forty_bytes_of_webp_do_not_take_two_gigabytes() -> None:
    """16,383 by 6,100 pixels of one colour; what a kind of picture may have goes by what it takes to decode it."""
    small = (
        b"RIFF \x00\x00\x00WEBPVP8L\x14\x00\x00\x00/\xfe\xff\xf4\x15\x07P\x81T\x08 \x00\n\x9a\x8e\xc5\x88\x88\xfe\x07"
    )
    with pytest.raises(PictureError, match="25 million"):
        inspect_picture(small, ANY)


def test_a_jpeg_of_many_empty_scans_is_turned_down() -> None:
    """Each takes ten bytes, and a walk over the whole picture."""
    assert decode(scans(64, 100), at_least=Size(64, 64)).size == Size(64, 64)
    with pytest.raises(PictureError, match="more than 500 scans"):
        prepare_frame(scans(64, 600), ANY, TARGET)


def test_pillow_says_nothing_on_the_terminal() -> None:
    """Its log reached the terminal where nobody had set one up."""
    data = tiff([(256, 4, [400]), (257, 4, [400]), (258, 3, [8]), (262, 3, [2]), (277, 3, [65535])], bytes(99))
    assert isinstance(look_at(data), Unusable)
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("PIL").handlers)


def test_a_signed_tiff_of_16_bits_is_as_bright_as_it_is() -> None:
    """Its white is 32,767, and came out at half the brightness."""
    values = struct.pack("<4h", 0, 16384, 32767, -5)
    tags = [(256, 4, [4]), (257, 4, [1]), (258, 3, [16]), (259, 3, [1]), (262, 3, [1]), (277, 3, [1]), (278, 4, [1])]
    tags += [(339, 3, [2]), (279, 4, [8]), (273, 4, [8 + 2 + 12 * 10 + 4])]
    picture = decode(tiff(tags, values), at_least=Size(4, 1))
    assert [picture.pixels.getpixel((x, 0)) for x in range(4)] == [0, 128, 255, 0]


@pytest.mark.parametrize("alpha", [1, 2])
def test_a_cmyk_tiff_with_alpha_becomes_a_frame(alpha: int) -> None:
    """Its colours are used; it was refused because of a fifth channel that was said to be alpha."""
    pixels = bytes([0, 255, 255, 0, 255]) * 16
    at = 8 + 2 + 12 * 11 + 4
    tags = [(256, 4, [4]), (257, 4, [4]), (258, 3, [8] * 5), (259, 3, [1]), (262, 3, [5]), (277, 3, [5]), (278, 4, [4])]
    tags += [(279, 4, [len(pixels)]), (273, 4, [at + 10]), (284, 3, [1]), (338, 3, [alpha])]
    picture = decode(tiff(tags, pixels), at_least=Size(4, 4))
    red = picture.reduced(4).getpixel((1, 1))
    assert isinstance(red, tuple)
    assert red[0] > 200
    assert max(red[1:3]) < 60


def test_packed_remarks_in_a_png_do_not_fill_the_memory() -> None:
    """Sixteen megabytes of zeros in a comment are left packed, or end the picture."""
    from tests.hostile.pictures import zeros  # noqa: PLC0415 - takes a moment to make

    remark = chunk(b"zTXt", b"x\0\0" + zeros(1 << 24))
    assert look_at(png(400, 400, packed=b"x", before=remark * 8))
