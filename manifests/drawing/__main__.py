"""Write the sample pictures, each in the format that its sample is meant to show."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from . import accessories, characters, furniture, places, tableware

if TYPE_CHECKING:
    from collections.abc import Callable

_MANIFESTS = Path(__file__).resolve().parent.parent
_ORIENTATION = 0x0112  # the EXIF tag


def _jpeg(picture: Image.Image, path: Path) -> None:
    picture.convert("RGB").save(path, quality=88, optimize=True)


def _turned_jpeg(picture: Image.Image, path: Path) -> None:
    """Save the pixels lying on their side and an EXIF note that says so, as a camera does."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    lying = picture.convert("RGB").transpose(Image.Transpose.ROTATE_90)
    lying.save(path, quality=88, optimize=True, exif=exif)


def _rgba_png(picture: Image.Image, path: Path) -> None:
    picture.save(path, optimize=True)


def _grey_png(picture: Image.Image, path: Path) -> None:
    picture.convert("LA").save(path, optimize=True)


def _palette_png(picture: Image.Image, path: Path) -> None:
    """Save 255 dithered colours and one that is transparent: edges without half-tones, as old shop systems have."""
    white = Image.new("RGBA", picture.size, "#ffffff")
    white.alpha_composite(picture)
    flat = white.convert("RGB")
    colours = flat.quantize(palette=flat.quantize(colors=255), dither=Image.Dither.FLOYDSTEINBERG)
    colours.putpalette([*(colours.getpalette() or [])[:765], 255, 255, 255])
    colours.paste(255, mask=picture.getchannel("A").point(lambda alpha: 255 if alpha < 128 else 0))
    colours.save(path, optimize=True, transparency=255)


def _gif(picture: Image.Image, path: Path) -> None:
    picture.convert("RGB").quantize(colors=128).save(path)


def _webp(picture: Image.Image, path: Path) -> None:
    picture.convert("RGB").save(path, quality=86, method=6)


def _clear_webp(picture: Image.Image, path: Path) -> None:
    picture.save(path, quality=86, method=6)


def _tiff(picture: Image.Image, path: Path) -> None:
    picture.convert("RGB").save(path, compression="jpeg", quality=90)


_PICTURES: list[tuple[Callable[[], Image.Image], str, Callable[[Image.Image, Path], None]]] = [
    (tableware.mug, "demo/mug.jpg", _jpeg),
    (accessories.bag, "demo/bag.png", _rgba_png),
    (tableware.perfume, "demo/perfume.png", _grey_png),
    (furniture.lamp, "demo/lamp.jpg", _turned_jpeg),
    (furniture.sofa, "demo/sofa.jpg", _jpeg),
    (accessories.watch, "demo/watch.tiff", _tiff),
    (accessories.headphones, "demo/headphones.webp", _webp),
    (tableware.plant, "demo/plant.webp", _webp),
    (furniture.chair, "demo/chair.png", _palette_png),
    (tableware.cushion, "demo/cushion.gif", _gif),
    (places.living_room, "real-estate/living-room.jpg", _jpeg),
    (places.villa, "real-estate/villa.jpg", _jpeg),
    (characters.robot, "characters/robot.png", _rgba_png),
    (characters.fox, "characters/fox.webp", _clear_webp),
    (characters.astronaut, "characters/astronaut.webp", _clear_webp),
]


def main(wanted: list[str]) -> None:
    """Write the pictures whose file names (without ending) are wanted, or all of them."""
    for draw, name, save in _PICTURES:
        path = _MANIFESTS / name
        if wanted and path.stem not in wanted:
            continue
        path.parent.mkdir(exist_ok=True)
        save(draw(), path)


if __name__ == "__main__":
    main(sys.argv[1:])
