"""The question before the first paid call, on a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import yaml

from tests.proof.shop import PATIENCE, clean_environment

if TYPE_CHECKING:
    from tests.proof.shop import Shop


def read_until(terminal: int, words: bytes) -> bytes:
    """Read what a terminal shows until it shows these words."""
    seen = b""
    deadline = time.monotonic() + PATIENCE
    while words not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 4096)
    return seen


def test_ctrl_c_at_the_question_is_answered_at_once(shop: Shop) -> None:
    """Nothing was bought, and nobody has to press Enter as well: exit code 130."""
    with shop.simulator() as url:
        shop.job()
        job = yaml.safe_load(shop.job_file.read_text(encoding="utf-8"))
        job["provider"] = {"name": "eachlabs", "base_url": url}
        shop.job_file.write_text(yaml.safe_dump(job), encoding="utf-8")
        controller, terminal = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "batch", "run", str(shop.job_file)],
            stdin=terminal,
            stderr=terminal,
            stdout=subprocess.PIPE,
            env=clean_environment() | {"EACHLABS_API_KEY": "k"},
            start_new_session=True,
        ) as process:
            assert b"[y/N]" in read_until(controller, b"[y/N]")
            process.send_signal(signal.SIGINT)
            try:
                code = process.wait(timeout=10)
            finally:
                process.kill()
        os.close(controller)
        os.close(terminal)
    assert code == 130
    assert shop.posts() == 0
