"""What is ordered for a row: everything of the input that all rows of equal duration and aspect share.

A value that a row gives and the model does not take rejects the row; the same in the job ends the command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from batch.core.media import Size
from batch.core.nearest import did_you_mean
from batch.core.pricing import ExactPrice, KnownPrice, Price, PriceRange, UnknownPrice, UnknownRule, price_of
from batch.core.profile import AUTO, Aspect, Duration, ModelProfile
from batch.errors import JobProblem, RowProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from batch.core.job import Job
    from batch.core.yamltree import Path

FALLBACK_ASPECT = "16:9"
"""For models without an aspect field, whose clips follow the picture, where the job says nothing."""

_SHORT_SIDE = 720
_WIDEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is the same for every row of equal duration and aspect.

    Attributes:
        duration: In the JSON type that the model wants.
        duration_seconds: None where the model decides the length.
        aspect: The frame's, such as `16:9`, also for models that are not told it.
        inputs: The complete input without prompt, negative prompt and picture; numbers with a point are Decimals.
        frame: The exact size of the picture, in pixels.
        price: In dollars, for one attempt.
        warnings: What a person should know of it.
    """

    duration: int | str
    duration_seconds: Decimal | None
    aspect: str
    inputs: Mapping[str, Any]
    frame: Size
    price: KnownPrice
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Something in the job that does not fit the model.

    Attributes:
        path: The job's key.
        what: What is wrong, and what was expected.
        hint: What to do about it; empty where that is plain.
    """

    path: Path
    what: str
    hint: str = ""


class _Unfit(Exception):
    """A value that the model does not take; the text says what it takes."""


def check_buyable(profile: ModelProfile, job: Job) -> None:
    """Refuse a model of which something is unknown that buying needs.

    Raises:
        JobProblem: If the price is unknown and the job gives none, or if the durations are unknown.
    """
    complaint = purchase_complaint(profile, job)
    if complaint is not None:
        raise JobProblem(complaint.what, where="model", hint=complaint.hint)


def purchase_complaint(profile: ModelProfile, job: Job) -> Complaint | None:
    """Say what is unknown of a model that buying needs; None where nothing is."""
    if profile.duration is None:
        return Complaint(
            path=("model",),
            what=f"which durations {profile.slug} takes is unknown, so it cannot be bought",
            hint=f"write a profile with `extends: {profile.slug}` and a `duration:`, and name its file under `models:`",
        )
    if isinstance(profile.price, UnknownRule) and job.price is None:
        return _no_price(profile, "no source gives a price for this model")
    return None


def duration_complaint(profile: ModelProfile, seconds: int) -> str:
    """Say why a model makes no clips of a length; empty if it does."""
    if profile.duration is None:
        return f"which durations {profile.slug} takes is unknown"
    try:
        _duration(profile.duration, str(seconds))
    except _Unfit as unfit:
        return str(unfit)
    return ""


def place_order(profile: ModelProfile, job: Job, *, duration: str | None, aspect: str | None) -> Order:
    """Order what a row asks for, and for the rest what the job and the profile say.

    Args:
        profile: The model's.
        job: Whose defaults hold where the row says nothing.
        duration: The row's own text, such as `8` or `8s`; None where it has none.
        aspect: The row's own text, such as `16:9`, or one of the job's; None for the job's first.

    Raises:
        RowProblem: If the model does not offer what the row asks for.
        JobProblem: If it does not offer what the job asks for, or cannot be bought.
    """
    check_buyable(profile, job)
    assert profile.duration is not None
    try:
        length = _duration(profile.duration, _job_duration(profile, job) if duration is None else duration)
    except _Unfit as unfit:
        raise _problem("duration", duration, str(unfit)) from None
    try:
        shape = _aspect(profile.aspect, aspects_of(profile, job)[0] if aspect is None else aspect)
    except _Unfit as unfit:
        raise _problem("aspect_ratio", aspect, str(unfit)) from None
    inputs = _inputs(profile, job, length, shape)
    seconds = None if length == AUTO else Decimal(length)
    price = _price(profile, job, inputs, seconds, duration)
    frame, known = _frame(profile, inputs, shape)
    return Order(
        duration=length,
        duration_seconds=seconds,
        aspect=shape,
        inputs=inputs,
        frame=frame,
        price=price,
        warnings=tuple(_warnings(profile, price, shape, None if known else frame)),
    )


def aspects_of(profile: ModelProfile, job: Job) -> tuple[str, ...]:
    """Give the aspect ratios of a row that has none of its own: an item each, at least one."""
    if job.defaults.aspect_ratio:
        return tuple(dict.fromkeys(job.defaults.aspect_ratio))
    return (profile.aspect.default if profile.aspect else FALLBACK_ASPECT,)


def wire_inputs(
    profile: ModelProfile,
    order_inputs: Mapping[str, Any],
    *,
    prompt: str,
    negative_prompt: str | None,
    image_url: str,
) -> dict[str, Any]:
    """Give the complete `input` object of a request, in JSON's own types.

    Raises:
        RowProblem: If there is a negative prompt and the model takes none.
    """
    whole = {name: _as_json(value) for name, value in order_inputs.items()}
    whole[profile.prompt.field] = prompt
    whole[profile.image.field] = image_url
    if negative_prompt:
        if profile.negative_prompt is None:
            raise RowProblem(_NO_NEGATIVE, column="negative_prompt", value=negative_prompt)
        whole[profile.negative_prompt] = negative_prompt
    return whole


def _as_json(value: Any) -> Any:
    # The last moment: before, a number is exactly what was written, so that keys and prices never drift.
    return float(value) if isinstance(value, Decimal) else value


def job_complaints(profile: ModelProfile, job: Job) -> tuple[Complaint, ...]:
    """Hold the job's defaults against the model, and give everything that does not fit."""
    return tuple(_complaints(profile, job))


