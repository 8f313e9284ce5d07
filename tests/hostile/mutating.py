"""Sound bytes made unsound in the ways that files break, and in the ways that people break them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Draw: TypeAlias = "Callable[[st.SearchStrategy[int]], int]"

_NUMBERS = (0, 1, 2, 3, 7, 8, 15, 16, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 10**6, 10**8)
_LARGEST = (0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_MOST = 200_000


@st.composite
def mutated(draw: st.DrawFn, sound: Sequence[bytes], *, near_end: bool = False) -> bytes:
    """One of some files with one to six changes.

    Args:
        draw: Hypothesis's.
        sound: What to begin with.
        near_end: Prefer the last 400 bytes, where some formats keep all that they know of themselves.
    """
    data = bytearray(draw(st.sampled_from(sound)))
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        first = max(0, len(data) - 400) if near_end and draw(st.booleans()) else 0
        at = draw(st.integers(first, len(data) - 1))
        match draw(st.integers(0, 8)):
            case 0:
                del data[at:]
            case 1:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case 2:
                data[at] = draw(st.integers(0, 255))
            case 3 | 4:
                width = draw(st.sampled_from((2, 4, 8)))
                number = draw(st.sampled_from(_NUMBERS + _LARGEST)) % (1 << 8 * width)
                data[at : at + width] = number.to_bytes(width, draw(st.sampled_from(("little", "big"))))
            case 5:
                del data[at : at + draw(st.integers(1, 64))]
            case 6:
                data[at:at] = draw(st.binary(min_size=1, max_size=32))
            case 7:
                part = data[at : at + draw(st.integers(1, 256))]
                data[at:at] = part * min(draw(st.sampled_from((1, 2, 50, 2000))), _MOST // len(part))
            case _:
                other = draw(st.sampled_from(sound))
                data[at:] = other[draw(st.integers(0, len(other) - 1)) :]
    return bytes(data)
