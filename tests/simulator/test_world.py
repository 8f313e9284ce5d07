"""The provider's behaviour without HTTP, disk or clock."""

from __future__ import annotations

import itertools
import statistics
from decimal import Decimal
from typing import Any

import pytest

from batch.simulator import records
from batch.simulator.answers import Answer
from batch.simulator.models import MODELS, frame_size
from batch.simulator.schema import problems, request_schema
from batch.simulator.values import Clip, Failure, Prediction, Size, Status
from batch.simulator.world import Rules, World

SORA = "sora-2-image-to-video"
INPUT = {"prompt": "turn", "image_url": "https://example.com/uploads/u.jpg", "duration": 8}


def world(**rules: Any) -> World:
    """Make a world with one picture of the right size in it; its ids count up."""
    numbers = itertools.count()
    made = World(Rules(**rules), new_id=lambda: f"id-{next(numbers)}")
    upload = made.presign("me", "image/jpeg", 3600, 0.0)
    made.store(upload.id, 300_000, Size(width=1280, height=720))
    return made


def create(made: World, now: float, **inputs: Any) -> Prediction:
    """Order a clip of the world's picture."""
    outcome = made.create("me", {"model": SORA, "input": INPUT | inputs}, "id-0", (), now)
    assert isinstance(outcome, Prediction), outcome
    return outcome


def finish(made: World, now: float) -> list[Prediction]:
    """End everything that is due."""
    ended = []
    for prediction in made.due(now):
        end = made.decide_end(prediction.id, Clip(sha256="0" * 64, length=1))
        assert end is not None
        ended.append(made.end(prediction.id, end))
    return ended


def test_a_prediction_moves_from_created_to_success() -> None:
    """It waits, renders for about its time, ends once, and is billed its price."""
    made = world()
    prediction = create(made, 100.0)
    assert prediction.status_at(100.0) is Status.CREATED
    assert prediction.status_at(prediction.rendering_at) is Status.PROCESSING
    assert finish(made, prediction.finishes_at - 0.001) == []
    assert made.balance() == Decimal(1000)
    (ended,) = finish(made, prediction.finishes_at)
    assert (ended.status, ended.cost, ended.settled_at) == (Status.SUCCESS, Decimal("0.80"), prediction.finishes_at)
    assert (made.balance(), made.in_flight()) == (Decimal("999.20"), 0)
    assert finish(made, prediction.finishes_at + 1) == []


def test_rendering_times_are_normal_and_seeded() -> None:
    """200 s with a spread of 40 s, divided by the speed; the same seed draws the same."""
    one, same, other, fast = world(), world(), world(seed=1), world(speed=100.0)
    times = [[create(made, 0.0).finishes_at for _ in range(400)] for made in (one, same, other, fast)]
    assert times[0] == times[1] != times[2]
    assert 190 < statistics.mean(times[0]) < 210
    assert 34 < statistics.stdev(times[0]) < 46
    assert times[3] == [pytest.approx(time / 100) for time in times[0]]


def test_starting_hardly_ever_occurs() -> None:
    """A few in a hundred pass through it."""
    made = world()
    starting = [
        prediction.starting_at < prediction.rendering_at for prediction in (create(made, 0.0) for _ in range(500))
    ]
    assert 1 <= sum(starting) <= 30


def test_an_end_is_decided_once() -> None:
    """A cancellation and the natural end cannot both be written down, whichever comes first."""
    made = world()
    first, second = create(made, 0.0), create(made, 0.0)
    assert made.decide_cancel(first.id, 1.0) is not None
    assert made.decide_end(first.id, None) is None
    assert made.decide_end(second.id, Clip(sha256="0", length=1)) is not None
    assert made.decide_cancel(second.id, 1.0) is None


def test_reservations_bound_what_is_accepted() -> None:
    """Estimates in flight never exceed the balance, and what is freed can be used again."""
    made = world(money=Decimal("11.00"))
    ids = [create(made, 0.0, duration=20).id for _ in range(5)]
    outcome = made.create("me", {"model": SORA, "input": INPUT | {"duration": 20}}, "id-0", (), 0.0)
    assert isinstance(outcome, Answer)
    assert outcome.status == 402
    end = made.decide_cancel(ids[0], 1.0)
    assert end is not None
    made.end(ids[0], end)
    create(made, 2.0, duration=20)


def test_two_in_flight_for_models_without_a_price() -> None:
    """At $10 or less, a model that cannot be priced beforehand may run twice at once."""
    made = world(money=Decimal(10))
    body = {
        "model": "wan-v2-6-image-to-video",
        "input": {"prompt": "turn", "image_url": "https://example.com/uploads/u.jpg"},
    }
    outcomes = [made.create("me", body, "id-0", (), 0.0) for _ in range(3)]
    assert [isinstance(outcome, Prediction) for outcome in outcomes] == [True, True, False]


def test_a_minute_of_submits_slides() -> None:
    """The window is sixty seconds back from each submit, not a clock's minute."""
    made = world(submits_per_minute=2)
    accepted = []
    for now in (0.0, 50.0, 59.0, 61.0, 62.0, 111.0):
        outcome = made.create("me", {"model": SORA, "input": INPUT}, "id-0", (), now)
        accepted.append(isinstance(outcome, Prediction))
    assert accepted == [True, True, False, True, False, True]