_NO_NEGATIVE = "this model takes no negative prompt"


def _complaints(profile: ModelProfile, job: Job) -> Iterator[Complaint]:
    if profile.duration is not None and job.defaults.duration is not None:
        try:
            _duration(profile.duration, str(job.defaults.duration))
        except _Unfit as unfit:
            yield Complaint(path=("defaults", "duration"), what=str(unfit))
    for place, aspect in enumerate(job.defaults.aspect_ratio):
        try:
            _aspect(profile.aspect, aspect)
        except _Unfit as unfit:
            yield Complaint(path=("defaults", "aspect_ratio", place), what=str(unfit))
    if job.defaults.negative_prompt and profile.negative_prompt is None:
        yield Complaint(path=("defaults", "negative_prompt"), what=_NO_NEGATIVE, hint="leave it out")
    for name, value in job.defaults.inputs.items():
        path = ("defaults", "inputs", name)
        option = profile.inputs.get(name)
        if option is None:
            yield Complaint(path=path, what="no input of this model", hint=_elsewhere(profile, name))
        else:
            try:
                option.take(value)
            except ValueError as unfit:
                yield Complaint(path=path, what=str(unfit))


def _elsewhere(profile: ModelProfile, name: str) -> str:
    fields = {profile.prompt.field: "defaults.prompt", profile.image.field: "the manifest's column `image`"}
    if profile.negative_prompt:
        fields[profile.negative_prompt] = "defaults.negative_prompt"
    if profile.duration:
        fields[profile.duration.field] = "defaults.duration"
    if profile.aspect:
        fields[profile.aspect.field] = "defaults.aspect_ratio"
    if name in fields:
        return f"it is set by {fields[name]}"
    return did_you_mean(name, profile.inputs) or "it has no further inputs"


def _problem(column: str, value: str | None, reason: str) -> RowProblem | JobProblem:
    if value is not None:
        return RowProblem(reason, column=column, value=value)
    return JobProblem(reason, where=f"defaults.{column}")


def _no_price(profile: ModelProfile, reason: str) -> Complaint:
    return Complaint(
        path=("model",),
        what=f"the price of {profile.slug} is unknown: {reason}",
        hint="say in the job what an item may cost, for example `price: {usd: 0.80}`",
    )


