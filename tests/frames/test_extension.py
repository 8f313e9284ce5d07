"""What goes on beside a picture: chosen by what leaves no seam, or as it was asked for."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from PIL import Image

from batch.core.framing import parse_focus
from batch.core.media import Box, Size
from batch.frames import geometry
from batch.frames.flags import SEAM_SHOWS, Kind, flags_of
from batch.frames.preparing import prepare_frame
from batch.frames.seams import seam
from batch.frames.settings import Beyond, Fit, FitSettings, Frame, FrameTarget
from tests.frames.drawn import names, picture
from tests.proof.frames import measured

WIDE = FrameTarget(size=Size(1280, 720))
TALL = FrameTarget(size=Size(720, 1280))


def made(name: str, target: FrameTarget = WIDE, **more: object) -> Frame:
    """The frame of a drawn picture."""
    return prepare_frame(picture(name).data, FitSettings(min_side=16, **more), target)  # type: ignore[arg-type]


def kinds(name: str, target: FrameTarget = WIDE, **more: object) -> list[Kind]:
    """The flags of a drawn picture's frame."""
    settings = FitSettings(min_side=16, **more)  # type: ignore[arg-type]
    return [flag.kind for flag in flags_of(prepare_frame(picture(name).data, settings, target), settings)]


def pixels(frame: Frame) -> Image.Image:
    """A frame as a viewer sees it."""
    image = Image.open(io.BytesIO(frame.data))
    image.load()
    return image


@pytest.mark.parametrize("target", [WIDE, TALL], ids=["16x9", "9x16"])
@pytest.mark.parametrize("name", names())
def test_nothing_of_a_product_is_cut_and_no_seam_shows(name: str, target: FrameTarget) -> None:
    """Held against the product that was drawn, not against what the program took for it."""
    frame = made(name, target)
    product = picture(name).product
    assert product is not None
    assert measured(product, frame).cut == 0
    assert frame.looks.seam is None or frame.looks.seam <= SEAM_SHOWS


@pytest.mark.parametrize(
    ("name", "beyond"),
    [
        ("drop shadow", Beyond.COLOUR),
        ("falling light", Beyond.GRADIENT),
        ("table before a wall", Beyond.EDGE),
        ("on wood", Beyond.BLUR),
        ("glass cutout", Beyond.COLOUR),
    ],
)
def test_the_background_suits_the_picture(name: str, beyond: Beyond) -> None:
    """One colour, a gradient, drawn-out edges, or a reflection."""
    assert made(name).looks.beyond is beyond


@pytest.mark.parametrize("way", ["edge", "gradient", "blur"])
def test_a_way_that_is_asked_for_is_taken(way: str) -> None:
    """Whether it suits or not; the measure says which does not."""
    looks = made("table before a wall", fit=Fit.CONTAIN, background=way).looks
    assert looks.beyond == way
    assert looks.seam is not None
    assert (looks.seam > SEAM_SHOWS) == (way == "gradient")


def test_a_bar_of_one_colour_beside_a_wall_and_a_table_is_a_seam() -> None:
    """What the measure is for; and the same bar beside its own colour is none."""
    assert Kind.SEAM in kinds("table before a wall", fit=Fit.CONTAIN, background="#808080")
    layout = geometry.contain(Size(720, 720), WIDE.size)
    canvas = Image.new("RGB", (1280, 720), (200, 200, 200))
    assert seam(canvas, layout, None) == 0
    canvas.paste((206, 200, 200), (layout.left, 0, layout.right, 720))
    found = seam(canvas, layout, None)
    assert found is not None
    assert found > SEAM_SHOWS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("white on white", Kind.LOW_CONTRAST),
        ("three products", Kind.SEVERAL_PRODUCTS),
        ("touches the bottom", Kind.TOUCHES_BORDER),
        ("on wood", Kind.FELL_BACK),
        ("very wide", Kind.SMALL_PRODUCT),
    ],
)
def test_what_is_worth_a_look_is_flagged(name: str, kind: Kind) -> None:
    """And an ordinary picture is not."""
    assert kind in kinds(name)
    assert kinds("drop shadow") == []


@pytest.mark.parametrize(("focus", "columns"), [("left", (150, 450)), ("0.5,0.5", (650, 950)), ("right", (1150, 1450))])
def test_a_focus_picks_one_of_several_products(focus: str, columns: tuple[int, int]) -> None:
    """It alone decides the frame."""
    frame = made("three products", TALL, focus=parse_focus(focus))
    place, box = frame.looks.place, frame.subject_box
    assert box is not None
    scale = place.width / 1600
    assert (box.left - place.left) / scale == pytest.approx(columns[0], abs=25)
    assert (box.right - place.left) / scale == pytest.approx(columns[1], abs=25)
    assert box.width > 0.8 * TALL.size.width


def test_a_box_says_where_the_product_is_even_in_a_scene() -> None:
    """Nothing has to stand out for it."""
    frame = made("on wood", focus=parse_focus("0.3,0.3,0.4,0.4"))
    assert frame.fit_used is Fit.SUBJECT
    assert frame.subject_box is not None
    assert frame.subject_box.height == pytest.approx(720 - 2 * 0.06 * 720, abs=1)


@pytest.mark.parametrize(
    ("y", "offset"), [(Decimal(0), 0.0), (Decimal("0.5"), -280.0), (Decimal("0.45"), -216.0), (Decimal(1), -560.0)]
)
def test_cover_moves_towards_its_focus_and_stays_full(y: Decimal, offset: float) -> None:
    """As far as the picture reaches."""
    around = Box(500, 1000 * float(y), 500, 1000 * float(y))
    layout = geometry.cover(Size(1000, 1000), WIDE.size, around)
    assert layout.fills(WIDE.size)
    assert layout.offset_y == pytest.approx(offset)
