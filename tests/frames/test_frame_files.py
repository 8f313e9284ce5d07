"""The frame as a file: quality, limits, what passes through unchanged."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw, JpegImagePlugin

from batch.core.media import Size
from batch.frames.errors import PictureError
from batch.frames.preparing import prepare_frame
from batch.frames.settings import Fit, FitSettings, FrameTarget

SIZE = Size(1280, 720)
WIDE = FrameTarget(size=SIZE)
WHOLE = FitSettings(fit=Fit.CONTAIN, min_side=16)


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def shapes(size: tuple[int, int] = (1280, 720)) -> Image.Image:
    """A picture that compresses well."""
    image = Image.new("RGB", size, (230, 225, 220))
    ImageDraw.Draw(image).ellipse((300, 100, 800, 600), fill=(160, 40, 40))
    return image


def grain(size: tuple[int, int] = (1600, 900), *, much: float = 90) -> Image.Image:
    """A picture that hardly compresses; always the same."""
    random_bytes = bytearray(size[0] * size[1] * 3)
    value = 12345
    table = []
    for _ in range(65_536):
        value = (1103515245 * value + 12345) & 0x7FFFFFFF
        table.append(int(128 + ((value >> 16) % 256 - 128) * much / 128))
    block = bytes(table)
    for start in range(0, len(random_bytes), len(block)):
        turn = (start // len(block) * 7919) % len(block)
        piece = (block[turn:] + block[:turn])[: len(random_bytes) - start]
        random_bytes[start : start + len(piece)] = piece
    return Image.frombytes("RGB", size, bytes(random_bytes))


def subsampling(data: bytes) -> int:
    """0 for 4:4:4."""
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        return JpegImagePlugin.get_sampling(image)


def test_an_ordinary_picture_gets_the_best_quality_and_is_not_inflated() -> None:
    """Quality 100 with full colour; a small file stays small."""
    frame = prepare_frame(saved(shapes((1600, 900)), "PNG"), WHOLE, WIDE)
    assert (frame.quality, frame.content_type) == (100, "image/jpeg")
    assert len(frame.data) < 500_000
    assert subsampling(frame.data) == 0


def test_a_busy_picture_stays_below_two_megabytes_where_it_can() -> None:
    """The quality gives way, down to 95."""
    frame = prepare_frame(saved(grain(much=70), "PNG"), WHOLE, WIDE)
    assert frame.quality in {97, 95}
    assert 500_000 < len(frame.data) <= 2_000_000
    assert subsampling(frame.data) == 0


def test_the_models_limit_is_never_exceeded() -> None:
    """Below quality 95 a person is told; a limit that no quality meets rejects the picture."""
    data = saved(grain(), "PNG")
    frame = prepare_frame(data, WHOLE, FrameTarget(size=SIZE, max_bytes=700_000))
    assert len(frame.data) <= 700_000
    assert frame.quality is not None
    assert frame.quality < 95
    assert any("quality lowered" in warning for warning in frame.warnings)
    with pytest.raises(PictureError, match="takes no more than 10,000"):
        prepare_frame(data, WHOLE, FrameTarget(size=SIZE, max_bytes=10_000))


@pytest.mark.parametrize(("formats", "expected"), [(("png",), "png"), (("webp",), "webp"), (("png", "webp"), "png")])
def test_a_model_without_jpeg_gets_what_it_takes(formats: tuple[str, ...], expected: str) -> None:
    """PNG before WebP."""
    frame = prepare_frame(saved(shapes(), "JPEG"), WHOLE, FrameTarget(size=SIZE, formats=formats))
    assert frame.content_type == f"image/{expected}"
    with Image.open(io.BytesIO(frame.data)) as image:
        assert (image.format, image.size, image.mode) == (expected.upper(), (1280, 720), "RGB")


def test_a_png_over_the_limit_gives_way_to_webp_or_is_rejected() -> None:
    """PNG cannot be made smaller by quality."""
    data = saved(grain(), "PNG")
    both = FrameTarget(size=SIZE, max_bytes=1_500_000, formats=("png", "webp"))
    assert prepare_frame(data, WHOLE, both).content_type == "image/webp"
    with pytest.raises(PictureError, match="takes no more than"):
        prepare_frame(data, WHOLE, FrameTarget(size=SIZE, max_bytes=1_500_000, formats=("png",)))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("fit", Fit)
def test_an_exact_bare_frame_passes_through_unchanged(name: str, fit: Fit) -> None:
    """Its bytes are the frame's bytes, whatever the fit."""
    data = saved(shapes(), name)
    frame = prepare_frame(data, FitSettings(fit=fit), WIDE)
    assert frame.passed_through
    assert frame.data == data
    assert frame.quality is None
    assert frame.size == frame.source_size == SIZE