def test_records_are_read_back_as_they_were() -> None:
    """A prediction and its end survive the ledger."""
    made = world()
    prediction = create(made, 5.0)
    assert records.prediction_of(records.accepted(prediction)) == prediction
    end = made.decide_end(prediction.id, Clip(sha256="ab", length=7))
    assert end is not None
    assert records.end_of(records.ended(prediction, end)) == end


@pytest.mark.parametrize(
    ("slug", "inputs", "price"),
    [
        (SORA, {"duration": 4}, "0.40"),
        (SORA, {}, "0.40"),
        (SORA, {"duration": 20}, "2.00"),
        ("kling-v2-1-standard-image-to-video", {"duration": 5}, "0.28"),
        ("kling-v2-1-standard-image-to-video", {"duration": 10}, "0.560"),
        ("kling-v1-standard-image-to-video", {"duration": 10}, "0.450"),
        ("veo-3-image-to-video", {"duration": 6}, "2.40"),
        ("veo-3-image-to-video", {"duration": 6, "generate_audio": False}, "1.20"),
        ("bytedance-seedance-2-0-image-to-video", {"duration": 10, "resolution": "1080p"}, "6.850"),
        ("alibaba-wan-3-0-image-to-video", {"duration": "auto", "resolution": "480P"}, "0.25"),
    ],
)
def test_prices(slug: str, inputs: dict[str, Any], price: str) -> None:
    """Each rule of the table, with defaults filled in."""
    model = MODELS[slug]
    complete = model.complete(inputs)
    assert model.price.of(complete, model.seconds(complete)) == Decimal(price)


@pytest.mark.parametrize("slug", MODELS)
def test_every_model_takes_its_own_defaults(slug: str) -> None:
    """The smallest order that the schema allows is accepted, priced and framed."""
    model = MODELS[slug]
    inputs = {"prompt": "turn", model.image_field: "https://example.com/a.jpg"}
    assert problems(model, inputs) == []
    complete = model.complete(inputs)
    assert problems(model, complete) == []
    assert model.price.of(complete, model.seconds(complete)) > 0
    frame = model.frame(complete, Size(width=1280, height=720))
    assert frame.width % 2 == frame.height % 2 == 0
    assert set(request_schema(model)["required"]) == {"prompt", model.image_field}


def test_duration_has_a_json_type() -> None:
    """Where the table says string a number is refused, and the other way round."""
    for slug, right, wrong in ((SORA, 8, "8"), ("kling-v2-6-pro-image-to-video", "10", 10)):
        model = MODELS[slug]
        inputs = {"prompt": "turn", "image_url": "https://example.com/a.jpg"}
        assert problems(model, inputs | {"duration": right}) == []
        assert "duration" in problems(model, inputs | {"duration": wrong})[0]
    wan = MODELS["alibaba-wan-3-0-image-to-video"]
    wide = {"prompt": "turn", "first_frame": "https://example.com/a.jpg"}
    assert [problems(wan, wide | {"duration": value}) == [] for value in ("auto", 2, 1, "5")] == [
        True,
        True,
        False,
        False,
    ]


def test_frames() -> None:
    """Aspect and resolution stand for these sizes."""
    assert [str(frame_size(*asked)) for asked in (("16:9", 720), ("9:16", 720), ("1:1", 720), ("16:9", 1080))] == [
        *("1280x720", "720x1280", "720x720", "1920x1080"),
    ]
    assert str(frame_size("16:9", 480)) == "854x480"
    tall = MODELS["wan-v2-6-image-to-video"].frame({"resolution": "1080p"}, Size(width=700, height=1300))
    assert str(tall) == "1080x1920"


def test_a_clock_that_steps_back_keeps_the_order() -> None:
    """Creation times never decrease, so that pages stay in order."""
    made = world()
    first, second = create(made, 100.0), create(made, 40.0)
    assert second.created_at == first.created_at
    rows = [prediction.id for _, prediction in made.listing("me", since=None, until=1000.0, before=None)]
    assert rows == [second.id, first.id]


def test_a_deleted_picture_is_missed_by_what_still_queues() -> None:
    """What renders already has it; what waits does not find it."""
    made = world()
    early, late = create(made, 0.0), create(made, 100.0)
    made.delete("me", "id-0", 100.0)
    finish(made, max(early.finishes_at, late.finishes_at))
    assert made.predictions[early.id].status is Status.SUCCESS
    assert made.predictions[late.id].status is Status.ERROR
    assert made.predictions[late.id].cost == 0


def test_a_picture_above_the_models_limit_is_refused_while_rendering() -> None:
    """20 MB for Sora: one byte more is an input that does not validate."""
    made = world()
    made.store("id-0", 20_000_000, Size(width=1280, height=720))
    assert not isinstance(create(made, 0.0).ending, Failure)
    made.store("id-0", 20_000_001, Size(width=1280, height=720))
    ending = create(made, 0.0).ending
    assert isinstance(ending, Failure)
    assert (ending.error_code, ending.provider_error_code) == ("INPUT_VALIDATION_ERROR", "image_too_large")
