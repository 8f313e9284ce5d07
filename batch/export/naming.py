"""Names and addresses of exported clips: fit for any URL, the same for ever, and another for each take.

A channel that has fetched an address once may never look at it again; so a new take gets a new one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from batch.errors import UsageProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batch.core.summary import ItemView

_MOST_OF_SKU: Final = 60
_MOST_OF_BASE: Final = 1_800  # leaves room for a name below the 2,000 characters that Google takes
_KEY: Final = 10
_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]+")
# RFC 3986's characters of a path, but the comma: Google separates addresses by it. What is escaped stays so.
_KEPT: Final = "/%-._~!$&'()*+;=:@"
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SUFFIXES: Final = {".mp4", ".mov"}


def names_of(views: Sequence[ItemView]) -> list[str]:
    """Name clips by SKU, shape, variant and the beginning of their item's key; the whole key where that is not enough.

    No name of ours begins with a dot or a dash, and none is longer than 150 characters.
    """
    short = [_name(view, view.key[:_KEY]) for view in views]
    seen = Counter(name.casefold() for name in short)  # for those whose file systems ignore case
    return [
        name if seen[name.casefold()] == 1 else _name(view, view.key) for name, view in zip(short, views, strict=True)
    ]


def _name(view: ItemView, key: str) -> str:
    suffix = PurePosixPath("" if view.clip is None else view.clip.path).suffix.lower()
    variant = "" if view.variant == 1 else f"-v{view.variant}"
    aspect = _plain(view.aspect.replace(":", "x"))
    return f"{_plain(view.sku) or 'clip'}-{aspect}{variant}-{key}{suffix if suffix in _SUFFIXES else '.mp4'}"


def _plain(text: str) -> str:
    """Keep what every server and shop takes in a file's name."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _PLAIN.sub("-", ascii_only)[:_MOST_OF_SKU].strip("-._")


def read_base_url(text: str) -> str:
    """Check the public address of the export's folder and give it with its last slash, escaped.

    >>> read_base_url("https://cdn.example/Frühling")
    'https://cdn.example/Fr%C3%BChling/'

    Raises:
        UsageProblem: If it is not https (http only for this machine), or names no host, or more than a folder.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _bad(text, str(error)) from error
    if not text.isprintable() or "\\" in text or " " in parts.netloc:
        raise _bad(text, "it has characters in it that no address has")
    if parts.scheme not in {"https", "http"} or not host:
        raise _bad(text, "it is no https address")
    if parts.scheme == "http" and not _is_loopback(host):
        raise _bad(text, "http is for this machine alone; channels take https")
    if parts.username is not None or parts.password is not None:
        raise _bad(text, "it has a name or a password in it, which the feed would tell to everybody")
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise _bad(text, "it has a query or a fragment; the clips' names are put behind it")
    if _BAD_ESCAPE.search(parts.path):
        raise _bad(text, "a % in it begins no escape; write %25")
    try:
        name = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise _bad(text, "its host is no name of a host") from error
    path = quote(parts.path, safe=_KEPT).rstrip("/")
    base = f"{parts.scheme}://{name}{'' if port is None else f':{port}'}{path}/"
    if len(base) > _MOST_OF_BASE:
        raise _bad(f"{text[:60]}...", f"it is longer than {_MOST_OF_BASE} characters")
    return base


def url_of(base: str, name: str) -> str:
    """Give a file's address below a base; empty where there is none."""
    return f"{base}{quote(name, safe='')}" if base else ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bad(text: str, why: str) -> UsageProblem:
    hint = "give the public address of the folder, such as --base-url https://cdn.shop.example/videos/"
    return UsageProblem(f"--base-url {text}: {why}", hint=hint)
