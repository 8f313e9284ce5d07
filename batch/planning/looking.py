"""A book of pictures that looks at them with the eyes of `batch.frames`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from batch.frames.errors import PictureError
from batch.frames.inspection import inspect_picture
from batch.frames.settings import FitSettings
from batch.inputs.picturefacts import PictureLimits, Seen, Unusable
from batch.inputs.pictures import PictureBook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from batch.core.job import Image

# What is kept of a picture must hold for every job: each holds it against its own limits.
_NO_LIMITS = FitSettings(min_side=1, max_bytes=2**62)


def open_book(cache_dir: Path, now_ns: Callable[[], int] = time.time_ns) -> PictureBook:
    """Open the book of pictures that lies in a cache folder.

    Args:
        cache_dir: The folder `cache` beside the state file.
        now_ns: The time in nanoseconds.
    """
    return PictureBook(cache_dir, look_at, now_ns)


def look_at(data: bytes) -> Seen | Unusable:
    """Look at a picture's head and end."""
    try:
        facts = inspect_picture(data, _NO_LIMITS)
    except PictureError as error:
        return Unusable(reason=f"{error.reason}; {error.hint}" if error.hint else error.reason)
    return Seen(format=facts.format, width=facts.size.width, height=facts.size.height)


def limits_of(image: Image) -> PictureLimits:
    """Give the limits of a job."""
    return PictureLimits(min_side=image.min_side, max_bytes=image.max_bytes)
