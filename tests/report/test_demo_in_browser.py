"""The demo as a stranger sees it: run by the real command line, its report opened, its simulated clips playing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("av", reason="the demo's clips need the video extra")


@pytest.fixture
def demo_report(tmp_path: Path) -> Path:
    """Write the demo from the package, run it, and give its page."""
    command = [sys.executable, "-m", "batch"]
    subprocess.run([*command, "init", "--sample", "demo", "-o", str(tmp_path)], check=True, capture_output=True)
    subprocess.run([*command, "run", str(tmp_path / "configs" / "demo.yaml")], check=True, capture_output=True)
    return tmp_path / "out" / "demo" / "report" / "report.html"


@pytest.mark.slow
async def test_every_clip_of_the_demo_plays(tab: Any, demo_report: Path) -> None:
    """All ten simulated clips are decoded and played by the browser, in their ordered sizes."""
    await tab.open(demo_report.as_uri())
    count = await tab.eval("document.querySelectorAll('a.play').length")
    assert count == 10
    sizes = set()
    for number in range(count):
        link = f"document.querySelectorAll('a.play')[{number}]"
        await tab.eval(f"{link}.scrollIntoView(), {link}.click()")
        video = f"{link}.parentElement.querySelector('video')"
        await tab.until(f"{video}.currentTime > 0.2")
        sizes.add(await tab.eval(f"{video}.videoWidth + 'x' + {video}.videoHeight"))
        await tab.eval(f"{video}.pause()")
    assert sizes == {"1280x720", "720x1280"}
    assert not tab.complaints
