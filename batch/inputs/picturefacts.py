"""What is known of a picture, and whether it will do: values and plain decisions."""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urljoin, urlsplit

from batch.core.objects import is_object_url, read_object_url

if TYPE_CHECKING:
    from pathlib import Path

_URL = re.compile(r"(https?|s3)://", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://|(data):", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A picture that can be opened: format, width and height in pixels as it is looked at."""

    format: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """Something that is no picture for us; why, in words for the person who owns it."""

    reason: str


Inspect: TypeAlias = Callable[[bytes], Seen | Unusable]
"""Looks at a picture's bytes, whatever the job's limits are. Called from several threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What does not depend on any job: hash of the bytes in hex, how many there are, what they are."""

    sha256: str
    length: int
    seen: Seen | Unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """A job's `image.min_side` in pixels and `image.max_bytes`."""

    min_side: int
    max_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodPicture:
    """A picture that can become a frame, as far as its head tells."""

    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPicture:
    """A picture whose rows are rejected; why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UncheckedPicture:
    """A picture behind a URL that was not fetched yet."""


Picture: TypeAlias = GoodPicture | BadPicture | UncheckedPicture


def judge(facts: Facts, limits: PictureLimits) -> GoodPicture | BadPicture:
    """Hold a picture against a job's limits."""
    if facts.length > limits.max_bytes:
        return too_large(facts.length, limits)
    match facts.seen:
        case Unusable(reason=reason):
            return BadPicture(reason=reason)
        case Seen(width=width, height=height) if min(width, height) < limits.min_side:
            return BadPicture(
                reason=f"the picture has {width}x{height} pixels; its shorter side has to have {limits.min_side} "
                "(image.min_side)"
            )
        case Seen(width=width, height=height):
            return GoodPicture(sha256=facts.sha256, width=width, height=height)


def too_large(length: int | None, limits: PictureLimits) -> BadPicture:
    """Turn down a picture for its bytes.

    Args:
        length: None where it was not read to its end.
        limits: The job's.
    """
    many = "more" if length is None else f"{length:,} bytes, more"
    return BadPicture(reason=f"the picture has {many} than the {limits.max_bytes:,} bytes of image.max_bytes")


def is_url(source: str) -> bool:
    """Tell whether a source is fetched rather than opened."""
    return _URL.match(source) is not None


def resolve_source(image: str, folder: Path, base: str = "") -> str | Unusable:
    """Turn what a manifest says into an absolute path or a URL.

    Args:
        image: The cell's text.
        folder: What relative paths are relative to.
        base: URL of the manifest itself where it was fetched; then its relative paths lie beside it there, and it can
            name no file of this machine.
    """
    if "\x00" in image:
        return Unusable(reason="the path has a NUL character in it")
    if is_url(image):
        return _checked_url(image)
    scheme = _SCHEME.match(image)
    if scheme:
        return Unusable(reason=f"pictures are files or http, https and s3 addresses, not {scheme[1] or scheme[2]}")
    return _beside(base, image) if base else os.path.normpath(folder / image)


def _beside(base: str, image: str) -> str | Unusable:
    try:
        if is_object_url(base):
            return str(read_object_url(base).beside(image))
        return _checked_url(urljoin(base, image))
    except ValueError as error:
        return Unusable(reason=f"{image[:200]!r} is no place beside the manifest: {error}")


def _checked_url(url: str) -> str | Unusable:
    try:
        if is_object_url(url):
            return str(read_object_url(url))
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return Unusable(reason=f"this is no URL: {error}")
    if not host:
        return Unusable(reason="the URL names no host")
    if parts.username is not None or parts.password is not None:
        return Unusable(reason="the URL has a user name or password in it, which would end up in reports")
    return url
