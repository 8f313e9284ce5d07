"""Manifests that lie elsewhere: behind an http or https URL, or as objects of a bucket."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from batch.core.objects import is_object_url, read_object_url
from batch.errors import MissingInput, StorageProblem
from batch.inputs.picturefacts import is_url
from batch.inputs.receiving import Bounds, Throttle, TooLong, TooSlow, receive
from batch.net.buckets import BucketProblem, Buckets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    import httpx

    from batch.core.objects import ObjectPlace

T = TypeVar("T")

_LISTEN_EVERY: Final = 0.2
_SECONDS: Final = 3600.0
_MOST_FILES: Final = 1000
_BOUNDS: Final = Bounds(max_bytes=4_000_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A manifest that was brought here.

    Attributes:
        path: Where it lies now.
        label: Its address as people may see it: a query can hold a secret, and is left out.
        base: Its whole address, beside which its relative pictures lie.
    """

    path: Path
    label: str
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a job's manifest may be fetched from.

    Attributes:
        client: Makes the client for http and https; opens only what may be opened, also after redirects.
        buckets: Reads `s3://`.
        listen: Called several times a second while a manifest arrives; what it raises ends that.
    """

    client: Callable[[], httpx.AsyncClient]
    buckets: Buckets
    listen: Callable[[], None] = lambda: None


def is_remote(path: str) -> bool:
    """Tell whether a manifest is fetched rather than opened."""
    return is_url(path)


def bring(path: str, folder: Path, reach: Reach) -> list[RemoteFile]:
    """Fetch what a job names as its manifest; of a bucket it may be a pattern.

    Args:
        path: As the job writes it.
        folder: An empty one, for the files.
        reach: How far that may go.

    Raises:
        MissingInput: If it cannot be had.
        StorageProblem: If the folder cannot take it.
    """
    try:
        return _apart(_bring(path, folder, reach), reach.listen)
    except OSError as error:
        raise StorageProblem(
            f"the manifest does not fit into the temporary folder: {error.strerror or error}",
            where=tempfile.gettempdir(),
            hint="free some space, or set TMPDIR to a folder with more",
        ) from error


async def _bring(path: str, folder: Path, reach: Reach) -> list[RemoteFile]:
    label = _label(path)
    try:
        async with asyncio.timeout(_SECONDS):
            if is_object_url(path):
                places = await _places(read_object_url(path), reach.buckets)
                return [await _object(place, folder / f"{n:04}", reach.buckets) for n, place in enumerate(places)]
            return [await _page(path, folder / "0000", reach)]
    except TimeoutError:
        raise _missing(label, f"it did not arrive within {_SECONDS:g} s") from None
    except TooSlow:
        raise _missing(label, f"it comes at less than {_BOUNDS.slowest:,} bytes a second") from None
    except TooLong:
        raise _missing(label, f"it is longer than {_BOUNDS.max_bytes:,} bytes") from None
    except BucketProblem as problem:
        raise _missing(label, problem.reason, hint=problem.hint) from None
    except ValueError as error:  # the address itself
        raise _missing(label, str(error), hint="write s3://bucket/key, or s3://bucket/folder/*.csv") from None


async def _places(named: ObjectPlace, buckets: Buckets) -> list[ObjectPlace]:
    if not named.is_pattern:
        return [named]
    found = await buckets.list(named)
    if not found:
        raise BucketProblem("no object fits the pattern", hint="neither `*` nor `?` stands for a slash")
    if len(found) > _MOST_FILES:
        raise BucketProblem(f"{len(found):,} objects fit the pattern; the most is {_MOST_FILES:,}")
    return found


async def _object(place: ObjectPlace, path: Path, buckets: Buckets) -> RemoteFile:
    found = await buckets.open(place)
    await _write(found.pieces, path)
    return RemoteFile(path=path, label=str(place), base=str(place))


async def _page(url: str, path: Path, reach: Reach) -> RemoteFile:
    import httpx  # noqa: PLC0415 - heavy, and most manifests lie here

    from batch.net.body import content_encoding, describe  # noqa: PLC0415 - the same
    from batch.net.gate import refused_reason  # noqa: PLC0415 - the same

    label = _label(url)
    if urlsplit(url).username is not None or urlsplit(url).password is not None:
        raise _missing(label, "the address has a user name or password in it", hint="take them out")
    try:
        async with reach.client() as client, client.stream("GET", url) as answer:
            if answer.status_code != 200:
                raise _missing(label, f"the server answers {answer.status_code} {answer.reason_phrase}".rstrip())
            if encoding := content_encoding(answer.headers):
                raise _missing(label, f"the server sends it packed ({encoding[:40]})")
            await _write(answer.aiter_raw(), path)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        refused = refused_reason(error)
        hint = f"open it with `network: {{allow_hosts: [{urlsplit(url).hostname}]}}`" if refused else ""
        raise _missing(label, refused or describe(error), hint=hint) from None
    return RemoteFile(path=path, label=label, base=url)


async def _write(pieces: AsyncIterator[bytes], path: Path) -> None:
    with path.open("wb") as file:
        await receive(pieces, file, _BOUNDS, Throttle(None))


def _label(path: str) -> str:
    if is_object_url(path):
        return path
    plain = path.partition("#")[0].partition("?")[0]
    scheme, _, rest = plain.partition("://")
    host, slash, way = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{way}"


def _missing(label: str, why: str, hint: str = "") -> MissingInput:
    return MissingInput(f"the manifest cannot be fetched: {why}", where=label, hint=hint or "check `manifest.path`")


def _apart(work: Coroutine[Any, Any, T], listen: Callable[[], None]) -> T:
    """Do it in a thread with a loop of its own, since a loop may be running here; heed signals meanwhile."""
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(1, thread_name_prefix="manifest") as pool:
        task = loop.create_task(work)
        future = pool.submit(_run, loop, task)
        try:
            while not wait([future], _LISTEN_EVERY).done:
                listen()
            return future.result()
        finally:
            with contextlib.suppress(RuntimeError):  # it has come to its end meanwhile
                loop.call_soon_threadsafe(task.cancel)


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[T]) -> T:
    try:
        return loop.run_until_complete(task)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
