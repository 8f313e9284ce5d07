"""Every fault is found on a clip that has exactly it, and nothing is found on good ones."""

from __future__ import annotations

import io
import math
import random
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageEnhance

from batch.collect.c2pa import C2PA_BOX
from batch.core.job import Quality
from batch.core.quality import remarks, score
from batch.judge.errors import CannotJudge
from batch.judge.measuring import look
from batch.judge.pool import Order, judge
from batch.judge.stills import AI_MADE, poster, strip
from tests.judge.clips import HEIGHT, WIDTH, Recipe, brighten, packshot, pan, push_in, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIMITS = Quality()
MOVES = (push_in, pan, brighten)


@cache
def _dice(share: float) -> float:
    return random.Random(f"{share}").choice([0.94, 1.0])


def _flickers(image: Image.Image, share: float) -> Image.Image:
    return ImageEnhance.Brightness(push_in(image, share)).enhance(_dice(share))


def _flat(colour: str) -> Image.Image:
    return Image.new("RGB", (WIDTH, HEIGHT), colour)


def _becomes(end: Callable[[Image.Image], Image.Image], image: Image.Image, share: float) -> Image.Image:
    return Image.blend(push_in(image, share), push_in(end(image), share), share)


def _until(image: Image.Image, share: float, *, part: float, then: Callable[[], Image.Image]) -> Image.Image:
    return push_in(image, share) if share < part else then()


PICTURE_FAULTS: dict[str, Callable[[Image.Image, float], Image.Image]] = {
    "first-frame": lambda image, share: push_in(image.rotate(90), share),
    "colours": lambda image, share: push_in(Image.blend(image, _flat("#ff8800"), 0.2), share),
    "drift": partial(_becomes, lambda image: image.convert("CMYK").point(lambda level: 255 - level).convert("RGB")),
    "black": partial(_until, part=0.8, then=lambda: _flat("black")),
    "frozen": lambda image, share: push_in(image, min(share, 0.3)),
    "flicker": _flickers,
}
SOUND_FAULTS: dict[str, Recipe] = {
    "silent": Recipe(picture=lambda _: packshot(), sound=None),
    "silent-track": Recipe(picture=lambda _: packshot(), sound=lambda _: 0.0),
    "clipping": Recipe(picture=lambda _: packshot(), sound=lambda second: 4 * math.sin(2 * math.pi * 220 * second)),
}


def found(path: Path, recipe: Recipe, sent: Image.Image) -> set[str]:
    """Draw a clip and say what is remarked of it."""
    buffer = io.BytesIO()
    sent.save(buffer, "PNG")
    measured = look(write(path, recipe), buffer.getvalue()).measured
    assert (score(measured, LIMITS) >= 50) == (not _of_picture(remarks(measured, LIMITS, wants_sound=False)))
    return {remark.id for remark in remarks(measured, LIMITS, wants_sound=True)}


def _of_picture(found: tuple[object, ...]) -> list[object]:
    return [one for one in found if getattr(one, "id", "") in PICTURE_FAULTS]


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("number", range(4))
def test_nothing_is_found_on_a_good_clip(tmp_path: Path, number: int, move: Callable[..., Image.Image]) -> None:
    """A push in, a pan and a change of the light, of five products."""
    image = packshot(number)
    assert found(tmp_path / "good.mp4", Recipe(picture=partial(move, image)), image) == set()


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("fault", PICTURE_FAULTS)
def test_a_fault_of_the_picture_is_found(tmp_path: Path, number: int, fault: str) -> None:
    """By its own name; another first frame may have other colours, and a black end is also another product."""
    image = packshot(number)
    seconds = {"frozen": 2.0, "black": 1.25}.get(fault, 0.75)
    ids = found(tmp_path / "bad.mp4", Recipe(picture=partial(PICTURE_FAULTS[fault], image), seconds=seconds), image)
    assert fault in ids
    assert ids <= {fault, "colours" if fault == "first-frame" else "drift"}


