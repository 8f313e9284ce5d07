"""Collecting clips from servers and disks that misbehave: a whole clip under its name, or nothing."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import struct
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from batch.collect.download import fetch_clip
from batch.collect.files import PartFile, part_path, same_content
from batch.collect.outcomes import (
    BrokenDownload,
    Clip,
    DownloadLimits,
    Expected,
    Expired,
    Fetched,
    NoDownload,
    Occupied,
)
from batch.collect.sidecar import Made, Ordered, Paid, Sidecar, Source, sidecar_json, sidecar_path, write_sidecar
from batch.core.media import Size
from batch.core.summary import ClipFacts
from batch.errors import CannotCreate, StorageProblem
from batch.files import make_folder, sync_folder
from batch.net.clients import clip_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def box(kind: bytes, *parts: bytes) -> bytes:
    """Write an MP4 box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def make_clip(*, handler: bytes = b"vide", media: int = 5000, filler: bytes = b"\0") -> bytes:
    """Write a whole MP4 file of four seconds and 1280x720 pixels, without sound."""
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">6I", 0, 0, 0, 1, 0, 4000) + bytes(16) + matrix + struct.pack(">II", 1280 << 16, 720 << 16)
    table = box(b"stbl", box(b"stsz", struct.pack(">III", 0, media, 1)))
    times = box(b"mdhd", struct.pack(">6I", 0, 0, 0, 1000, 4000, 0))
    track = box(b"mdia", times, box(b"hdlr", bytes(8), handler, bytes(13)), box(b"minf", table))
    moov = box(
        b"moov", box(b"mvhd", struct.pack(">5I", 0, 0, 0, 1000, 4000)), box(b"trak", box(b"tkhd", header), track)
    )
    return box(b"ftyp", b"isom", bytes(4)) + moov + box(b"mdat", filler * media)


CLIP = make_clip()
ORDER = Expected(seconds=Decimal(4), size=Size(1280, 720), audio=False)


class Server:
    """A server on loopback that speaks bytes."""

    def __init__(self, behave: Handler) -> None:
        self._behave = behave
        self.url = ""
        self.connections = 0
        self.reached = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, behave, close."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                self.reached.set()
                await self._behave(reader, writer)
                await writer.drain()
        finally:
            self.tasks.discard(task)
            writer.close()


