"""What each::labs' answers are read as, whatever arrives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.core.headers import read_retry_after
from batch.core.prediction import (
    Accepted,
    Denial,
    ExecutionPage,
    Failure,
    Listing,
    NoAnswer,
    NotAccepted,
    NotListed,
    Prediction,
    Seen,
    Status,
    SubmitRequest,
    Unclear,
    UnknownId,
)
from batch.providers.eachlabs.wire.executions import executions_query, read_executions
from batch.providers.eachlabs.wire.failure import read_failure
from batch.providers.eachlabs.wire.models import read_balance, read_listing
from batch.providers.eachlabs.wire.poll import find_urls, read_poll
from batch.providers.eachlabs.wire.submit import read_submit, submit_body
from batch.providers.eachlabs.wire.uploads import Place, presign_body, read_presign

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = st.sampled_from(["id", "status", "output", "error", "x"])


def json_values(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    """Make JSON of any shape, with such numbers in it."""
    leaves = st.none() | st.booleans() | st.integers() | numbers | st.text()
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)


JSON = json_values(st.floats())
PROPER_JSON = json_values(st.floats(allow_nan=False, allow_infinity=False))


def body_of(value: Any) -> bytes:
    """Give a value as the provider would send it."""
    return json.dumps(value).encode()


def seen(**answer: Any) -> Prediction:
    """Read a poll of prediction `p` with these parts."""
    outcome = read_poll("p", 200, body_of({"id": "p", "status": "processing", **answer}))
    assert isinstance(outcome, Seen)
    return outcome.prediction


def test_a_submit_body_has_the_documented_keys_and_numbers_stay_numbers() -> None:
    """A Decimal is sent as the number that it is, never as text and never with digits of a float."""
    inputs = {"prompt": "Früh \u2603", "duration": 4, "cfg_scale": Decimal("0.1"), "n": Decimal(5)}
    sent = json.loads(submit_body(SubmitRequest(model="m", inputs=inputs)), parse_float=Decimal)
    assert sent == {"model": "m", "version": "0.0.1", "input": inputs}
    assert isinstance(sent["input"]["n"], int)


def test_what_json_cannot_hold_is_not_sent() -> None:
    """An input that would arrive as something else stops before anything is paid."""
    with pytest.raises(TypeError):
        submit_body(SubmitRequest(model="m", inputs={"x": object()}))
    with pytest.raises(ValueError, match="JSON"):
        submit_body(SubmitRequest(model="m", inputs={"x": float("nan")}))


@pytest.mark.parametrize("status", [200, 201, 202, 299])
@pytest.mark.parametrize("word", ["success", "error", None])
def test_an_id_with_any_2xx_is_accepted(status: int, word: str | None) -> None:
    """Where there is an id there is a prediction, whatever the word beside it says."""
    outcome = read_submit(status, {"X-Request-Id": "r1"}, body_of({"status": word, "predictionID": " abc-1 "}))
    assert outcome == Accepted(prediction_id="abc-1", request_id="r1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<html>",
        b'{"predictionID": ""}',
        b'{"predictionID": "  "}',
        b'{"predictionID": 7}',
        b'{"predictionID": null, "status": "error"}',
        b'{"predictionID": "a b"}',
        b'{"predictionID": "\\ud800"}',
        b'{"predictionID": ".."}',
        b'{"predictionID": "abc',
        b'["predictionID"]',
        b'{"predictionID": NaN}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_a_2xx_without_a_usable_id_is_unclear(body: bytes) -> None:
    """The request was taken, and may have been billed: nothing may call it failed."""
    outcome = read_submit(200, {}, body)
    assert isinstance(outcome, Unclear)
    assert outcome.http_status == 200


def test_a_number_that_is_none_hides_neither_the_id_nor_the_clip_beside_it() -> None:
    """Some encoders write NaN, which is no JSON: the cost is unknown then, and what was paid for is still there."""
    accepted = read_submit(200, {}, b'{"predictionID": "a", "cost": NaN}')
    assert isinstance(accepted, Accepted)
    assert accepted.prediction_id == "a"
    url = "https://cdn.example/a.mp4"
    for constant in ("NaN", "Infinity", "-Infinity"):
        body = f'{{"id": "a", "status": "success", "output": "{url}", "metrics": {{"cost": {constant}}}}}'
        seen = read_poll("a", 200, body.encode())
        assert isinstance(seen, Seen)
        assert (seen.prediction.output_urls, seen.prediction.cost) == ((url,), None)


DENIALS = {
    400: Denial.BAD_INPUT,
    401: Denial.KEY,
    402: Denial.BALANCE,
    403: Denial.FORBIDDEN,
    404: Denial.MODEL_GONE,
    405: Denial.OUR_DEFECT,
    411: Denial.OUR_DEFECT,
    413: Denial.BAD_INPUT,
    414: Denial.OUR_DEFECT,
    415: Denial.OUR_DEFECT,
    422: Denial.OUR_DEFECT,
    429: Denial.TOO_MANY,
    431: Denial.OUR_DEFECT,
}


@pytest.mark.parametrize("status", sorted({*range(100, 600), 600, 999} - set(range(200, 300))))
def test_only_listed_statuses_prove_that_nothing_was_created(status: int) -> None:
    """Every status is sorted: 13 are a denial, and all others leave the question open."""
    outcome = read_submit(status, {}, b"{}")
    if status in DENIALS:
        assert isinstance(outcome, NotAccepted)
        assert (outcome.denial, outcome.http_status) == (DENIALS[status], status)
    else:
        assert isinstance(outcome, Unclear)


def test_a_denial_carries_the_providers_words() -> None:
    """`error` and `details` are shown together, without control characters."""
    body = body_of({"status": 402, "error": "payment\nrequired", "details": "balance \u202etoo low"})
    outcome = read_submit(402, {}, body)
    assert isinstance(outcome, NotAccepted)
    assert outcome.message == "payment required: balance  too low"


@pytest.mark.parametrize(
    ("body", "shown"), [(b"{}", "HTTP 503"), (b"", "HTTP 503"), (b"upstream\x00 gone", "upstream  gone")]
)
def test_an_error_without_json_is_still_explained(body: bytes, shown: str) -> None:
    """Text is shown as it is, and silence by its status."""
    outcome = read_submit(503, {}, body)
    assert isinstance(outcome, Unclear)
    assert shown in outcome.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "90"}, 90.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"Retry-After": "Mon, 23 Nov 2026 12:01:40 GMT", "Date": "Mon, 23 Nov 2026 12:01:10 GMT"}, 30.0),
        ({"Retry-After": "Mon, 23 Nov 2026 12:01:40 GMT"}, 100.0),
        ({"Retry-After": "Mon, 23 Nov 2020 12:01:40 GMT"}, 0.0),
        ({}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "\u0664"}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: Mapping[str, str], seconds: float | None) -> None:
    """Seconds, or a date that counts from the answer's own clock; nonsense says nothing."""
    assert read_retry_after(headers, now=NOW) == seconds


