"""Why a picture cannot become a frame."""

from __future__ import annotations


class PictureError(Exception):
    """One picture cannot become a frame; the others can.

    Args:
        reason: What is wrong with the picture, in words for the person who owns it.
        hint: What to do about it, as an instruction.
    """

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.reason}\n  {self.hint}" if self.hint else self.reason