@asynccontextmanager
async def server(behave: Handler) -> AsyncIterator[Server]:
    """Run a server that misbehaves."""
    made = Server(behave)
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        listener.close()
        tasks = [*made.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answering(body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None) -> Handler:
    """Make a server that gives one answer; its length may lie."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = len(body) if length is None else length
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: {said}\r\nConnection: close\r\n{headers}\r\n".encode() + body
        )

    return answer


def without_length(body: bytes) -> Handler:
    """Make a server whose answer ends where the connection does."""

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)

    return answer


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Say nothing until the other side has had enough."""
    await reader.read()


async def a_byte_a_moment(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be never silent, and never done."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send as long as somebody takes it."""
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + CLIP)
    while True:
        writer.write(bytes(100_000))
        await writer.drain()


async def fetch(behave: Handler, folder: Path, *, expected: Expected = ORDER, **more: Any) -> Fetched:
    """Fetch `a/x.mp4` into a folder from a server that behaves so."""
    async with server(behave) as made, clip_client(made.url, read=0.3) as client:
        target = folder / "a" / "x.mp4"
        return await fetch_clip(client, [f"{made.url}/x"], target, folder=folder, expected=expected, **more)


def left_in(folder: Path) -> list[str]:
    """Name the files under a folder, hidden ones included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_whole_clip_lies_under_its_name(tmp_path: Path) -> None:
    """The bytes are those that were delivered, and what they are is known."""
    result = await fetch(answering(CLIP), tmp_path)
    assert isinstance(result, Clip)
    assert result.facts == ClipFacts(
        path="a/x.mp4",
        bytes=len(CLIP),
        sha256=hashlib.sha256(CLIP).hexdigest(),
        seconds=4.0,
        width=1280,
        height=720,
        has_audio=False,
        container="mp4",
        frame_rate=0.25,
    )
    assert (tmp_path / "a" / "x.mp4").read_bytes() == CLIP
    assert left_in(tmp_path) == ["a/x.mp4"]


async def test_a_length_is_not_needed(tmp_path: Path) -> None:
    """Where the server names none, the container says whether all of it is there."""
    assert isinstance(await fetch(without_length(CLIP), tmp_path), Clip)
    assert isinstance(await fetch(without_length(CLIP[:-1]), tmp_path / "b"), BrokenDownload)


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "410 Gone"])
async def test_an_expired_url_is_told_apart(status: str, tmp_path: Path) -> None:
    """A fresh one is had by polling again."""
    result = await fetch(answering(b"", status=status), tmp_path)
    assert isinstance(result, Expired)
    assert result.http_status == int(status[:3])
    assert left_in(tmp_path) == []


BROKEN = {
    "web page": answering(b"<html>expired</html>"),
    "picture": answering(b"\xff\xd8\xff\xe0" + bytes(1000)),
    "empty": answering(b""),
    "half a clip": answering(CLIP[:-2000]),
    "no video": answering(make_clip(handler=b"soun")),
    "gzip": answering(CLIP, headers="Content-Encoding: gzip\r\n"),
    "too large": answering(b"", length=10**12),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_whole_clip_is_not_kept(name: str, tmp_path: Path) -> None:
    """It is called broken, so that it is fetched again, and leaves nothing behind."""
    result = await fetch(BROKEN[name], tmp_path)
    assert isinstance(result, BrokenDownload)
    assert result.reason
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "behave",
    [
        answering(CLIP[:-2000], length=len(CLIP)),
        answering(CLIP, status="500 Oh"),
        answering(CLIP, status="206 Partial Content"),
        answering(b"", status="302 Found", headers="Location: ftp://example.com/x\r\n"),
        answering(b"", status="302 Found", headers="Location: http://[broken\r\n"),
        silence,
        answering(b"", status="429 Slow Down"),
    ],
    ids=["cut", "500", "206", "redirect to ftp", "redirect to nothing", "silence", "429"],
)
async def test_trouble_of_the_network_is_a_value(behave: Handler, tmp_path: Path) -> None:
    """Nothing is raised, nothing is kept, and it can be tried again."""
    result = await fetch(behave, tmp_path)
    assert isinstance(result, NoDownload)
    assert result.message
    assert left_in(tmp_path) == []


async def test_a_length_that_the_transport_did_not_check_is_checked(tmp_path: Path) -> None:
    """Whatever sits below, fewer bytes than promised are not a clip."""
    headers = {"Content-Length": str(len(CLIP) + 1)}
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, headers=headers, stream=Once(CLIP)))
    async with httpx.AsyncClient(transport=transport) as client:
        result = await fetch_clip(client, ["http://x/y"], tmp_path / "x.mp4", folder=tmp_path, expected=ORDER)
    assert isinstance(result, NoDownload)
    assert "cut short" in result.message


class Once(httpx.AsyncByteStream):
    """A body in one piece."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data


async def test_nobody_listening_is_a_value(tmp_path: Path) -> None:
    """So is a URL that is none, and a prediction without any."""
    async with server(silence) as made:
        url = made.url
    async with clip_client(url) as client:
        for urls in ([url], ["http://["], []):
            result = await fetch_clip(client, urls, tmp_path / "x.mp4", folder=tmp_path, expected=ORDER)
            assert isinstance(result, NoDownload)
            assert not result.address_refused
    assert left_in(tmp_path) == []


async def test_a_byte_a_second_ends(tmp_path: Path) -> None:
    """No read timeout ever sees it, so the speed is judged."""
    seconds = iter(range(0, 10_000, 10))
    limits = DownloadLimits(window=30, slowest=100)
    result = await fetch(a_byte_a_moment, tmp_path, limits=limits, clock=lambda: float(next(seconds)))
    assert isinstance(result, NoDownload)
    assert "too slow" in result.message
    assert left_in(tmp_path) == []


async def test_a_download_ends_after_its_time(tmp_path: Path) -> None:
    """Fast enough for the speed, and still without an end."""
    result = await fetch(a_byte_a_moment, tmp_path, limits=DownloadLimits(total=0.2))
    assert isinstance(result, NoDownload)
    assert "0.2 s" in result.message


async def test_an_endless_body_ends_at_the_cap(tmp_path: Path) -> None:
    """The disk is not filled by somebody else."""
    result = await fetch(endless, tmp_path, limits=DownloadLimits(max_bytes=1_000_000))
    assert isinstance(result, BrokenDownload)
    assert "larger" in result.reason
    assert left_in(tmp_path) == []


def test_a_clip_may_be_as_large_as_its_length_allows() -> None:
    """Four seconds are never gigabytes; an unknown length leaves the limit as it is, and no length raises it."""
    limits = DownloadLimits(max_bytes=1_000_000_000)
    assert limits.for_clip(4).max_bytes == 164_000_000
    assert limits.for_clip(None) == limits
    assert limits.for_clip(3600).max_bytes == 1_000_000_000


async def test_a_redirect_to_a_private_address_opens_nothing(tmp_path: Path) -> None:
    """The provider's CDN cannot send us to a neighbour, and the answer says that the URL will not get better."""
    async with server(answering(CLIP)) as canary:
        result = await fetch(answering(b"", status="302 Found", headers=f"Location: {canary.url}/\r\n"), tmp_path)
        assert isinstance(result, NoDownload)
        assert result.address_refused
        assert "not a public address" in result.message
        assert canary.connections == 0


async def test_the_first_url_that_holds_a_clip_is_taken(tmp_path: Path) -> None:
    """Some models list a thumbnail beside the clip; where none is a clip, the first one's trouble is told."""
    async with server(answering(b"\xff\xd8\xffthumbnail")) as thumb, server(answering(CLIP)) as clip:
        async with clip_client(clip.url, [thumb.url.removeprefix("http://")]) as client:
            both = await fetch_clip(client, [thumb.url, clip.url], tmp_path / "x.mp4", folder=tmp_path, expected=ORDER)
            none = await fetch_clip(client, [thumb.url] * 2, tmp_path / "y.mp4", folder=tmp_path, expected=ORDER)
        assert isinstance(both, Clip)
        assert both.url == clip.url
    assert isinstance(none, BrokenDownload)
    assert "JPEG" in none.reason


@pytest.mark.parametrize(
    ("expected", "warnings"),
    [
        (Expected(), ()),
        (Expected(seconds=4.4, size=Size(1280, 720)), ()),
        (Expected(seconds=Decimal(8)), ("the clip is 4.0 s long, 8 s were ordered",)),
        (Expected(size=Size(720, 1280)), ("the clip is 1280x720, 720x1280 was ordered",)),
        (Expected(audio=True), ("the clip has no audio track",)),
    ],
)
async def test_differences_from_the_order_are_warnings(
    expected: Expected, warnings: tuple[str, ...], tmp_path: Path
) -> None:
    """The clip was paid for and is kept; a person is told."""
    result = await fetch(answering(CLIP), tmp_path, expected=expected)
    assert isinstance(result, Clip)
    assert result.facts.warnings == warnings


async def test_the_same_clip_again_changes_nothing(tmp_path: Path) -> None:
    """A run that died between the rename and its note fetches again, and finds it there."""
    await fetch(answering(CLIP), tmp_path)
    before = (tmp_path / "a" / "x.mp4").stat()
    assert isinstance(await fetch(answering(CLIP), tmp_path), Clip)
    after = (tmp_path / "a" / "x.mp4").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert left_in(tmp_path) == ["a/x.mp4"]


@pytest.mark.parametrize("other", [b"someone's work", make_clip(filler=b"\1")])
async def test_another_file_of_that_name_is_never_overwritten(other: bytes, tmp_path: Path) -> None:
    """Also when it has the same length."""
    target = tmp_path / "a" / "x.mp4"
    target.parent.mkdir()
    target.write_bytes(other)
    assert await fetch(answering(CLIP), tmp_path) == Occupied(path=str(target))
    assert target.read_bytes() == other
    assert left_in(tmp_path) == ["a/x.mp4"]


async def test_a_dangling_link_of_that_name_is_never_overwritten(tmp_path: Path) -> None:
    """It is somebody's, too."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.mp4").symlink_to(tmp_path / "elsewhere")
    assert isinstance(await fetch(answering(CLIP), tmp_path), Occupied)
    assert (tmp_path / "a" / "x.mp4").is_symlink()


async def test_a_killed_runs_leftover_is_replaced(tmp_path: Path) -> None:
    """Half a file under the working name does not stand in the way."""
    part = part_path(tmp_path / "a" / "x.mp4")
    part.parent.mkdir()
    part.write_bytes(b"half")
    assert isinstance(await fetch(answering(CLIP), tmp_path), Clip)
    assert left_in(tmp_path) == ["a/x.mp4"]


async def test_a_cancelled_download_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C in the middle, and the folder is clean."""
    async with server(a_byte_a_moment) as made, clip_client(made.url) as client:
        work = fetch_clip(client, [made.url], tmp_path / "x.mp4", folder=tmp_path, expected=ORDER)
        task = asyncio.create_task(work)
        await made.reached.wait()
        assert left_in(tmp_path) == [part_path(tmp_path / "x.mp4").name]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert left_in(tmp_path) == []


async def test_a_cancellation_while_the_disk_is_awaited_keeps_the_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename is not torn: it is done when the cancellation goes on."""
    make_folder(tmp_path)  # it is synced once a process, which is not what is cancelled here
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[Fetched]] = []
    real = os.fsync

    def cancel_meanwhile(handle: int) -> None:
        if not tasks[0].cancelling():
            loop.call_soon_threadsafe(tasks[0].cancel)
        real(handle)

    monkeypatch.setattr(os, "fsync", cancel_meanwhile)
    async with server(answering(CLIP)) as made, clip_client(made.url) as client:
        work = fetch_clip(client, [made.url], tmp_path / "x.mp4", folder=tmp_path, expected=ORDER)
        tasks.append(asyncio.create_task(work))
        with pytest.raises(asyncio.CancelledError):
            await tasks[0]
    assert left_in(tmp_path) == ["x.mp4"]
    assert (tmp_path / "x.mp4").read_bytes() == CLIP


@pytest.mark.parametrize(
    ("code", "problem"),
    [(errno.ENOSPC, StorageProblem), (errno.EDQUOT, StorageProblem), (errno.EIO, StorageProblem)],
)
@pytest.mark.parametrize("call", ["fsync", "write"])
async def test_a_full_or_failing_disk_ends_the_command_and_leaves_no_half(
    call: str, code: int, problem: type[StorageProblem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is our own trouble, not the network's: it is raised, naming the file."""

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    (tmp_path / "a").mkdir()
    if call == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "open", failing_file(code))
    with pytest.raises(problem) as caught:
        await fetch(answering(CLIP), tmp_path)
    assert "x.mp4" in caught.value.where
    assert left_in(tmp_path) == []


