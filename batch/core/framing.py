"""What a row may say of its own frame: another fit, another background, where the product is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from batch.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

FITS: Final = ("subject", "contain", "cover", "blur", "strict")
"""Ways in which a picture of one shape becomes a frame of another; see `batch.frames.settings.Fit`."""

EXTENSIONS: Final = ("auto", "edge", "gradient", "blur")
"""Backgrounds that are made from the picture; `auto` chooses among the others."""

BACKGROUND_PATTERN: Final = r"^(auto|edge|gradient|blur|#[0-9a-fA-F]{6})$"

FRAMING_COLUMNS: Final = ("fit", "background", "focus")
"""The manifest's columns that frame a row's picture."""

_ACROSS: Final = {"left": "0", "right": "1"}
_DOWN: Final = {"top": "0", "bottom": "1"}
_MIDDLE: Final = frozenset({"center", "centre", "middle"})
_HALF: Final = Decimal("0.5")
_FOCUSED: Final = ("subject", "cover")


@dataclass(frozen=True, slots=True)
class Focus:
    """Where the product is, in shares of the picture: a point (no width and height), or a box.

    Args:
        x, y: The point, or the box's left and top.
        width, height: Of the box; both 0 for a point.
    """

    x: Decimal
    y: Decimal
    width: Decimal = Decimal(0)
    height: Decimal = Decimal(0)

    def __str__(self) -> str:
        shares = (self.x, self.y) if self.is_point else (self.x, self.y, self.width, self.height)
        return ",".join(canonical(share) for share in shares)

    @property
    def is_point(self) -> bool:
        """Whether it has no extent."""
        return not self.width


def parse_focus(text: str) -> Focus:
    """Read `left`, `top right`, `0.3,0.6` (a point) or `0.1,0.2,0.5,0.6` (a box: left, top, width, height).

    >>> str(parse_focus("Top-Left")), str(parse_focus("0.30, 0.6"))
    ('0,0', '0.3,0.6')

    Raises:
        ValueError: If it is none of these, in words for whoever wrote it.
    """
    words = text.strip().lower()
    if re.fullmatch(r"[a-z]+([ -]+[a-z]+)?", words):
        return _side(re.split(r"[ -]+", words))
    if not re.fullmatch(r"[0-9.]{1,12}(\s*,\s*[0-9.]{1,12}){1,3}", words):
        raise ValueError(_EXPECTED)
    try:
        shares = [Decimal(part.strip()) for part in words.split(",")]
    except ArithmeticError as error:
        raise ValueError(_EXPECTED) from error
    if len(shares) == 2 and all(0 <= share <= 1 for share in shares):
        return Focus(*shares)
    if len(shares) == 4 and _is_inside(*shares):
        return Focus(*shares)
    raise ValueError("the shares go from 0 to 1, and a box has a width and a height and ends inside the picture")


_EXPECTED: Final = (
    "expected a side such as left or top-right, a point such as 0.3,0.6, or a box such as 0.1,0.2,0.5,0.6 "
    "(left, top, width, height, in shares of the picture)"
)


def _side(words: list[str]) -> Focus:
    x = [_ACROSS[word] for word in words if word in _ACROSS]
    y = [_DOWN[word] for word in words if word in _DOWN]
    middles = sum(word in _MIDDLE for word in words)
    if len(x) > 1 or len(y) > 1 or len(x) + len(y) + middles != len(words):
        raise ValueError(_EXPECTED)
    return Focus(Decimal(x[0]) if x else _HALF, Decimal(y[0]) if y else _HALF)


def _is_inside(left: Decimal, top: Decimal, width: Decimal, height: Decimal) -> bool:
    return left + width <= 1 and top + height <= 1 and width > 0 and height > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """What a row says of its frame, each None where it says nothing.

    Args:
        fit: One of `FITS`.
        background: One of `EXTENSIONS`, or a colour as `#rrggbb`, in lower case.
        focus: Where the product is.
    """

    fit: str | None = None
    background: str | None = None
    focus: Focus | None = None

    def rules(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Give the job's rules (`fit_rules`) as they are for this row: what an item's key is made from.

        A row that says what the job says anyway, or nothing, has the job's rules and so its old key.
        """
        told = {
            "fit": self.fit,
            "background": self.background,
            "focus": None if self.focus is None else str(self.focus),
        }
        return {**job, **{name: value for name, value in told.items() if value is not None}}

    @property
    def text(self) -> str:
        """All of it as canonical JSON, as it is kept with the item."""
        return canonical(self.rules({}))


class FramingError(ValueError):
    """A row's framing cannot be meant so.

    Args:
        column: One of `FRAMING_COLUMNS`.
        value: What stands there.
        reason: In words for whoever wrote it.
    """

    def __init__(self, *, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.value = value
        self.reason = reason


def read_framing(*, fit: str | None, background: str | None, focus: str | None, job_fit: str) -> Framing | None:
    """Read a row's own framing; None where it says nothing.

    Args:
        fit: What stands in the column, or None.
        background: The same.
        focus: The same.
        job_fit: The job's `image.fit`, which holds where the row has none.

    Raises:
        FramingError: If a value cannot be used.
    """
    if fit is None and background is None and focus is None:
        return None
    own_fit = None if fit is None else fit.strip().lower()
    if fit is not None and own_fit not in FITS:
        raise FramingError(column="fit", value=fit, reason=f"expected {_listed(FITS)}{_OTHERWISE}")
    own_background = None if background is None else background.strip().lower()
    if background is not None and re.fullmatch(BACKGROUND_PATTERN, own_background or "") is None:
        reason = f"expected {_listed(EXTENSIONS)}, or a colour such as #ffffff{_OTHERWISE}"
        raise FramingError(column="background", value=background, reason=reason)
    place = None
    if focus is not None:
        try:
            place = parse_focus(focus)
        except ValueError as error:
            raise FramingError(column="focus", value=focus, reason=f"{error}{_OTHERWISE}") from error
        used = own_fit or job_fit
        if used not in _FOCUSED:
            reason = f"a focus is for the fits {' and '.join(_FOCUSED)}; this row's fit is {used}"
            raise FramingError(column="focus", value=focus, reason=reason)
    return Framing(fit=own_fit, background=own_background, focus=place)


_OTHERWISE: Final = "; a column of this name frames the row's picture: if it means something else, rename it"


def _listed(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
