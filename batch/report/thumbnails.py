"""Small copies of source pictures, for the page: made once, kept beside it."""

from __future__ import annotations

import base64
import hashlib
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from batch.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LONG_SIDE = 360
"""Pixels; a card shows a source at about half of that, and screens have two pixels for one."""
MAX_PIXELS = 100_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF")
_THREADS = 2
_RECIPE = b"thumbnail 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A thumbnail that a page can show.

    Attributes:
        address: Relative to the page, or a `data:` address.
        width: Pixels.
        height: Pixels.
    """

    address: str
    width: int
    height: int

    @property
    def embedded(self) -> bool:
        """Whether the page holds the picture itself."""
        return self.address.startswith("data:")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotShown:
    """Why there is no thumbnail, in a few words."""

    words: str


Thumbnail = Shown | NotShown


def make_thumbnails(sources: Iterable[Path], folder: Path, *, embed: bool) -> Mapping[Path, Thumbnail]:
    """Make a thumbnail of each source and remove those that no source needs any more.

    A picture whose path, size and time of change are those of an earlier report is not read again.
    One that cannot be read becomes a `NotShown`; the report goes on.

    Args:
        sources: Local pictures.
        folder: Where thumbnails are kept; made if missing. It lies in the page's own folder.
        embed: Whether the addresses hold the picture itself, so that the page needs no file beside it.

    Raises:
        OSError: If the folder cannot be written.
    """
    folder.mkdir(exist_ok=True)
    wanted = {source: folder / f"{_name(source)}.jpg" for source in dict.fromkeys(sources)}
    with ThreadPoolExecutor(_THREADS) as pool:
        made = pool.map(lambda pair: _thumbnail(*pair, embed=embed), wanted.items())
        thumbnails = dict(zip(wanted, made, strict=True))
    for stale in set(folder.iterdir()) - set(wanted.values()):
        stale.unlink(missing_ok=True)
    return thumbnails


def _name(source: Path) -> str:
    try:
        facts = source.stat()
    except OSError:
        return "missing"
    told = f"{source}\0{facts.st_size}\0{facts.st_mtime_ns}"
    return hashlib.sha256(_RECIPE + os.fsencode(told)).hexdigest()[:32]


def _thumbnail(source: Path, kept: Path, *, embed: bool) -> Thumbnail:
    if not source.is_file():
        return NotShown(words="The picture is no longer where it was.")
    if not kept.is_file():
        try:
            small = _shrunk(source)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            # What Pillow raises for broken files; SyntaxError is its word for a broken PNG.
            return NotShown(words="The picture cannot be shown.")
        write_atomic(kept, small)
    with Image.open(kept) as image:
        width, height = image.size
    address = f"{kept.parent.name}/{kept.name}"
    if embed:
        address = f"data:image/jpeg;base64,{base64.b64encode(kept.read_bytes()).decode()}"
    return Shown(address=address, width=width, height=height)


def _shrunk(source: Path) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large pictures; their size is checked here.
        image = Image.open(source, formats=_FORMATS)
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError("too many pixels for a thumbnail")
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
        image.load()
        upright = ImageOps.exif_transpose(image)
    flat = _on_white(upright)
    flat.thumbnail((LONG_SIDE, LONG_SIDE))
    out = BytesIO()
    flat.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # 16 bits of grey: converting would clip them to white.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")
