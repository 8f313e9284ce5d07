"""What the provider's catalogue asks: an answer only where it is plain."""

from __future__ import annotations

from decimal import Decimal

import pytest

from batch.core.listing import listed_price
from batch.core.prediction import ListedCost, Listing

EIGHT = Decimal(8)


def asked(cost: ListedCost | None, seconds: Decimal | None = EIGHT) -> Decimal | None:
    """Read a catalogue's cost for a clip of a length."""
    return listed_price(Listing(slug="m", cost=cost), seconds)


def rows(*lines: tuple[str, str]) -> ListedCost:
    """Give a price table."""
    return ListedCost(rows=tuple((label, Decimal(usd)) for label, usd in lines))


def test_silence_is_unknown_and_never_zero() -> None:
    """Neither without a cost nor without an amount."""
    assert asked(None) is None
    assert asked(ListedCost()) is None
    assert asked(ListedCost(unit="second")) is None


@pytest.mark.parametrize("label", ["8s", "8 s", "8 sec", "8 seconds", "8-second clip", "8", "1080p, 8s", "duration=8"])
def test_the_line_that_names_the_length_counts(label: str) -> None:
    """However it is written; other lengths do not count."""
    assert asked(rows(("4s", "0.40"), (label, "0.80"), ("12s", "1.20"))) == Decimal("0.80")


@pytest.mark.parametrize(
    "label", ["4s", "18s", "80s", "720p", "8p", "with audio", "", "5 to 8 s, 8.5 s", "duration=80"]
)
def test_a_line_that_names_no_or_another_length_does_not_count(label: str) -> None:
    """Half a number is no number."""
    assert asked(rows((label, "0.80"))) is None


def test_of_several_lines_for_a_length_the_cheapest_counts() -> None:
    """Which of them is meant is unknown, and a wrong stop costs a night."""
    assert asked(rows(("8s, with audio", "3.20"), ("8s", "1.60"))) == Decimal("1.60")


@pytest.mark.parametrize("unit", [None, "", "video", "per generation", "request", "USD per clip", "/video"])
def test_an_amount_for_a_clip_counts_as_it_is(unit: str | None) -> None:
    """Whatever the clip is called."""
    assert asked(ListedCost(amount=Decimal("0.80"), unit=unit)) == Decimal("0.80")


@pytest.mark.parametrize("unit", ["second", "seconds", "per second", "per_second", "/s", "sec", "USD/second"])
def test_an_amount_for_a_second_counts_times_the_seconds(unit: str) -> None:
    """And is unknown where the model decides the length."""
    assert asked(ListedCost(amount=Decimal("0.045"), unit=unit)) == Decimal("0.360")
    assert asked(ListedCost(amount=Decimal("0.045"), unit=unit), None) is None


@pytest.mark.parametrize("unit", ["minute", "per 5 seconds", "megapixel", "1k tokens", "frame", "credit"])
def test_an_amount_for_something_else_is_no_answer(unit: str) -> None:
    """Six dollars a minute is not six dollars a clip."""
    assert asked(ListedCost(amount=Decimal("6.00"), unit=unit)) is None


def test_the_lower_end_of_a_range_is_no_answer() -> None:
    """Where the upper end is the same, it is no range."""
    assert asked(ListedCost(amount=Decimal("0.40"), maximum=Decimal("2.00"), unit="video")) is None
    assert asked(ListedCost(amount=Decimal("0.40"), maximum=Decimal("0.40"), unit="video")) == Decimal("0.40")