def _job_duration(profile: ModelProfile, job: Job) -> str:
    assert profile.duration is not None
    given = job.defaults.duration
    return str(profile.duration.default if given is None else given)


def _duration(offer: Duration, text: str) -> int | str:
    seconds = _seconds(text)
    value = None if seconds is None else offer.offered(seconds)
    if value is None:
        raise _Unfit(f"this model makes clips of {offer} seconds, not {text.strip()!r}")
    return value


def _seconds(text: str) -> Decimal | Literal["auto"] | None:
    if text.strip().lower() == AUTO:
        return "auto"
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*s?", text.strip(), re.IGNORECASE)
    return Decimal(match[1]) if match else None


def _aspect(offer: Aspect | None, text: str) -> str:
    shape = text.strip()
    match = re.fullmatch(r"([1-9][0-9]?):([1-9][0-9]?)", shape)
    if offer is not None and offer.values is not None:
        if shape not in offer.values:
            raise _Unfit(f"this model's aspect ratios are {' and '.join(offer.values)}, not {shape!r}")
    elif match is None or not 1 / _WIDEST <= int(match[1]) / int(match[2]) <= _WIDEST:
        raise _Unfit(f"expected an aspect ratio such as 16:9, 9:16 or 1:1, not {shape!r}")
    return shape


def _inputs(profile: ModelProfile, job: Job, length: int | str, shape: str) -> dict[str, Any]:
    inputs: dict[str, Any] = dict(profile.fixed)
    given = job.defaults.inputs
    unknown = sorted(set(given) - set(profile.inputs))
    if unknown:
        hint = _elsewhere(profile, unknown[0])
        raise JobProblem("no input of this model", where=f"defaults.inputs.{unknown[0]}", hint=hint)
    for name, option in profile.inputs.items():
        value = given.get(name, option.default)
        if value is not None:
            try:
                inputs[name] = option.take(value)
            except ValueError as unfit:
                raise JobProblem(str(unfit), where=f"defaults.inputs.{name}") from None
    assert profile.duration is not None
    inputs[profile.duration.field] = length
    if profile.aspect is not None:
        inputs[profile.aspect.field] = shape
    return inputs


def _price(
    profile: ModelProfile, job: Job, inputs: Mapping[str, Any], seconds: Decimal | None, row_duration: str | None
) -> KnownPrice:
    price: Price = ExactPrice(usd=job.price.usd) if job.price else price_of(profile.price, inputs, seconds=seconds)
    if not isinstance(price, UnknownPrice):
        return price
    if row_duration is not None:
        raise RowProblem(f"the price is unknown: {price.reason}", column="duration", value=row_duration)
    complaint = _no_price(profile, price.reason)
    raise JobProblem(complaint.what, where="model", hint=complaint.hint)


def _frame(profile: ModelProfile, inputs: Mapping[str, Any], shape: str) -> tuple[Size, bool]:
    """Give the frame's size, and whether the profile knows it."""
    resolution = inputs.get(profile.resolution) if profile.resolution else None
    for frame in profile.frames:
        if frame.aspect == shape and frame.resolution in {None, resolution}:
            return frame.size, True
    return _at_720p(shape), False


def _at_720p(shape: str) -> Size:
    across, down = (int(part) for part in shape.split(":"))
    longer = round(_SHORT_SIDE * max(across, down) / min(across, down) / 2) * 2
    return Size(longer, _SHORT_SIDE) if across >= down else Size(_SHORT_SIDE, longer)


def _warnings(profile: ModelProfile, price: KnownPrice, shape: str, assumed: Size | None) -> Iterator[str]:
    if profile.aspect is not None and profile.aspect.values is None:
        yield f"which aspect ratios {profile.slug} takes is unknown: {shape} is sent as it is"
    if assumed is not None:
        yield f"the size of this clip is unknown: the frame is {shape} at 720p, {assumed}"
    if isinstance(price, PriceRange):
        yield f"the price is {price}: it counts with its upper end"
