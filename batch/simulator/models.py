"""The simulated provider's own table of models, from the contract's.

Where the contract says "unknown", the simulator has to do something: it shows `cost: null` in its catalogue,
charges an amount of its own, and takes any whole number of seconds that the table does not list.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from batch.simulator.values import Size

if TYPE_CHECKING:
    from collections.abc import Mapping

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of a model's input.

    `kinds` are JSON types ("string", "integer", "number", "boolean"). `choices` lists what is allowed; empty
    means anything of the kind within `minimum`, `maximum` and, for text, `longest` characters.
    """

    name: str
    kinds: tuple[str, ...] = ("string",)
    required: bool = False
    choices: tuple[str | int, ...] = ()
    default: str | int | float | bool | None = None
    minimum: float | None = None
    maximum: float | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A price for each combination of the inputs named in `by`."""

    by: tuple[str, ...]
    rows: Mapping[tuple[str | int | bool, ...], Decimal]

    def of(self, inputs: Mapping[str, Any], seconds: int) -> Decimal:
        """Give the price in dollars of a clip of `seconds` with these complete inputs."""
        del seconds
        return self.rows[tuple(inputs[name] for name in self.by)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerSecond:
    """A price for each second, which may depend on the inputs named in `by`."""

    by: tuple[str, ...] = ()
    rows: Mapping[tuple[str | int | bool, ...], Decimal]

    def of(self, inputs: Mapping[str, Any], seconds: int) -> Decimal:
        """Give the price in dollars of a clip of `seconds` with these complete inputs."""
        return self.rows[tuple(inputs[name] for name in self.by)] * seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePlus:
    """A price for the first seconds, and one for each further second."""

    base_seconds: int
    base: Decimal
    each_further: Decimal

    def of(self, inputs: Mapping[str, Any], seconds: int) -> Decimal:
        """Give the price in dollars of a clip of `seconds`."""
        del inputs
        return self.base + self.each_further * max(0, seconds - self.base_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undisclosed:
    """A price that the catalogue does not tell beforehand; the simulator charges this much for a second."""

    each_second: Decimal = Decimal("0.10")

    def of(self, inputs: Mapping[str, Any], seconds: int) -> Decimal:
        """Give the price in dollars of a clip of `seconds`."""
        del inputs
        return self.each_second * seconds


Price = Table | PerSecond | BasePlus | Undisclosed


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One row of the catalogue.

    `eta` and `spread` are the mean and the standard deviation of the rendering time in seconds. `exact_frame`
    tells that a picture of another size than the clip's is refused while rendering. `image_bytes` is the
    largest picture. `auto_seconds` is the length when the duration is "auto" or not among the fields.
    """

    slug: str
    fields: tuple[Field, ...]
    price: Price
    eta: float
    spread: float
    image_field: str = "image_url"
    aspect_field: str | None = None
    resolution_field: str | None = None
    exact_frame: bool = False
    image_bytes: int = 20 * MEGABYTE
    auto_seconds: int = 5

    def complete(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Add the defaults of the fields that `inputs` leaves out."""
        defaults = {field.name: field.default for field in self.fields if field.default is not None}
        return {**defaults, **inputs}

    def seconds(self, complete: Mapping[str, Any]) -> int:
        """Give the clip's length in seconds, from complete inputs."""
        duration = complete.get("duration", "auto")
        return self.auto_seconds if duration == "auto" else int(duration)

    def frame(self, complete: Mapping[str, Any], picture: Size | None) -> Size:
        """Give the clip's size; models without an aspect field follow the picture's shape."""
        aspect = str(complete[self.aspect_field]) if self.aspect_field else _nearest_aspect(picture)
        resolution = str(complete.get(self.resolution_field, "720p")) if self.resolution_field else "720p"
        return frame_size(aspect, int(resolution[:-1]))


def frame_size(aspect: str, short_side: int) -> Size:
    """Give the frame whose shorter side is `short_side` and whose shape is `aspect` ("16:9"), sides even."""
    across, down = (int(part) for part in aspect.split(":"))
    longer = round(short_side * max(across, down) / min(across, down) / 2) * 2
    if across >= down:
        return Size(width=longer, height=short_side)
    return Size(width=short_side, height=longer)


def _nearest_aspect(picture: Size | None) -> str:
    if picture is None:
        return "16:9"
    ratios = {"16:9": 16 / 9, "1:1": 1.0, "9:16": 9 / 16}
    shape = picture.width / picture.height
    return min(ratios, key=lambda aspect: abs(ratios[aspect] - shape))


def _dollars(rows: Mapping[str | int, str]) -> dict[tuple[str | int | bool, ...], Decimal]:
    return {(key,): Decimal(amount) for key, amount in rows.items()}


def _prompt(longest: int | None = None) -> Field:
    return Field(name="prompt", required=True, longest=longest)


def _seconds(*values: int | str, default: int | str | None = None, text: bool = False) -> Field:
    kinds = ("string",) if text else ("integer",)
    first = values[0] if values else None
    return Field(name="duration", kinds=kinds, choices=values, default=default if default is not None else first)


def _choice(name: str, *values: str, default: str | None = None) -> Field:
    return Field(name=name, choices=values, default=default if default is not None else values[0])


_IMAGE = Field(name="image_url", required=True)
_CFG_SCALE = Field(name="cfg_scale", kinds=("number",), default=0.5, minimum=0, maximum=1)
_SEED = Field(name="seed", kinds=("integer",))
_NEGATIVE = Field(name="negative_prompt")
_AUDIO = Field(name="generate_audio", kinds=("boolean",), default=True)
_WIDE_OR_TALL = _choice("aspect_ratio", "16:9", "9:16")
_THREE_ASPECTS = _choice("aspect_ratio", "16:9", "9:16", "1:1")

_TABLE = (
    Model(
        slug="sora-2-image-to-video",
        fields=(_prompt(32_000), _IMAGE, _WIDE_OR_TALL, _seconds(4, 8, 12, 16, 20)),
        price=Table(by=("duration",), rows=_dollars({4: "0.40", 8: "0.80", 12: "1.20", 16: "1.60", 20: "2.00"})),
        eta=200,
        spread=40,
        aspect_field="aspect_ratio",
        exact_frame=True,
    ),
    Model(
        slug="sora-2-image-to-video-pro",
        fields=(
            _prompt(32_000),
            _IMAGE,
            _WIDE_OR_TALL,
            _seconds(4, 8, 12),
            _choice("resolution", "720p", "1080p"),
        ),
        price=Undisclosed(each_second=Decimal("0.30")),
        eta=300,
        spread=60,
        aspect_field="aspect_ratio",
        resolution_field="resolution",
        exact_frame=True,
    ),
    Model(
        slug="kling-v2-1-standard-image-to-video",
        fields=(_prompt(), _IMAGE, _THREE_ASPECTS, _seconds(5, 10), _NEGATIVE, _CFG_SCALE),
        price=BasePlus(base_seconds=5, base=Decimal("0.28"), each_further=Decimal("0.056")),
        eta=60,
        spread=12,
        aspect_field="aspect_ratio",
    ),
    Model(
        slug="kling-v1-standard-image-to-video",
        fields=(
            _prompt(),
            _IMAGE,
            _THREE_ASPECTS,
            _seconds(5, 10),
            _CFG_SCALE,
            Field(name="tail_image_url"),
        ),
        price=PerSecond(rows={(): Decimal("0.045")}),
        eta=270,
        spread=54,
        aspect_field="aspect_ratio",
    ),
    Model(
        slug="kling-v2-6-pro-image-to-video",
        fields=(
            _prompt(),
            _IMAGE,
            _seconds("5", "10", text=True),
            Field(name="end_image_url"),
            _AUDIO,
            _NEGATIVE,
        ),
        price=Undisclosed(),
        eta=120,
        spread=24,
    ),
    Model(
        slug="veo-3-image-to-video",
        fields=(
            _prompt(),
            _IMAGE,
            _seconds(4, 6, 8),
            _AUDIO,
            _WIDE_OR_TALL,
            _choice("resolution", "720p", "1080p"),
        ),
        price=Table(
            by=("duration", "generate_audio"),
            rows={
                (4, False): Decimal("0.80"),
                (6, False): Decimal("1.20"),
                (8, False): Decimal("1.60"),
                (4, True): Decimal("1.60"),
                (6, True): Decimal("2.40"),
                (8, True): Decimal("3.20"),
            },
        ),
        eta=180,
        spread=36,
        aspect_field="aspect_ratio",
        resolution_field="resolution",
    ),
    Model(
        slug="bytedance-seedance-2-0-image-to-video",
        fields=(
            _prompt(),
            _IMAGE,
            Field(name="duration", kinds=("integer",), default=5, minimum=1, maximum=60),
            Field(name="end_image_url"),
            _choice("resolution", "480p", "720p", "1080p", default="720p"),
        ),
        price=PerSecond(by=("resolution",), rows=_dollars({"480p": "0.1412", "720p": "0.3024", "1080p": "0.685"})),
        eta=220,
        spread=44,
        resolution_field="resolution",
        image_bytes=30 * MEGABYTE,
    ),
    Model(
        slug="alibaba-wan-3-0-image-to-video",
        fields=(
            _prompt(),
            Field(name="first_frame", required=True),
            Field(name="duration", kinds=("integer", "auto"), default="auto", minimum=2, maximum=60),
            _choice("ratio", "16:9", "9:16", "1:1", "4:3", "3:4"),
            _choice("resolution", "480P", "720P", "1080P", default="720P"),
            Field(name="audio", kinds=("boolean",), default=True),
        ),
        price=PerSecond(by=("resolution",), rows=_dollars({"480P": "0.05", "720P": "0.10", "1080P": "0.20"})),
        eta=90,
        spread=18,
        image_field="first_frame",
        aspect_field="ratio",
        resolution_field="resolution",
    ),
    Model(
        slug="wan-v2-6-image-to-video",
        fields=(
            _prompt(800),
            _IMAGE,
            _seconds("5", "10", "15", text=True),
            _choice("resolution", "720p", "1080p"),
            _SEED,
        ),
        price=Undisclosed(),
        eta=120,
        spread=24,
        resolution_field="resolution",
        image_bytes=50 * MEGABYTE,
    ),
    Model(
        slug="pixverse-v5-6-image-to-video",
        fields=(
            _prompt(),
            _IMAGE,
            _seconds("5", "8", "10", text=True),
            _choice("resolution", "360p", "540p", "720p", "1080p", default="720p"),
            _SEED,
            Field(name="style"),
        ),
        price=Undisclosed(),
        eta=90,
        spread=18,
        resolution_field="resolution",
    ),
)

MODELS: Mapping[str, Model] = {model.slug: model for model in _TABLE}
