"""Files that are no pictures, not whole, or not to be decoded: rejected with a reason and a way out."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw

from batch.core.media import Size
from batch.frames.errors import PictureError
from batch.frames.inspection import inspect_picture
from batch.frames.preparing import prepare_frame
from batch.frames.settings import Fit, FitSettings, FrameTarget

if TYPE_CHECKING:
    from pathlib import Path

WIDE = FrameTarget(size=Size(1280, 720))
WHOLE = FitSettings(fit=Fit.CONTAIN, min_side=16)


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def busy(size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A picture with enough in it that half a file is half a picture."""
    image = Image.effect_mandelbrot(size, (-1.5, -1, 0.5, 1), 60).convert("RGB")
    ImageDraw.Draw(image).ellipse((50, 50, 300, 300), fill="orange")
    return image


def png_head(width: int, height: int) -> bytes:
    """A small PNG that says it is large; its pixels would be zeros without end."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def rejected(data: bytes, settings: FitSettings = WHOLE) -> PictureError:
    """The verdict of both looks, which is the same; a hint is always given."""
    with pytest.raises(PictureError) as inspected:
        inspect_picture(data, settings)
    with pytest.raises(PictureError) as prepared:
        prepare_frame(data, settings, WIDE)
    assert inspected.value.reason == prepared.value.reason
    assert inspected.value.hint
    return inspected.value


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 0.999])
def test_a_file_that_ends_early_is_found_without_decoding(name: str, kept: float) -> None:
    """The cheap look finds it, at any length; `Image.verify` would pass such a JPEG."""
    data = saved(busy(), name)
    assert "cut short" in rejected(data[: int(len(data) * kept)]).reason


def test_a_file_cut_within_its_head_is_rejected() -> None:
    """A few bytes of a picture are none."""
    for name in ("JPEG", "PNG", "WEBP", "GIF", "TIFF"):
        rejected(saved(busy(), name)[:20])


@pytest.mark.parametrize("name", ["GIF", "TIFF"])
def test_formats_without_an_end_are_found_by_decoding(name: str) -> None:
    """Half a GIF or TIFF is rejected when its frame is made, at the latest."""
    data = saved(busy(), name)
    with pytest.raises(PictureError, match=r"damaged|cannot be read"):
        prepare_frame(data[: len(data) // 2], WHOLE, WIDE)


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    """EXIF carries a small JPEG with an end of its own, before the picture's data."""
    exif = Image.Exif()
    exif[0x010E] = "thumbnail: \xff\xd9"
    data = saved(busy(), "JPEG", exif=exif.tobytes() + saved(busy((64, 48)), "JPEG"))
    assert data.count(b"\xff\xd9") >= 2
    assert "cut short" in rejected(data[: len(data) // 2]).reason
    assert prepare_frame(data, WHOLE, WIDE).size == WIDE.size


def test_a_jpeg_with_something_behind_its_end_is_whole() -> None:
    """Cameras and editors append data; that is no damage."""
    assert inspect_picture(saved(busy(), "JPEG") + b"\0" * 500, WHOLE).size == Size(640, 480)


def test_damaged_pixels_are_rejected() -> None:
    """A PNG whose end is there but whose data is not what its checksums say."""
    data = bytearray(saved(busy(), "PNG"))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    with pytest.raises(PictureError, match="damaged"):
        prepare_frame(bytes(data), WHOLE, WIDE)


def test_a_decompression_bomb_is_rejected_by_its_head() -> None:
    """20,000 by 20,000 pixels are never decoded: the file holds a thousand bytes of them."""
    error = rejected(png_head(20_000, 20_000))
    assert "20000 x 20000" in error.reason
    assert "66 million" in error.reason


def test_large_pictures_below_the_limit_are_looked_at() -> None:
    """65 megapixels pass the cheap look, without Pillow's own warning."""
    assert inspect_picture(png_head(6_500, 10_000), WHOLE).size == Size(6_500, 10_000)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (bytes(5000), "nothing but zeros"),
        (b"sku,image,title\n1,a.jpg,A\n", "text"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "a web page"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\0\0\0\x20ftypheic" + bytes(50), "HEIC"),
        (b"\0\0\0\x20ftypavif" + bytes(50), "AVIF"),
        (b"\0\0\0\x20ftypisom" + bytes(50), "video"),
        (b"PK\x03\x04" + bytes(50), "ZIP"),
        (b"PAR1" + bytes(50), "Parquet"),
        (bytes(range(128, 256)) * 10, "unknown kind"),
    ],
)
def test_what_is_no_picture_is_called_by_its_name(data: bytes, said: str) -> None:
    """The reason says what the file seems to be."""
    assert said in rejected(data).reason


def test_formats_of_pillow_that_are_not_ours_are_rejected() -> None:
    """A BMP is a picture, but none of the five formats."""
    assert "BMP" in rejected(saved(busy(), "BMP")).reason


def test_a_picture_below_min_side_is_rejected() -> None:
    """The shorter side counts, after rotation."""
    data = saved(busy((900, 299)), "JPEG")
    assert "300" in rejected(data, FitSettings()).reason
    assert inspect_picture(data, FitSettings(min_side=299)).size == Size(900, 299)


def test_a_file_above_max_bytes_is_rejected() -> None:
    """The limit is the job's."""
    data = saved(busy(), "PNG")
    assert "image.max_bytes" in rejected(data, FitSettings(max_bytes=len(data) - 1)).reason
    assert inspect_picture(data, FitSettings(max_bytes=len(data))).format == "png"


def test_a_picture_smaller_than_the_frame_is_warned_about() -> None:
    """It can be used, and a person is told; one that fills a side is not too small."""
    small = inspect_picture(saved(busy((640, 480)), "JPEG"), WHOLE, WIDE)
    large = inspect_picture(saved(busy((1280, 480)), "JPEG"), WHOLE, WIDE)
    assert any("soft" in warning for warning in small.warnings)
    assert large.warnings == ()


def test_a_picture_without_a_visible_pixel_is_rejected() -> None:
    """A layer exported while it was hidden."""
    with pytest.raises(PictureError, match="transparent throughout"):
        prepare_frame(saved(Image.new("RGBA", (640, 480), (9, 9, 9, 0)), "PNG"), WHOLE, WIDE)


def test_files_are_looked_at_like_bytes(tmp_path: Path) -> None:
    """By path the same facts and the same verdicts, and the file is named where it is missing."""
    data = saved(busy(), "JPEG")
    whole, half, empty = tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.jpg"
    whole.write_bytes(data)
    half.write_bytes(data[: len(data) // 2])
    empty.write_bytes(b"")
    assert inspect_picture(whole, WHOLE) == inspect_picture(data, WHOLE)
    with pytest.raises(PictureError, match="cut short"):
        inspect_picture(half, WHOLE)
    with pytest.raises(PictureError, match=r"c\.jpg is empty"):
        inspect_picture(empty, WHOLE)
    with pytest.raises(PictureError, match=r"d\.jpg cannot be read"):
        inspect_picture(tmp_path / "d.jpg", WHOLE)
    with pytest.raises(PictureError, match="cannot be read"):
        inspect_picture(tmp_path, WHOLE)


def test_the_head_tells_what_it_can() -> None:
    """Format, size, mode and transparency, without decoding."""
    facts = inspect_picture(saved(busy().convert("RGBA"), "PNG"), WHOLE)
    assert (facts.format, facts.size, facts.mode, facts.has_alpha) == ("png", Size(640, 480), "RGBA", True)
    facts = inspect_picture(saved(busy(), "JPEG"), WHOLE)
    assert (facts.format, facts.mode, facts.has_alpha) == ("jpeg", "RGB", False)


def test_an_error_reads_as_reason_and_way_out() -> None:
    """What a person sees has both."""
    assert str(PictureError("it is broken", hint="mend it")) == "it is broken\n  mend it"
    assert str(PictureError("it is broken")) == "it is broken"


@pytest.mark.parametrize("bad", [{"margin": 0.5}, {"margin": -0.1}, {"background": "white"}])
def test_settings_that_make_no_sense_are_refused(bad: dict[str, Any]) -> None:
    """A margin of half the frame leaves no product; colours are written #rrggbb."""
    with pytest.raises(ValueError, match=r"margin|background"):
        FitSettings(**bad)


def test_a_target_needs_a_format_that_can_be_written() -> None:
    """No format, or one that no frame can be written in, is refused."""
    for formats in ((), ("gif",)):
        with pytest.raises(ValueError, match="jpeg, png or webp"):
            FrameTarget(size=Size(1280, 720), formats=formats)
