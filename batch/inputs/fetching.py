"""Pictures behind URLs to files in the cache.

What may be dialled, also after a redirect, is the client's business, and whom `s3://` asks is the environment's; here
are the limits of time, size and speed, and the politeness: few at once, fewer of one host, pauses where a host asks for
them, and no second transfer of what has not changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from batch.core.headers import read_retry_after
from batch.core.objects import is_object_url, read_object_url
from batch.errors import StorageProblem
from batch.files import passing_part, sweep_parts
from batch.inputs.picturecache import Fetched
from batch.inputs.picturefacts import Facts, Inspect, PictureLimits, Unusable, too_large
from batch.inputs.politeness import Host, Patience
from batch.inputs.receiving import Bounds, Received, Throttle, TooLong, TooSlow, receive
from batch.net.buckets import BucketProblem, Buckets, NotModified

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import httpx

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    """How pictures are fetched.

    Attributes:
        at_once: Over all hosts.
        per_host: Of one host.
        seconds: For one picture, from the request to its last byte.
        tries: Where the network or the server failed for a moment.
        pause: Seconds before the second try; doubled before each further one.
        slowest: Bytes a second that a picture has to come with, after its first 20 seconds.
        max_speed: Bytes a second of all pictures together; None for no limit.
        patience: What is taken from one host.
    """

    at_once: int = 8
    per_host: int = 2
    seconds: float = 120.0
    tries: int = 3
    pause: float = 1.0
    slowest: int = 1000
    max_speed: int | None = None
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """The picture lies in the cache, or what arrived is none."""

    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The server says that what we have is what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    """Nothing came; why, for the owner of the manifest.

    Attributes:
        transient: Another try may succeed.
        retry_after: Seconds after which the server wants to be asked again; None where it did not say.
    """

    reason: str
    transient: bool = False
    retry_after: float | None = None


Outcome: TypeAlias = Arrived | Unchanged | NotFetched


def fetched_path(cache_dir: Path, sha256: str) -> Path:
    """Give the place of a fetched picture."""
    return cache_dir / "pictures" / sha256


class Fetcher:
    """Fetches pictures with one client into one cache.

    Args:
        client: Follows redirects, and opens only what may be opened.
        buckets: Reads `s3://`.
        cache_dir: Pictures go to `pictures/<sha256>` in it.
        max_bytes: Nothing longer is read.
        inspect: Looks at what arrived.
        rules: How many at once and how long.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        *,
        buckets: Buckets,
        cache_dir: Path,
        max_bytes: int,
        inspect: Inspect,
        rules: FetchRules,
    ) -> None:
        self._client = client
        self._buckets = buckets
        self._cache_dir = cache_dir
        self._limits = PictureLimits(min_side=1, max_bytes=max_bytes)
        self._inspect = inspect
        self._rules = rules
        self._bounds = Bounds(max_bytes=max_bytes, slowest=rules.slowest)
        self._throttle = Throttle(rules.max_speed)
        self._slots = asyncio.Semaphore(rules.at_once)

    async def fetch(
        self, urls: Sequence[str], known: Mapping[str, Fetched], settle: Callable[[str, Outcome], None]
    ) -> None:
        """Fetch each URL once.

        Args:
            urls: What to fetch.
            known: What lies in the cache already.
            settle: Told about each.

        Raises:
            StorageProblem: If the cache folder cannot take a picture.
        """
        sweep_parts(self._cache_dir)
        by_host: dict[str, list[str]] = {}
        for url in urls:
            by_host.setdefault(urlsplit(url).netloc.lower(), []).append(url)

        async def work(queue: Iterator[str], host: Host) -> None:
            for url in queue:
                settle(url, await self._patiently(url, known.get(url), host))

        try:
            async with asyncio.TaskGroup() as tasks:
                for same in by_host.values():
                    queue, host = iter(same), Host(self._rules.patience)
                    # Object storage is made for many at once.
                    most = self._rules.at_once if is_object_url(same[0]) else self._rules.per_host
                    for _ in range(min(most, len(same))):
                        tasks.create_task(work(queue, host))
        except ExceptionGroup as group:  # the first ends the others
            raise group.exceptions[0] from None

    async def _patiently(self, url: str, known: Fetched | None, host: Host) -> Outcome:
        outcome: Outcome = NotFetched(reason=host.given_up)
        for number in range(self._rules.tries):
            if number:
                await asyncio.sleep(self._rules.pause * 2 ** (number - 1))
            await host.ready()
            if host.given_up:
                return NotFetched(reason=host.given_up)
            async with self._slots:
                outcome = await self._once(url, known)
            if not (isinstance(outcome, NotFetched) and outcome.transient):
                host.answered()
                return outcome
            if outcome.retry_after is not None:
                host.put_off(outcome.retry_after)
        assert isinstance(outcome, NotFetched)
        host.failed(outcome.reason)
        return outcome

    async def _once(self, url: str, known: Fetched | None) -> Outcome:
        try:
            async with asyncio.timeout(self._rules.seconds):
                if is_object_url(url):
                    return await self._from_bucket(url, known)
                return await self._from_web(url, known)
        except TimeoutError:
            return NotFetched(reason=f"the picture did not arrive within {self._rules.seconds:g} s", transient=True)
        except TooSlow:
            return NotFetched(reason=f"the picture comes at less than {self._rules.slowest:,} bytes a second")
        except TooLong:
            return NotFetched(reason=too_large(None, self._limits).reason)

    async def _from_bucket(self, url: str, known: Fetched | None) -> Outcome:
        try:
            found = await self._buckets.open(read_object_url(url), etag=known.etag if known else "")
            if found.size > self._limits.max_bytes:
                return NotFetched(reason=too_large(found.size, self._limits).reason)
            return await self._store(found.pieces, etag=found.etag)
        except NotModified:
            return Unchanged()
        except BucketProblem as problem:  # what passes was tried again already
            return NotFetched(reason=f"{problem.reason}; {problem.hint}" if problem.hint else problem.reason)

    async def _from_web(self, url: str, known: Fetched | None) -> Outcome:
        import httpx  # noqa: PLC0415 - heavy, and a plan without URLs needs none of it

        from batch.net.gate import refused_reason  # noqa: PLC0415 - the same

        headers = {"Accept-Encoding": "identity", **_validators(known)}
        try:
            async with self._client.stream("GET", url, headers=headers) as answer:
                return await self._read(answer, known)
        except httpx.TransportError as error:
            refused = refused_reason(error)  # stands below the connection's own words where a name was looked up
            words = refused or _words(error)
            return NotFetched(reason=f"the picture cannot be fetched: {words}", transient=refused is None)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            return NotFetched(reason=f"the picture cannot be fetched: {_words(error)}")

    async def _read(self, answer: httpx.Response, known: Fetched | None) -> Outcome:
        if answer.status_code == 304 and known is not None:
            return Unchanged()
        if answer.status_code != 200:
            return NotFetched(
                reason=f"the server answers {answer.status_code} {answer.reason_phrase}".rstrip(),
                transient=answer.status_code in _TRANSIENT,
                retry_after=read_retry_after(answer.headers),
            )
        if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return NotFetched(reason=f"the server sends it packed ({answer.headers['content-encoding'][:40]})")
        declared = answer.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:18]) > self._limits.max_bytes:
            return NotFetched(reason=too_large(int(declared[:18]), self._limits).reason)
        etag, modified = (answer.headers.get(name, "")[:500] for name in ("etag", "last-modified"))
        return await self._store(answer.aiter_raw(), etag=etag, modified=modified)

    async def _store(self, pieces: AsyncIterator[bytes], *, etag: str, modified: str = "") -> Arrived:
        with _part_in(self._cache_dir) as part:
            with part.open("wb") as file:
                received = await receive(pieces, file, self._bounds, self._throttle)
            facts = await asyncio.to_thread(self._keep, part, received)
        return Arrived(fetched=Fetched(facts=facts, etag=etag, modified=modified))

    def _keep(self, part: Path, received: Received) -> Facts:
        facts = Facts(sha256=received.sha256, length=received.length, seen=self._inspect(part.read_bytes()))
        if not isinstance(facts.seen, Unusable):
            descriptor = os.open(part, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            part.replace(fetched_path(self._cache_dir, received.sha256))
        return facts


@contextlib.contextmanager
def _part_in(cache_dir: Path) -> Iterator[Path]:
    """Give a file to write to, which is removed unless it was given another name."""
    try:
        part = passing_part(cache_dir)
        for folder in (part.parent, fetched_path(cache_dir, "any").parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StorageProblem(
            f"a fetched picture cannot be kept: {error.strerror or error}",
            where=str(cache_dir),
            hint="free some space, or name a state file in a folder that can be written",
        ) from error


def _validators(known: Fetched | None) -> dict[str, str]:
    if known is None:
        return {}
    named = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in named.items() if value}


def _words(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__
