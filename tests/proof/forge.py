"""Commands without the interpreter's start-up: real processes, forked from a parent that has imported everything.

Half of what a small run costs is reading Python modules, and tests by hundreds of small runs, or proofs by thousands,
would spend most of their time on that. So one process imports the program, uses none of it (a thread that works would
be lost to a fork), and forks whenever a command is asked for: the child has its own id, gets real signals, has the
folder, the streams and the environment of whoever asked and no other descriptor, and ends as an interpreter does.
What the interpreter itself reads when it starts cannot be changed any more: see `Forge.fits`.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

ROOT = Path(__file__).parents[2]

_IMPORTED = (
    *(f"batch.cli.{name}" for name in ("work", "cancel", "status", "simulate")),
    "batch.running.concluding",
    "batch.simulator.__main__",
    "batch.running.session",
    "batch.running.reporting",
    "batch.simulator.server",
    *(f"PIL.{name}" for name in ("ImageCms", "ImageFilter", "JpegImagePlugin", "PngImagePlugin")),
    *(f"batch.frames.{name}" for name in ("composing", "decoding", "encoding", "finding")),
    "aiolimiter",
    "anyio._backends._asyncio",
    "asyncio.runners",
    "av",
    "encodings.idna",
    "httpcore._backends.anyio",
    "jinja2",
    "polars",
    "yaml",
)

LOOKUPS_FAIL = "PROOF_LOOKUPS_FAIL"
"""Names, in a child's environment, the first and the last look-up of a host's address that fails: `3-5`."""


HURRY = "PROOF_HURRY"
"""Names the seconds after which a child bears silence no longer; judges the speed of downloads after a third of it."""


_READ_AT_START = ("FAKETIME", "LANG", "LC_", "LD_", "MALLOC_", "POLARS_", "PYTHON", "RAYON_", "RUST_", "SSL_", "TZ")
"""Beginnings of the variables that the interpreter, its libraries or the imported packages read once."""


class Forge:
    """Starts commands; for one thread at a time."""

    def __init__(self) -> None:
        self._at_start = _read_at_start(os.environ)
        command = [sys.executable, "-m", "tests.proof.forge"]
        self._server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ended: dict[int, int] = {}
        self._started: deque[int] = deque()
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Say whether an environment makes no other interpreter than the one that is running."""
        return _read_at_start(environment) == self._at_start

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], place: Path) -> Forked:
        """Start `sora-batch` with these arguments; what it says goes into files whose names begin with `place`."""
        for where in ("out", "err"):
            Path(f"{place}.{where}").touch()
        order = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "place": str(place.absolute()),
            "folder": str(Path.cwd()),
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")
        self._server.stdin.flush()
        while not self._started:
            self.listen(None)
        return Forked(forge=self, pid=self._started.popleft(), place=place)

    def listen(self, seconds: float | None) -> None:
        """Take in what the parent of all commands says, waiting so long at most."""
        assert self._server.stdout is not None
        handle = self._server.stdout.fileno()
        if not select.select([handle], [], [], seconds)[0]:
            return
        read = os.read(handle, 1 << 16)
        if not read:
            raise AssertionError("the parent of all commands has died")
        *lines, self._rest = (self._rest + read).split(b"\n")
        for line in lines:
            told = json.loads(line)
            if "status" in told:
                self._ended[told["pid"]] = told["status"]
            else:
                self._ended.pop(told["pid"], None)  # numbers come again
                self._started.append(told["pid"])

    def status(self, pid: int) -> int | None:
        """Give a command's exit code (negative: the signal that ended it), None while it runs."""
        return self._ended.get(pid)

    def close(self) -> None:
        """End the parent, and with it every simulator that still serves."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(timeout=10)
        if self._server.stdout is not None:
            self._server.stdout.close()


@dataclass(kw_only=True)
class Forked:
    """A command that was started, in the manner of `subprocess.Popen`."""

    forge: Forge
    pid: int
    place: Path

    def poll(self) -> int | None:
        """Give the exit code, None while it runs."""
        self.forge.listen(0)
        return self.forge.status(self.pid)

    def wait(self, timeout: float) -> int:
        """Wait for the end.

        Raises:
            TimeoutError: It did not come.
        """
        deadline = time.monotonic() + timeout
        while (status := self.forge.status(self.pid)) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"it did not end: {self.said('out')}{self.said('err')}")
            self.forge.listen(left)
        return status

    def drain(self, seconds: float) -> None:
        """Let it work for a while, or until it ends."""
        deadline = time.monotonic() + seconds
        while self.poll() is None and (left := deadline - time.monotonic()) > 0:
            self.forge.listen(left)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it may end between the look and the signal
                os.kill(self.pid, number)

    def said(self, where: str) -> str:
        """Read what it wrote to `out` or `err` so far."""
        return Path(f"{self.place}.{where}").read_text("utf-8")

    def forget(self) -> None:
        """Remove what it said, once it has ended."""
        for where in ("out", "err"):
            Path(f"{self.place}.{where}").unlink(missing_ok=True)


@dataclass(kw_only=True)
class _Parent:
    """The other side: forks what it is told to, and tells what ended.

    Attributes:
        alive: Held open by this process alone, so that its end is seen by those who read the other side.
    """

    alive: tuple[int, int] = field(default_factory=os.pipe)

    def serve(self) -> None:
        """Do so until standard input ends."""
        woken, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.set_wakeup_fd(wakes)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        rest = b""
        while True:
            ready, _, _ = select.select([0, woken], [], [])
            if woken in ready:
                os.read(woken, 4096)
                self._reap()
            if 0 in ready:
                read = os.read(0, 1 << 16)
                if not read:
                    return
                *lines, rest = (rest + read).split(b"\n")
                for line in lines:
                    self._fork(json.loads(line))

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            _tell({"pid": pid, "status": os.waitstatus_to_exitcode(status)})

    def _fork(self, order: Mapping[str, Any]) -> None:
        # Held back until the command can end by it: it would unwind into the parent's own work.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        pid = os.fork()
        if pid == 0:
            _become(order, self.alive[0])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        _tell({"pid": pid})


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


def _tell(what: Mapping[str, int]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _become(order: Mapping[str, Any], alive: int) -> NoReturn:
    """Be the command: its streams, its environment, its exit code."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.path[0] = order["folder"]
    _take_streams(order, alive)

    def work() -> int:
        from batch.cli import main  # noqa: PLC0415 - imported long ago

        _fail_lookups(os.environ.get(LOOKUPS_FAIL, ""))
        _hurry(float(os.environ.get(HURRY, "0")))
        _fork_simulators()
        main_module = import_module("batch.__main__")
        sys.modules["__main__"] = main_module  # what a pool's process imports anew
        sys.argv = [str(main_module.__file__), *order["arguments"]]
        return main(order["arguments"])

    _end_with(work)


