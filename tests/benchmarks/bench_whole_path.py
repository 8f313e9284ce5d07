"""The whole path against a server that answers at once, beside a bare httpx loop that does the same requests.

    .venv/bin/python -m tests.benchmarks.bench_whole_path [--items 1000] [--rounds 5]

Each side is a process of its own, measured from its start to its end, with as many items in flight. Ours plans, prices,
writes every step to the disk before the next one, checks and syncs every clip, and writes the report. The bare loop
keeps nothing: presign, PUT, POST over a fresh connection, poll, GET, DELETE. Both in turns; the median ratio counts.

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.figures import told
from tests.benchmarks.instant import AT_ONCE, prepare, serving

if TYPE_CHECKING:
    import httpx

_HERE = Path(__file__).resolve().parent


async def bare(base: str, data: bytes, items: int) -> None:
    """Do the requests of `items` clips and nothing else."""
    import httpx  # noqa: PLC0415 - only this side needs it

    numbers = iter(range(items))
    key = {"Authorization": "Bearer k"}
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    fresh = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
    async with (
        httpx.AsyncClient(base_url=base, headers=key, limits=limits, trust_env=False) as client,
        httpx.AsyncClient(base_url=base, headers=key, limits=fresh, trust_env=False) as submits,
    ):

        async def worker() -> None:
            for _ in numbers:
                await bare_item(client, submits, data)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def bare_item(client: httpx.AsyncClient, submits: httpx.AsyncClient, data: bytes) -> None:
    """Do the six requests of one clip."""
    wanted = {"content_type": "image/jpeg", "file_type": "image", "expires_in_seconds": 2_592_000}
    place: dict[str, Any] = (await client.post("/v1/upload/presign", json=wanted)).json()
    headers = {"Content-Type": "image/jpeg", **place["required_headers"]}
    (await client.put(place["presigned_url"], content=data, headers=headers)).raise_for_status()
    inputs = {"prompt": "It turns.", "image_url": place["public_url"], "aspect_ratio": "16:9", "duration": 4}
    order = {"model": "sora-2-image-to-video", "version": "0.0.1", "input": inputs}
    made = (await submits.post("/v1/prediction", json=order)).json()
    seen = (await client.get(f"/v1/prediction/{made['predictionID']}")).json()
    assert len((await client.get(seen["output"])).content) > 10_000
    (await client.delete(f"/v1/files/{place['id']}")).raise_for_status()


def timed(command: list[str]) -> float:
    """Run a process to its end; give the seconds."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    assert done.returncode == 0, done.stderr[-2_000:]
    return taken


def ours(folder: Path, base: str, items: int) -> float:
    """Run the job in a new folder; give the seconds."""
    prepare(folder, base, items)
    taken = timed([sys.executable, "-m", "batch", "run", str(folder / "job.yaml"), "--yes", "--json"])
    assert len(list((folder / "out").rglob("*.mp4"))) == items
    return taken


def measure(work: Path, base: str, items: int, rounds: int) -> None:
    """Run both sides in turns, after a first round that warms the disk's caches and does not count."""
    prepare(work, base, items)
    loop = [
        sys.executable,
        "-m",
        "tests.benchmarks.bench_whole_path",
        "--bare",
        base,
        str(work / "frame.jpg"),
        "--items",
        str(items),
    ]
    pairs = [(ours(work / f"run{number}", base, items), timed(loop)) for number in range(rounds + 1)][1:]
    told("whole path: items a second, ours", items / statistics.median(mine for mine, _ in pairs), "1/s", None)
    told(
        "whole path: items a second, bare httpx loop", items / statistics.median(bare for _, bare in pairs), "1/s", None
    )
    told("whole path: ours beside the bare loop", statistics.median(bare / mine for mine, bare in pairs), "x", 1)


def main() -> None:
    """Serve, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bare", nargs=2, metavar=("BASE", "PICTURE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.bare is not None:
        asyncio.run(bare(chosen.bare[0], Path(chosen.bare[1]).read_bytes(), chosen.items))
        return
    with serving() as base, tempfile.TemporaryDirectory() as name:
        measure(Path(name), base, chosen.items, chosen.rounds)


if __name__ == "__main__":
    main()
