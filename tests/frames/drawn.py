"""Pictures that are hard to frame, drawn with a mask of what in them is the product."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RED = (190, 30, 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture as a file, with what is known of it.

    Args:
        data: The file.
        product: White where the product is, without its shadow; of the picture's size. None where that is not known.
    """

    name: str
    data: bytes
    product: Image.Image | None


def names() -> list[str]:
    """What there is."""
    return [_name(draw) for draw in _PICTURES]


def drawn_pictures() -> Iterator[Drawn]:
    """Draw them all, one after the other."""
    return (picture(name) for name in names())


@cache
def picture(name: str) -> Drawn:
    """Draw one by its name."""
    image, product = next(draw for draw in _PICTURES if _name(draw) == name)()
    return Drawn(name=name, data=_saved(image), product=product)


def _name(draw: Callable[[], tuple[Image.Image, Image.Image]]) -> str:
    return draw.__name__.strip("_").replace("_", " ")


def _saved(image: Image.Image) -> bytes:
    file = io.BytesIO()
    if image.mode == "RGBA":
        image.save(file, "PNG")
    else:
        image.save(file, "JPEG", quality=92)
    return file.getvalue()


def _mask(size: tuple[int, int], *boxes: tuple[int, int, int, int], round_by: int = 0) -> Image.Image:
    mask = Image.new("L", size, 0)
    for box in boxes:
        ImageDraw.Draw(mask).rounded_rectangle(box, round_by, fill=255)
    return mask


def _on(ground: Image.Image, mask: Image.Image, colour: tuple[int, int, int] = RED) -> tuple[Image.Image, Image.Image]:
    ground.paste(colour, mask=mask)
    return ground, mask


def _grain(image: Image.Image, much: float = 3) -> Image.Image:
    noise = Image.effect_noise(image.size, 2 * much)
    return ImageChops.add(image, Image.merge("RGB", (noise, noise, noise)), 1, -128)


def _shade(image: Image.Image, box: tuple[int, int, int, int], much: int, blur: float) -> None:
    shade = Image.new("L", image.size, 0)
    ImageDraw.Draw(shade).ellipse(box, fill=much)
    image.paste((40, 40, 44), mask=shade.filter(ImageFilter.GaussianBlur(blur)))


def _drop_shadow() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (1400, 1400), "white")
    _shade(image, (420, 980, 1150, 1120), 120, 36)
    return _on(image, _mask(image.size, (500, 350, 900, 1050), round_by=60))


def _white_on_white() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (1200, 1200), "white")
    return _on(image, _mask(image.size, (300, 200, 900, 1000), round_by=80), (247, 247, 247))


def _glass_cutout() -> tuple[Image.Image, Image.Image]:
    mask = _mask((1000, 1400), (300, 200, 700, 1200), round_by=90)
    rim = ImageChops.subtract(mask, mask.filter(ImageFilter.MinFilter(15)))
    glass = Image.new("RGBA", mask.size, (200, 215, 220, 0))
    glass.putalpha(ImageChops.lighter(mask.point(lambda value: value * 45 // 255), rim.point(lambda v: v * 3 // 4)))
    return glass, mask


def _glass_on_grey() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (1200, 1200), (206, 208, 210))
    mask = _mask(image.size, (420, 180, 780, 1010), round_by=60)
    image.paste((213, 216, 219), mask=mask)
    rim = ImageChops.subtract(mask, mask.filter(ImageFilter.MinFilter(5)))
    image.paste((150, 154, 158), mask=rim)
    return image, mask


def _very_wide() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (3000, 420), "white")
    return _on(image, _mask(image.size, (60, 150, 2940, 270)))


def _very_tall() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (420, 3000), (236, 238, 240))
    return _on(image, _mask(image.size, (160, 70, 250, 2930)))


def _touches_the_bottom() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (1200, 1200), (228, 230, 232))
    return _on(image, _mask(image.size, (380, 300, 820, 1200)))


def _touches_a_corner() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (1200, 1200), (240, 240, 240))
    return _on(image, _mask(image.size, (0, 500, 700, 1200)))


def _three_products() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (1600, 1000), "white")
    boxes = ((150, 300, 450, 800), (650, 200, 950, 820), (1150, 350, 1450, 790))
    return _on(image, _mask(image.size, *boxes, round_by=40))


def _falling_light() -> tuple[Image.Image, Image.Image]:
    glow = Image.radial_gradient("L").resize((1400, 1400))
    image = Image.merge("RGB", [glow.point(lambda value, top=top: top - value * 45 // 255) for top in (226, 226, 230)])
    return _on(image, _mask(image.size, (450, 400, 950, 1000), round_by=80))


def _table_before_a_wall() -> tuple[Image.Image, Image.Image]:
    image = Image.linear_gradient("L").resize((1000, 1200))
    image = Image.merge("RGB", [image.point(lambda v, low=low: low + v * 50 // 255) for low in (60, 80, 120)])
    ImageDraw.Draw(image).rectangle((0, 950, 1000, 1200), fill=(120, 84, 60))
    return _on(image, _mask(image.size, (380, 300, 620, 1050), round_by=40))


def _on_wood() -> tuple[Image.Image, Image.Image]:
    image = Image.effect_noise((60, 1200), 60).resize((1200, 1200)).filter(ImageFilter.GaussianBlur(2))
    image = Image.merge("RGB", [image.point(lambda v, top=top: 40 + v * top // 255) for top in (150, 100, 60)])
    return _on(image, _mask(image.size, (400, 400, 800, 800), round_by=200))


def _two_walls() -> tuple[Image.Image, Image.Image]:
    image = Image.new("RGB", (1200, 1200), (206, 200, 190))
    ImageDraw.Draw(image).rectangle((0, 0, 520, 1200), fill=(150, 170, 180))
    return _on(_grain(image), _mask(image.size, (450, 350, 800, 900), round_by=30))


def _trimmed_to_the_product() -> tuple[Image.Image, Image.Image]:
    mask = Image.new("L", (900, 700), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, 899, 699), fill=255)
    return _on(Image.new("RGB", mask.size, "white"), mask)


_PICTURES: tuple[Callable[[], tuple[Image.Image, Image.Image]], ...] = (
    _drop_shadow,
    _white_on_white,
    _glass_cutout,
    _glass_on_grey,
    _very_wide,
    _very_tall,
    _touches_the_bottom,
    _touches_a_corner,
    _three_products,
    _falling_light,
    _table_before_a_wall,
    _on_wood,
    _two_walls,
    _trimmed_to_the_product,
)
