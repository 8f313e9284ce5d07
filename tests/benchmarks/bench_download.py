"""Downloads with every check and an fsync each, beside `curl --parallel` into the same folder.

    .venv/bin/python -m tests.benchmarks.bench_download [--files 200] [--bytes 5000000] [--rounds 5]

A server in a process of its own serves one clip under many names. Both sides fetch them all over the same number of
connections; curl checks nothing and syncs nothing. Rounds alternate, and the median of the ratios counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from batch.collect.download import fetch_clip
from batch.collect.outcomes import Clip, Expected
from batch.net.clients import clip_client

if TYPE_CHECKING:
    import httpx

AIM = 0.5
AT_ONCE = 8

_SERVER = """
import sys
from aiohttp import web

async def clip(request):
    return web.FileResponse(sys.argv[1])

async def main():
    app = web.Application()
    app.router.add_get("/{name}", clip)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()

import asyncio
asyncio.run(main())
"""


def box(kind: bytes, *parts: bytes) -> bytes:
    """Write an MP4 box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def make_clip(size: int) -> bytes:
    """Write a small but whole MP4 file of four seconds and 1280x720 pixels, filled up with media data."""
    media = size - 1_000
    tkhd = box(
        b"tkhd",
        struct.pack(">IIIIII", 0, 0, 0, 1, 0, 4000),
        bytes(16),
        _MATRIX,
        struct.pack(">II", 1280 << 16, 720 << 16),
    )
    mdhd = box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, 1000, 4000, 0))
    hdlr = box(b"hdlr", bytes(8), b"vide", bytes(13))
    entry = box(b"avc1", bytes(24), struct.pack(">HH", 1280, 720), bytes(50))
    table = box(b"stbl", box(b"stsd", struct.pack(">II", 0, 1), entry), box(b"stsz", struct.pack(">III", 0, media, 1)))
    trak = box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, box(b"minf", table)))
    moov = box(b"moov", box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 4000), bytes(80)), trak)
    return box(b"ftyp", b"isom", bytes(4)) + moov + box(b"mdat", bytes(media))


_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


async def fetch_ours(base: str, files: int, folder: Path) -> float:
    """Fetch every file with every check, and give the seconds."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(client: httpx.AsyncClient, number: int) -> None:
        async with places:
            target = folder / f"{number}.mp4"
            result = await fetch_clip(client, [f"{base}/{number}"], target, folder=folder, expected=Expected(seconds=4))
            assert isinstance(result, Clip), result

    async with clip_client(base) as client:
        start = time.perf_counter()
        await asyncio.gather(*(one(client, number) for number in range(files)))
        return time.perf_counter() - start


def fetch_by_curl(base: str, files: int, folder: Path) -> float:
    """Fetch every file by curl, and give the seconds."""
    start = time.perf_counter()
    quiet = ["--silent", "--no-progress-meter", "--fail"]
    parallel = ["--parallel", "--parallel-immediate", "--parallel-max", str(AT_ONCE)]
    files_named = [f"{base}/[0-{files - 1}]", "--output", f"{folder}/#1.mp4"]
    subprocess.run(["curl", *quiet, *parallel, *files_named], check=True)
    return time.perf_counter() - start


def report(name: str, value: float, unit: str, aim: float | None = None) -> None:
    """Write one result as a line of JSON."""
    sys.stdout.write(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "aim": aim}) + "\n")


def measure(base: str, files: int, size: int, rounds: int, work: Path) -> None:
    """Run both sides in turn."""
    ratios, ours, theirs = [], [], []
    for _ in range(rounds):
        seconds = {}
        for side in ("curl", "ours"):
            folder = work / side
            folder.mkdir()
            if side == "curl":
                seconds[side] = fetch_by_curl(base, files, folder)
            else:
                seconds[side] = asyncio.run(fetch_ours(base, files, folder))
            assert sum(path.stat().st_size for path in folder.iterdir()) == files * size
            shutil.rmtree(folder)
        ratios.append(seconds["curl"] / seconds["ours"])
        ours.append(files * size / 1e6 / seconds["ours"])
        theirs.append(files * size / 1e6 / seconds["curl"])
    report("download, ours", statistics.median(ours), "MB/s")
    report("download, curl --parallel", statistics.median(theirs), "MB/s")
    report("download, ours beside curl", statistics.median(ratios), "ratio", AIM)


def main() -> None:
    """Read the command line, serve, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--bytes", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    if shutil.which("curl") is None:
        sys.stdout.write(json.dumps({"name": "download, ours beside curl", "skipped": "curl is missing"}) + "\n")
        return
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        clip = make_clip(chosen.bytes)
        (work / "clip.mp4").write_bytes(clip)
        command = [sys.executable, "-c", _SERVER, str(work / "clip.mp4")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                base = f"http://127.0.0.1:{int(server.stdout.readline())}"
                measure(base, chosen.files, len(clip), chosen.rounds, work)
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