def test_a_retry_date_without_any_clock_says_nothing() -> None:
    """Without `Date` and without a time of ours, there is nothing to count from."""
    assert read_retry_after({"Retry-After": "Mon, 23 Nov 2026 12:01:40 GMT"}) is None


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["success", "Succeeded", "COMPLETED", " success "], Status.SUCCEEDED),
        (["error", "FAILED"], Status.FAILED),
        (["cancelled", "Canceled"], Status.CANCELLED),
        (["created", "starting", "processing", "queued", "", None, 7, ["success"]], Status.RUNNING),
    ],
)
def test_every_spelling_of_a_status_is_known(words: list[Any], status: Status) -> None:
    """What is not known as an end is still running, so that nothing is bought again too early."""
    for word in words:
        assert seen(status=word).status is status


@pytest.mark.parametrize("body", [{"id": "q"}, {"id": None}, {}, [], {"id": 7}, "p"])
def test_an_answer_about_something_else_is_no_answer(body: Any) -> None:
    """A mixed-up or foreign body never moves our prediction."""
    assert isinstance(read_poll("p", 200, body_of(body)), NoAnswer)


def test_poll_statuses_are_sorted() -> None:
    """404 is an unknown id, 401 and 403 speak of the key, the rest is trouble that may pass."""
    assert read_poll("p", 404, b"") == UnknownId()
    for status in (401, 403):
        outcome = read_poll("p", status, b"{}")
        assert isinstance(outcome, NoAnswer)
        assert outcome.key_refused
    for status in (204, 302, 429, 500, 503):
        outcome = read_poll("p", status, b'{"id": "p", "status": "success"}')
        assert isinstance(outcome, NoAnswer)
        assert (outcome.http_status, outcome.key_refused) == (status, False)


URL = "https://cdn/x.mp4"


