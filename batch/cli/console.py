"""The only place that prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from batch.errors import StorageProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from batch.core.summary import Cost, ItemCounts

_LINE_EVERY = 60.0
_BAR_EVERY = 0.2
_PICTURES_EVERY = 5.0


def say(lines: Iterable[str]) -> None:
    """Print a result, line by line.

    Raises:
        StorageProblem: If standard output cannot take it.
    """
    with _written():
        for line in lines:
            print(line)
        sys.stdout.flush()


def say_json(value: Mapping[str, Any]) -> None:
    """Print the one JSON object that a script reads.

    Raises:
        StorageProblem: If standard output cannot take it.
    """
    say((json.dumps(value, ensure_ascii=False),))


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still in the buffer would fail once more when the process ends, and take its exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise StorageProblem(
            f"the result cannot be written: {error.strerror}", where="standard output", hint="free some space"
        ) from error


def complain(text: str, *, log_format: str = "text") -> None:
    """Print what went wrong and what to do next."""
    if log_format == "json":
        _log(sys.stderr, message=text)
    else:
        print(f"sora-batch: {printable(text)}", file=sys.stderr)


def printable(text: str) -> str:
    """Keep what a manifest or a provider says from steering the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def ask(question: str) -> bool:
    """Ask a yes-or-no question on the terminal; anything but a clear yes is no.

    Raises:
        KeyboardInterrupt: If Ctrl-C is the answer.
    """
    with _signals_let_through():
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}


@contextmanager
def _signals_let_through() -> Iterator[None]:
    """Let signals end what waits for a key: an event loop, whose handlers are set, would hear of them afterwards."""
    usual: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    wakeup = signal.set_wakeup_fd(-1)
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)


def on_terminal() -> bool:
    """Say whether a person can be asked."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


class Numbers(Protocol):
    """Gives a run's numbers as they stand now."""

    def __call__(self) -> tuple[ItemCounts, Cost, int]:
        """Give the items, the money, and how many predictions are in flight."""


class Progress:
    """Shows a run's way: a bar on a terminal, a line a minute elsewhere.

    Args:
        log_format: `text` or `json`; the latter also switches the bar off.
    """

    def __init__(
        self, *, log_format: str, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._json = log_format == "json"
        self._clock = clock
        self._numbers: Numbers | None = None
        self._bar: Any = None
        self._shown_at = -_LINE_EVERY
        self._last = ""

    def follow(self, numbers: Numbers) -> None:
        """Begin to show a run's numbers."""
        self._numbers = numbers
        if not self._json and self._stream.isatty() and os.environ.get("TERM") != "dumb":
            from tqdm import tqdm  # noqa: PLC0415 - start-up counts

            self._bar = tqdm(
                total=numbers()[0].total,
                unit="clip",
                file=self._stream,
                dynamic_ncols=True,
                colour=None if "NO_COLOR" in os.environ else "green",
                bar_format="{percentage:3.0f}% |{bar}| {n_fmt}/{total_fmt} [{elapsed}] {postfix}",
            )
        else:
            self._shown_at = self._clock()
        self.moved()

    def note(self, message: str) -> None:
        """Print something that a person should read once."""
        text = printable(message)
        if self._json:
            _log(self._stream, message=message)
        elif self._bar is not None:
            self._bar.write(text, file=self._stream)
        else:
            print(text, file=self._stream, flush=True)

    def moved(self) -> None:
        """Show new numbers, not more often than a person can read them."""
        if self._numbers is None:
            return
        every = _BAR_EVERY if self._bar is not None else _LINE_EVERY
        now = self._clock()
        if now - self._shown_at >= every:
            self._shown_at = now
            self._show()

    def pictures(self, words: str) -> Callable[[int, int], None]:
        """Give something to be told how many of how many are done; it says so every few seconds."""
        began = self._clock()
        said = [began]

        def progress(done: int, total: int) -> None:
            now = self._clock()
            if now - said[0] >= _PICTURES_EVERY and total:
                said[0] = now
                self.note(f"{done} of {total} {words}")

        return progress

    def close(self) -> None:
        """Show the last numbers and let go of the terminal."""
        if self._numbers is not None:
            self._show()
        if self._bar is not None:
            self._bar.close()
        self._numbers = self._bar = None

    def _show(self) -> None:
        assert self._numbers is not None
        counts, cost, running = self._numbers()
        if self._json:
            _log(self._stream, items=counts.as_json(), cost=cost.as_json(), running=running)
            return
        ended = counts.done + counts.skipped + counts.failed + counts.refused + counts.rejected
        words = (
            f"running {running}, done {counts.done + counts.skipped}, failed {counts.failed + counts.refused},"
            f" unconfirmed {counts.unconfirmed}, ${cost.settled:.2f} settled + ${cost.reserved:.2f} reserved"
        )
        if self._bar is not None:
            self._bar.total, self._bar.n = counts.total, ended
            self._bar.set_postfix_str(words, refresh=True)
        elif words != self._last:
            self._last = words
            print(f"{ended} of {counts.total}: {words}", file=self._stream, flush=True)


def _log(stream: TextIO, **fields: Any) -> None:
    """Print a message for machines."""
    line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **fields}
    print(json.dumps(line, ensure_ascii=False), file=stream, flush=True)
