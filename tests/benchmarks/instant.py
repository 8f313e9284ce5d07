"""A job whose provider answers at once: what is left is our own time."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 16
_SERVER = Path(__file__).resolve().parent / "instant_server.py"
_JOB = """\
name: bench
manifest: {{path: manifest.csv}}
provider: {{name: simulator, base_url: "{base}", speed: 100000}}
defaults: {{prompt: "The {{sku}} turns slowly on white marble.", duration: 4, aspect_ratio: "16:9"}}
limits: {{submit_per_minute: 100000, in_flight: {at_once}, submit_concurrency: {at_once}}}
output: {{dir: out}}
quality: {{look: false}}
"""


def prepare(folder: Path, base: str, items: int) -> None:
    """Write a job for one small picture that is a frame already."""
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (1280, 720), (30, 120, 90)).save(folder / "frame.jpg", quality=97, subsampling=0)
    rows = "".join(f"SKU-{number:06d},frame.jpg\n" for number in range(items))
    (folder / "manifest.csv").write_text("sku,image\n" + rows)
    (folder / "job.yaml").write_text(_JOB.format(base=base, at_once=AT_ONCE))


@contextmanager
def serving() -> Iterator[str]:
    """Serve that provider as a process of its own; gives its URL."""
    with subprocess.Popen([sys.executable, str(_SERVER)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()