def failing_file(code: int) -> Callable[..., Any]:
    """Open files whose every write fails."""
    real = Path.open

    class Failing:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def write(self, _data: bytes) -> int:
            raise OSError(code, os.strerror(code))

        def close(self) -> None:
            self._inner.close()
            raise OSError(code, os.strerror(code))

    return lambda path, *arguments, **more: Failing(real(path, *arguments, **more))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where a folder should be."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(CannotCreate) as caught:
        PartFile(tmp_path / "file" / "x.mp4")
    assert "output.dir" in caught.value.hint
    with pytest.raises(CannotCreate):
        PartFile(tmp_path / ("n" * 300) / "x")


def keep(path: Path, data: bytes) -> None:
    """Write a file the careful way."""
    part = PartFile(path)
    part.write(data)
    part.keep()


def test_folders_are_made_on_the_way(tmp_path: Path) -> None:
    """Making them again is no error."""
    keep(tmp_path / "a" / "b" / "x", b"one")
    make_folder(tmp_path / "a" / "b")
    assert left_in(tmp_path) == ["a/b/x"]


def test_a_note_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk takes nothing away, and is named."""
    path = write_sidecar(tmp_path / "x.mp4", SIDECAR)
    before = path.read_bytes()

    def fail(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageProblem, match="full"):
        write_sidecar(tmp_path / "x.mp4", replace(SIDECAR, sku="other"))
    assert path.read_bytes() == before
    assert left_in(tmp_path) == ["x.mp4.json"]


def test_a_long_name_leaves_room_for_its_part(tmp_path: Path) -> None:
    """The working name is short, and another for each target."""
    keep(tmp_path / ("ü" * 127), b"x")
    assert part_path(tmp_path / "a") != part_path(tmp_path / "b")
    assert part_path(tmp_path / "a").parent == tmp_path


def test_the_order_is_write_sync_rename_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut at any moment leaves the old state or the new one."""
    steps: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(handle: int) -> None:
        steps.append("sync folder" if Path(f"/dev/fd/{handle}").resolve().is_dir() else "sync file")
        real_sync(handle)

    def rename(path: Path, target: Path) -> Path:
        assert path.read_bytes() == b"data"
        steps.append("rename")
        return real_replace(path, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", rename)
    keep(tmp_path / "x", b"data")
    assert steps == ["sync file", "rename", "sync folder"]


def test_a_folder_that_cannot_be_synced_is_let_pass_only_where_none_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems do not know it; a failing disk is another matter."""
    code = errno.EINVAL

    def fail(_handle: int) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(os, "fsync", fail)
    sync_folder(tmp_path)
    code = errno.EIO
    with pytest.raises(OSError, match="no"):
        sync_folder(tmp_path)


def test_equal_files_are_known(tmp_path: Path) -> None:
    """By length and hash; a folder equals nothing."""
    (tmp_path / "x").write_bytes(b"data")
    digest = hashlib.sha256(b"data").hexdigest()
    assert same_content(tmp_path / "x", size=4, sha256=digest)
    assert not same_content(tmp_path / "x", size=5, sha256=digest)
    assert not same_content(tmp_path / "x", size=4, sha256="0" * 64)
    assert not same_content(tmp_path, size=4, sha256=digest)


MOMENT = datetime(2026, 11, 23, 14, tzinfo=timezone(timedelta(hours=2)))
SIDECAR = Sidecar(
    sku="00152",
    key="ab" * 32,
    job="spring",
    variant=1,
    take=0,
    source=Source(location="/p/ü.jpg", sha256="c" * 64, frame_sha256="d" * 64, recipe="1", fit="subject"),
    ordered=Ordered(
        seconds=Decimal(4),
        size=Size(1280, 720),
        aspect="16:9",
        prompt="slow \u2603 turn",
        inputs={"cfg": Decimal("0.5")},
    ),
    made=Made(
        provider="simulator 127.0.0.1",
        simulated=True,
        model="sora-2-image-to-video",
        prediction_id="p-1",
        url="https://cdn/x.mp4",
        submitted_at=MOMENT,
        finished_at=None,
        collected_at=MOMENT,
    ),
    paid=Paid(estimate=Decimal("0.4"), settled=None),
    clip=ClipFacts(
        path="a/x.mp4", bytes=1, sha256="e" * 64, seconds=4.0, width=1280, height=720, has_audio=True, warnings=("w",)
    ),
    row={"title": "Cup"},
)


def test_a_note_says_where_a_clip_came_from(tmp_path: Path) -> None:
    """Money is text, times are UTC, and nothing needs the state file to be understood."""
    path = write_sidecar(tmp_path / "x.mp4", SIDECAR)
    assert path == sidecar_path(tmp_path / "x.mp4") == tmp_path / "x.mp4.json"
    note = json.loads(path.read_text(encoding="utf-8"))
    assert (note["sku"], note["simulated"], note["prediction_id"]) == ("00152", True, "p-1")
    assert note["cost"] == {"estimate_usd": "0.40", "settled_usd": None}
    assert (note["submitted_at"], note["finished_at"]) == ("2026-11-23T12:00:00Z", None)
    assert note["ordered"] == {"seconds": 4.0, "width": 1280, "height": 720, "aspect": "16:9"}
    assert note["inputs"] == {"cfg": 0.5}
    assert note["clip"]["warnings"] == ["w"]
    assert note["source"]["location"] == "/p/ü.jpg"


def test_a_note_is_the_same_for_the_same_clip() -> None:
    """Writing it again gives the same bytes; an open duration and a settled cost have their form, too."""
    assert sidecar_json(SIDECAR) == sidecar_json(SIDECAR)
    other = replace(
        SIDECAR,
        ordered=replace(SIDECAR.ordered, seconds=None),
        paid=Paid(estimate=Decimal(1), settled=Decimal("0.0565")),
        made=replace(SIDECAR.made, collected_at=datetime(2026, 1, 1, tzinfo=UTC)),
    )
    note = json.loads(sidecar_json(other))
    assert (note["ordered"]["seconds"], note["cost"]["settled_usd"]) == (None, "0.0565")
    assert note["collected_at"] == "2026-01-01T00:00:00Z"
