"""Pictures behind URLs to files in the cache.

What may be dialled, also after a redirect, is the client's business; here are the limits of time and size, and the
politeness: few at once, fewer of one host, and no second transfer of what has not changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from batch.errors import StorageProblem
from batch.files import passing_part, sweep_parts
from batch.inputs.picturecache import Fetched
from batch.inputs.picturefacts import Facts, Inspect, PictureLimits, Unusable, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
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
        pause: Seconds before a further try.
    """

    at_once: int = 8
    per_host: int = 2
    seconds: float = 120.0
    tries: int = 2
    pause: float = 1.0


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
    """

    reason: str
    transient: bool = False


Outcome: TypeAlias = Arrived | Unchanged | NotFetched


def fetched_path(cache_dir: Path, sha256: str) -> Path:
    """Give the place of a fetched picture."""
    return cache_dir / "pictures" / sha256


class Fetcher:
    """Fetches pictures with one client into one cache.

    Args:
        client: Follows redirects, and opens only what may be opened.
        cache_dir: Pictures go to `pictures/<sha256>` in it.
        max_bytes: Nothing longer is read.
        inspect: Looks at what arrived.
        rules: How many at once and how long.
    """

    def __init__(
        self, client: httpx.AsyncClient, cache_dir: Path, max_bytes: int, inspect: Inspect, rules: FetchRules
    ) -> None:
        self._client = client
        self._cache_dir = cache_dir
        self._limits = PictureLimits(min_side=1, max_bytes=max_bytes)
        self._inspect = inspect
        self._rules = rules
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

        async def work(queue: Iterator[str]) -> None:
            for url in queue:
                async with self._slots:
                    settle(url, await self._patiently(url, known.get(url)))

        try:
            async with asyncio.TaskGroup() as tasks:
                for same in by_host.values():
                    queue = iter(same)
                    for _ in range(min(self._rules.per_host, len(same))):
                        tasks.create_task(work(queue))
        except ExceptionGroup as group:  # the first ends the others
            raise group.exceptions[0] from None

    async def _patiently(self, url: str, known: Fetched | None) -> Outcome:
        for _ in range(self._rules.tries - 1):
            outcome = await self._once(url, known)
            if not (isinstance(outcome, NotFetched) and outcome.transient):
                return outcome
            await asyncio.sleep(self._rules.pause)
        return await self._once(url, known)

    async def _once(self, url: str, known: Fetched | None) -> Outcome:
        import httpx  # noqa: PLC0415 - heavy, and a plan without URLs needs none of it

        from batch.net.gate import refused_reason  # noqa: PLC0415 - the same

        headers = {"Accept-Encoding": "identity", **_validators(known)}
        try:
            async with asyncio.timeout(self._rules.seconds), self._client.stream("GET", url, headers=headers) as answer:
                return await self._read(answer, known)
        except TimeoutError:
            return NotFetched(reason=f"the picture did not arrive within {self._rules.seconds:g} s", transient=True)
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
            reason = f"the server answers {answer.status_code} {answer.reason_phrase}".rstrip()
            return NotFetched(reason=reason, transient=answer.status_code in _TRANSIENT)
        if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return NotFetched(reason=f"the server sends it packed ({answer.headers['content-encoding'][:40]})")
        declared = answer.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:18]) > self._limits.max_bytes:
            return NotFetched(reason=too_large(int(declared[:18]), self._limits).reason)
        with _part_in(self._cache_dir) as part:
            digest = hashlib.sha256()
            length = 0
            with part.open("wb") as file:
                async for chunk in answer.aiter_raw():
                    length += len(chunk)
                    if length > self._limits.max_bytes:
                        return NotFetched(reason=too_large(None, self._limits).reason)
                    digest.update(chunk)
                    file.write(chunk)
            facts = await asyncio.to_thread(self._keep, part, digest.hexdigest(), length)
        etag, modified = (answer.headers.get(name, "")[:500] for name in ("etag", "last-modified"))
        return Arrived(fetched=Fetched(facts=facts, etag=etag, modified=modified))

    def _keep(self, part: Path, sha256: str, length: int) -> Facts:
        facts = Facts(sha256=sha256, length=length, seen=self._inspect(part.read_bytes()))
        if not isinstance(facts.seen, Unusable):
            descriptor = os.open(part, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            part.replace(fetched_path(self._cache_dir, sha256))
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
