"""The cheap look at a picture: its head and its end, nothing decoded (about a millisecond)."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

from batch.frames import container
from batch.frames.errors import PictureError
from batch.frames.settings import FitSettings, FrameTarget, PictureFacts

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from batch.core.media import Size

_WANTED = "give a JPEG, PNG, WebP, TIFF or GIF"


def inspect_picture(source: bytes | Path, settings: FitSettings, target: FrameTarget | None = None) -> PictureFacts:
    """Read what a picture's head and end say.

    Args:
        source: The file's bytes, or where it is.
        settings: Its `min_side` and `max_bytes` are the limits.
        target: With it, a picture that has to be enlarged gets a warning.

    Raises:
        PictureError: If it is missing, unreadable, no picture of a known format, too large in bytes or pixels,
            smaller than `min_side`, or cut short. What only decoding finds out is left to `prepare_frame`.
    """
    if isinstance(source, bytes):
        return _inspect(source, source, settings, target)
    try:
        if source.stat().st_size == 0:
            raise PictureError(f"{source.name} is empty", hint="fetch it again")
        with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return _inspect(source, view, settings, target)
    except OSError as error:
        raise PictureError(
            f"{source.name} cannot be read: {error.strerror or error}", hint="check the path and its permissions"
        ) from error


def _inspect(
    source: bytes | Path, data: container.Bytes, settings: FitSettings, target: FrameTarget | None
) -> PictureFacts:
    name = _format(data, settings)
    if container.ends_early(name, data):
        raise PictureError(f"the {name.upper()} is cut short: its end is missing", hint="fetch or export it again")
    return _facts(source, name, settings, target)


def _format(data: container.Bytes, settings: FitSettings) -> str:
    if len(data) > settings.max_bytes:
        raise PictureError(
            f"the picture has {len(data):,} bytes; image.max_bytes is {settings.max_bytes:,}",
            hint="export it smaller, or raise image.max_bytes in the job",
        )
    name = container.known_format(data[:16])
    if name is None:
        raise PictureError(f"this is no picture: it is {container.describe_stranger(data[:256])}", hint=_WANTED)
    return name


def _facts(source: bytes | Path, name: str, settings: FitSettings, target: FrameTarget | None) -> PictureFacts:
    from batch.frames.decoding import is_animated, opened  # noqa: PLC0415 - Pillow is heavy, and `--help` comes here

    with opened(source) as head:
        if head.size.shorter < settings.min_side:
            raise PictureError(
                f"the picture has {head.size} pixels; its shorter side has to have {settings.min_side}",
                hint="give a larger picture, or lower image.min_side in the job",
            )
        return PictureFacts(
            format=name,
            size=head.size,
            mode=head.image.mode,
            has_alpha=head.image.has_transparency_data,
            warnings=_others(head.image, animated=is_animated(head.image)) + _smallness(head.size, target),
        )


def _others(image: Image.Image, *, animated: bool) -> tuple[str, ...]:
    """What is not used of a file with several pictures; behind an MPO's first are only other views of it."""
    if not animated or image.format == "MPO":
        return ()
    if image.format == "TIFF":
        return ("the picture has several pages or layers; only the first is used",)
    return ("the picture is animated; only its first frame is used",)


def _smallness(size: Size, target: FrameTarget | None) -> tuple[str, ...]:
    if target is None or size.width >= target.size.width or size.height >= target.size.height:
        return ()
    return (f"the picture has only {size} pixels for a frame of {target.size}; the clip may look soft",)
