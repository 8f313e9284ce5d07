"""The product is found, whole, shadow and thin parts included, and the background goes on without a seam."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from batch.core.media import Box, Size
from batch.frames.preparing import prepare_frame
from batch.frames.settings import Fit, FitSettings, Frame, FrameTarget

WIDE = FrameTarget(size=Size(1280, 720))
TALL = FrameTarget(size=Size(720, 1280))
BOTH = pytest.mark.parametrize("target", [WIDE, TALL], ids=["16x9", "9x16"])
RED = (190, 30, 40)
CATALOGUE = Path(__file__).parents[3] / "shared" / "catalog" / "images"


def saved(image: Image.Image, name: str = "PNG", **options: Any) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def made(image: Image.Image, target: FrameTarget, *, jpeg: int = 0, **more: Any) -> Frame:
    """A frame by the default fit; `jpeg` is the source's quality, 0 for PNG."""
    data = saved(image, "JPEG", quality=jpeg) if jpeg else saved(image)
    return prepare_frame(data, FitSettings(min_side=16, **more), target)


def pixels(frame: Frame) -> Image.Image:
    """A frame as a viewer sees it."""
    image = Image.open(io.BytesIO(frame.data))
    image.load()
    assert Size(*image.size) == frame.size
    return image


def unlike(image: Image.Image, colour: tuple[int, int, int], by: int) -> Image.Image:
    """White where a picture differs from a colour by more than so many steps in any channel."""
    away = ImageChops.difference(image, Image.new("RGB", image.size, colour)).split()
    furthest = ImageChops.lighter(ImageChops.lighter(away[0], away[1]), away[2])
    return furthest.point(lambda value: 255 * (value > by))


def like(image: Image.Image, colour: tuple[int, int, int], by: int = 60) -> Image.Image:
    """White where a picture is of a colour."""
    return ImageChops.invert(unlike(image, colour, by))


def area(mask: Image.Image) -> int:
    """How many pixels are white."""
    return mask.histogram()[255]


def weight(image: Image.Image, colour: tuple[int, int, int]) -> float:
    """How much lighter than a colour a picture is, summed over all: scaling a picture scales it exactly."""
    return sum(ImageStat.Stat(image).sum) - sum(colour) * image.width * image.height


def difference(image: Image.Image, colour: tuple[int, int, int]) -> float:
    """How far from a colour a picture is, summed over all."""
    return sum(ImageStat.Stat(ImageChops.difference(image, Image.new("RGB", image.size, colour))).sum)


def box_of(mask: Image.Image) -> Box:
    """Around what is white."""
    found = mask.getbbox()
    assert found is not None
    return Box(*found)


def subject_of(frame: Frame) -> Box:
    """Where the frame says that the product is."""
    assert frame.subject_box is not None
    return frame.subject_box


def assert_whole(source: Image.Image, frame: Frame, colour: tuple[int, int, int] = RED) -> None:
    """The product has as much area in the frame as in the source, and lies within its margins."""
    before, after = like(source, colour), like(pixels(frame), colour)
    was, now = box_of(before), box_of(after)
    scale = now.width / was.width
    assert now.height / was.height == pytest.approx(scale, rel=0.02)
    assert area(after) == pytest.approx(area(before) * scale**2, rel=0.03)
    said = subject_of(frame)
    assert said.left - 2 <= now.left
    assert said.top - 2 <= now.top
    assert said.right + 2 >= now.right
    assert said.bottom + 2 >= now.bottom


def assert_large(frame: Frame, margin: float = 0.06) -> None:
    """Nothing but the margin is free above and below the product, or left and right of it."""
    said, free = subject_of(frame), margin * frame.size.shorter
    across = said.left == pytest.approx(free, abs=2) and frame.size.width - said.right == pytest.approx(free, abs=2)
    down = said.top == pytest.approx(free, abs=2) and frame.size.height - said.bottom == pytest.approx(free, abs=2)
    assert across or down


def grainy(image: Image.Image, much: float) -> Image.Image:
    """With grain of about so many steps."""
    noise = Image.effect_noise(image.size, 2 * much)
    return ImageChops.add(image, Image.merge("RGB", (noise, noise, noise)), 1, -128)


def studio(size: tuple[int, int], light: tuple[int, int, int], *, fall: int = 0) -> Image.Image:
    """A background whose corners are darker by `fall` steps."""
    glow = Image.radial_gradient("L").resize(size)
    return Image.merge("RGB", [glow.point(lambda value, top=top: top - value * fall / 255) for top in light])


