"""Reading an answer's body without trusting its length, its encoding or its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ending(StrEnum):
    """How the reading of a body ended."""

    WHOLE = "whole"
    CUT = "cut"  # the connection was lost on the way
    TOO_LARGE = "too large"  # more than we are ready to hold; the rest was left unread
    ENCODED = "encoded"  # packed although we asked for it as it is; left unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What arrived of a body.

    Attributes:
        data: As sent; the beginning of it unless `ending` is `WHOLE`.
        trouble: What went wrong, for a person; empty where nothing did.
    """

    data: bytes
    ending: Ending
    trouble: str = ""


def content_encoding(headers: Mapping[str, str]) -> str:
    """Give the encoding that an answer is packed in; empty where it is not."""
    named = headers.get("content-encoding", "").strip().lower()
    return "" if named == "identity" else named


async def read_body(response: httpx.Response, cap: int) -> Body:
    """Read at most `cap` bytes of a streamed answer; the caller closes it.

    Losing the connection is a value, since what had arrived may be all that is needed.
    """
    if encoding := content_encoding(response.headers):
        return Body(data=b"", ending=Ending.ENCODED, trouble=f"the answer is packed as {encoding[:40]!r}")
    parts: list[bytes] = []
    length = 0
    try:
        async for chunk in response.aiter_raw():
            length += len(chunk)
            if length > cap:
                return Body(data=b"", ending=Ending.TOO_LARGE, trouble=f"the answer is longer than {cap} bytes")
            parts.append(chunk)
    except httpx.HTTPError as error:
        return Body(data=b"".join(parts), ending=Ending.CUT, trouble=describe(error))
    return Body(data=b"".join(parts), ending=Ending.WHOLE)


def describe(error: BaseException) -> str:
    """Put an error of the network into words; some of them have none of their own."""
    text = str(error).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
