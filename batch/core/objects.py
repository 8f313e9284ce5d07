"""Where an object lies: `s3://bucket/key`, read strictly.

A manifest may name buckets and keys. Who is asked for them is the environment's business alone, so nothing that a URL
says may reach the address: no host, no port, no user, no query.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

SCHEME = "s3://"
_LONGEST_KEY = 1024  # bytes; S3's own limit
# Amazon's rules for bucket names, as they are for new buckets.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LIKE_AN_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPlace:
    """A bucket, and the key of an object in it or a pattern of keys."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def is_pattern(self) -> bool:
        """Whether the key has `*`, `?` or `[` in it."""
        return _MAGIC.search(self.key) is not None

    @property
    def prefix(self) -> str:
        """The folders before the first character of a pattern, without the last slash; may be empty."""
        return posixpath.dirname(_MAGIC.split(self.key, maxsplit=1)[0])

    def covers(self, key: str) -> bool:
        """Tell whether a key fits the pattern; neither `*` nor `?` stands for a slash."""
        return PurePosixPath("/", key).match(str(PurePosixPath("/", self.key)))

    def beside(self, name: str) -> ObjectPlace:
        """Give the place that a relative path in this object means; a path from `/` begins at the bucket's top.

        Raises:
            ValueError: If it leads nowhere.
        """
        joined = posixpath.normpath(posixpath.join("/", posixpath.dirname(self.key), name))
        return read_object_url(f"{SCHEME}{self.bucket}/{joined.lstrip('/')}")


def is_object_url(text: str) -> bool:
    """Tell whether a text means an object, readable or not."""
    return text[: len(SCHEME)].lower() == SCHEME


def read_object_url(text: str) -> ObjectPlace:
    """Read `s3://bucket/key`; the key is taken as it is written, nothing in it is an escape.

    Raises:
        ValueError: If it names no bucket by today's rules, or no key that can be asked for.
    """
    bucket, _, key = text[len(SCHEME) :].partition("/")
    if not is_object_url(text):
        raise ValueError("it does not begin with s3://")
    if not _BUCKET.fullmatch(bucket) or _LIKE_AN_ADDRESS.fullmatch(bucket) or ".." in bucket:
        raise ValueError(
            f"{bucket[:80]!r} is no name of a bucket; the server is chosen by AWS_ENDPOINT_URL, not by the address"
        )
    if not key or key.endswith("/"):
        raise ValueError("the address names a bucket or a folder, and no object in it")
    if len(key.encode("utf-8", "replace")) > _LONGEST_KEY:
        raise ValueError(f"the key is longer than {_LONGEST_KEY} bytes")
    if any(part in {"", ".", ".."} for part in key.split("/")) or not key.isprintable():
        raise ValueError("the key has an empty part, `.`, `..` or a control character in it")
    return ObjectPlace(bucket=bucket, key=key)