@pytest.mark.parametrize("fault", SOUND_FAULTS)
def test_a_fault_of_the_sound_is_found(tmp_path: Path, fault: str) -> None:
    """By its own name, on a picture that moves."""
    image = packshot()
    recipe = replace(SOUND_FAULTS[fault], picture=partial(push_in, image))
    assert found(tmp_path / "bad.mp4", recipe, image) == {fault.removesuffix("-track")}


def test_a_slow_clip_is_found(tmp_path: Path) -> None:
    """As delivered, whatever the header says."""
    image = packshot()
    assert found(tmp_path / "slow.mp4", Recipe(picture=partial(push_in, image), rate=8), image) == {"frame-rate"}


def test_figures_of_a_clip_and_its_pictures(tmp_path: Path) -> None:
    """Five stills from the first frame to the last; pictures that say that a model made them."""
    image = packshot()
    looked = look(write(tmp_path / "x.mp4", Recipe(picture=partial(pan, image))))
    measured = looked.measured
    assert (measured.seconds, measured.frames, measured.frames_a_second) == (0.75, 18, 24.0)
    assert (measured.likeness, measured.colour_shift, measured.c2pa) == (None, None, False)
    assert measured.loudness == pytest.approx(-19, abs=1)
    assert [still.size for still in looked.stills] == [(WIDTH, HEIGHT)] * 5
    places = [_left_of_product(still) for still in looked.stills]
    assert places == sorted(places, reverse=True)
    assert len(set(places)) == 5, "the camera moves, so each still differs"
    for made in (strip(looked.stills), poster(looked.stills[0])):
        assert AI_MADE.encode() in made


def _left_of_product(image: Image.Image) -> int:
    row = [image.getpixel((x, HEIGHT // 3)) for x in range(WIDTH)]
    return next(x for x, point in enumerate(row) if isinstance(point, tuple) and point[1] < 150)


def test_provenance_data_is_detected(tmp_path: Path) -> None:
    """A `uuid` box of C2PA's own number, wherever it stands; another number is none."""
    path = write(tmp_path / "x.mp4", Recipe(picture=partial(push_in, packshot()), seconds=0.5, sound=None))
    plain = path.read_bytes()
    for number, wanted in ((C2PA_BOX, True), (bytes(16), False)):
        payload = number + b"\0\0\0\0manifest\0"
        path.write_bytes(plain + (8 + len(payload)).to_bytes(4, "big") + b"uuid" + payload)
        assert look(path).measured.c2pa is wanted


def test_what_is_no_clip_is_told(tmp_path: Path) -> None:
    """Neither an empty file, nor a text, nor half a clip ends in anything else."""
    whole = write(tmp_path / "x.mp4", Recipe(picture=partial(push_in, packshot()), seconds=0.5)).read_bytes()
    for data in (b"", b"not a clip", whole[: len(whole) // 2]):
        path = tmp_path / "broken.mp4"
        path.write_bytes(data)
        with pytest.raises(CannotJudge, match=r"broken\.mp4"):
            look(path)


def test_many_clips_in_a_few_processes(tmp_path: Path) -> None:
    """Each gets its result and its pictures; a broken one takes nobody along."""
    clip = write(tmp_path / "x.mp4", Recipe(picture=partial(push_in, packshot()), seconds=0.5))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no")
    orders = [
        Order(name=name, clip=path, sent=None, strip=tmp_path / f"{name}-s.jpg", poster=tmp_path / f"{name}-p.jpg")
        for name, path in (("good", clip), ("bad", broken))
    ]
    taken: list[str] = []

    def one_by_one() -> Iterator[Order]:
        for order in orders * 2:
            taken.append(order.name)
            yield order

    judging = judge(one_by_one(), workers=1)
    first = next(judging)
    assert len(taken) < 4, "orders are taken as they can be worked on"
    results = {judged.name: judged for judged in (first, *judging)}
    assert results["good"].measured is not None
    assert "cannot be decoded" in results["bad"].reason
    with Image.open(tmp_path / "good-s.jpg") as made:
        assert made.size == (144 * WIDTH // HEIGHT * 5, 144)
    assert not (tmp_path / "bad-p.jpg").exists()
