"""How an answer's body deviates under a fault: pure functions from body to body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batch.simulator.values import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]

TWISTS = ("output", "status_word", "cost", "echo", "unfinished")


def twisted(body: Body, fault: str, options: Mapping[str, Any], image_field: str) -> Body:
    """Give the body of a poll as this fault lets it look; a fault that is not about bodies changes nothing."""
    match fault:
        case "output" if body["status"] == Status.SUCCESS:
            return body | {"output": shaped(body["output"], options["shape"])}
        case "status_word" if body["status"] == options["instead_of"]:
            return body | {"status": options["word"]}
        case "cost" if body["status"] in (Status.SUCCESS, Status.ERROR):
            return body | {"metrics": _costing(body["metrics"], options["value"])}
        case "echo":
            return body | {"input": _echoed(body["input"], options["form"], image_field)}
        case "unfinished":
            zero = {"predict_time": 0, "cost": 0}
            return body | {"status": Status.PROCESSING.value, "output": None, "metrics": zero}
        case _:
            return body


def shaped(url: Any, shape: str) -> Any:
    """Put a clip's URL into one of the shapes that `output` was seen in."""
    shapes: dict[str, Any] = {
        "string": url,
        "list": [url],
        "object_url": {"url": url},
        "object_video_url": {"video_url": url},
        "object_video": {"video": {"url": url}},
        "object_output": {"output": url},
        "none": None,
    }
    return shapes[shape]


def _costing(metrics: Body, value: str | float) -> Body:
    if value == "missing":
        return {key: told for key, told in metrics.items() if key != "cost"}
    if isinstance(value, str) and value.lower() == "nan":
        return metrics | {"cost": float("nan")}
    return metrics | {"cost": value}


def _echoed(inputs: Body, form: str, image_field: str) -> Body:
    url = inputs.get(image_field)
    if not isinstance(url, str):
        return inputs
    if form == "missing":
        return {key: value for key, value in inputs.items() if key != image_field}
    head, slash, name = url.rpartition("/uploads/")
    if form == "query":
        changed = f"{url}?utm_source=provider"
    elif form == "percent":
        changed = f"{head}{slash.replace('/', '%2F')}{name}"
    else:
        changed = f"{head}{slash}{name.replace('-', '%2D')}"
    return inputs | {image_field: changed}
