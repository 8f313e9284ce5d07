"""What a channel asks of a clip, as data read from YAML: each rule with where it was read, and when.

A rule is a list of readings, one for each source that says something else. The first is the one that counts; where
another one would decide differently, the finding says so, and what only somebody else than the channel asks for is a
doubt. What no source says stands under `unknown`, with the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from batch.core.profile import Day, Pixels
from batch.core.strict import ByteSize, Ratio, Seconds, Strict

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHAPE = re.compile(r"([1-9][0-9]{0,3}(?:\.[0-9]{1,3})?):([1-9][0-9]{0,3}(?:\.[0-9]{1,3})?)")


def _read_shape(value: Any) -> Any:
    if not isinstance(value, str) or _SHAPE.fullmatch(value) is None:
        raise ValueError('expected a shape in quotes such as "16:9" or "1.91:1"')
    return value


def shape_ratio(shape: str) -> float:
    """Give width by height.

    >>> shape_ratio("16:9") > 1 > shape_ratio("9:16")
    True
    """
    across, _, down = shape.partition(":")
    return float(across) / float(down)


Shape = Annotated[str, BeforeValidator(_read_shape), WithJsonSchema({"type": "string", "pattern": _SHAPE.pattern})]


class Source(Strict):
    """Where something was read.

    Attributes:
        read: The day.
        official: Whether it is the channel's own word, and not somebody's report of it.
        note: What a person should know of it, for example how old it is.
    """

    url: str = Field(pattern=r"^https?://[^\s]+$")
    read: Day
    official: bool = True
    note: str = ""


class Reading(Strict):
    """What one source says about one thing; `source` is a name under `sources`."""

    source: str
    note: str = ""

    _bounds: ClassVar[tuple[str, ...]] = ("min", "max")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, name, None) in {None, ()} for name in self._bounds):
            raise ValueError(f"it asks for nothing: give {' or '.join(f'`{name}`' for name in self._bounds)}")
        return self


class Lengths(Reading):
    """Seconds, both bounds included."""

    min: Seconds | None = None
    max: Seconds | None = None


class Numbers(Reading):
    """A plain number, both bounds included; or one of some."""

    min: Ratio | None = None
    max: Ratio | None = None
    values: tuple[Ratio, ...] = Field(default=(), strict=False)

    _bounds: ClassVar[tuple[str, ...]] = ("min", "max", "values")


class Sizes(Reading):
    """Bytes, both bounds included."""

    min: ByteSize | None = None
    max: ByteSize | None = None


class Shapes(Reading):
    """Width by height: from the tallest, `min`, to the widest, `max`; or one of some."""

    min: Shape | None = None
    max: Shape | None = None
    values: tuple[Shape, ...] = Field(default=(), strict=False)

    _bounds: ClassVar[tuple[str, ...]] = ("min", "max", "values")


class Frames(Reading):
    """Pixels: not smaller than one of `min`, not larger than one of `max`; or exactly one of some."""

    min: tuple[Pixels, ...] = Field(default=(), strict=False)
    max: tuple[Pixels, ...] = Field(default=(), strict=False)
    values: tuple[Pixels, ...] = Field(default=(), strict=False)

    _bounds: ClassVar[tuple[str, ...]] = ("min", "max", "values")


class Names(Reading):
    """One of some names."""

    values: tuple[str, ...] = Field(default=(), strict=False)

    _bounds: ClassVar[tuple[str, ...]] = ("values",)


class Sound(Reading):
    """Whether there has to be an audio track, or must not be one."""

    value: Literal["required", "forbidden"]

    _bounds: ClassVar[tuple[str, ...]] = ("value",)


class Rules(Strict):
    """Everything that can be asked of a clip.

    Attributes:
        length: Of the video.
        aspect: Of the picture as shown.
        bitrate: Of the whole file, in kilobits a second.
        frame_rate: Frames a second, on average.
    """

    length: tuple[Lengths, ...] = Field(default=(), strict=False)
    aspect: tuple[Shapes, ...] = Field(default=(), strict=False)
    pixels: tuple[Frames, ...] = Field(default=(), strict=False)
    width: tuple[Numbers, ...] = Field(default=(), strict=False)
    bytes: tuple[Sizes, ...] = Field(default=(), strict=False)
    bitrate: tuple[Numbers, ...] = Field(default=(), strict=False)
    container: tuple[Names, ...] = Field(default=(), strict=False)
    video_codec: tuple[Names, ...] = Field(default=(), strict=False)
    audio_codec: tuple[Names, ...] = Field(default=(), strict=False)
    frame_rate: tuple[Numbers, ...] = Field(default=(), strict=False)
    audio: tuple[Sound, ...] = Field(default=(), strict=False)

    def each(self) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Give the name and the readings of each rule that there is."""
        for name in RULES:
            if readings := getattr(self, name):
                yield name, readings


RULES = tuple(Rules.model_fields)
"""The names of all rules, in the order in which they are told."""

Rule = Literal[
    "length",
    "aspect",
    "pixels",
    "width",
    "bytes",
    "bitrate",
    "container",
    "video_codec",
    "audio_codec",
    "frame_rate",
    "audio",
]


class Channel(Strict):
    """Where clips are shown, and what it asks of them.

    Attributes:
        name: As people call it.
        last_checked: When the sources were last read.
        notes: What a person should know beyond the rules.
        unknown: What no source says, or nobody could confirm, by rule; a rule of that name outdoes it.
    """

    slug: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    name: str = Field(min_length=1)
    last_checked: Day
    notes: tuple[str, ...] = Field(default=(), strict=False)
    sources: dict[str, Source] = Field(min_length=1)
    rules: Rules
    unknown: dict[Rule, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_its_sources(self) -> Self:
        for name, readings in self.rules.each():
            for reading in readings:
                if reading.source not in self.sources:
                    known = ", ".join(self.sources)
                    raise ValueError(f"`rules.{name}` names the source {reading.source!r}; known: {known}")
        return self