@pytest.mark.parametrize(
    ("output", "urls"),
    [
        (URL, (URL,)),
        ([URL, URL, "https://cdn/y.mp4"], (URL, "https://cdn/y.mp4")),
        ({"url": URL}, (URL,)),
        ({"video_url": URL}, (URL,)),
        ({"video": {"url": URL}}, (URL,)),
        ({"output": [{"video": {"url": URL}}]}, (URL,)),
        ([{"url": URL}, [URL]], (URL,)),
        (None, ()),
        ("", ()),
        ("not a url", ()),
        ("file:///etc/passwd", ()),
        ("https://x y", ()),
        ({"thumbnail": URL}, ()),
        (7, ()),
    ],
)
def test_every_shape_of_output_gives_its_urls(output: Any, urls: tuple[str, ...]) -> None:
    """The documented shapes and their nestings; what is no http URL is none."""
    assert find_urls(output) == urls
    assert seen(status="success", output=output).output_urls == urls


def test_output_while_running_is_not_taken() -> None:
    """Only a success has a clip."""
    assert seen(status="processing", output=URL).output_urls == ()


@pytest.mark.parametrize(
    ("metrics", "cost"),
    [
        ('{"cost": 0.8}', Decimal("0.8")),
        ('{"cost": 0}', Decimal(0)),
        ('{"cost": 0.10000000000000000001}', Decimal("0.10000000000000000001")),
        ('{"cost": -1}', None),
        ('{"cost": "0.8"}', None),
        ('{"cost": true}', None),
        ('{"cost": null}', None),
        ('{"cost": 1e400}', None),
        ('{"cost": [0.8]}', None),
        ("{}", None),
        ("null", None),
        ('"x"', None),
    ],
)
def test_a_cost_is_exact_or_unknown(metrics: str, cost: Decimal | None) -> None:
    """Zero is zero, an unreadable cost is unknown, and no digit is lost in a float."""
    outcome = read_poll("p", 200, f'{{"id": "p", "status": "success", "metrics": {metrics}}}'.encode())
    assert isinstance(outcome, Seen)
    assert outcome.prediction.cost == cost
    assert type(outcome.prediction.cost) in {Decimal, type(None)}


def test_the_rest_of_a_poll_is_read() -> None:
    """The echo of the picture, the rendering time and the provider's own word."""
    prediction = seen(status="Success", input={"prompt": "p", "image_url": URL}, metrics={"predict_time": 187.5})
    assert (prediction.image_url, prediction.seconds, prediction.word) == (URL, 187.5, "Success")


def test_the_echo_is_found_under_other_field_names() -> None:
    """Models name their image field differently."""
    assert seen(input={"prompt": "x", "first_frame": URL}).image_url == URL
    assert seen(input={"picture_of_some_model": URL}).image_url == URL
    assert seen(input=[URL]).image_url is None


CONTRACT_FAILURE = {
    "success": False,
    "status": "ERROR",
    "error": "Execution failed",
    "error_code": "PROVIDER_REJECTED",
    "error_message": "moderation_blocked",
    "error_step": "poll",
    "classification": {"category": "PROVIDER"},
    "retryable": False,
}


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (
            {"output": CONTRACT_FAILURE},
            Failure(code="PROVIDER_REJECTED", message="moderation_blocked", retryable=False),
        ),
        ({"output": "it broke"}, Failure(code=None, message="it broke")),
        ({"output": "NETWORK_ERROR: reset"}, Failure(code="NETWORK_ERROR", message="NETWORK_ERROR: reset")),
        ({"output": "MY_NETWORK_ERROR"}, Failure(code=None, message="MY_NETWORK_ERROR")),
        ({"output": ["a", "b"]}, Failure(code=None, message="a; b")),
        (
            {"output": [CONTRACT_FAILURE]},
            Failure(code="PROVIDER_REJECTED", message="moderation_blocked", retryable=False),
        ),
        (
            {"output": json.dumps({"error_code": "WORKER_LOST", "message": "m"})},
            Failure(code="WORKER_LOST", message="m"),
        ),
        ({"output": {"error": {"code": "worker_lost", "message": "m"}}}, Failure(code="WORKER_LOST", message="m")),
        ({"output": None, "error": "top"}, Failure(code=None, message="top")),
        ({"output": {}, "error_code": "PUBLISH_FAILED"}, Failure(code="PUBLISH_FAILED", message="")),
        ({"output": {"retryable": True}}, Failure(code=None, message='{"retryable": true}', retryable=True)),
        ({"output": {"retryable": "yes", "error": "x"}}, Failure(code=None, message="x", retryable=None)),
        ({}, Failure(code=None, message="")),
    ],
)
def test_a_failure_is_read_in_all_its_shapes(answer: dict[str, Any], failure: Failure) -> None:
    """Object, string and array, and the code wherever it stands."""
    assert read_failure(answer) == failure
    assert seen(status="error", **answer).failure == failure


