"""Sizes and areas of pictures and clips, in pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Width and height in pixels, both at least 1.

    Raises:
        ValueError: If a side is less than 1.
    """

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a size needs sides of 1 or more, not {self.width}x{self.height}")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def aspect(self) -> float:
        """Width divided by height: over 1 is landscape."""
        return self.width / self.height

    @property
    def pixels(self) -> int:
        """How many pixels there are."""
        return self.width * self.height

    @property
    def shorter(self) -> int:
        """The shorter side."""
        return min(self.width, self.height)

    @property
    def turned(self) -> Size:
        """The same, lying on its side."""
        return Size(self.height, self.width)


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle: left and top inside, right and bottom outside, in pixels (or parts of one)."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top