def _end_with(work: Callable[[], int]) -> NoReturn:
    """Do the work and end as an interpreter does, without going back to where it was forked."""
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        _open_streams()
        code = work()
    except KeyboardInterrupt:  # before the program has taken the signal over
        code = 130
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - told as the interpreter tells it
        traceback.print_exc()
    finally:
        try:
            threading._shutdown()  # type: ignore[attr-defined]  # waits for the other threads
            atexit._run_exitfuncs()
            sys.stdout.flush()
        except OSError:
            traceback.print_exc()
            code = 120
        sys.stderr.flush()
        os._exit(code)


def _take_streams(order: Mapping[str, Any], alive: int) -> None:
    simulates = order["arguments"][0] == "simulate"
    os.dup2(alive if simulates else os.open(os.devnull, os.O_RDONLY), 0)
    for number, where in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{order['place']}.{where}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))


def _open_streams() -> None:
    """Open the standard streams anew as the interpreter opened them."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    sys.stdin, sys.stdout, sys.stderr = (_like(stream, number) for number, stream in enumerate(streams))
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def _like(stream: Any, number: int) -> Any:
    mode = "w" if number else "r"
    made: Any = os.fdopen(number, mode, encoding=stream.encoding, errors=stream.errors, closefd=False)
    made.reconfigure(line_buffering=stream.line_buffering)
    return made


def _fail_lookups(which: str) -> None:
    """Let some look-ups of host names fail, as they do when the resolver is away for a while."""
    if not which:
        return
    import socket  # noqa: PLC0415 - here alone

    first, last = map(int, which.split("-"))
    real, asked = socket.getaddrinfo, 0

    def resolve(*arguments: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        if first <= asked <= last:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(*arguments, **options)

    socket.getaddrinfo = resolve


def _hurry(seconds: float) -> None:
    """Wait as the program does, only not as long: a minute and a half for a paid answer is long for a test."""
    if not seconds:
        return
    from batch.collect import download  # noqa: PLC0415 - imported long ago
    from batch.providers.eachlabs.client import EachlabsProvider, Timeouts  # noqa: PLC0415 - the same
    from batch.running import collector  # noqa: PLC0415 - the same

    short = Timeouts(submit_read=seconds, submit_total=2 * seconds, read=seconds, total=2 * seconds)
    options = EachlabsProvider.__init__.__kwdefaults__
    assert options is not None
    options["timeouts"] = short
    vars(collector)["LIMITS"] = replace(download.LIMITS, window=seconds / 3)


def _fork_simulators() -> None:
    """Let a run's own simulator be the run's child that it would be, only without another interpreter."""
    real = asyncio.create_subprocess_exec

    async def create(*command: str, **options: Any) -> Any:
        if command[:3] == (sys.executable, "-m", "batch.simulator"):
            options["preexec_fn"] = partial(_simulate, list(command[3:]), options["env"])
        return await real(*command, **options)

    asyncio.create_subprocess_exec = create  # type: ignore[assignment]


def _simulate(arguments: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Be the simulator; the run's descriptors, signals and event loop stay the run's."""
    from batch.simulator.__main__ import main  # noqa: PLC0415 - imported long ago

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    asyncio.events._set_running_loop(None)
    asyncio.set_event_loop(None)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["simulator", *arguments]
    _end_with(main)


def main() -> int:
    """Import everything and serve."""
    for name in _IMPORTED:
        import_module(name)
    from batch.net.clients import trusted_certificates  # noqa: PLC0415 - after the program's own modules

    trusted_certificates()
    gc.collect()
    gc.freeze()
    _Parent().serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
