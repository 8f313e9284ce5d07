"""The real commands in forked processes: the interpreter has started and read its modules once for all of them.

A thousand runs would otherwise spend most of their time in importing. What is forked is a process of its own, which can
be killed and runs the program's own `main`; only what came before its first line is shared.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from batch.cli import main
from tests.proof.shop import Ended, clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import NoReturn

    from tests.proof.shim import Orders
    from tests.proof.shop import Shop

PATIENCE = 60.0
"""Seconds after which a run that has not ended never will."""

_MODULES = (
    "aiohttp.web",
    "aiolimiter",
    "anyio._backends._asyncio",
    "anyio.to_thread",
    "av",
    "h11",
    "httpcore",
    "jinja2",
    "PIL.Image",
    "PIL.ImageCms",
    "PIL.ImageFilter",
    "PIL.ImageMath",
    "polars",
    "polars._utils.parquet",
    "sniffio",
    "batch.cli.console",
    "batch.cli.simulate",
    "batch.cli.work",
    "batch.frames.composing",
    "batch.frames.encoding",
    "batch.frames.finding",
    "batch.planning",
    "batch.report.writer",
    "batch.running.session",
    "batch.simulator.server",
)


class TooManyThreadsError(Exception):
    """A process with several threads at work must not be forked: their locks would stay taken for ever."""


def get_ready() -> None:
    """Read every module that a run needs; done once, before the first fork."""
    for module in _MODULES:
        import_module(module)
    from PIL import Image  # noqa: PLC0415 - loaded above

    from batch.net.clients import trusted_certificates  # noqa: PLC0415 - after the modules

    Image.init()
    trusted_certificates()
    gc.collect()
    gc.freeze()


def run_forked(shop: Shop, *arguments: str, orders: Orders | None = None) -> Ended:
    """Do a command on the shop's job in a forked process, under the shim's orders, and wait for its end."""
    command, *others = arguments
    out, err = shop.folder.with_suffix(".out"), shop.folder.with_suffix(".err")

    def work() -> int:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), number)
        if orders is not None:
            _obey(orders)
        return main([command, str(shop.job_file), *others])

    code = _wait(_fork(work))
    return Ended(exit=code, out=_text(out), err=_text(err))


@contextmanager
def simulator_forked(shop: Shop, *options: str, speed: int) -> Iterator[str]:
    """Serve the shop's provider from a forked process that outlives the runs; gives its URL."""
    words = ["simulate", "--data-dir", str(shop.provider_folder), "--speed", str(speed), "--clips", "cached", *options]
    reader, writer = os.pipe()

    def work() -> int:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(writer, 1)
        return main(words)

    process = _fork(work)
    os.close(writer)
    try:
        with os.fdopen(reader) as lines:
            url = lines.readline().strip()
            assert url.startswith("http://"), f"the simulator did not start: {url}"
            yield url
    finally:
        os.kill(process, signal.SIGTERM)
        _wait(process)


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.exists() else ""


def _obey(orders: Orders) -> None:
    begin = ctypes.CDLL(None).shim_begin
    begin.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_long, ctypes.c_char_p]
    data = b"" if orders.data is None else os.fsencode(orders.data)
    begin(orders.folders.encode(), os.fsencode(orders.trace), orders.mode.encode(), orders.at, data)


def _fork(work: Callable[[], int]) -> int:
    if threading.active_count() > 1:  # polars has two of its own, which sleep, and its allocator knows of forks
        raise TooManyThreadsError
    process = os.fork()
    if process == 0:
        _be(work)
    return process


def _be(work: Callable[[], int]) -> NoReturn:
    """Do the work and end as an interpreter does, without going back to where it was forked."""
    code = 1
    try:
        environment = clean_environment()
        os.environ.clear()
        os.environ.update(environment)
        code = work()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # waits for the other threads
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(process: int) -> int:
    """Wait for a process; gives its exit code, negative for a signal."""
    deadline, pause = time.monotonic() + PATIENCE, 0.001
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            raise TimeoutError("a run did not end")
        time.sleep(pause)
        pause = min(0.02, pause * 1.5)
