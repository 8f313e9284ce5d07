"""What a look at a prediction shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from batch.core.prediction import NoAnswer, PollOutcome, Prediction, Seen, Status, UnknownId
from batch.providers.eachlabs.wire.failure import read_failure
from batch.providers.eachlabs.wire.parsing import (
    clean,
    parse_object,
    read_amount,
    read_identifier,
    read_message,
    read_seconds,
    read_status,
    read_url,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL_KEYS: Final = ("url", "video_url", "video", "output")
_IMAGE_KEYS: Final = ("image_url", "first_frame", "image")
_MOST_URLS: Final = 16
_DEPTH: Final = 6


def no_answer(status: int, body: bytes) -> NoAnswer:
    """Say that a call other than a submit brought nothing usable, and why."""
    return NoAnswer(message=read_message(status, body), http_status=status, key_refused=status in {401, 403})


def read_poll(asked_id: str, status: int, body: bytes) -> PollOutcome:
    """Say what the answer to a poll shows.

    Returns:
        `Seen` only for a 200 that speaks of the prediction asked for; an answer about another one is no answer.
    """
    if status == 404:
        return UnknownId()
    if status != 200:
        return no_answer(status, body)
    answer = parse_object(body)
    if answer is None:
        return NoAnswer(message="the answer to a poll cannot be read", http_status=status)
    found = read_identifier(answer.get("id"))
    if found is None or found.casefold() != asked_id.casefold():
        return NoAnswer(message=f"the answer speaks of {found or 'no prediction'}", http_status=status)
    return Seen(prediction=_read_prediction(asked_id, answer))


def _read_prediction(asked_id: str, answer: Mapping[str, Any]) -> Prediction:
    word = answer.get("status")
    status = read_status(word)
    metrics = answer.get("metrics")
    figures: Mapping[str, Any] = metrics if isinstance(metrics, dict) else {}
    return Prediction(
        id=asked_id,
        status=status,
        word=clean(word, 100) if isinstance(word, str) else "",
        output_urls=find_urls(answer.get("output")) if status is Status.SUCCEEDED else (),
        image_url=_find_image(answer.get("input")),
        prompt=_find_prompt(answer.get("input")),
        cost=read_amount(figures.get("cost")),
        seconds=read_seconds(figures.get("predict_time")),
        failure=read_failure(answer) if status is Status.FAILED else None,
    )


def find_urls(output: Any) -> tuple[str, ...]:
    """Give the URLs in an output of any documented shape, in their order, each once.

    A string is a URL; a list holds strings and objects; an object has `url`, `video_url`, `video` or `output`, and
    each of these may again be any of the three.
    """
    found: dict[str, None] = {}
    _collect_urls(output, _DEPTH, found)
    return tuple(found)


def _collect_urls(value: Any, depth: int, found: dict[str, None]) -> None:
    if depth == 0 or len(found) >= _MOST_URLS:
        return
    if isinstance(value, str):
        if (url := read_url(value)) is not None:
            found[url] = None
    elif isinstance(value, list):
        for item in value[:_MOST_URLS]:
            _collect_urls(item, depth - 1, found)
    elif isinstance(value, dict):
        for key in _URL_KEYS:
            _collect_urls(value.get(key), depth - 1, found)


def _find_prompt(given: Any) -> str | None:
    prompt = given.get("prompt") if isinstance(given, dict) else None
    return clean(prompt) if isinstance(prompt, str) else None


def _find_image(given: Any) -> str | None:
    """Find the echoed picture: models name its field differently, and only the picture's URL is ours to recognise."""
    if not isinstance(given, dict):
        return None
    ordered = [*(given.get(key) for key in _IMAGE_KEYS), *given.values()]
    return next((url for value in ordered if (url := read_url(value)) is not None), None)
