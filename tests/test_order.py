"""Orders: what a row asks for, in the types of the wire, with its frame and its price."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from batch.core.canonical import canonical
from batch.core.job import Job
from batch.core.media import Size
from batch.core.order import Order, aspects_of, check_buyable, job_complaints, place_order, wire_inputs
from batch.core.pricing import ExactPrice, PriceRange
from batch.errors import JobProblem, RowProblem
from batch.models import builtin_profiles

SORA = "sora-2-image-to-video"
PRO = "sora-2-image-to-video-pro"
KLING = "kling-v2-1-standard-image-to-video"
KLING_OLD = "kling-v1-standard-image-to-video"
KLING_PRO = "kling-v2-6-pro-image-to-video"
VEO = "veo-3-image-to-video"
SEEDANCE = "bytedance-seedance-2-0-image-to-video"
ALIBABA = "alibaba-wan-3-0-image-to-video"
PIXVERSE = "pixverse-v5-6-image-to-video"


def job(**keys: Any) -> Job:
    """Make a job of these keys."""
    return Job.model_validate({"name": "x", "manifest": {"path": "a.csv"}, **keys})


def priced(**defaults: Any) -> Job:
    """Make a job that gives a price of its own."""
    return job(price={"usd": Decimal("0.7")}, defaults=defaults)


def order(slug: str, of: Job, duration: str | None = None, aspect: str | None = None) -> Order:
    """Place an order with a built-in model."""
    return place_order(builtin_profiles()[slug], of, duration=duration, aspect=aspect)


def test_without_any_wish_the_profiles_defaults_are_sent() -> None:
    """Explicitly, so that a default that changes at the provider changes nothing here."""
    placed = order(SORA, job())
    assert placed == Order(
        duration=4,
        duration_seconds=Decimal(4),
        aspect="16:9",
        inputs={"duration": 4, "aspect_ratio": "16:9"},
        frame=Size(1280, 720),
        price=ExactPrice(usd=Decimal("0.40")),
    )


def test_the_row_stands_above_the_job_and_the_job_above_the_profile() -> None:
    """Each wish where it is given, else the next."""
    of = job(defaults={"duration": 8, "aspect_ratio": ["9:16"]})
    assert (order(SORA, of).duration, order(SORA, of).aspect) == (8, "9:16")
    assert (order(SORA, of, "12", "16:9").duration, order(SORA, of, "12", "16:9").aspect) == (12, "16:9")
    assert order(SORA, of).frame == Size(720, 1280)


@pytest.mark.parametrize("text", ["8", "8s", " 8 S ", "8.0", "8.000s", "08"])
def test_a_duration_in_a_row_becomes_the_models_type(text: str) -> None:
    """Spreadsheets write numbers in many ways."""
    integer, string = order(SORA, job(), text), order(PIXVERSE, priced(), text)
    assert (integer.duration, integer.inputs["duration"]) == (8, 8)
    assert (string.duration, string.inputs["duration"]) == ("8", "8")
    assert integer.duration_seconds == string.duration_seconds == 8


@pytest.mark.parametrize("text", ["9", "8.5", "auto", "eight", "-8", "1e1", "8m", "", "\uff19"])
def test_a_duration_that_is_not_offered_rejects_the_row(text: str) -> None:
    """The reason names those that are."""
    with pytest.raises(RowProblem, match="4, 8, 12, 16, 20") as caught:
        order(SORA, job(), text)
    assert (caught.value.column, caught.value.value) == ("duration", text)


def test_the_same_in_the_job_ends_the_command() -> None:
    """No row can go on with it."""
    with pytest.raises(JobProblem, match="4, 8, 12, 16, 20"):
        order(SORA, job(defaults={"duration": 9}))


@pytest.mark.parametrize("text", ["1:1", "16x9", "wide", "16:09", ""])
def test_an_aspect_that_is_not_offered_rejects_the_row(text: str) -> None:
    """The reason names those that are."""
    with pytest.raises(RowProblem, match="16:9 and 9:16") as caught:
        order(SORA, job(), None, text)
    assert caught.value.column == "aspect_ratio"


def test_several_aspects_are_an_item_each() -> None:
    """One that is named twice is one."""
    profile = builtin_profiles()[SORA]
    assert aspects_of(profile, job(defaults={"aspect_ratio": ["16:9", "9:16", "16:9"]})) == ("16:9", "9:16")
    assert aspects_of(profile, job(defaults={"aspect_ratio": "9:16"})) == ("9:16",)
    assert aspects_of(profile, job()) == ("16:9",)


@pytest.mark.parametrize(
    ("aspect", "size"),
    [("16:9", Size(1280, 720)), ("9:16", Size(720, 1280)), ("1:1", Size(720, 720)), ("21:9", Size(1680, 720))],
)
def test_a_model_without_aspects_gets_a_frame_of_the_jobs(aspect: str, size: Size) -> None:
    """Its clips follow the picture; nothing of it is sent, and the size is said to be assumed."""
    placed = order(PIXVERSE, priced(aspect_ratio=aspect))
    assert (placed.aspect, placed.frame) == (aspect, size)
    assert "aspect_ratio" not in placed.inputs
    assert any("unknown" in warning and str(size) in warning for warning in placed.warnings)


@pytest.mark.parametrize("aspect", ["9:1", "1:5", "0:1", "x"])
def test_a_shape_that_is_no_frame_is_refused_even_where_any_is_taken(aspect: str) -> None:
    """A strip is a mistake, not an aspect ratio."""
    with pytest.raises(RowProblem, match="such as 16:9"):
        order(PIXVERSE, priced(), None, aspect)


def test_aspects_that_no_source_lists_are_sent_as_they_are_with_a_warning() -> None:
    """The model's own field is used."""
    placed = order(ALIBABA, job(), None, "4:3")
    assert placed.inputs["ratio"] == "4:3"
    assert any("is sent as it is" in warning for warning in placed.warnings)


