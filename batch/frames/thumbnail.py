"""Small copies of pictures and frames, to be looked at beside each other."""

from __future__ import annotations

import io

from PIL import Image

from batch.core.media import Size
from batch.frames.decoding import decode

_CHECK = 8
_CHECKS = ((250, 250, 250), (222, 222, 226))


def small_copy(data: bytes, within: Size) -> bytes:
    """A picture as a JPEG that is no larger than a size; what is transparent is checkered.

    Raises:
        PictureError: If it is damaged.
    """
    image = decode(data, at_least=within).reduced(2 * max(within.width, within.height))
    image.thumbnail((within.width, within.height))
    if image.mode == "RGBA":
        ground = _checkered(Size(*image.size))
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
    file = io.BytesIO()
    image.save(file, "JPEG", quality=82)
    return file.getvalue()


def _checkered(size: Size) -> Image.Image:
    two = Image.new("RGB", (2, 2), _CHECKS[0])
    two.putpixel((1, 0), _CHECKS[1])
    two.putpixel((0, 1), _CHECKS[1])
    tile = two.resize((2 * _CHECK, 2 * _CHECK), Image.Resampling.NEAREST)
    ground = Image.new("RGB", (size.width, size.height))
    for top in range(0, size.height, 2 * _CHECK):
        for left in range(0, size.width, 2 * _CHECK):
            ground.paste(tile, (left, top))
    return ground
