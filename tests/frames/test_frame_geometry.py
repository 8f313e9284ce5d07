"""Where a picture comes to stand in a frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.core.media import Box, Size
from batch.frames.geometry import (
    ALL_SIDES,
    Layout,
    NoLayout,
    Side,
    contain,
    cover,
    same_shape,
    subject,
)

FRAMES = (Size(1280, 720), Size(720, 1280), Size(1024, 1024), Size(1920, 1080))

sizes = st.builds(Size, st.integers(1, 12_000), st.integers(1, 12_000))
frames = st.sampled_from(FRAMES)
shares = st.floats(0, 1)
margins = st.floats(0, 0.4)


@st.composite
def products(draw: st.DrawFn) -> tuple[Size, Box]:
    """A source and a product's box in it, at least a pixel large."""
    source = draw(sizes)
    left = draw(st.integers(0, source.width - 1))
    top = draw(st.integers(0, source.height - 1))
    right = draw(st.integers(left + 1, source.width))
    bottom = draw(st.integers(top + 1, source.height))
    return source, Box(left, top, right, bottom)


def assert_uniform(layout: Layout) -> None:
    """What is shown has the crop's shape, to the half pixel that whole pixels cost at each end."""
    assert abs(layout.shown.width - layout.crop.width * layout.scale) <= 1.001
    assert abs(layout.shown.height - layout.crop.height * layout.scale) <= 1.001


def assert_inside(layout: Layout, source: Size, frame: Size) -> None:
    """Nothing is taken from beyond the source or put beyond the frame."""
    assert 0 <= layout.left < layout.right <= frame.width
    assert 0 <= layout.top < layout.bottom <= frame.height
    assert 0 <= layout.crop.left < layout.crop.right <= source.width
    assert 0 <= layout.crop.top < layout.crop.bottom <= source.height


@given(sizes, frames)
def test_contain_shows_all_of_every_source_and_touches_two_sides(source: Size, frame: Size) -> None:
    """The whole source is shown, as large as the frame allows, and not stretched."""
    layout = contain(source, frame)
    assert layout.crop == Box(0, 0, source.width, source.height)
    assert layout.shown.width == frame.width or layout.shown.height == frame.height
    assert_inside(layout, source, frame)
    if min(source.width, source.height) * layout.scale >= 1:
        assert_uniform(layout)


@given(sizes, frames)
def test_cover_fills_every_frame(source: Size, frame: Size) -> None:
    """No background is left, and one direction of the source is shown whole."""
    layout = cover(source, frame)
    assert layout.fills(frame)
    assert_inside(layout, source, frame)
    assert_uniform(layout)


@given(products(), frames, margins)
def test_a_product_is_never_cut_and_keeps_its_margin(product: tuple[Size, Box], frame: Size, margin: float) -> None:
    """The product lies within the frame, its margin free on every side, centred, scaled alike both ways."""
    source, box = product
    layout = subject(source, box, frame, margin=margin)
    assert isinstance(layout, Layout)
    placed = layout.in_frame(box)
    free = margin * frame.shorter
    assert placed.left >= free - 1e-6
    assert placed.top >= free - 1e-6
    assert placed.right <= frame.width - free + 1e-6
    assert placed.bottom <= frame.height - free + 1e-6
    assert placed.left + placed.right == pytest.approx(frame.width)
    assert placed.top + placed.bottom == pytest.approx(frame.height)
    assert placed.width == pytest.approx(layout.scale * box.width)
    assert placed.height == pytest.approx(layout.scale * box.height)


@given(products(), frames, margins)
def test_a_product_is_as_large_as_its_margin_allows(product: tuple[Size, Box], frame: Size, margin: float) -> None:
    """In one direction nothing is free but the margin."""
    source, box = product
    layout = subject(source, box, frame, margin=margin)
    assert isinstance(layout, Layout)
    placed = layout.in_frame(box)
    free = 2 * margin * frame.shorter
    assert placed.width == pytest.approx(frame.width - free) or placed.height == pytest.approx(frame.height - free)