@pytest.mark.parametrize(
    ("resolution", "aspect", "size"),
    [
        ("720p", "16:9", Size(1280, 720)),
        ("1080p", "16:9", Size(1920, 1080)),
        ("1080p", "9:16", Size(1080, 1920)),
    ],
)
def test_the_frame_follows_the_resolution(resolution: str, aspect: str, size: Size) -> None:
    """Where the profile knows the sizes, without a warning."""
    placed = order(PRO, priced(inputs={"resolution": resolution}), None, aspect)
    assert (placed.frame, placed.warnings) == (size, ())


@pytest.mark.parametrize(
    ("slug", "duration", "inputs", "usd"),
    [
        (SORA, "20", {}, "2.00"),
        (KLING, "5", {}, "0.28"),
        (KLING, "10", {}, "0.56"),
        (KLING_OLD, "10", {}, "0.45"),
        (VEO, "6", {}, "2.40"),
        (VEO, "6", {"generate_audio": False}, "1.20"),
    ],
)
def test_the_price_follows_from_the_complete_input(slug: str, duration: str, inputs: dict[str, Any], usd: str) -> None:
    """Defaults count as what they are."""
    assert order(slug, job(defaults={"inputs": inputs}), duration).price == ExactPrice(usd=Decimal(usd))


def test_a_price_range_is_said() -> None:
    """It counts with its upper end."""
    placed = order(ALIBABA, job(), "10")
    assert placed.price == PriceRange(low=Decimal("0.50"), high=Decimal("2.00"))
    assert any("upper end" in warning for warning in placed.warnings)


def test_the_jobs_price_overrides_the_profiles() -> None:
    """Per item, whatever the duration."""
    assert order(SORA, priced(), "20").price == ExactPrice(usd=Decimal("0.7"))


def test_an_unknown_price_is_refused_unless_the_job_gives_one() -> None:
    """Unknown is never zero."""
    profile = builtin_profiles()[KLING_PRO]
    with pytest.raises(JobProblem, match=r"price of .* is unknown") as caught:
        check_buyable(profile, job())
    assert "price: {usd:" in caught.value.hint
    check_buyable(profile, priced())
    assert order(KLING_PRO, priced(), "10").inputs == {"duration": "10"}


def test_another_unknown_field_is_refused_whatever_the_price() -> None:
    """A price does not tell which durations exist."""
    with pytest.raises(JobProblem, match="which durations") as caught:
        check_buyable(builtin_profiles()[SEEDANCE], priced())
    assert f"extends: {SEEDANCE}" in caught.value.hint


def test_a_length_that_the_model_decides_has_no_price_by_the_second() -> None:
    """A row that asks for it is rejected, a job refused; with a price of its own it is sent."""
    with pytest.raises(RowProblem, match="the price is unknown") as row:
        order(ALIBABA, job(), "auto")
    assert row.value.column == "duration"
    with pytest.raises(JobProblem, match="length of the clip"):
        order(ALIBABA, job(defaults={"duration": "auto"}))
    placed = order(ALIBABA, priced(), "auto")
    assert (placed.duration, placed.duration_seconds) == ("auto", None)


