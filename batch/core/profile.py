"""What is known of a model, as data: one profile for each, read from YAML.

A fact that no source gives is left out or written `unknown`, and never guessed.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from batch.core.media import Size
from batch.core.pricing import PerSecondRule, PriceRule, TableRule, UnknownRule
from batch.core.strict import ByteSize, Ratio, Strict

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTO = "auto"
"""A duration that leaves the length to the model."""


def _read_date(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("expected a day such as 2026-09-30") from None


def _read_size(value: Any) -> Any:
    if isinstance(value, Size):
        return value
    width, x, height = str(value).partition("x")
    if not (x and width.isdecimal() and height.isdecimal() and len(height) <= 5 and len(width) <= 5):
        raise ValueError("expected a size in pixels such as 1280x720")
    return Size(int(width), int(height))


def _read_unknown(value: Any) -> Any:
    return None if value == "unknown" else value


_TYPE_NAMES = {
    "text": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "any": "anything",
}

Day = Annotated[date, BeforeValidator(_read_date)]
Pixels = Annotated[Size, BeforeValidator(_read_size), WithJsonSchema({"type": "string", "pattern": r"^\d+x\d+$"})]


class Prompt(Strict):
    """The prompt's field and its longest length in characters; None: no limit is known."""

    field: str = "prompt"
    max_characters: int | None = Field(default=None, ge=1)


class ImageInput(Strict):
    """The field that takes the frame's address, and which files it may be."""

    field: str = "image_url"
    formats: tuple[Literal["jpeg", "png", "webp"], ...] = Field(
        default=("jpeg", "png", "webp"), min_length=1, strict=False
    )
    max_bytes: ByteSize = Field(default=20_000_000, ge=1)


class Duration(Strict):
    """The field that takes the length, the JSON type it wants, and what it may be.

    Attributes:
        values: What is offered, each in its JSON type.
        from_second: Also any whole number of seconds from this one on; None: only `values`.
        default: What is sent where the job says nothing.
    """

    field: str = "duration"
    type: Literal["integer", "string", "integer_or_auto"]
    values: tuple[int | str, ...] = Field(min_length=1, strict=False)
    from_second: int | None = Field(default=None, ge=1)
    default: int | str

    @model_validator(mode="after")
    def _of_one_type(self) -> Self:
        for value in (*self.values, self.default):
            if not self._is_typed(value):
                raise ValueError(f"{value!r} is no duration of the type {self.type}")
        if self.default not in self.values and not self._counted(self.default):
            raise ValueError(f"the default {self.default!r} is not among the values")
        return self

    def _is_typed(self, value: int | str) -> bool:
        if self.type == "string":
            return isinstance(value, str) and value.isdecimal()
        return isinstance(value, int) or (self.type == "integer_or_auto" and value == AUTO)

    def _counted(self, value: int | str) -> bool:
        return isinstance(value, int) and self.from_second is not None and value >= self.from_second

    def offered(self, seconds: Decimal | Literal["auto"]) -> int | str | None:
        """Give the value of the wire for a length; None where the model does not offer it."""
        for value in self.values:
            if seconds == (AUTO if value == AUTO else Decimal(value)):
                return value
        if self.from_second is None or seconds == AUTO or seconds != int(seconds) or seconds < self.from_second:
            return None
        return int(seconds)

    def __str__(self) -> str:
        """Name what is offered, for a person."""
        names = [str(value) for value in self.values]
        if self.from_second is not None:
            names.append(f"any whole number from {self.from_second}")
        return ", ".join(names)


class Aspect(Strict):
    """The field that takes the aspect ratio.

    Attributes:
        values: What is offered; None: no source says, and what the job says is sent as it is.
        default: What is sent where the job says nothing.
    """

    field: str = "aspect_ratio"
    values: Annotated[tuple[str, ...] | None, BeforeValidator(_read_unknown)] = Field(strict=False)
    default: str = "16:9"

    @model_validator(mode="after")
    def _default_is_offered(self) -> Self:
        if self.values is not None and self.default not in self.values:
            raise ValueError(f"the default {self.default} is not among the values")
        return self


class Option(Strict):
    """A further input that a job may set.

    Attributes:
        type: `any` where no source says it: what the job says is sent as it is.
        values: What is offered; empty: anything of the type.
        default: What is sent where the job says nothing; None: nothing.
    """

    type: Literal["text", "integer", "number", "boolean", "any"]
    values: tuple[str | int, ...] = Field(default=(), strict=False)
    minimum: Ratio | None = None
    maximum: Ratio | None = None
    default: bool | int | str | Decimal | None = None

    @model_validator(mode="after")
    def _default_is_taken(self) -> Self:
        bounded = self.minimum is not None or self.maximum is not None
        if bounded and self.type not in {"integer", "number"}:
            raise ValueError("`minimum` and `maximum` need `type: integer` or `type: number`")
        if self.default is not None:
            self.take(self.default)
        return self

    def take(self, value: Any) -> Any:
        """Give a value in the type of the wire; numbers as Decimals.

        Raises:
            ValueError: If it is none that this input takes; the text says what it takes.
        """
        fits = self._is_typed(value) and self._is_within(value)
        if not fits:
            shown = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else value
            raise ValueError(f"expected {self}, not {shown}")
        return Decimal(value) if self.type == "number" else value

    def _is_typed(self, value: Any) -> bool:
        if self.type == "any":
            return True
        if isinstance(value, bool):
            return self.type == "boolean"
        kinds: Mapping[str, tuple[type, ...]] = {"text": (str,), "integer": (int,), "number": (int, Decimal)}
        return isinstance(value, kinds.get(self.type, ()))

    def _is_within(self, value: Any) -> bool:
        if self.values and value not in self.values:
            return False
        above = self.minimum is None or value >= self.minimum
        return above and (self.maximum is None or value <= self.maximum)

    def __str__(self) -> str:
        """Name what is taken, for a person."""
        if self.values:
            return " or ".join(str(value) for value in self.values)
        bounds = [f"of at least {self.minimum:g}"] if self.minimum is not None else []
        bounds += [f"of at most {self.maximum:g}"] if self.maximum is not None else []
        return f"{_TYPE_NAMES[self.type]} {' and '.join(bounds)}".rstrip()


