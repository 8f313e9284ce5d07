"""Source picture in, exact frame out."""

from __future__ import annotations

import hashlib

from batch.core.media import Box
from batch.frames import container
from batch.frames.errors import PictureError
from batch.frames.inspection import inspect_picture
from batch.frames.settings import FitSettings, Frame, FrameTarget, Looks, PictureFacts


def prepare_frame(data: bytes, settings: FitSettings, target: FrameTarget) -> Frame:
    """Make a picture into a frame of exactly the model's size. Equal input gives equal bytes.

    EXIF rotation is applied, colours become sRGB, transparency is laid on the background, metadata is dropped,
    nothing is stretched. A source that is such a frame already is returned as it is.

    Args:
        data: The picture's file: JPEG, PNG, WebP, TIFF or GIF.
        settings: How it is to be fitted.
        target: What the model takes.

    Raises:
        PictureError: If it cannot be read, breaks a limit, is damaged, or does not fit `strict`.
    """
    facts = inspect_picture(data, settings)
    if _is_frame_already(data, facts, target):
        return _unchanged(data, facts, settings)
    return _made(data, facts, settings, target)


def _is_frame_already(data: bytes, facts: PictureFacts, target: FrameTarget) -> bool:
    return (
        facts.size == target.size
        and facts.format in target.formats
        and len(data) <= target.max_bytes
        and facts.mode == "RGB"
        and container.is_bare(facts.format, data)
    )


def _unchanged(data: bytes, facts: PictureFacts, settings: FitSettings) -> Frame:
    from batch.frames.decoding import decode  # noqa: PLC0415 - Pillow is heavy, and start-up may come here

    decode(data, at_least=facts.size)
    return Frame(
        data=data,
        content_type=f"image/{facts.format}",
        size=facts.size,
        quality=None,
        sha256=hashlib.sha256(data).hexdigest(),
        source_size=facts.size,
        fit_used=settings.fit,
        background=None,
        subject_box=None,
        passed_through=True,
        warnings=facts.warnings,
        looks=Looks(place=Box(0, 0, facts.size.width, facts.size.height)),
    )


def _made(data: bytes, facts: PictureFacts, settings: FitSettings, target: FrameTarget) -> Frame:
    from batch.frames.composing import compose  # noqa: PLC0415 - Pillow is heavy, and start-up may come here
    from batch.frames.encoding import encode  # noqa: PLC0415 - the same

    composed = compose(data, facts.size, settings, target.size)
    image = composed.image
    if image.size != (target.size.width, target.size.height) or image.mode != "RGB":
        raise PictureError(f"the frame came out as {image.mode} {image.size}", hint="report this picture")
    encoded = encode(image, target)
    return Frame(
        data=encoded.data,
        content_type=encoded.content_type,
        size=target.size,
        quality=encoded.quality,
        sha256=hashlib.sha256(encoded.data).hexdigest(),
        source_size=facts.size,
        fit_used=composed.fit_used,
        background=composed.background,
        subject_box=composed.subject_box,
        passed_through=False,
        warnings=facts.warnings + composed.warnings + encoded.warnings,
        looks=composed.looks,
    )