def test_any_whole_number_is_a_duration_where_the_model_says_so() -> None:
    """From its first on."""
    assert order(ALIBABA, job(), "7").duration == 7
    for text in ("1", "7.5"):
        with pytest.raises(RowProblem, match="any whole number from 2"):
            order(ALIBABA, job(), text)


@pytest.mark.parametrize(
    ("slug", "inputs", "words"),
    [
        (KLING, {"cfg_scale": Decimal("1.5")}, "expected a number of at least 0 and of at most 1, not 1.5"),
        (KLING, {"cfg_scale": True}, "expected a number"),
        (KLING, {"cfg_scale": "0.5"}, "expected a number"),
        (KLING, {"cfg_scal": 1}, "no input of this model"),
        (VEO, {"resolution": "4k"}, "expected 720p or 1080p, not '4k'"),
        (VEO, {"generate_audio": 1}, "expected true or false, not 1"),
        (VEO, {"generate_audio": "yes"}, "expected true or false, not 'yes'"),
    ],
)
def test_inputs_are_held_against_the_profile(slug: str, inputs: dict[str, Any], words: str) -> None:
    """As a complaint beforehand, and as a refusal should nobody have asked."""
    of = job(defaults={"inputs": inputs})
    (complaint,) = job_complaints(builtin_profiles()[slug], of)
    assert complaint.path == ("defaults", "inputs", next(iter(inputs)))
    assert words in complaint.what
    with pytest.raises(JobProblem, match=r"no input of|expected"):
        order(slug, of)


def test_a_mistyped_input_names_the_nearest() -> None:
    """Among the model's own."""
    (complaint,) = job_complaints(builtin_profiles()[KLING], job(defaults={"inputs": {"cfg_scal": 1}}))
    assert complaint.hint == "did you mean `cfg_scale`?"


def test_numbers_stay_exact_until_the_wire() -> None:
    """Keys are made from the exact text; the request carries JSON's own numbers."""
    placed = order(KLING, job(defaults={"inputs": {"cfg_scale": Decimal("0.70")}}))
    assert canonical(placed.inputs) == '{"aspect_ratio":"16:9","cfg_scale":0.7,"duration":5}'
    profile = builtin_profiles()[KLING]
    sent = wire_inputs(profile, placed.inputs, prompt="p", negative_prompt="blur", image_url="https://x/y.jpg")
    assert json.loads(json.dumps(sent)) == {
        "prompt": "p",
        "negative_prompt": "blur",
        "image_url": "https://x/y.jpg",
        "aspect_ratio": "16:9",
        "duration": 5,
        "cfg_scale": 0.7,
    }


def test_a_whole_number_and_the_same_with_a_point_are_one_order() -> None:
    """`cfg_scale: 1` and `cfg_scale: 1.0` must not be bought twice."""
    texts = {
        canonical(order(KLING, job(defaults={"inputs": {"cfg_scale": number}})).inputs)
        for number in (1, Decimal("1.0"))
    }
    assert len(texts) == 1


def test_the_picture_goes_into_the_models_own_field() -> None:
    """And there is no negative prompt where none was asked for."""
    placed = order(ALIBABA, job())
    sent = wire_inputs(
        builtin_profiles()[ALIBABA], placed.inputs, prompt="p", negative_prompt=None, image_url="https://x/y.jpg"
    )
    assert sent == {
        "prompt": "p",
        "first_frame": "https://x/y.jpg",
        "ratio": "16:9",
        "duration": 2,
        "resolution": "720P",
    }


def test_a_negative_prompt_is_refused_where_the_model_takes_none() -> None:
    """Silently dropping it would buy another clip than was asked for."""
    profile = builtin_profiles()[SORA]
    (complaint,) = job_complaints(profile, job(defaults={"negative_prompt": "hands"}))
    assert complaint.path == ("defaults", "negative_prompt")
    with pytest.raises(RowProblem, match="no negative prompt"):
        wire_inputs(profile, {}, prompt="p", negative_prompt="hands", image_url="https://x/y.jpg")
    assert job_complaints(builtin_profiles()[KLING], job(defaults={"negative_prompt": "hands"})) == ()
