"""Whose upload a prediction's echoed picture is: told by the upload's id, which nobody can guess."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit


def names_upload(echo: str, upload_id: str) -> bool:
    """Say whether an echoed URL names an upload, however the provider has encoded it."""
    return bool(upload_id) and (upload_id in echo or upload_id in unquote(echo))


def upload_ids(echo: str) -> tuple[str, ...]:
    """Give what may be an upload's id in an echoed URL: each part of its path, with and without an ending."""
    path = unquote(urlsplit(echo).path)
    found: dict[str, None] = {}
    for part in path.split("/"):
        found[part] = None
        found[part.partition(".")[0]] = None
    found.pop("", None)
    return tuple(found)