def star(image: Image.Image, at: tuple[int, int], radius: int) -> Image.Image:
    """A product with points in all directions."""
    draw = ImageDraw.Draw(image)
    for turn in (0, 30, 60):
        draw.regular_polygon((*at, radius), 4, rotation=turn, fill=RED)
    return image


@BOTH
@pytest.mark.parametrize("size", [(2160, 2160), (900, 1600), (1600, 900), (3000, 700)])
def test_a_cutout_is_framed_whole_and_large(size: tuple[int, int], target: FrameTarget) -> None:
    """By its alpha, wherever it stands in its picture."""
    solid = Image.new("RGB", size, "white")
    star(solid, (size[0] // 3, int(size[1] * 0.6)), min(size) // 4)
    cutout = solid.convert("RGBA")
    cutout.putalpha(like(solid, RED, 1))
    frame = made(cutout, target)
    assert frame.fit_used is Fit.SUBJECT
    assert_whole(solid, frame)
    assert_large(frame)


@BOTH
@pytest.mark.parametrize("light", [(255, 255, 255), (214, 216, 220), (20, 20, 24)])
def test_a_product_on_a_plain_border_is_framed_whole_and_large(
    light: tuple[int, int, int], target: FrameTarget
) -> None:
    """White, grey and black studios, with grain and a JPEG's own noise."""
    image = star(Image.new("RGB", (1500, 1200), light), (500, 800), 280)
    frame = made(grainy(image, 3), target, jpeg=75)
    assert frame.fit_used is Fit.SUBJECT
    assert_whole(image, frame)
    assert_large(frame)


@BOTH
def test_falling_light_is_background_and_goes_on(target: FrameTarget) -> None:
    """Darker corners do not hide the product, and beside the picture there is no edge."""
    image = star(studio((1400, 1400), (226, 226, 230), fall=45), (700, 700), 450)
    frame = made(image, target, jpeg=90)
    assert frame.fit_used is Fit.SUBJECT
    assert_whole(image, frame)
    assert_large(frame)
    line = pixels(frame).convert("L")
    edge = line.crop((0, 15, line.width, 16)) if target is WIDE else line.crop((15, 0, 16, line.height))
    values = edge.tobytes()
    assert max(abs(values[at + 6] - values[at]) for at in range(len(values) - 6)) <= 8


def test_a_soft_shadow_belongs_to_the_product() -> None:
    """The frame is laid around both."""
    image = Image.new("RGB", (1600, 1600), "white")
    shade = Image.new("L", image.size, 0)
    ImageDraw.Draw(shade).ellipse((400, 1150, 1400, 1300), fill=110)
    image.paste((40, 40, 40), mask=shade.filter(ImageFilter.GaussianBlur(40)))
    ImageDraw.Draw(image).rectangle((500, 500, 800, 1220), fill=RED)
    frame = made(image, WIDE, jpeg=85)
    result = pixels(frame)
    assert_whole(image, frame)
    shown = box_of(unlike(result, (255, 255, 255), 16))
    said = subject_of(frame)
    assert said.left <= shown.left
    assert said.right >= shown.right
    assert said.bottom >= shown.bottom
    assert shown.right - box_of(like(result, RED)).right > 100


def faded(reach: int) -> Image.Image:
    """A cutout on a shadow whose ends, `reach` pixels long, are fainter than can be seen."""
    cutout = Image.new("RGBA", (2000, 2000), (0, 0, 0, 0))
    draw = ImageDraw.Draw(cutout)
    draw.rectangle((700 - reach, 1290, 1300 + reach, 1300), fill=(255, 0, 255, 5))
    draw.rectangle((700, 1290, 1300, 1300), fill=(0, 0, 0, 60))
    draw.rectangle((800, 700, 1200, 1200), fill=(*RED, 255))
    return cutout


def test_the_fading_ends_of_a_shadow_are_in_the_frame() -> None:
    """They need no margin, but no part of a cutout is cut."""
    frame = made(faded(120), TALL)
    ends = box_of(unlike(pixels(frame), (255, 255, 255), 2))
    assert ends.width == pytest.approx(TALL.size.width, abs=3)
    assert subject_of(frame).width == pytest.approx(TALL.size.width * 601 / 841, abs=3)


def test_dirt_far_from_the_product_does_not_make_it_small() -> None:
    """What erasing left behind may cost some size, not most of it, and a lone pixel none."""
    assert_large(made(faded(690), TALL))
    speck = faded(0)
    speck.putpixel((1990, 900), (0, 0, 0, 3))
    assert made(speck, TALL).subject_box == made(faded(0), TALL).subject_box


@BOTH
def test_a_thin_part_is_not_cut_off(target: FrameTarget) -> None:
    """An aerial of four pixels in a picture of nine megapixels counts."""
    image = Image.new("RGB", (3000, 3000), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((1200, 1500, 1800, 2400), fill=RED)
    draw.line((1790, 1500, 2600, 300), fill=(120, 120, 120), width=4)
    frame = made(image, target, jpeg=90)
    said = subject_of(frame)
    shape = (2600 - 1200) / (2400 - 300)
    assert said.width / said.height == pytest.approx(shape, rel=0.03)
    assert_large(frame)


def test_a_pale_product_on_white_is_seen() -> None:
    """Nine steps below white are enough."""
    image = Image.new("RGB", (1200, 1200), "white")
    ImageDraw.Draw(image).rounded_rectangle((300, 200, 900, 1000), 80, fill=(246, 246, 246))
    frame = made(image, WIDE, jpeg=92)
    assert frame.fit_used is Fit.SUBJECT
    said = subject_of(frame)
    assert said.width / said.height == pytest.approx(600 / 800, rel=0.04)


@BOTH
@pytest.mark.parametrize("size", [(3000, 420), (420, 3000)])
def test_very_wide_and_very_tall_products_are_whole(size: tuple[int, int], target: FrameTarget) -> None:
    """As large as the frame allows, with its margin."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((120, 120, size[0] - 120, size[1] - 120), fill=RED)
    frame = made(image, target, jpeg=92)
    assert_whole(image, frame)
    assert_large(frame)


@BOTH
@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_product_that_the_picture_cuts_stays_at_the_edge(side: str, target: FrameTarget) -> None:
    """The cut side lies on the frame's edge; the other sides have their margin."""
    boxes = {
        "left": (0, 400, 700, 800),
        "top": (400, 0, 800, 700),
        "right": (500, 400, 1200, 800),
        "bottom": (400, 500, 800, 1200),
    }
    image = Image.new("RGB", (1200, 1200), (240, 240, 240))
    ImageDraw.Draw(image).rectangle(boxes[side], fill=RED)
    frame = made(image, target, jpeg=92)
    assert frame.fit_used is Fit.SUBJECT
    assert_whole(image, frame)
    found = box_of(like(pixels(frame), RED))
    gaps = {
        "left": found.left,
        "top": found.top,
        "right": frame.size.width - found.right,
        "bottom": frame.size.height - found.bottom,
    }
    assert gaps.pop(side) == 0
    assert all(gap > 30 for gap in gaps.values())


def test_a_product_cut_left_and_right_fills_the_frame_across_or_is_contained() -> None:
    """A belt: across the whole frame where its height allows, else the whole picture, whose sides go on."""
    image = Image.new("RGB", (1200, 1200), (240, 240, 240))
    ImageDraw.Draw(image).rectangle((0, 450, 1200, 750), fill=RED)
    found = box_of(like(pixels(made(image, WIDE)), RED))
    assert (found.left, found.right) == (0, 1280)
    ImageDraw.Draw(image).rectangle((0, 250, 1200, 950), fill=RED)
    high = made(image, WIDE)
    assert high.fit_used is Fit.CONTAIN
    assert any("cuts the product" in warning for warning in high.warnings)
    found = box_of(like(pixels(high), RED))
    assert (found.left, found.right) == (0, 1280)
    assert found.height == pytest.approx(701 * 720 / 1200, abs=2)


@BOTH
def test_a_picture_trimmed_to_its_product_gets_margins(target: FrameTarget) -> None:
    """A product that touches all four sides was trimmed, not cut: it floats like any other."""
    image = Image.new("RGB", (900, 700), "white")
    ImageDraw.Draw(image).ellipse((0, 0, 899, 699), fill=RED)
    cutout = image.convert("RGBA")
    cutout.putalpha(like(image, RED, 1))
    for source in (image, cutout):
        frame = made(source, target)
        assert frame.fit_used is Fit.SUBJECT
        assert frame.background == "#ffffff"
        assert_whole(image, frame)
        assert_large(frame)


def test_a_picture_without_a_plain_border_is_contained() -> None:
    """A scene is shown whole, and the person is told why."""
    scene = Image.effect_mandelbrot((900, 900), (-0.8, -0.3, -0.6, -0.1), 60).convert("RGB")
    draw = ImageDraw.Draw(scene)
    for at in range(0, 900, 60):
        draw.rectangle((at, 0, at + 29, 899), fill=(200, 180, at * 255 // 900))
    frame = made(scene, WIDE)
    assert frame.fit_used is Fit.CONTAIN
    assert frame.subject_box is None
    assert any("not plain" in warning for warning in frame.warnings)


def test_an_empty_picture_is_contained() -> None:
    """Nothing stands out: nothing is invented."""
    frame = made(grainy(Image.new("RGB", (900, 900), (230, 230, 230)), 2), WIDE, jpeg=80)
    assert frame.fit_used is Fit.CONTAIN
    assert any("no product stands out" in warning for warning in frame.warnings)


def test_white_products_get_a_grey_background_and_others_white() -> None:
    """What would be lost on white is laid on light grey, unless the job gives a colour."""
    for colour, expected in (((250, 250, 250), "#d8d8d8"), (RED, "#ffffff")):
        cutout = Image.new("RGBA", (800, 800), (0, 0, 0, 0))
        ImageDraw.Draw(cutout).ellipse((200, 200, 600, 600), fill=(*colour, 255))
        assert made(cutout, WIDE).background == expected
        assert made(cutout, WIDE, background="#336699").background == "#336699"


def test_the_margin_is_the_jobs() -> None:
    """From none to much."""
    image = star(Image.new("RGB", (1200, 1200), "white"), (600, 600), 300)
    for margin in (0.0, 0.2, 0.4):
        frame = made(image, WIDE, margin=margin)
        assert_large(frame, margin)
        assert_whole(image, frame)


def test_a_small_product_in_a_large_jpeg_keeps_its_detail() -> None:
    """It is decoded again, finer: stripes of three pixels are still stripes."""
    image = Image.new("RGB", (4800, 3600), "white")
    draw = ImageDraw.Draw(image)
    for x in range(2000, 2600, 6):
        draw.rectangle((x, 1500, x + 2, 2100), fill="black")
    frame = made(image, WIDE, jpeg=95)
    centre = pixels(frame).crop((500, 300, 780, 420)).convert("L")
    assert ImageStat.Stat(centre).stddev[0] > 80


@pytest.mark.slow
@pytest.mark.skipif(not CATALOGUE.is_dir(), reason="the sample catalogue is not beside this checkout")
@BOTH
def test_no_product_of_the_catalogue_is_cut(target: FrameTarget) -> None:
    """Every picture has as much product in its frame as in its file, and a clean edge all around."""
    pictures = sorted(path for path in CATALOGUE.iterdir() if path.suffix in {".jpg", ".png"})
    assert pictures
    for path in pictures:
        frame = prepare_frame(path.read_bytes(), FitSettings(min_side=100), target)
        assert frame.fit_used is Fit.SUBJECT, path.name
        assert frame.background is not None
        red, green, blue = bytes.fromhex(frame.background[1:])
        ground = (red, green, blue)
        with Image.open(path) as opened:
            whole = opened.convert("RGBA")
            visible = box_of(whole.getchannel("A").point(lambda value: 255 * (value > 8)))
            reach = box_of(whole.getchannel("A"))
            flat = Image.new("RGB", opened.size, ground)
            flat.paste(whole, mask=whole.getchannel("A"))
        said = subject_of(frame)
        if visible.width < whole.width:
            assert said.width / said.height == pytest.approx(visible.width / visible.height, rel=0.02), path.name
            scale = said.width / visible.width
            expected = weight(flat, ground) * scale**2
            slack = 0.01 * difference(flat, ground) * scale**2
            assert weight(pixels(frame), ground) == pytest.approx(expected, abs=slack), path.name
        inner = (4, 4, target.size.width - 4, target.size.height - 4)
        edge = unlike(pixels(frame), ground, 12)
        edge.paste(0, inner)
        assert edge.getbbox() is None, path.name
        if visible.width == whole.width:
            assert_large(frame)
            continue
        left = said.left - (visible.left - reach.left) * scale
        right = said.right + (reach.right - visible.right) * scale
        assert left >= -0.5, path.name
        assert right <= target.size.width + 0.5, path.name
        if min(left, target.size.width - right) > 0.5:
            assert_large(frame)
