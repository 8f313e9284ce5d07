"""What a frame has to be, and how a picture may become it. Imports nothing heavy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from batch.core.framing import BACKGROUND_PATTERN

if TYPE_CHECKING:
    from batch.core.framing import Focus
    from batch.core.media import Box, Size

RECIPE_VERSION = 3
"""Counted up when equal input gives another frame. Recorded with a clip, never part of an item's key."""

AUTO = "auto"


class Beyond(StrEnum):
    """What a frame shows beside its picture."""

    COLOUR = "colour"
    """One colour: the job's, the picture's plain border's, or what transparency is laid on."""
    GRADIENT = "gradient"
    """A smooth surface through the colours of the picture's edges."""
    EDGE = "edge"
    """Each edge's own colours, drawn outward."""
    BLUR = "blur"
    """The picture mirrored at its edges: to and fro where there is background enough, else drawn out and blurred."""


class Fit(StrEnum):
    """How a picture of one shape becomes a frame of another; nothing is ever stretched."""

    SUBJECT = "subject"
    """The product as large as possible with a margin, never cut; `contain` where no product can be told."""
    CONTAIN = "contain"
    """The whole picture, the rest of the frame in the background."""
    COVER = "cover"
    """The whole frame full of picture, what stands out at two sides is cut."""
    BLUR = "blur"
    """The whole picture, the rest of the frame filled with a blurred enlargement of it."""
    STRICT = "strict"
    """Only pictures of the frame's own shape; any other is rejected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """How pictures become frames: the job's `image` keys.

    Args:
        fit: The way.
        background: `auto`, `edge`, `gradient`, `blur`, or a colour as `#rrggbb`. A cutout has no edges to go on from:
            it is laid on white, or on light grey, unless a colour is given.
        margin: Share of the frame's shorter side that stays free on each side of the product, 0 to 0.4.
        min_side: Pictures with a shorter side than this many pixels are rejected.
        max_bytes: Picture files larger than this are rejected.
        focus: Where the product is, for `subject` and `cover`; None: it is looked for.

    Raises:
        ValueError: If the background or the margin is none.
    """

    fit: Fit = Fit.SUBJECT
    background: str = AUTO
    margin: float = 0.06
    min_side: int = 300
    max_bytes: int = 50_000_000
    focus: Focus | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(BACKGROUND_PATTERN, self.background):
            raise ValueError(f"a background is auto, edge, gradient, blur or a colour, not {self.background!r}")
        if not 0 <= self.margin <= 0.4:
            raise ValueError(f"a margin is between 0 and 0.4, not {self.margin}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTarget:
    """What the model takes.

    Args:
        size: The frame's exact size.
        max_bytes: The largest file.
        formats: Of `jpeg`, `png`, `webp`, at least one.

    Raises:
        ValueError: If no format is known here.
    """

    size: Size
    max_bytes: int = 20_000_000
    formats: tuple[str, ...] = ("jpeg", "png", "webp")

    def __post_init__(self) -> None:
        if not self.formats or not set(self.formats) <= {"jpeg", "png", "webp"}:
            raise ValueError(f"frames can be jpeg, png or webp, not {', '.join(self.formats) or 'nothing'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """What the head of a picture file says.

    Args:
        format: `jpeg`, `png`, `webp`, `gif` or `tiff`.
        size: As it is looked at, after the camera's rotation.
        mode: Pillow's name of the pixel format, such as `RGB` or `CMYK`.
        has_alpha: Whether parts may be transparent.
        warnings: What a person should know; the picture can be used all the same.
    """

    format: str
    size: Size
    mode: str
    has_alpha: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How a picture lies in its frame, and what a person may want to look at.

    Args:
        place: Where the whole source would lie in the frame; parts of it may lie outside.
        beyond: What is beside the picture; None where the picture fills the frame.
        seam: How visible the step between picture and background is, 1 being just visible; None without background.
        cut: The sides of the source that seem to cut the product.
        products: How many separate things stand in the picture; 0 where that was not looked at.
        contrast: Share of the product's outline that stands out from its background; None where there is no outline.
    """

    place: Box
    beyond: Beyond | None = None
    seam: float | None = None
    cut: tuple[str, ...] = ()
    products: int = 0
    contrast: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A picture of exactly the model's size, ready to be uploaded.

    Args:
        data: The file.
        content_type: `image/jpeg`, `image/png` or `image/webp`.
        size: In pixels: the target's.
        quality: The JPEG or WebP quality; None where nothing was lost or the source passed through.
        sha256: Of `data`, in hexadecimal.
        source_size: The picture's own size, after the camera's rotation.
        fit_used: The way that was taken: `contain` where `subject` found no product.
        background: The colour `#rrggbb` that the background comes from; None where there is none, or a blurred one.
        subject_box: Where the product stands in the frame; None where it was not looked for or not found.
        passed_through: Whether `data` is the source, unchanged.
        warnings: What a person should know.
        looks: How the picture lies in it, for whoever judges it.
    """

    data: bytes
    content_type: str
    size: Size
    quality: int | None
    sha256: str
    source_size: Size
    fit_used: Fit
    background: str | None
    subject_box: Box | None
    passed_through: bool
    warnings: tuple[str, ...]
    looks: Looks
