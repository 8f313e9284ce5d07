"""From a frame's pixels to its file: as good as the model's limits and its best range allow."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.frames.errors import PictureError

if TYPE_CHECKING:
    from PIL import Image

    from batch.frames.settings import FrameTarget

MOST_WANTED = 2_000_000
"""The model's page calls 500 KB to 2 MB best. A file below it is left alone: larger would not be better."""

_WANTED = (100, 97, 95)
_FORCED = (88, 75, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A frame's file; see `Frame` for the fields."""

    data: bytes
    content_type: str
    quality: int | None
    warnings: tuple[str, ...]


def encode(image: Image.Image, target: FrameTarget) -> Encoded:
    """Write an RGB picture without metadata: JPEG 4:4:4 where the model takes it, else PNG, else WebP.

    Raises:
        PictureError: If no quality fits into the model's limit.
    """
    # Pillow's writers put a comment, profile or text that was read back into the file.
    image = image.copy()
    image.info.clear()
    if "jpeg" in target.formats:
        return _lossy(image, target, "JPEG")
    if "png" in target.formats:
        data = _written(image, "PNG", optimize=True)
        if len(data) <= target.max_bytes or "webp" not in target.formats:
            return _within(data, target, "image/png")
    return _lossy(image, target, "WEBP")


def _lossy(image: Image.Image, target: FrameTarget, name: str) -> Encoded:
    """The highest quality that stays in the best range; below 95 only to meet the model's limit."""
    content_type = f"image/{name.lower()}"
    data = b""
    for quality in _WANTED:
        data = _at_quality(image, name, quality)
        if len(data) <= min(MOST_WANTED, target.max_bytes):
            return Encoded(data=data, content_type=content_type, quality=quality, warnings=())
    if len(data) <= target.max_bytes:
        return Encoded(data=data, content_type=content_type, quality=_WANTED[-1], warnings=())
    for quality in _FORCED:
        data = _at_quality(image, name, quality)
        if len(data) <= target.max_bytes:
            note = f"quality lowered to {quality}: the model takes no more than {target.max_bytes:,} bytes"
            return Encoded(data=data, content_type=content_type, quality=quality, warnings=(note,))
    return _within(data, target, content_type)


def _within(data: bytes, target: FrameTarget, content_type: str) -> Encoded:
    if len(data) > target.max_bytes:
        raise PictureError(
            f"the frame has {len(data):,} bytes; the model takes no more than {target.max_bytes:,}",
            hint="give a calmer picture, or correct the model's profile",
        )
    return Encoded(data=data, content_type=content_type, quality=None, warnings=())


def _at_quality(image: Image.Image, name: str, quality: int) -> bytes:
    if name == "JPEG":
        # No `optimize`: it saves 5 % for three times the work, and Pillow's buffer for it is too small for grain.
        return _written(image, name, quality=quality, subsampling=0)
    return _written(image, name, quality=quality, method=4)


def _written(image: Image.Image, name: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()
