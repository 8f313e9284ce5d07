"""The client and the simulator read the provider's contract apart; here their readings are held against each other."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from batch.core.job import Job
from batch.core.order import Order, place_order, wire_inputs
from batch.core.pricing import ExactPrice, PriceRange, upper
from batch.models import builtin_profiles
from batch.simulator.models import MODELS, Model, Undisclosed
from batch.simulator.schema import problems

if TYPE_CHECKING:
    from batch.core.profile import ModelProfile

BUYABLE = sorted(slug for slug, profile in builtin_profiles().items() if profile.duration is not None)
PRICE = {"usd": Decimal(1)}


def job(profile: ModelProfile) -> Job:
    """Make a job that gives a price exactly where the profile has none."""
    keys = {"price": PRICE} if "price" in profile.unknown else {}
    return Job.model_validate({"name": "x", "manifest": {"path": "a.csv"}, **keys})


def orders(profile: ModelProfile) -> list[Order]:
    """Order every duration that the profile lists and has a price for, in both usual aspects."""
    assert profile.duration is not None
    lengths = [str(value) for value in profile.duration.values if value != "auto"] or [str(profile.duration.default)]
    return [
        place_order(profile, job(profile), duration=length, aspect=aspect)
        for length in lengths
        for aspect in ("16:9", "9:16")
    ]


def test_both_know_the_same_models() -> None:
    """None was forgotten on either side."""
    assert set(builtin_profiles()) == set(MODELS)


@pytest.mark.parametrize("slug", BUYABLE)
def test_what_is_ordered_passes_the_schema(slug: str) -> None:
    """Every field has a name, a type and a value that the other side takes."""
    profile = builtin_profiles()[slug]
    for order in orders(profile):
        sent = wire_inputs(profile, order.inputs, prompt="p", negative_prompt=None, image_url="https://x.org/y.jpg")
        assert problems(MODELS[slug], sent) == []


@pytest.mark.parametrize("slug", BUYABLE)
def test_both_mean_the_same_seconds_and_price(slug: str) -> None:
    """Where the contract gives a price, it is the one that is charged, or the upper end of what may be."""
    profile, model = builtin_profiles()[slug], MODELS[slug]
    assert ("price" in profile.unknown) == isinstance(model.price, Undisclosed)
    for order in orders(profile):
        complete = model.complete(order.inputs)
        seconds = model.seconds(complete)
        assert order.duration_seconds == seconds
        if not isinstance(model.price, Undisclosed):
            agree(order, model.price.of(complete, seconds))


def agree(order: Order, charged: Decimal) -> None:
    """Hold an order's price against what is charged."""
    match order.price:
        case ExactPrice():
            assert order.price.usd == charged
        case PriceRange():
            assert order.price.low <= charged <= upper(order.price)


@pytest.mark.parametrize("slug", [slug for slug in BUYABLE if builtin_profiles()[slug].frames])
def test_both_mean_the_same_frame(slug: str) -> None:
    """A model that insists on an exact frame gets one."""
    profile, model = builtin_profiles()[slug], MODELS[slug]
    for order in orders(profile):
        frame = frame_of(model, order)
        assert (order.frame.width, order.frame.height) == frame


def frame_of(model: Model, order: Order) -> tuple[int, int]:
    """Give the clip's size as the simulator makes it."""
    size = model.frame(model.complete(order.inputs), None)
    return size.width, size.height