class Frame(Strict):
    """The exact size of a clip for an aspect and, where the model takes one, a resolution."""

    aspect: str
    resolution: str | None = None
    size: Pixels


class AudioSwitch(Strict):
    """The boolean input that decides whether a clip has sound."""

    switch: str


class ModelProfile(Strict):
    """A model's profile.

    Attributes:
        slug: The provider's name of the model.
        notes: What a person should know before buying.
        last_checked: When the sources were last read.
        eta_seconds: How long a clip takes, at most where the sources give a range; None: unknown.
        negative_prompt: The field's name; None: the model has none.
        duration: None: unknown.
        aspect: None: the model has no such field and follows the picture.
        resolution: The name of the input that decides the resolution; None: the model has none.
        inputs: Further inputs that a job may set, by name.
        fixed: Inputs that are always sent.
        frames: The known sizes; others are taken to be the aspect at 720p.
        audio: Whether clips have sound.
        refuses_faces: Whether pictures with people's faces are refused; only said where a source does.
    """

    slug: str = Field(min_length=1)
    notes: tuple[str, ...] = Field(default=(), strict=False)
    last_checked: Day
    eta_seconds: Ratio | None = Field(default=None, gt=0)
    prompt: Prompt = Field(default_factory=Prompt)
    negative_prompt: str | None = None
    image: ImageInput = Field(default_factory=ImageInput)
    duration: Annotated[Duration | None, BeforeValidator(_read_unknown)]
    aspect: Aspect | None = None
    resolution: str | None = None
    inputs: dict[str, Option] = Field(default_factory=dict)
    fixed: dict[str, bool | int | str | Decimal] = Field(default_factory=dict)
    frames: tuple[Frame, ...] = Field(default=(), strict=False)
    audio: Literal["always", "never", "unknown"] | AudioSwitch = "unknown"
    refuses_faces: bool = False
    price: PriceRule

    @model_validator(mode="after")
    def _refers_to_its_own_inputs(self) -> Self:
        if self.resolution is not None and self.resolution not in self.inputs:
            raise ValueError(f"`resolution` names the input {self.resolution}, which `inputs` does not have")
        if isinstance(self.audio, AudioSwitch) and self.audio.switch not in self.inputs:
            raise ValueError(f"`audio` names the input {self.audio.switch}, which `inputs` does not have")
        for row in self.price.rows if isinstance(self.price, TableRule | PerSecondRule) else ():
            strange = set(row.when) - self._priced_by()
            if strange:
                raise ValueError(f"the price depends on {min(strange)}, which is no input of this model")
        return self

    def _priced_by(self) -> set[str]:
        fields = {spec.field for spec in (self.duration, self.aspect) if spec is not None}
        return fields | set(self.inputs) | set(self.fixed)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What no source says and buying needs, by the names of the profile's keys."""
        missing = []
        if self.duration is None:
            missing.append("duration")
        if isinstance(self.price, UnknownRule):
            missing.append("price")
        return tuple(missing)


def profile_notes(profile: ModelProfile) -> tuple[str, ...]:
    """Say what a person should know of a model before buying: its notes, and what is unknown of it."""
    notes = [*profile.notes]
    if profile.duration is None:
        notes.append("Which durations it takes is unknown: it cannot be bought before a profile of your own says so.")
    if isinstance(profile.price, UnknownRule):
        notes.append("Its price is unknown: it can be bought only with a `price` in the job.")
    if profile.aspect is not None and profile.aspect.values is None:
        notes.append("Which aspect ratios it takes is unknown: the job's is sent as it is.")
    if not profile.frames:
        notes.append("The size of its clips is unknown: frames are made for 720p.")
    return (*notes, f"Profile last checked on {profile.last_checked.isoformat()}.")


def expects_audio(profile: ModelProfile, inputs: Mapping[str, Any]) -> bool | None:
    """Tell whether a clip should have sound; None where nobody knows.

    Args:
        profile: The model's.
        inputs: The order's complete input.
    """
    if isinstance(profile.audio, AudioSwitch):
        switch = inputs.get(profile.audio.switch)
        return switch if isinstance(switch, bool) else None
    return {"always": True, "never": False}.get(profile.audio)
