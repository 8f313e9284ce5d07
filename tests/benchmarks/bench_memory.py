"""A million items: resident size while a run is submitting, and seconds until a run with ten left asks for something.

    .venv/bin/python -m tests.benchmarks.bench_memory [--items 1000000]

The first run plans the whole manifest, as any first run does, and is sampled from its first submit to its 2,000th; then
it is killed. The state is set to ten items left, and the same command is timed from the process's start to its first
request. Needs `ps`.

prints one JSON line a figure: name, value, unit, aim.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from PIL import Image

from batch.store.seal import close_seal
from tests.benchmarks.figures import told

if TYPE_CHECKING:
    from typing import IO

SUBMITS = 2_000
LEFT = 10
ROUNDS = 3
_SERVER = Path(__file__).resolve().parent / "instant_server.py"
_JOB = """\
name: bench
manifest: {{path: manifest.parquet}}
provider: {{name: simulator, base_url: "{base}", speed: 100000}}
defaults: {{prompt: "The {{title}} turns slowly on white marble.", duration: 4, aspect_ratio: "16:9"}}
limits: {{min_free: 0, submit_per_minute: 100000, in_flight: 50, submit_concurrency: 16}}
output: {{dir: out}}
"""


def prepare(folder: Path, items: int) -> None:
    """Write a manifest that shares one picture, which is a frame already."""
    Image.new("RGB", (1280, 720), (30, 120, 90)).save(folder / "frame.jpg", quality=97, subsampling=0)
    number = pl.int_range(items).cast(pl.String).str.zfill(8)
    sku, title = pl.format("SKU-{}", number), pl.format("product number {} of the catalogue", number)
    pl.select(sku=sku, title=title, image=pl.lit("frame.jpg")).write_parquet(folder / "manifest.parquet")


class Server:
    """The instant provider, and what it tells."""

    def __init__(self, port: int = 0) -> None:
        command = [sys.executable, str(_SERVER), str(SUBMITS), str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._lines: IO[str] = self._process.stdout
        self.port = int(self._lines.readline())

    def wait(self, what: str) -> None:
        """Wait until it tells of something."""
        for line in self._lines:
            if line.strip() == what:
                return
        raise AssertionError(f"the server ended before its first {what}")

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._lines.close()


def resident(process: int) -> float:
    """Give a process's resident size in MB."""
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024 / 1e6


def submitting(command: list[str], server: Server) -> float:
    """Run until there were enough submits; give the largest resident size since the first, in MB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    enough = threading.Event()
    try:
        server.wait("submit")
        sizes = [resident(process.pid)]

        def wait() -> None:
            server.wait("enough")
            enough.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        while not enough.wait(0.1):
            sizes.append(resident(process.pid))
        waiting.join()
    finally:
        process.kill()
        process.wait()
    return max(sizes)


def finish_nearly_all(state: Path) -> None:
    """Leave ten items planned, as a killed run would; all others were made a day ago."""
    with closing(sqlite3.connect(state)) as connection:
        (last,) = connection.execute("SELECT max(id) FROM item").fetchone()
        day_ago = time.time() - 86_400
        connection.execute(
            "INSERT OR REPLACE INTO attempt (item_id, number, state, run_id, day, intent_at, clock_offset, answered_at,"
            " estimate, settled, unsettled, upload_id, upload_url, frame_sha256, recipe, prediction_id, request_id,"
            " message, looks, duplicates) SELECT id, 1, 'succeeded', 1, '2026-11-22', ?, 0, ?, 400000, 400000, 0, 'u',"
            " 'url', '', 1, 'p' || id, '', '', 0, '[]' FROM item WHERE id <= ?",
            (day_ago, day_ago, last - LEFT),
        )
        connection.execute("UPDATE item SET phase = 'done', attempts = 1, accepted = 1 WHERE id <= ?", (last - LEFT,))
        connection.execute("UPDATE item SET phase = 'planned', attempts = 0, accepted = 0 WHERE id > ?", (last - LEFT,))
        connection.execute("DELETE FROM attempt WHERE item_id > ?", (last - LEFT,))
        connection.execute(
            "UPDATE purse SET estimated = sums, reserved = 0, settled = sums, possibly = 0"
            " FROM (SELECT sum(settled) AS sums FROM attempt) WHERE scope = 'all'"
        )
        connection.commit()


def resuming(command: list[str], port: int) -> float:
    """Start the command; give the seconds until its first request."""
    server = Server(port)
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server.wait("request")
        return time.perf_counter() - start
    finally:
        process.kill()
        process.wait()
        server.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    items = parser.parse_args().items
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, items)
        server = Server()
        (folder / "job.yaml").write_text(_JOB.format(base=f"http://127.0.0.1:{server.port}"))
        command = [sys.executable, "-m", "batch", "run", str(folder / "job.yaml"), "--yes", "--json"]
        try:
            told(
                f"memory: resident size while {items:,} items are being submitted",
                submitting(command, server),
                "MB",
                400,
            )
        finally:
            server.close()
        state = folder / "out" / "state.sqlite"
        finish_nearly_all(state)
        killed, sealed = [], []
        for _ in range(ROUNDS):
            killed.append(resuming(command, server.port))
            with closing(sqlite3.connect(state)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            close_seal(state)
            sealed.append(resuming(command, server.port))
        what = f"resume: {items:,} items with {LEFT} left, process start to first request"
        told(f"{what}, after a kill", statistics.median(killed), "s", 2)
        told(f"{what}, after an orderly end", statistics.median(sealed), "s", 2)


if __name__ == "__main__":
    main()