def test_what_is_made_here_passes_through_the_next_time() -> None:
    """A prepared frame is prepared: making it again changes nothing."""
    for formats in (("jpeg",), ("png",), ("webp",)):
        target = FrameTarget(size=SIZE, formats=formats)
        once = prepare_frame(saved(shapes((1600, 900)), "PNG"), WHOLE, target)
        again = prepare_frame(once.data, WHOLE, target)
        assert again.passed_through
        assert again.data == once.data


def exif() -> Image.Exif:
    """A camera's name."""
    tags = Image.Exif()
    tags[0x010F] = "A camera"
    return tags


def see_through() -> Image.Image:
    """A picture of the frame's size with a transparent corner."""
    image = shapes().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 100, 100))
    return image


@pytest.mark.parametrize(
    "data",
    [
        saved(shapes(), "JPEG", exif=exif()),
        saved(shapes(), "JPEG", comment=b"hello"),
        saved(shapes(), "JPEG", icc_profile=b"x" * 200),
        saved(shapes(), "JPEG") + b"trailing",
        saved(shapes().convert("L"), "JPEG"),
        saved(shapes().convert("CMYK"), "JPEG"),
        saved(shapes(), "PNG", exif=exif()),
        saved(shapes(), "PNG", dpi=(72, 72)),
        saved(shapes(), "PNG") + b"trailing",
        saved(shapes(), "PNG", save_all=True, append_images=[Image.new("RGB", (1280, 720))]),
        saved(shapes().convert("RGBA"), "PNG"),
        saved(shapes().quantize(8), "PNG"),
        saved(shapes(), "WEBP", exif=exif()),
        saved(shapes(), "WEBP", save_all=True, append_images=[Image.new("RGB", (1280, 720))]),
        saved(see_through(), "WEBP", lossless=True),
        saved(see_through(), "PNG"),
        saved(shapes(), "TIFF"),
        saved(shapes(), "GIF"),
        saved(shapes((1280, 722)), "PNG"),
    ],
    ids=lambda data: f"{data[:4]!r}-{len(data)}",
)
def test_anything_more_than_a_frame_is_made_anew(data: bytes) -> None:
    """Metadata, other modes, animation, trailing bytes, other formats and sizes do not pass."""
    frame = prepare_frame(data, WHOLE, WIDE)
    assert not frame.passed_through
    assert frame.data != data
    with Image.open(io.BytesIO(frame.data)) as image:
        assert (image.size, image.mode) == ((1280, 720), "RGB")


def test_a_frame_that_the_model_does_not_take_is_made_anew() -> None:
    """A format or a file size beyond the model's stops it."""
    data = saved(shapes(), "PNG")
    assert not prepare_frame(data, WHOLE, FrameTarget(size=SIZE, formats=("jpeg",))).passed_through
    large = saved(grain((1280, 720)), "PNG")
    assert prepare_frame(large, WHOLE, FrameTarget(size=SIZE, max_bytes=len(large))).passed_through
    assert not prepare_frame(large, WHOLE, FrameTarget(size=SIZE, max_bytes=len(large) - 1)).passed_through


def test_a_damaged_frame_does_not_pass_through() -> None:
    """Passing through includes decoding: a broken file is rejected here, not by the model."""
    data = bytearray(saved(grain((1280, 720)), "PNG"))
    data[len(data) // 2 : len(data) // 2 + 100] = bytes(100)
    with pytest.raises(PictureError, match="damaged"):
        prepare_frame(bytes(data), WHOLE, WIDE)
