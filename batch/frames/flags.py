"""What in a frame is worth a look before it is paid for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from batch.frames.settings import Fit

if TYPE_CHECKING:
    from batch.frames.settings import FitSettings, Frame

SEAM_SHOWS = 1.0
"""`Looks.seam` beyond this is a flag."""

_LARGE = 1.5
_SMALL = 0.1
_PALE = 0.25


class Kind(StrEnum):
    """What there is to look at; the gravest first."""

    REJECTED = "rejected"
    CUT = "cut"
    FELL_BACK = "fell-back"
    SEAM = "seam"
    LOW_CONTRAST = "low-contrast"
    TOUCHES_BORDER = "touches-border"
    UPSCALED = "upscaled"
    SEVERAL_PRODUCTS = "several-products"
    SMALL_PRODUCT = "small-product"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """One thing to look at, and what to do about it."""

    kind: Kind
    reason: str


def scale_of(frame: Frame) -> float:
    """Frame pixels for each pixel of the source."""
    return frame.looks.place.width / frame.source_size.width


def share_of(frame: Frame) -> float | None:
    """The part of the frame that the product's box takes; None where no product is known."""
    box, size = frame.subject_box, frame.size
    if box is None:
        return None
    across = max(0.0, min(box.right, size.width) - max(box.left, 0.0))
    down = max(0.0, min(box.bottom, size.height) - max(box.top, 0.0))
    return across * down / size.pixels


def flags_of(frame: Frame, settings: FitSettings) -> tuple[Flag, ...]:
    """Say what to look at, the gravest first.

    Args:
        frame: As it would be sent.
        settings: What was asked for.
    """
    looks, scale, share = frame.looks, scale_of(frame), share_of(frame)
    found = {
        Kind.CUT: _cut(frame),
        Kind.FELL_BACK: frame.fit_used is Fit.CONTAIN
        and settings.fit is Fit.SUBJECT
        and "no product could be framed by itself: the whole picture is shown; `focus` says where it is",
        Kind.SEAM: looks.seam is not None
        and looks.seam > SEAM_SHOWS
        and f"the step between picture and background shows ({looks.seam:.1f} times what can just be seen)",
        Kind.LOW_CONTRAST: looks.contrast is not None
        and looks.contrast < _PALE
        and "the product hardly stands out from its background; a colour in `background` may help a cutout",
        Kind.TOUCHES_BORDER: bool(looks.cut) and f"the product touches the picture's border: {', '.join(looks.cut)}",
        Kind.UPSCALED: scale >= _LARGE and f"enlarged {scale:.1f} times: it may look soft; give a larger picture",
        Kind.SEVERAL_PRODUCTS: looks.products > 1
        and settings.focus is None
        and f"{looks.products} things stand in the picture: all are shown; `focus` picks one",
        Kind.SMALL_PRODUCT: share is not None and share < _SMALL and f"the product takes only {share:.0%} of the frame",
    }
    return tuple(Flag(kind=kind, reason=reason) for kind, reason in found.items() if isinstance(reason, str))


def _cut(frame: Frame) -> str | bool:
    box, size = frame.subject_box, frame.size
    if frame.fit_used is not Fit.COVER or box is None:
        return False
    out = max(-box.left, -box.top, box.right - size.width, box.bottom - size.height)
    return out > 1 and "`cover` cuts the product; `fit: subject` keeps it whole, `focus` moves what is shown"
