"""What becomes of pictures in their frames: product pixels cut, how large it is, where it stands, what seam shows.

    .venv/bin/python -m tests.proof.frames                        drawn pictures that are hard to frame
    .venv/bin/python -m tests.proof.frames FOLDER                 and every picture of a folder
    .venv/bin/python -m tests.proof.frames FOLDER -o SHEETS       with sheets to look at: source, 16:9 and 9:16

Of a drawn picture its product is known; of others it is what is not transparent, or not of the border's colour. The
program's own idea of where the product is plays no part in it. Ends with 1 if a product pixel is cut or a seam shows.
"""

from __future__ import annotations

import argparse
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from batch.core.media import Box, Size
from batch.frames.preparing import prepare_frame
from batch.frames.seams import VISIBLE
from batch.frames.settings import FitSettings, FrameTarget
from tests.frames.drawn import Drawn, drawn_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.frames.settings import Frame

TARGETS = {"16:9": FrameTarget(size=Size(1280, 720)), "9:16": FrameTarget(size=Size(720, 1280))}
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff"})
VISIBLE_ALPHA = 8
UNLIKE = 14
NOT_PLAIN = 0.4
A_SHEET = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A frame held against its picture's product.

    Attributes:
        cut: Product pixels of the source that the frame does not show.
        share: The part of the frame's area that is product.
        height, width: Of the product, as parts of the frame's.
        off: How far the product's middle is from the frame's, as parts of its width and height.
    """

    cut: int
    share: float
    width: float
    height: float
    off: tuple[float, float]


def measured(product: Image.Image, frame: Frame) -> Measured:
    """Hold a mask of the product (of the source's size) against the frame that was made."""
    place, size = frame.looks.place, frame.size
    scale = place.width / product.width
    inside = (
        round(max(0.0, -place.left / scale)),
        round(max(0.0, -place.top / scale)),
        round(min(product.width, (size.width - place.left) / scale)),
        round(min(product.height, (size.height - place.top) / scale)),
    )
    whole, shown = product.histogram()[255], product.crop(inside).histogram()[255]
    box = Box(*(product.getbbox() or (0, 0, 1, 1)))
    return Measured(
        cut=whole - shown,
        share=shown * scale**2 / size.pixels,
        width=box.width * scale / size.width,
        height=box.height * scale / size.height,
        off=(
            (place.left + scale * (box.left + box.right) / 2) / size.width - 0.5,
            (place.top + scale * (box.top + box.bottom) / 2) / size.height - 0.5,
        ),
    )


def product_of(data: bytes) -> Image.Image | None:
    """What can be seen of a cutout, or what differs from a plain border's colour; None where it is not plain."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if image.has_transparency_data:
            return image.convert("RGBA").getchannel("A").point(lambda value: 255 * (value > VISIBLE_ALPHA))
        flat = image.convert("RGB")
    edge = Image.new("L", flat.size, 255)
    edge.paste(0, (2, 2, flat.width - 2, flat.height - 2))
    red, green, blue = ImageStat.Stat(flat, edge).median
    away = ImageChops.difference(flat, Image.new("RGB", flat.size, (round(red), round(green), round(blue)))).split()
    furthest = ImageChops.lighter(ImageChops.lighter(away[0], away[1]), away[2]).filter(ImageFilter.MedianFilter(3))
    product = furthest.point(lambda value: 255 * (value > UNLIKE))
    unlike = product.histogram(edge)[255] / edge.histogram()[255]
    return product if unlike < NOT_PLAIN else None


def pictures(folder: Path | None) -> Iterator[Drawn]:
    """The drawn ones, and those of a folder."""
    yield from drawn_pictures()
    if folder is not None:
        for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES):
            data = path.read_bytes()
            yield Drawn(name=path.name, data=data, product=product_of(data))


def line(name: str, aspect: str, frame: Frame, found: Measured | None) -> str:
    """One frame's figures."""
    looks = frame.looks
    seam = "-" if looks.seam is None else f"{looks.seam:.2f}"
    head = f"{name[:34]:34} {aspect:5} {frame.fit_used:8} {looks.beyond or '-':9}"
    if found is None:
        return f"{head} border not plain: what is product is not known{'':23} seam {seam}"
    return (
        f"{head} cut {found.cut:6,}  share {found.share:4.0%}  {found.width:4.0%} x {found.height:4.0%}  "
        f"off {found.off[0]:+6.1%} {found.off[1]:+6.1%}  seam {seam}"
    )


def strip(drawn: Drawn, frames: list[Frame]) -> Image.Image:
    """Source and frames side by side, all as high; transparency on a colour that no shop has."""
    with Image.open(io.BytesIO(drawn.data)) as image:
        source = image.convert("RGBA")
    under = Image.new("RGBA", source.size, (190, 190, 200, 255))
    tiles = [Image.alpha_composite(under, source).convert("RGB")]
    for frame in frames:
        with Image.open(io.BytesIO(frame.data)) as image:
            tiles.append(image.convert("RGB"))
    sheet, x = Image.new("RGB", (1100, 330), (255, 0, 255)), 0
    for tile in tiles:
        tile.thumbnail((540, 310))
        sheet.paste(tile, (x, 0))
        x += tile.width + 8
    ImageDraw.Draw(sheet).text((4, 314), drawn.name, fill="white")
    return sheet


def main() -> int:
    """Measure, print, and draw the sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    frames = cut = seams = unknown = 0
    strips: list[Image.Image] = []
    for drawn in pictures(arguments.folder):
        made = []
        for aspect, target in TARGETS.items():
            frame = prepare_frame(drawn.data, FitSettings(min_side=16), target)
            found = None if drawn.product is None else measured(drawn.product, frame)
            made.append(frame)
            frames, cut, unknown = frames + 1, cut + (found.cut if found else 0), unknown + (found is None)
            seams += (frame.looks.seam or 0.0) > VISIBLE
            sys.stdout.write(line(drawn.name, aspect, frame, found) + "\n")
        if arguments.output is not None:
            strips.append(strip(drawn, made))
    for number in range(0, len(strips), A_SHEET):
        some = strips[number : number + A_SHEET]
        sheet = Image.new("RGB", (1100, 330 * len(some)))
        for place, one in enumerate(some):
            sheet.paste(one, (0, 330 * place))
        arguments.output.mkdir(parents=True, exist_ok=True)
        sheet.save(arguments.output / f"sheet-{number // A_SHEET + 1}.png")
    sys.stdout.write(
        f"{frames} frames: {cut:,} product pixels cut, {seams} with a seam that shows, {unknown} not known\n"
    )
    return 1 if cut or seams else 0


if __name__ == "__main__":
    sys.exit(main())
