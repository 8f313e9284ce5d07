"""Object storage: S3 and what speaks its protocol; read for manifests and pictures, written by exports alone.

obstore opens its own connections, past the gate. That is sound here and nowhere else: whom it connects to, and with
which keys, comes from the environment of the person who started us (`AWS_ENDPOINT_URL`, `AWS_REGION`,
`AWS_ACCESS_KEY_ID` ...), and an address can only name a bucket and a key there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from obstore.store import ClientConfig, S3Store

    from batch.core.objects import ObjectPlace

_KEYS_FROM: Final = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_METADATA_ENDPOINT",
)
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_PIECE: Final = 1 << 18
_HASH: Final = "sha256"
"""Name of the metadata that carries the hash of what we put: an ETag is none for what was uploaded in parts."""


class BucketProblem(Exception):
    """An object cannot be had; why, in words for the person whose environment or manifest it is.

    Args:
        reason: One sentence.
        hint: What to do; empty where that is plain.
    """

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class NotModified(Exception):
    """The object is the one whose tag was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """An object that begins to arrive.

    Attributes:
        size: In bytes, as the server says.
        etag: Names these bytes; empty where the server gives none.
        pieces: Its bytes; raises `BucketProblem` where they break off.
    """

    size: int
    etag: str
    pieces: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object that is there.

    Attributes:
        sha256: As it was told when the object was put there by `Buckets.put`; empty for anybody else's.
    """

    size: int
    sha256: str


class Buckets:
    """Reads and writes objects with what the environment says.

    Args:
        environ: The process's; obstore reads the same.
        seconds: The longest that one object may take.
    """

    def __init__(self, environ: Mapping[str, str], *, seconds: float = 3600.0) -> None:
        self._environ = environ
        self._seconds = seconds
        self._stores: dict[str, S3Store] = {}

    async def open(self, place: ObjectPlace, *, etag: str = "") -> Download:
        """Begin to read an object.

        Args:
            place: A whole key.
            etag: Of what we have.

        Raises:
            NotModified: If that is what there is.
            BucketProblem: If it cannot be had.
        """
        import obstore  # noqa: PLC0415 - only who has s3:// addresses pays for it
        from obstore.exceptions import NotModifiedError  # noqa: PLC0415 - the same

        try:
            found = await obstore.get_async(
                self._store(place.bucket), place.key, options={"if_none_match": etag} if etag else {}
            )
        except NotModifiedError:
            raise NotModified from None
        except _troubles() as error:
            raise self._told(error, place) from None
        meta = found.meta
        return Download(size=meta["size"], etag=meta["e_tag"] or "", pieces=self._pieces(found, place))

    async def list(self, pattern: ObjectPlace) -> list[ObjectPlace]:
        """Give the objects that fit a pattern, sorted by key.

        Raises:
            BucketProblem: If the bucket cannot be listed.
        """
        import obstore  # noqa: PLC0415 - as above

        from batch.core.objects import ObjectPlace  # noqa: PLC0415 - as above

        found: list[str] = []
        try:
            async for page in obstore.list(self._store(pattern.bucket), pattern.prefix or None):
                found += [entry["path"] for entry in page if pattern.covers(entry["path"])]
        except _troubles() as error:
            raise self._told(error, pattern) from None
        return [ObjectPlace(bucket=pattern.bucket, key=key) for key in sorted(found)]

    async def look(self, place: ObjectPlace) -> Stored | None:
        """Say what lies at a place; None where nothing does.

        Raises:
            BucketProblem: If that cannot be told.
        """
        import obstore  # noqa: PLC0415 - as above

        try:
            found = await obstore.get_async(self._store(place.bucket), place.key, options={"head": True})
        except FileNotFoundError:  # or there is no such bucket: the answer to a HEAD has no text
            return None
        except _troubles() as error:
            raise self._told(error, place) from None
        return Stored(size=found.meta["size"], sha256=found.attributes.get(_HASH, ""))

    async def put(self, place: ObjectPlace, file: Path | bytes, *, kind: str, sha256: str) -> None:
        """Write an object whole, over what lies there; a large file goes in parts, and is seen when all are there.

        Args:
            kind: Its content type.
            sha256: Kept with it, for `look`.

        Raises:
            BucketProblem: If it cannot be written.
            OSError: If the file cannot be read.
        """
        import obstore  # noqa: PLC0415 - as above

        store, attributes = self._store(place.bucket), {"Content-Type": kind, _HASH: sha256}
        try:
            await obstore.put_async(store, place.key, file, attributes=attributes)
        except _troubles() as error:
            raise self._told(error, place, what="written") from None

    async def remove(self, place: ObjectPlace) -> None:
        """Remove an object, if it is there.

        Raises:
            BucketProblem: If it cannot be removed.
        """
        import obstore  # noqa: PLC0415 - as above

        try:
            await obstore.delete_async(self._store(place.bucket), place.key)
        except FileNotFoundError:
            return
        except _troubles() as error:
            raise self._told(error, place, what="removed") from None

    async def _pieces(self, found: Any, place: ObjectPlace) -> AsyncIterator[bytes]:
        try:
            async for piece in found.stream(min_chunk_size=_PIECE):
                yield bytes(piece)
        except _troubles() as error:
            raise self._told(error, place) from None

    def _store(self, bucket: str) -> S3Store:
        if bucket not in self._stores:
            self._stores[bucket] = self._new_store(bucket)
        return self._stores[bucket]

    def _new_store(self, bucket: str) -> S3Store:
        from datetime import timedelta  # noqa: PLC0415 - as above

        from obstore.store import S3Store  # noqa: PLC0415 - as above

        self._check_keys()
        options: ClientConfig = {
            # Plain HTTP only where the environment asks for it, as for a store on this machine.
            "allow_http": self._endpoint().startswith("http://"),
            "connect_timeout": "10s",
            "read_timeout": "30s",
            "timeout": timedelta(seconds=self._seconds),
        }
        try:
            return S3Store(
                bucket, client_options=options, retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
            )
        except _troubles() as error:
            raise BucketProblem(f"the environment's AWS settings cannot be used: {_first_line(error)}") from None

    def _check_keys(self) -> None:
        """Without any keys, obstore would ask the cloud's metadata service: only who names that is sent there."""
        environ = self._environ
        pair = environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY")
        open_to_all = environ.get("AWS_SKIP_SIGNATURE", "").lower() in _TRUE
        if not (pair or open_to_all or any(environ.get(name) for name in _KEYS_FROM)):
            raise BucketProblem(
                "the environment has no keys for s3://",
                hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (`aws configure export-credentials --format env` "
                "prints them), or AWS_SKIP_SIGNATURE=true for a public bucket",
            )

    def _endpoint(self) -> str:
        return next((self._environ[name] for name in _ENDPOINTS if self._environ.get(name)), "")

    def _told(self, error: Exception, place: ObjectPlace, *, what: str = "read") -> BucketProblem:
        text = str(error)
        match = _CODE.search(text)
        code = match[1] if match else ""
        if code == "NoSuchBucket":
            return BucketProblem(f"there is no bucket {place.bucket}", hint=self._asked())
        if isinstance(error, FileNotFoundError):
            return BucketProblem(f"there is no object {place}", hint=self._asked())
        if code or "403" in text or "401" in text:
            return BucketProblem(
                f"access to {place} is refused{f' ({code})' if code else ''}",
                hint="check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION, and the rights",
            )
        return BucketProblem(f"{place} cannot be {what}: {_first_line(error)}", hint=self._asked())

    def _asked(self) -> str:
        endpoint = self._endpoint()
        return f"{endpoint} was asked, as AWS_ENDPOINT_URL says" if endpoint else "Amazon was asked: see AWS_REGION"


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:300]


def _troubles() -> tuple[type[Exception], ...]:
    from obstore.exceptions import BaseError  # noqa: PLC0415 - as above

    # A missing object is Python's FileNotFoundError, a path that cannot be one a ValueError.
    return (BaseError, OSError, ValueError)
