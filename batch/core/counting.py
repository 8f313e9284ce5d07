"""Numbers with their nouns, as every line of ours writes them."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun, in the plural where it is not one.

    >>> counted(1, "clip"), counted(1200, "clip"), counted(2, "item is", "items are")
    ('1 clip', '1,200 clips', '2 items are')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
