"""Whatever the picture's format, mode, profile or rotation: the frame is its colours, upright, in sRGB."""

from __future__ import annotations

import hashlib
import io
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw

from batch.core.media import Size
from batch.frames.inspection import inspect_picture
from batch.frames.preparing import prepare_frame
from batch.frames.settings import Fit, FitSettings, Frame, FrameTarget

WIDE = FrameTarget(size=Size(1280, 720))
WHOLE = FitSettings(fit=Fit.CONTAIN, min_side=16)
ORIENTATION = 0x0112


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def pixels(frame: Frame) -> Image.Image:
    """A frame as a viewer sees it, after what holds for every frame was checked."""
    image = Image.open(io.BytesIO(frame.data))
    image.load()
    assert image.mode == "RGB"
    assert Size(*image.size) == frame.size
    assert hashlib.sha256(frame.data).hexdigest() == frame.sha256
    assert frame.content_type == f"image/{image.format}".lower()
    return image


def assert_near(image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int], by: int = 6) -> None:
    """The colour at a point, to what JPEG may change."""
    found = image.getpixel(at)
    assert isinstance(found, tuple)
    assert all(abs(mine - theirs) <= by for mine, theirs in zip(found, colour, strict=True)), (found, colour)


def quarters(size: tuple[int, int] = (640, 360)) -> Image.Image:
    """Red, green, blue and grey quarters: every turn and mirror of it is another picture."""
    width, height = size
    image = Image.new("RGB", size, (200, 30, 30))
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), fill=(30, 160, 40))
    draw.rectangle((0, height // 2, width // 2 - 1, height), fill=(30, 40, 190))
    draw.rectangle((width // 2, height // 2, width, height), fill=(128, 128, 128))
    return image


def assert_quarters(image: Image.Image, by: int = 8) -> None:
    """The four colours in their places in a frame of 1280x720."""
    assert_near(image, (320, 180), (200, 30, 30), by)
    assert_near(image, (960, 180), (30, 160, 40), by)
    assert_near(image, (320, 540), (30, 40, 190), by)
    assert_near(image, (960, 540), (128, 128, 128), by)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_colours_come_through_from_every_format(name: str) -> None:
    """The frame shows the same four colours in the same places."""
    assert_quarters(pixels(prepare_frame(saved(quarters(), name), WHOLE, WIDE)))


@pytest.mark.parametrize(
    ("mode", "name"), [("L", "JPEG"), ("L", "PNG"), ("LA", "PNG"), ("1", "PNG"), ("L", "TIFF"), ("1", "GIF")]
)
def test_grey_and_black_and_white_become_colour_pictures(mode: str, name: str) -> None:
    """The left half is white, the right one black, in a frame of mode RGB."""
    image = Image.new("L", (640, 360), 255)
    image.paste(0, (320, 0, 640, 360))
    frame = pixels(prepare_frame(saved(image.convert(mode), name), WHOLE, WIDE))
    assert_near(frame, (300, 360), (255, 255, 255))
    assert_near(frame, (980, 360), (0, 0, 0))


@pytest.mark.parametrize("name", ["PNG", "GIF", "TIFF"])
def test_palettes_become_their_colours(name: str) -> None:
    """A palette picture looks as it looked."""
    image = quarters().quantize(16)
    assert_quarters(pixels(prepare_frame(saved(image, name), WHOLE, WIDE)))


@pytest.mark.parametrize("name", ["PNG", "GIF"])
def test_a_transparent_palette_entry_shows_the_background(name: str) -> None:
    """What the palette calls transparent takes the colour that the job gives."""
    image = Image.new("P", (640, 360), 0)
    image.putpalette([0, 0, 0, 200, 30, 30])
    image.paste(1, (160, 90, 480, 270))
    settings = FitSettings(fit=Fit.CONTAIN, background="#2040a0", min_side=16)
    frame = pixels(prepare_frame(saved(image, name, transparency=0), settings, WIDE))
    assert_near(frame, (20, 20), (0x20, 0x40, 0xA0))
    assert_near(frame, (640, 360), (200, 30, 30))


def test_a_transparent_colour_of_an_rgb_picture_shows_the_background() -> None:
    """PNG can name one colour as transparent without an alpha channel."""
    image = Image.new("RGB", (640, 360), (1, 2, 3))
    image.paste((200, 30, 30), (160, 90, 480, 270))
    settings = FitSettings(fit=Fit.CONTAIN, background="#2040a0", min_side=16)
    frame = pixels(prepare_frame(saved(image, "PNG", transparency=(1, 2, 3)), settings, WIDE))
    assert_near(frame, (20, 20), (0x20, 0x40, 0xA0))


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(name: str) -> None:
    """A grey of 40 % stays one; taken as 8 bits it would be white."""
    image = Image.new("I;16", (640, 360), int(0.4 * 65535))
    image.paste(65535, (0, 0, 320, 360))
    frame = pixels(prepare_frame(saved(image, name), WHOLE, WIDE))
    assert_near(frame, (900, 360), (102, 102, 102))
    assert_near(frame, (300, 360), (255, 255, 255))


def test_a_tiff_of_sixteen_bits_whose_zero_is_white_is_no_negative() -> None:
    """As scanners write it."""
    image = Image.new("I;16", (640, 360), int(0.6 * 65535))
    image.paste(0, (0, 0, 320, 360))
    frame = pixels(prepare_frame(saved(image, "TIFF", tiffinfo={262: 0}), WHOLE, WIDE))
    assert_near(frame, (900, 360), (102, 102, 102))
    assert_near(frame, (300, 360), (255, 255, 255))


def test_a_transparent_grey_of_sixteen_bits_shows_the_background() -> None:
    """Only the very grey that the PNG names, not the one beside it."""
    image = Image.new("I;16", (640, 360), 65535)
    image.paste(65534, (0, 0, 320, 360))
    image.paste(int(0.4 * 65535), (160, 90, 480, 270))
    chunk = b"tRNS\xff\xff"
    data = saved(image, "PNG")
    head = data.index(b"IDAT") - 4
    data = data[:head] + b"\0\0\0\2" + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[head:]
    settings = FitSettings(fit=Fit.CONTAIN, background="#2040a0", min_side=16)
    frame = pixels(prepare_frame(data, settings, WIDE))
    assert_near(frame, (640, 360), (102, 102, 102))
    assert_near(frame, (20, 20), (255, 255, 255))
    assert_near(frame, (1260, 700), (0x20, 0x40, 0xA0))


@pytest.mark.parametrize(
    ("mode", "grey", "white"), [("F", 0.4, 1.0), ("F", 102.0, 255.0), ("I", 26214, 65535), ("I", 102, 255)]
)
def test_grey_of_32_bits_takes_its_range_from_its_brightest_pixel(mode: str, grey: float, white: float) -> None:
    """0 to 1, to 255 or to 65535: the same grey comes out."""
    image = Image.new(mode, (640, 360), grey)
    image.paste(white, (0, 0, 320, 360))
    frame = pixels(prepare_frame(saved(image, "TIFF"), WHOLE, WIDE))
    assert_near(frame, (900, 360), (102, 102, 102))
    assert_near(frame, (300, 360), (255, 255, 255))


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile_keeps_its_hues(name: str) -> None:
    """Printing colours without a profile come out as colours, not as their negative."""
    frame = pixels(prepare_frame(saved(quarters().convert("CMYK"), name), WHOLE, WIDE))
    assert_quarters(frame, by=40)


def printing_profile() -> bytes:
    """A press whose cyan prints as a mid grey and whose other inks print as nothing."""
    paper, grey = bytes((255, 128, 128)), bytes((137, 128, 128))
    ramp = bytes(range(256))
    matrix = b"".join((value << 16).to_bytes(4, "big") for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    corners = b"".join(grey if index & 8 else paper for index in range(16))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + 4 * ramp + corners + 3 * ramp
    text = b"text" + bytes(4) + b"a press\0"
    white = b"XYZ " + bytes(4) + bytes.fromhex("0000f6d6 00010000 0000d32d")
    tags, body, start = b"", b"", 132 + 12 * 4
    for name, value in ((b"desc", text), (b"cprt", text), (b"wtpt", white), (b"A2B0", table)):
        tags += name + (start + len(body)).to_bytes(4, "big") + len(value).to_bytes(4, "big")
        body += value + bytes(-len(value) % 4)
    head = bytearray(128)
    head[0:4] = (start + len(body)).to_bytes(4, "big")
    head[8:12], head[12:24], head[36:40] = bytes.fromhex("02400000"), b"prtrCMYKLab ", b"acsp"
    head[68:80] = white[8:]
    return bytes(head) + (4).to_bytes(4, "big") + tags + body


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk_is_converted_by_its_profile(name: str) -> None:
    """Solid cyan is what that press makes of it, not what a formula does."""
    source = Image.new("CMYK", (640, 360), (0, 0, 0, 0))
    source.paste((255, 0, 0, 0), (320, 0, 640, 360))
    frame = prepare_frame(saved(source, name, icc_profile=printing_profile()), WHOLE, WIDE)
    image = pixels(frame)
    assert_near(image, (300, 360), (255, 255, 255))
    red, green, blue = image.getpixel((900, 360))  # type: ignore[misc]
    assert 110 <= red <= 145
    assert max(abs(red - green), abs(red - blue)) <= 4
    assert not any("profile" in warning for warning in frame.warnings)


def test_ycbcr_in_tiff_comes_through() -> None:
    """A rarer mode of TIFF is converted too."""
    assert_quarters(pixels(prepare_frame(saved(quarters().convert("YCbCr"), "TIFF"), WHOLE, WIDE)))


def foreign_profile() -> bytes:
    """A profile whose colour space is XYZ."""
    xyz = ImageCms.createProfile("XYZ")
    return ImageCms.ImageCmsProfile(xyz).tobytes()


def test_a_profile_for_other_pixels_is_ignored_with_a_warning() -> None:
    """A profile that is not for RGB cannot be applied to it."""
    frame = prepare_frame(saved(quarters(), "PNG", icc_profile=foreign_profile()), WHOLE, WIDE)
    assert_quarters(pixels(frame))
    assert any("colour profile" in warning for warning in frame.warnings)


def linear_profile() -> bytes:
    """SRGB's primaries in linear light (a gamma of 1), which nobody takes for sRGB."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    for index in range(count):
        entry = 132 + 12 * index
        if data[entry : entry + 4].endswith(b"TRC"):
            start = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[start : start + 14] = b"curv\0\0\0\0\0\0\0\1\x01\x00"
    return bytes(data)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_embedded_profile_is_converted_to_srgb(name: str) -> None:
    """Half grey in linear light is a lighter grey in sRGB (188), and the profile is gone afterwards."""
    source = Image.new("RGB", (640, 360), (128, 128, 128))
    frame = prepare_frame(saved(source, name, icc_profile=linear_profile()), WHOLE, WIDE)
    image = pixels(frame)
    assert_near(image, (640, 360), (188, 188, 188))
    assert "icc_profile" not in image.info
    assert not any("profile" in warning for warning in frame.warnings)


def test_a_profile_holds_for_transparent_pictures_too() -> None:
    """The colours are converted, the transparency is kept."""
    source = Image.new("RGBA", (640, 360), (0, 0, 0, 0))
    source.paste((128, 128, 128, 255), (160, 90, 480, 270))
    settings = FitSettings(fit=Fit.CONTAIN, background="#2040a0", min_side=16)
    image = pixels(prepare_frame(saved(source, "PNG", icc_profile=linear_profile()), settings, WIDE))
    assert_near(image, (640, 360), (188, 188, 188))
    assert_near(image, (20, 20), (0x20, 0x40, 0xA0))


def test_a_broken_profile_warns_and_the_picture_is_used() -> None:
    """Bytes that are no profile do not cost the row."""
    frame = prepare_frame(saved(quarters(), "PNG", icc_profile=b"nonsense" * 40), WHOLE, WIDE)
    assert_quarters(pixels(frame))
    assert any("broken" in warning for warning in frame.warnings)


TURNED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How the camera held the picture: the inverse of what a viewer does."""


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", TURNED)
def test_every_exif_orientation_comes_out_upright(orientation: int, name: str) -> None:
    """Turned and mirrored as the camera says, at the size that a viewer shows."""
    turn = TURNED[orientation]
    image = quarters((1920, 1080))
    held = image if turn is None else image.transpose(turn)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = saved(held, name, exif=exif)
    assert inspect_picture(data, WHOLE).size == Size(1920, 1080)
    frame = prepare_frame(data, WHOLE, WIDE)
    assert frame.source_size == Size(1920, 1080)
    assert_quarters(pixels(frame))


def test_metadata_is_left_behind() -> None:
    """No EXIF, comment, profile, resolution, text or XMP is in the frame."""
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    data = saved(quarters((1280, 720)), "JPEG", exif=exif, comment=b"secret", xmp=b"<x:xmpmeta/>", dpi=(300, 300))
    frame = prepare_frame(data, WHOLE, WIDE)
    assert not frame.passed_through
    image = pixels(frame)
    assert dict(image.getexif()) == {}
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for word in (b"secret", b"xmpmeta", b"A camera", b"Exif", b"ICC_PROFILE"):
        assert word not in frame.data


def test_the_first_frame_of_an_animation_is_used_and_said() -> None:
    """GIF, APNG and animated WebP give their first picture, with a warning."""
    first, second = quarters(), Image.new("RGB", (640, 360), (255, 0, 255))
    for name in ("GIF", "PNG", "WEBP"):
        data = saved(first, name, save_all=True, append_images=[second], duration=100)
        frame = prepare_frame(data, WHOLE, WIDE)
        assert_quarters(pixels(frame), by=16)
        assert any("animated" in warning for warning in frame.warnings)


def test_the_first_picture_of_an_mpo_is_used() -> None:
    """Cameras put a second view behind a JPEG; that is no animation."""
    data = saved(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (640, 360), "magenta")])
    frame = prepare_frame(data, WHOLE, WIDE)
    assert_quarters(pixels(frame))
    assert not any("animated" in warning for warning in frame.warnings)


def test_a_tiff_of_several_pages_gives_its_first() -> None:
    """The first page is the picture, and the others are said to be left out: pages are no animation."""
    data = saved(quarters(), "TIFF", save_all=True, append_images=[Image.new("RGB", (640, 360), "magenta")])
    frame = prepare_frame(data, WHOLE, WIDE)
    assert_quarters(pixels(frame))
    assert any("several pages" in warning for warning in frame.warnings)
    assert not any("animated" in warning for warning in frame.warnings)


def test_odd_metadata_says_nothing_on_the_terminal(recwarn: pytest.WarningsRecorder) -> None:
    """Pillow's remarks about damaged EXIF and very large pictures do not leak (warnings are errors here)."""
    head = saved(Image.new("1", (8_100, 8_100)), "PNG")
    assert inspect_picture(head, WHOLE).size == Size(8_100, 8_100)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\xff\0\0\0\xff\0\0\0"
    damaged = saved(quarters(), "JPEG", exif=exif)
    assert_quarters(pixels(prepare_frame(damaged, WHOLE, WIDE)))
    assert len(recwarn) == 0


def test_equal_input_gives_equal_bytes() -> None:
    """A frame is made the same every time, noise and gradients included."""
    noisy = Image.merge("RGB", [Image.radial_gradient("L")] * 3).resize((800, 800))
    ImageDraw.Draw(noisy).ellipse((300, 300, 500, 500), fill="red")
    data = saved(noisy, "PNG")
    frames = {prepare_frame(data, FitSettings(), WIDE).sha256 for _ in range(3)}
    assert len(frames) == 1


def test_a_compressed_tiff_is_read() -> None:
    """TIFF with LZW and with JPEG inside."""
    for compression in ("tiff_lzw", "jpeg", "tiff_deflate"):
        assert_quarters(pixels(prepare_frame(saved(quarters(), "TIFF", compression=compression), WHOLE, WIDE)), by=16)