def test_a_failures_message_is_bounded_and_printable() -> None:
    """A provider's text is shown on terminals and in reports: one line, 2,000 characters."""
    failure = read_failure({"output": "a\x1b[31m\r\n" + "x" * 10_000})
    assert len(failure.message) == 2_000
    assert failure.message.isprintable()


def test_other_ends_have_no_failure() -> None:
    """Only a failed prediction has a reason to have failed."""
    assert seen(status="success", output=CONTRACT_FAILURE).failure is None
    assert seen(status="cancelled").failure is None


def test_the_window_of_a_history_query_is_in_utc_and_never_narrower() -> None:
    """Fractions of a second widen the window outward."""
    east = timezone(timedelta(hours=2))
    since = datetime(2026, 11, 23, 14, 0, 0, 900_000, tzinfo=east)
    query = executions_query("m", since=since, until=since, cursor="c")
    assert query == {
        "model": "m",
        "from": "2026-11-23T12:00:00Z",
        "to": "2026-11-23T12:00:01Z",
        "limit": "100",
        "cursor": "c",
    }
    assert "cursor" not in executions_query("m", since=since, until=since, cursor=None)


ROW = {"id": "e1", "model": "m", "status": "error", "execution_cost": 0.4, "created_at": "2026-11-23T12:00:00.5Z"}


def test_a_page_of_history_is_read() -> None:
    """Cost and time are top-level there."""
    page = read_executions(200, body_of({"executions": [ROW], "next_cursor": "c", "has_more": True}))
    assert isinstance(page, ExecutionPage)
    (row,) = page.rows
    assert (row.id, row.model, row.status, row.cost) == ("e1", "m", Status.FAILED, Decimal("0.4"))
    assert row.created_at == datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC)
    assert page.next_cursor == "c"


@pytest.mark.parametrize(
    ("more", "cursor"),
    [
        ({"has_more": False, "next_cursor": "c"}, None),
        ({"next_cursor": "c"}, "c"),
        ({"next_cursor": None}, None),
        ({"next_cursor": ""}, None),
        ({}, None),
    ],
)
def test_the_end_of_the_history_is_known(more: dict[str, Any], cursor: str | None) -> None:
    """`has_more` decides where it is there, the cursor where it is not."""
    page = read_executions(200, body_of({"executions": [], **more}))
    assert isinstance(page, ExecutionPage)
    assert page.next_cursor == cursor


@pytest.mark.parametrize(
    "answer",
    [
        {"executions": [ROW], "has_more": True},
        {"executions": [ROW, {"model": "m"}]},
        {"executions": [ROW, "e2"]},
        {"executions": None},
        {},
        [],
    ],
)
def test_a_history_that_may_be_incomplete_is_no_answer(answer: Any) -> None:
    """Taken for the whole, it would prove that a paid prediction does not exist."""
    assert isinstance(read_executions(200, body_of(answer)), NoAnswer)
    assert isinstance(read_executions(500, body_of({"executions": []})), NoAnswer)


def test_a_row_with_unreadable_parts_is_kept() -> None:
    """Its id is what counts; time, cost and status may be unknown."""
    page = read_executions(200, body_of({"executions": [{"id": "e", "created_at": "soon", "execution_cost": "x"}]}))
    assert isinstance(page, ExecutionPage)
    assert (page.rows[0].created_at, page.rows[0].cost, page.rows[0].status) == (None, None, Status.RUNNING)


def test_a_listing_is_read_with_its_price() -> None:
    """Amounts become Decimals, also where the table writes them for people."""
    cost = {
        "currency": "USD",
        "type": "usage_based",
        "amount": 0.1,
        "unit": "second",
        "max": 2,
        "description": "per second",
        "rows": [{"label": "4 s", "value": "$0.40"}, {"label": "8 s", "value": 0.8}, {"label": "x", "value": "ask us"}],
    }
    body = body_of({"slug": "m", "cost": cost, "request_schema": {"type": "object"}})
    listing = read_listing("m", 200, body)
    assert isinstance(listing, Listing)
    assert listing.cost is not None
    assert (listing.cost.amount, listing.cost.maximum, listing.cost.unit) == (Decimal("0.1"), Decimal(2), "second")
    assert listing.cost.rows == (("4 s", Decimal("0.40")), ("8 s", Decimal("0.8")))
    assert listing.schema == {"type": "object"}


def test_an_unknown_price_is_unknown_and_never_zero() -> None:
    """`cost: null`, a missing cost and another currency all mean that we do not know."""
    for cost in ({"cost": None}, {}, {"cost": {"currency": "EUR", "amount": 1}}, {"cost": "cheap"}):
        listing = read_listing("m", 200, body_of({"slug": "m", **cost}))
        assert isinstance(listing, Listing)
        assert listing.cost is None


