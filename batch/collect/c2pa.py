"""Detects provenance data (C2PA) in a clip; whether it is valid only its signature would tell, which is not checked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from batch.collect.boxes import BrokenClip, Walker

if TYPE_CHECKING:
    from pathlib import Path

C2PA_BOX: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""The `uuid` box that holds a manifest store in MP4 files (C2PA technical specification 2.1, appendix A.5)."""


def has_c2pa(clip: Path) -> bool:
    """Say whether a file carries provenance data.

    Raises:
        OSError: If it cannot be read.
    """
    with clip.open("rb") as file:

        def read(offset: int, size: int) -> bytes:
            return os.pread(file.fileno(), size, offset)

        length = os.fstat(file.fileno()).st_size
        walker = Walker(read, length)
        try:
            return any(
                box.kind == b"uuid" and box.size >= 16 and read(box.start, 16) == C2PA_BOX
                for box in walker.boxes(0, length)
            )
        except BrokenClip:
            return False
