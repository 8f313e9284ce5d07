"""Why a prediction failed, out of the shapes in which the reason arrives.

The contract knows three: an object, a plain string and an array. Objects lie in objects, and strings hold JSON.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from batch.core.prediction import Failure
from batch.providers.eachlabs.wire.parsing import MESSAGE_LIMIT, as_json_text, clean, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KNOWN: Final = (
    "INPUT_VALIDATION_ERROR",
    "PROVIDER_BAD_REQUEST",
    "INPUT_DOWNLOAD_ERROR",
    "PROVIDER_REJECTED",
    "PROVIDER_RATE_LIMIT",
    "PROVIDER_SERVER_ERROR",
    "NETWORK_ERROR",
    "WORKER_LOST",
    "EXECUTION_TIMEOUT",
    "PUBLISH_FAILED",
    "PROVIDER_AUTH_ERROR",
    "PIPELINE_CONFIG_ERROR",
    "PROVIDER_FAILED",
)
_MENTIONED: Final = re.compile(rf"(?<![A-Z_])({'|'.join(_KNOWN)})(?![A-Z_])")
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_CODE_KEYS: Final = ("error_code", "errorCode", "code")
_MESSAGE_KEYS: Final = ("error_message", "message", "error", "detail", "details", "reason")
_DEPTH: Final = 6
_OBJECTS: Final = 64


def read_failure(answer: Mapping[str, Any]) -> Failure:
    """Give the reason out of the body of a failed prediction.

    Args:
        answer: The whole body: the reason is in `output`, and sometimes beside it.
    """
    reason = _unwrap(answer.get("output"))
    objects = [*_objects(reason), *_objects({k: _unwrap(answer[k]) for k in _BESIDE if k in answer})]
    texts = [*_texts(reason, objects)]
    return Failure(
        code=_first_code(objects) or _mentioned_code(texts),
        message=clean(texts[0]) if texts else clean(as_json_text(reason) if reason else ""),
        retryable=next((o["retryable"] for o in objects if isinstance(o.get("retryable"), bool)), None),
    )


_BESIDE: Final = (*_CODE_KEYS, *_MESSAGE_KEYS, "retryable")


def _unwrap(value: Any) -> Any:
    """Read a string that holds JSON; everything else is itself."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        inner = parse_json(value.encode("utf-8", "replace"))
        return value if inner is None else inner
    return value


def _objects(value: Any, depth: int = _DEPTH) -> list[Mapping[str, Any]]:
    """Give every object in a value, the outer ones first, as many as are worth a look."""
    found: list[Mapping[str, Any]] = []
    level = [value]
    for _ in range(depth):
        found += [item for item in level if isinstance(item, dict)]
        level = [inner for item in level for inner in _children(item)][:_OBJECTS]
    return found[:_OBJECTS]


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _first_code(objects: list[Mapping[str, Any]]) -> str | None:
    for key in _CODE_KEYS:
        for item in objects:
            value = item.get(key)
            if isinstance(value, str) and _CODE.fullmatch(value.strip()):
                return value.strip().upper()
    return None


def _mentioned_code(texts: list[str]) -> str | None:
    return next((match[1] for text in texts if (match := _MENTIONED.search(text[: MESSAGE_LIMIT * 2]))), None)


def _texts(reason: Any, objects: list[Mapping[str, Any]]) -> Iterator[str]:
    """Give everything that explains, the fullest first."""
    if isinstance(reason, str) and reason.strip():
        yield reason
    if isinstance(reason, list) and (lines := [line for line in reason if isinstance(line, str) and line.strip()]):
        yield "; ".join(lines)
    for key in _MESSAGE_KEYS:
        for item in objects:
            value = item.get(key)
            if isinstance(value, str) and value.strip():
                yield value
