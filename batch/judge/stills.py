"""Pictures taken from a clip: a contact strip, and a poster that says what made it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

AI_MADE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's digital source type of media that a trained model made."""

_STRIP_HIGH: Final = 144
_XMP: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    f' Iptc4xmpExt:DigitalSourceType="{AI_MADE}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()


def strip(stills: Sequence[Image]) -> bytes:
    """Put stills of one size side by side into a small JPEG."""
    from PIL import Image as Images  # noqa: PLC0415 - heavy

    wide = max(1, round(stills[0].width * _STRIP_HIGH / stills[0].height))
    whole = Images.new("RGB", (wide * len(stills), _STRIP_HIGH))
    for number, still in enumerate(stills):
        whole.paste(still.resize((wide, _STRIP_HIGH), reducing_gap=2.0), (wide * number, 0))
    return _jpeg(whole, 80)


def poster(still: Image) -> bytes:
    """Make a poster: a JPEG in the clip's size that carries the digital source type in its XMP data."""
    return _jpeg(still, 90)


def _jpeg(picture: Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=quality, optimize=True, xmp=_XMP)
    return buffer.getvalue()
