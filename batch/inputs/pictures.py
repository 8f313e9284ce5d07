"""The pictures that a manifest names: read once, known by path, size and time of change, or by URL."""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from batch.inputs.fetching import Arrived, Fetcher, FetchRules, NotFetched, Outcome, Unchanged, fetched_path
from batch.inputs.picturecache import Fetched, PictureCache, Stamp
from batch.inputs.picturefacts import (
    BadPicture,
    Facts,
    Inspect,
    Picture,
    PictureLimits,
    UncheckedPicture,
    Unusable,
    is_url,
    judge,
    too_large,
)
from batch.net.buckets import Buckets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import httpx

Progress: TypeAlias = "Callable[[int, int], None]"
"""Called with how many are done and how many there are."""

_AT_ONCE = 512
_RACY_NS = 2_000_000_000
_GONE = Stamp(-1, -1)
_UNKNOWN = Stamp(-2, -2)


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchCounts:
    """How a fetch went: pictures that arrived, that had not changed, and that did not come."""

    arrived: int = 0
    unchanged: int = 0
    failed: int = 0


class PictureBook:
    """What is known of pictures; close it, or use it as a context.

    Args:
        cache_dir: Where knowledge and fetched pictures are kept. If it cannot be written, pictures are read anew.
        inspect: Looks at the bytes of a picture.
        now_ns: The time in nanoseconds: a file changed within two seconds of it may change again unnoticed.
        workers: Pictures read at once.
    """

    def __init__(self, cache_dir: Path, inspect: Inspect, now_ns: Callable[[], int], *, workers: int = 4) -> None:
        self._folder = cache_dir
        self._inspect = inspect
        self._now_ns = now_ns
        self._workers = workers
        self._cache = PictureCache(cache_dir)
        self._stamps: dict[str, Stamp] = {}
        self._failed: dict[str, BadPicture] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the cache."""
        self._cache.close()

    def look_up(
        self, sources: Iterable[str], limits: PictureLimits, progress: Progress = no_progress
    ) -> dict[str, Picture]:
        """Say what is known of each picture; local ones that are new or changed are read, URLs are not fetched.

        Args:
            sources: Absolute paths and URLs.
            limits: The job's.
            progress: Told about local pictures that have to be read.
        """
        every = list(dict.fromkeys(sources))
        urls = [source for source in every if is_url(source)]
        paths = [source for source in every if not is_url(source)]
        return {**self._look_up_urls(urls, limits), **self._look_up_files(paths, limits, progress)}

    async def fetch_all(
        self,
        urls: Iterable[str],
        client: httpx.AsyncClient,
        limits: PictureLimits,
        progress: Progress = no_progress,
        *,
        rules: FetchRules | None = None,
        buckets: Buckets | None = None,
    ) -> FetchCounts:
        """Fetch pictures, or ask whether they changed; afterwards `look_up` knows every one of them.

        Args:
            urls: Of pictures; others are looked up without a fetch.
            client: Opens only what may be opened, also after redirects.
            limits: Nothing longer than `max_bytes` is read.
            progress: Told after each.
            rules: How many at once and how long.
            buckets: Reads `s3://`; without it, there are no keys for that.

        Raises:
            StorageProblem: If the cache folder cannot take them.
        """
        wanted = list(dict.fromkeys(url for url in urls if is_url(url)))
        known = {url: found for url, found in self._cache.urls(wanted).items() if self._is_kept(found)}
        counts = {Arrived: 0, Unchanged: 0, NotFetched: 0}

        def settle(url: str, outcome: Outcome) -> None:
            self._failed.pop(url, None)
            if isinstance(outcome, Arrived):
                self._cache.put_url(url, outcome.fetched)
            elif isinstance(outcome, NotFetched):
                self._failed[url] = BadPicture(reason=outcome.reason)
            counts[type(outcome)] += 1
            progress(sum(counts.values()), len(wanted))

        fetcher = Fetcher(
            client,
            buckets=buckets or Buckets({}),
            cache_dir=self._folder,
            max_bytes=limits.max_bytes,
            inspect=self._inspect,
            rules=rules or FetchRules(),
        )
        await fetcher.fetch(wanted, known, settle)
        return FetchCounts(arrived=counts[Arrived], unchanged=counts[Unchanged], failed=counts[NotFetched])

    def mark(self, fingerprint: str) -> None:
        """Remember, for `unchanged`, how everything that was looked up is now.

        Args:
            fingerprint: Of the plan that was made with it.
        """
        self._cache.mark(fingerprint, self._stamps.items())

    def unchanged(self, fingerprint: str) -> bool:
        """Tell whether every picture of the plan that was marked last is as it was then; nothing is read.

        Args:
            fingerprint: Of the plan in question: False if another was marked.
        """
        marked = self._cache.marked(fingerprint)
        return marked is not None and all(_stamp(path) == stamp for path, stamp in marked)

    def _look_up_urls(self, urls: list[str], limits: PictureLimits) -> dict[str, Picture]:
        known = self._cache.urls(urls)
        found: dict[str, Picture] = {}
        for url in urls:
            fetched = known.get(url)
            if url in self._failed:
                found[url] = self._failed[url]
                self._stamps[url] = _UNKNOWN
            elif fetched is not None and self._is_kept(fetched):
                found[url] = judge(fetched.facts, limits)
                self._remember(str(fetched_path(self._folder, fetched.facts.sha256)))
            else:
                found[url] = UncheckedPicture()
                self._stamps[url] = _UNKNOWN
        return found

    def _is_kept(self, fetched: Fetched) -> bool:
        # What is no picture is not kept, and need not be: its bytes will never be wanted.
        return isinstance(fetched.facts.seen, Unusable) or fetched_path(self._folder, fetched.facts.sha256).is_file()

    def _look_up_files(self, paths: list[str], limits: PictureLimits, progress: Progress) -> dict[str, Picture]:
        known = self._cache.files(paths)
        found: dict[str, Picture] = {}
        unread: list[str] = []
        for path in paths:
            stamp = self._remember(path)
            cached = known.get(path)
            if cached is not None and cached[0] == stamp:
                found[path] = judge(cached[1], limits)
            elif stamp.size < 0:
                found[path] = BadPicture(reason=_why_missing(path))
            elif stamp.size > limits.max_bytes:
                found[path] = too_large(stamp.size, limits)
            else:
                unread.append(path)
        for path, facts in self._read_all(unread, progress):
            found[path] = judge(facts, limits) if isinstance(facts, Facts) else BadPicture(reason=facts.reason)
        return found

    def _read_all(self, paths: list[str], progress: Progress) -> Iterator[tuple[str, Facts | Unusable]]:
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="picture")
        try:
            for start in range(0, len(paths), _AT_ONCE):
                some = paths[start : start + _AT_ONCE]
                read: list[tuple[str, Facts | Unusable]] = []
                for path, facts in zip(some, pool.map(_read, some, repeat(self._inspect)), strict=True):
                    read.append((path, facts))
                    progress(start + len(read), len(paths))
                sound = ((path, self._stamps[path], facts) for path, facts in read if isinstance(facts, Facts))
                self._cache.put_files(each for each in sound if self._is_settled(each[1]))
                yield from read
        finally:
            pool.shutdown(cancel_futures=True)

    def _remember(self, path: str) -> Stamp:
        stamp = _stamp(path)
        self._stamps[path] = stamp if self._is_settled(stamp) else _UNKNOWN
        return stamp

    def _is_settled(self, stamp: Stamp) -> bool:
        # Two changes within a tick of the file system's clock leave the same time behind.
        return self._now_ns() - stamp.mtime_ns > _RACY_NS


def _read(path: str, inspect: Inspect) -> Facts | Unusable:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        return Unusable(reason=f"{path} cannot be read: {error.strerror or error}")
    return Facts(sha256=hashlib.sha256(data).hexdigest(), length=len(data), seen=inspect(data))


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)  # noqa: PTH116 - a million Path objects cost more than the calls
    except (OSError, ValueError):
        return _GONE
    return Stamp(status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else _GONE


def _why_missing(path: str) -> str:
    place = Path(path)
    try:
        if place.is_dir():
            return f"{path} is a folder"
        if place.exists():
            return f"{path} is no ordinary file"
    except OSError as error:  # a folder that may not be entered, a name that is too long
        return f"{path} cannot be read: {error.strerror or error}"
    return f"there is no file {path}" + ("; a path is written with /" if "\\" in path else "")
