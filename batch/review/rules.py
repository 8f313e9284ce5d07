"""Who may ask, and for what: by what a request says, without looking at any file."""

from __future__ import annotations

import re
from secrets import compare_digest
from typing import Final
from urllib.parse import unquote_to_bytes

FOLDER: Final = "report"
"""Where the page stands, as on disk: so the same relative addresses lead to clips and tables."""
PAGE: Final = f"{FOLDER}/"
SENT_TO: Final = "decisions"
"""Where the page sends decisions, relative to itself."""
DECISIONS: Final = f"{FOLDER}/{SENT_TO}"

_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_BESIDE_PAGE = re.compile(
    rf"{FOLDER}/(?:report\.(?:csv|json|parquet)|thumbs/[0-9a-f]{{32}}\.jpg|looks/[0-9a-f]{{32}}-(?:strip|poster)\.jpg)"
)
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jpg": "image/jpeg",
    "json": "application/json",
    "mp4": "video/mp4",
    "parquet": "application/vnd.apache.parquet",
}


def asked_for(raw_path: str, token: str) -> str | None:
    """Give what a request's path asks for, relative to the output folder; None without the right token.

    Names are only ever compared with those that we know, so dots and slashes in them, quoted or not, lead nowhere.

    >>> asked_for("/secret/report/", "secret"), asked_for("/guessed/report/", "secret")
    ('report/', None)
    """
    given, _, rest = raw_path.removeprefix("/").partition("/")
    if not compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
        return None
    try:
        return unquote_to_bytes(rest).decode()
    except UnicodeDecodeError:  # nothing of ours is called so
        return ""


def is_loopback(hosts: list[str]) -> bool:
    """Say whether a request names this machine: a foreign name that was made to lead here is that of a hostile page.

    Args:
        hosts: Its Host headers; the port may be that of a tunnel.
    """
    return len(hosts) == 1 and _LOOPBACK.fullmatch(hosts[0]) is not None


def is_ours(origin: str | None, host: str) -> bool:
    """Say whether our own page sent a request: every browser names the page's origin where it sends data."""
    return origin is not None and origin.lower() == f"http://{host.lower()}"


def lies_beside_page(name: str) -> bool:
    """Say whether it is a table, a thumbnail, or a picture taken from a clip.

    >>> lies_beside_page("report/report.csv"), lies_beside_page("report/looks/looks.jsonl")
    (True, False)
    """
    return _BESIDE_PAGE.fullmatch(name) is not None


def type_of(name: str) -> str:
    """Give a file's content type; what we do not know is never shown as a page."""
    return _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
