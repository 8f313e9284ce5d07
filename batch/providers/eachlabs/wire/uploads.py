"""Putting a frame where the provider can read it: the request for a place, and the place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from batch.core.prediction import NoAnswer, Upload
from batch.providers.eachlabs.wire.parsing import parse_object, read_identifier, read_moment, read_url
from batch.providers.eachlabs.wire.poll import no_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]{0,2000}")
_NOT_THEIRS: Final = frozenset({"authorization", "connection", "content-length", "host", "transfer-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a frame's bytes go.

    Attributes:
        upload: What the frame will be once it lies there.
        put_url: Takes one PUT, for 15 minutes.
        headers: To be sent exactly so; a changed or missing one is answered with 403.
    """

    upload: Upload
    put_url: str
    headers: Mapping[str, str]


def presign_body(content_type: str, *, keep_seconds: int) -> bytes:
    """Write the body that asks for a place for a picture, to be kept for so many seconds."""
    body = {"content_type": content_type, "file_type": "image", "expires_in_seconds": keep_seconds}
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def read_presign(status: int, body: bytes) -> Place | NoAnswer:
    """Read the place that a frame was given."""
    if not 200 <= status < 300:
        return no_answer(status, body)
    answer: Mapping[str, Any] = parse_object(body) or {}
    upload_id = read_identifier(answer.get("id"))
    put_url, public_url = read_url(answer.get("presigned_url")), read_url(answer.get("public_url"))
    headers = _read_headers(answer.get("required_headers"))
    if upload_id is None or put_url is None or public_url is None or headers is None:
        return NoAnswer(message="the answer to an upload request cannot be used", http_status=status)
    upload = Upload(id=upload_id, url=public_url, expires_at=read_moment(answer.get("expires_at")))
    return Place(upload=upload, put_url=put_url, headers=headers)


def _read_headers(value: Any) -> dict[str, str] | None:
    """Give the headers as they are; None where one could not be sent or would change what the request is."""
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > 50:
        return None
    for name, text in value.items():
        if not isinstance(text, str) or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
            return None
        if name.lower() in _NOT_THEIRS:
            return None
    return value