def test_only_404_says_that_a_model_is_gone() -> None:
    """Trouble of the catalogue is not the end of a model."""
    assert read_listing("m", 404, b"") == NotListed(slug="m")
    assert isinstance(read_listing("m", 500, b""), NoAnswer)
    assert isinstance(read_listing("m", 200, body_of({"slug": "other"})), NoAnswer)


@pytest.mark.parametrize(("value", "balance"), [("53.475", "53.475"), ("0", "0"), ("-1.5", "-1.5")])
def test_a_balance_may_be_negative(value: str, balance: str) -> None:
    """It is read to the digit."""
    assert read_balance(200, f'{{"balance_usd": {value}}}'.encode()) == Decimal(balance)


@pytest.mark.parametrize(
    "body", [b"{}", b"", b'{"balance_usd": null}', b'{"balance_usd": "5"}', b'{"balance_usd": 1e99}']
)
def test_a_balance_that_cannot_be_read_is_unknown(body: bytes) -> None:
    """Nothing is made up; 503 says the same."""
    assert isinstance(read_balance(200, body), NoAnswer)
    assert isinstance(read_balance(503, b'{"balance_usd": 5}'), NoAnswer)


PLACE = {
    "id": "u1",
    "presigned_url": "https://store/put?sig=1",
    "public_url": "https://cdn/u1.jpg",
    "expires_at": "2026-12-23T12:00:00Z",
    "required_headers": {"x-amz-meta-file-id": "u1"},
}


def test_a_place_for_a_frame_is_asked_for_and_read() -> None:
    """Every required header is kept, and so is the time at which the file goes."""
    assert json.loads(presign_body("image/jpeg", keep_seconds=60)) == {
        "content_type": "image/jpeg",
        "file_type": "image",
        "expires_in_seconds": 60,
    }
    place = read_presign(200, body_of(PLACE))
    assert isinstance(place, Place)
    assert (place.put_url, dict(place.headers)) == ("https://store/put?sig=1", {"x-amz-meta-file-id": "u1"})
    assert (place.upload.id, place.upload.url) == ("u1", "https://cdn/u1.jpg")
    assert place.upload.expires_at == datetime(2026, 12, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"presigned_url": "ftp://x"},
        {"public_url": ""},
        {"required_headers": {"Authorization": "x"}},
        {"required_headers": {"Host": "x"}},
        {"required_headers": {"x": "a\r\nb: c"}},
        {"required_headers": {"a b": "c"}},
        {"required_headers": {"x": 7}},
        {"required_headers": ["x"]},
    ],
)
def test_a_place_that_cannot_be_used_is_no_answer(change: dict[str, Any]) -> None:
    """Headers that would change what the request is are not sent."""
    assert isinstance(read_presign(200, body_of({**PLACE, **change})), NoAnswer)


def read_everything(status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Hand the same bytes to every reader."""
    assert isinstance(read_submit(status, headers, body), Accepted | NotAccepted | Unclear)
    assert isinstance(read_poll("p", status, body), Seen | UnknownId | NoAnswer)
    assert isinstance(read_executions(status, body), ExecutionPage | NoAnswer)
    assert isinstance(read_listing("m", status, body), Listing | NotListed | NoAnswer)
    assert isinstance(read_balance(status, body), Decimal | NoAnswer)
    assert isinstance(read_presign(status, body), Place | NoAnswer)


@given(status=st.integers(100, 599), body=st.binary(), after=st.text(), date=st.text())
def test_no_bytes_make_a_reader_raise(status: int, body: bytes, after: str, date: str) -> None:
    """Whatever a proxy, a captive portal or a broken server sends, the answer is a value."""
    read_everything(status, body, {"Retry-After": after, "Date": date})


@given(status=st.sampled_from([200, 400]), output=JSON, extra=st.dictionaries(st.text(), JSON, max_size=3))
def test_no_json_makes_a_reader_raise(status: int, output: Any, extra: dict[str, Any]) -> None:
    """Nor does any JSON under the keys that count."""
    for word in ("success", "error", "processing"):
        answer = {**extra, "id": "p", "status": word, "output": output, "metrics": output, "executions": [output]}
        answer |= {"cost": output, "input": output, "error": output, "required_headers": output, "created_at": output}
        read_everything(status, body_of(answer), {})


@given(PROPER_JSON)
def test_what_is_read_can_be_stored(output: Any) -> None:
    """Every text that comes out of a reader can be written as UTF-8."""
    prediction = seen(status="error", output=output)
    assert prediction.failure is not None
    prediction.failure.message.encode()
    seen(status=output, output=output).word.encode()