@given(products(), frames, margins, shares, shares)
def test_the_faintest_trace_is_in_the_frame_too_unless_it_costs_a_third(
    product: tuple[Size, Box], frame: Size, margin: float, before: float, after: float
) -> None:
    """Kept whole without a margin while the product keeps its own; traces far off are left out as dirt."""
    source, box = product
    reach = Box(
        box.left * before,
        box.top * after,
        box.right + (source.width - box.right) * after,
        box.bottom + (source.height - box.bottom) * before,
    )
    layout = subject(source, box, frame, margin=margin, reach=reach)
    without = subject(source, box, frame, margin=margin)
    assert isinstance(layout, Layout)
    assert isinstance(without, Layout)
    placed, traced, free = layout.in_frame(box), layout.in_frame(reach), margin * frame.shorter
    assert min(placed.left, placed.top) >= free - 1e-6
    assert placed.right <= frame.width - free + 1e-6
    assert placed.bottom <= frame.height - free + 1e-6
    assert layout.scale >= without.scale * 2 / 3 - 1e-9
    if layout != without:
        assert min(traced.left, traced.top) >= -1e-6
        assert traced.right <= frame.width + 1e-6
        assert traced.bottom <= frame.height + 1e-6


@given(products(), frames, margins)
def test_all_of_the_product_is_in_what_is_shown(product: tuple[Size, Box], frame: Size, margin: float) -> None:
    """The part of the source that is shown contains the product."""
    source, box = product
    layout = subject(source, box, frame, margin=margin)
    assert isinstance(layout, Layout)
    assert_inside(layout, source, frame)
    # Half a frame pixel at the frame's edge is what rounding may take where the margin is 0.
    slack = 0.5 / layout.scale + 1e-6
    assert layout.crop.left <= box.left + slack
    assert layout.crop.top <= box.top + slack
    assert layout.crop.right >= box.right - slack
    assert layout.crop.bottom >= box.bottom - slack


@given(products(), frames, margins, st.sets(st.sampled_from(Side), min_size=1, max_size=3))
def test_a_side_where_the_source_cuts_the_product_lies_on_the_frames_edge(
    product: tuple[Size, Box], frame: Size, margin: float, sides: set[Side]
) -> None:
    """Where it is laid out at all, no cut side shows inside the frame, and the product is whole."""
    source, box = product
    box = Box(
        0 if Side.LEFT in sides else box.left,
        0 if Side.TOP in sides else box.top,
        source.width if Side.RIGHT in sides else box.right,
        source.height if Side.BOTTOM in sides else box.bottom,
    )
    layout = subject(source, box, frame, margin=margin, cut=frozenset(sides))
    if isinstance(layout, NoLayout):
        assert {Side.LEFT, Side.RIGHT} <= sides or {Side.TOP, Side.BOTTOM} <= sides
        return
    placed = layout.in_frame(box)
    edges = {
        Side.LEFT: placed.left - 0,
        Side.TOP: placed.top - 0,
        Side.RIGHT: placed.right - frame.width,
        Side.BOTTOM: placed.bottom - frame.height,
    }
    for side, distance in edges.items():
        if side in sides:
            assert distance == pytest.approx(0, abs=1e-6)
    assert placed.left >= -1e-6
    assert placed.top >= -1e-6
    assert placed.right <= frame.width + 1e-6
    assert placed.bottom <= frame.height + 1e-6


def test_a_product_cut_on_all_sides_of_another_shape_has_no_layout() -> None:
    """A close-up cannot become a frame of another shape without a visible cut."""
    found = subject(Size(500, 500), Box(0, 0, 500, 500), Size(1280, 720), margin=0.06, cut=ALL_SIDES)
    assert isinstance(found, NoLayout)


@pytest.mark.parametrize(
    ("source", "same"),
    [
        (Size(1280, 720), True),
        (Size(2560, 1440), True),
        (Size(640, 360), True),
        (Size(1284, 720), False),
        (Size(4000, 3000), False),
        (Size(720, 1280), False),
    ],
)
def test_shapes_are_compared_to_the_pixel(source: Size, same: bool) -> None:
    """A multiple of the frame is of its shape, four pixels more are not."""
    assert same_shape(source, Size(1280, 720)) is same


@given(sizes, frames)
def test_a_size_says_its_own_shape(source: Size, frame: Size) -> None:
    """Scaling a frame by whole numbers keeps its shape; `turned` swaps the sides."""
    assert same_shape(Size(frame.width * 3, frame.height * 3), frame)
    assert source.turned.turned == source
    assert source.aspect == pytest.approx(1 / source.turned.aspect)


def test_a_size_has_sides() -> None:
    """A side of no pixels is refused where it is made."""
    with pytest.raises(ValueError, match="1 or more"):
        Size(0, 5)
