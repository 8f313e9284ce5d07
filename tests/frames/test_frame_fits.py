"""The five fits: what is shown, on what, and that nothing is stretched, cut or fringed."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageStat

from batch.core.media import Size
from batch.frames.errors import PictureError
from batch.frames.preparing import prepare_frame
from batch.frames.settings import Beyond, Fit, FitSettings, Frame, FrameTarget

WIDE = FrameTarget(size=Size(1280, 720))
TALL = FrameTarget(size=Size(720, 1280))
BOTH = pytest.mark.parametrize("target", [WIDE, TALL], ids=["16x9", "9x16"])
ENDS = (30, 60, 200)
"""The colour of the test scene's own edges."""


def saved(image: Image.Image, name: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def made(image: Image.Image, fit: Fit, target: FrameTarget, **more: Any) -> Frame:
    """A frame from a picture."""
    return prepare_frame(saved(image), FitSettings(fit=fit, min_side=16, **more), target)


def pixels(frame: Frame) -> Image.Image:
    """A frame as a viewer sees it."""
    image = Image.open(io.BytesIO(frame.data))
    image.load()
    assert Size(*image.size) == frame.size
    return image


def like(image: Image.Image, colour: tuple[int, int, int], by: int = 40) -> Image.Image:
    """White where a picture is of a colour, to within so many steps in every channel."""
    away = ImageChops.difference(image, Image.new("RGB", image.size, colour)).split()
    furthest = ImageChops.lighter(ImageChops.lighter(away[0], away[1]), away[2])
    return furthest.point(lambda value: 255 * (value <= by))


def scene(size: tuple[int, int]) -> Image.Image:
    """No plain border: checks in two colours, with a red disc in the middle."""
    image = Image.new("RGB", size, ENDS)
    draw = ImageDraw.Draw(image)
    for y in range(0, size[1], 40):
        for x in range(40 * (y // 40 % 2), size[0], 80):
            draw.rectangle((x, y, x + 39, y + 39), fill=(210, 200, 90))
    middle, radius = (size[0] // 2, size[1] // 2), min(size) // 4
    draw.ellipse((middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius), fill=(220, 20, 20))
    return image


@BOTH
@pytest.mark.parametrize(
    ("fit", "size"),
    [
        *itertools.product((Fit.SUBJECT, Fit.CONTAIN, Fit.COVER), ((900, 900), (1600, 500), (500, 1600), (333, 777))),
        (Fit.BLUR, (900, 900)),
    ],
)
def test_a_disc_stays_a_disc(fit: Fit, size: tuple[int, int], target: FrameTarget) -> None:
    """Whatever the fit and the shapes: as wide as high."""
    frame = pixels(made(scene(size), fit, target))
    disc = like(frame, (220, 20, 20), 60)
    row = disc.crop((0, frame.height // 2, frame.width, frame.height // 2 + 1)).getbbox()
    column = disc.crop((frame.width // 2, 0, frame.width // 2 + 1, frame.height)).getbbox()
    assert row is not None
    assert column is not None
    assert (row[2] - row[0]) == pytest.approx(column[3] - column[1], abs=2)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(16, 900),
    st.integers(16, 900),
    st.sampled_from([Fit.SUBJECT, Fit.CONTAIN, Fit.COVER, Fit.BLUR]),
    st.sampled_from([WIDE, TALL]),
)
def test_the_frame_has_the_models_size_always(width: int, height: int, fit: Fit, target: FrameTarget) -> None:
    """Any shape of picture, any fit."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((width // 3, height // 3, width // 2, height // 2), fill="navy")
    assert Size(*pixels(made(image, fit, target)).size) == target.size


def test_contain_shows_the_whole_picture_and_its_restless_edges_go_on_blurred() -> None:
    """All of the scene, its checks up to the border, and no second disc beside it."""
    frame = made(scene((800, 800)), Fit.CONTAIN, WIDE)
    image = pixels(frame)
    assert frame.fit_used is Fit.CONTAIN
    assert frame.looks.beyond is Beyond.BLUR
    assert frame.looks.seam is not None
    assert frame.looks.seam <= 1
    assert like(image.crop((280, 0, 1000, 720)), ENDS).histogram()[255] > 50_000
    for bar in (image.crop((0, 0, 200, 720)), image.crop((1080, 0, 1280, 720))):
        assert max(ImageStat.Stat(bar).stddev) < 16
        assert like(bar, (220, 20, 20), 60).getbbox() is None


def test_a_given_background_is_used() -> None:
    """Bars, and what was transparent, have the colour that the job gives."""
    frame = made(scene((800, 800)), Fit.CONTAIN, WIDE, background="#12AB34")
    assert frame.background == "#12ab34"
    assert like(pixels(frame).crop((0, 0, 270, 720)), (0x12, 0xAB, 0x34), 2).getextrema() == (255, 255)
    cutout = Image.new("RGBA", (800, 800), (0, 0, 0, 0))
    cutout.paste((90, 20, 20, 255), (300, 300, 500, 500))
    around = pixels(made(cutout, Fit.SUBJECT, WIDE, background="#12AB34")).crop((0, 0, 1280, 30))
    assert like(around, (0x12, 0xAB, 0x34), 2).getextrema() == (255, 255)


@BOTH
def test_cover_leaves_no_background(target: FrameTarget) -> None:
    """The scene goes up to all four edges."""
    frame = made(scene((900, 900)), Fit.COVER, target)
    image = pixels(frame)
    assert frame.background is None
    for box in ((0, 0, image.width, 8), (0, image.height - 8, image.width, image.height)):
        assert max(ImageStat.Stat(image.crop(box)).stddev) > 30


def test_cover_says_when_it_cuts_the_product() -> None:
    """What stands out is cut, and a person is told."""
    image = Image.new("RGB", (900, 900), "white")
    ImageDraw.Draw(image).rectangle((300, 50, 600, 850), fill="navy")
    assert any("cuts the product" in text for text in made(image, Fit.COVER, WIDE).warnings)
    assert not any("cuts the product" in text for text in made(image, Fit.COVER, TALL).warnings)


def test_blur_shows_the_whole_picture_on_a_soft_copy_of_itself() -> None:
    """Sharp in the middle, soft at the sides, and not of one colour."""
    picture = scene((600, 800))
    picture.paste((240, 240, 240), (0, 0, 600, 300))
    frame = made(picture, Fit.BLUR, WIDE)
    image = pixels(frame)
    assert frame.background is None
    side = image.crop((0, 0, 350, 720))
    assert max(ImageStat.Stat(side).stddev) > 8
    steps = ImageChops.difference(side.crop((0, 0, 349, 720)), side.crop((1, 0, 350, 720)))
    assert max(ImageStat.Stat(steps).mean) < 2


def test_strict_refuses_another_shape_and_takes_its_own() -> None:
    """A multiple of the frame is scaled; anything else is a rejected row with a way out."""
    assert made(scene((2560, 1440)), Fit.STRICT, WIDE).fit_used is Fit.STRICT
    with pytest.raises(PictureError, match="not the shape of 1280x720") as refused:
        made(scene((2560, 1400)), Fit.STRICT, WIDE)
    assert "image.fit" in refused.value.hint


def test_a_picture_that_is_enlarged_much_is_warned_about() -> None:
    """300 pixels for a frame of 720 look soft; 1,600 do not."""
    assert any("may look soft" in text for text in made(scene((300, 300)), Fit.CONTAIN, WIDE).warnings)
    assert made(scene((1600, 900)), Fit.CONTAIN, WIDE).warnings == ()


def test_transparency_leaves_no_fringe() -> None:
    """A light disc on transparent black, scaled and laid on white: no pixel is darker than the disc."""
    cutout = Image.new("RGBA", (1600, 1600), (0, 0, 0, 0))
    mask = Image.new("L", (1600, 1600), 0)
    ImageDraw.Draw(mask).ellipse((300, 300, 1300, 1300), fill=255)
    cutout.paste(Image.new("RGBA", (1600, 1600), (200, 190, 180, 255)), mask=mask)
    for fit in (Fit.SUBJECT, Fit.CONTAIN, Fit.COVER):
        frame = pixels(made(cutout, fit, WIDE, background="#ffffff"))
        darkest = ImageStat.Stat(frame).extrema
        assert all(low > high - 12 for (low, _), high in zip(darkest, (200, 190, 180), strict=True))


def test_half_transparent_parts_let_the_background_through() -> None:
    """Half of black on white is grey."""
    cutout = Image.new("RGBA", (800, 450), (0, 0, 0, 0))
    cutout.paste((0, 0, 0, 128), (200, 100, 600, 350))
    middle = pixels(made(cutout, Fit.CONTAIN, WIDE, background="#ffffff")).getpixel((640, 360))
    assert isinstance(middle, tuple)
    assert middle[0] == pytest.approx(127, abs=3)


def test_calm_edges_go_on_beyond_the_picture() -> None:
    """A wall above a table: beside the picture the wall and the table go on, without a seam."""
    image = Image.new("RGB", (900, 900), (200, 204, 212))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 600, 900, 900), fill=(150, 110, 80))
    draw.ellipse((300, 250, 600, 700), fill=(30, 60, 30))
    frame = made(image, Fit.SUBJECT, WIDE)
    assert frame.fit_used is Fit.CONTAIN
    result = pixels(frame)
    for x in (5, 270, 285, 1000, 1010, 1275):
        assert like(result.crop((x, 100, x + 1, 101)), (200, 204, 212), 5).getbbox()
        assert like(result.crop((x, 650, x + 1, 651)), (150, 110, 80), 5).getbbox()


def test_a_jpeg_is_as_sharp_as_if_it_had_been_decoded_whole() -> None:
    """Decoding at a fraction is not seen: 12 megapixels differ from the slow way by less than grain."""
    source = scene((4000, 3000))
    frame = pixels(prepare_frame(saved(source, "JPEG", quality=95), FitSettings(fit=Fit.COVER), WIDE))
    slow = source.resize((1280, 960), Image.Resampling.LANCZOS).crop((0, 120, 1280, 840))
    assert max(ImageStat.Stat(ImageChops.difference(frame, slow)).rms) < 5
