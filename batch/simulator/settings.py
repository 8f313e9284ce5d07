"""How a simulator is set up, and the command line options that say so."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

KEY_VARIABLE = "EACHLABS_API_KEY"  # never an option: the process list shows those to everybody


class Clips(StrEnum):
    """Where a finished prediction's clip comes from."""

    FRESH = "fresh"  # each is encoded from its own uploaded picture
    CACHED = "cached"  # one is encoded for each size and length; a box with the id makes every file its own


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """How a simulator behaves.

    Attributes:
        data_dir: Its folder; made if missing, and taken up where it was left.
        host: The loopback address to listen on.
        port: The port; 0 takes a free one.
        speed: What rendering times, listing lag, silence after a 429 and the life of output URLs are divided by.
        instant: Everything renders at once (for benchmarks).
        seed: What rendering times are drawn from.
        clips: Where clips come from.
        encoders: How many clips are encoded at once.
        balance_usd: The account's money in dollars before the folder's first prediction.
        concurrency: How many predictions may be in flight; None: only the contract's limit for a low balance.
        submit_per_minute: How many submits any sliding minute may see; None: any number.
        reopening: How long submits must be silent after a 429 before one is accepted again; zero: not at all.
        output_ttl: How long an output URL works; polling again then gives a new one.
        lag: How long a new prediction stays out of the listings.
        clock_skew: How far the provider's clock (its `Date` headers too) runs ahead of ours.
        key: The only key that is let in; None lets any in, and keeps their predictions apart.
        faults: A file of faults; None for none.
        with_parent: Ends when standard input ends, so that it never outlives the process that started it.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    speed: float = 1.0
    instant: bool = False
    seed: int = 0
    clips: Clips = Clips.FRESH
    encoders: int = 2
    balance_usd: Decimal = Decimal(1000)
    concurrency: int | None = None
    submit_per_minute: int | None = None
    reopening: timedelta = timedelta(0)
    output_ttl: timedelta = timedelta(hours=24)
    lag: timedelta = timedelta(0)
    clock_skew: timedelta = timedelta(0)
    key: str | None = field(default=None, repr=False)
    faults: Path | None = None
    with_parent: bool = False

    def __post_init__(self) -> None:
        if self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError(f"host {self.host}: the simulator listens on loopback only (127.0.0.1, ::1 or localhost)")
        if not 0 < self.speed < float("inf"):
            raise ValueError(f"speed {self.speed}: must be greater than 0, and finite")
        if self.output_ttl <= timedelta(0):
            raise ValueError(f"output_ttl {self.output_ttl}: must be greater than 0")
        if self.encoders < 1:
            raise ValueError(f"encoders {self.encoders}: must be 1 or more")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the simulator's options to a parser; `settings_from` reads them back."""
    add = parser.add_argument
    add("--data-dir", type=Path, required=True, metavar="DIR", help="folder of the ledger, logs, uploads and clips")
    add("--host", default="127.0.0.1", choices=("127.0.0.1", "::1", "localhost"), help="loopback address")
    add("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    add("--speed", type=_positive, default=1.0, help="divide rendering times by this (200 s take 2 s at 100)")
    add("--instant", action="store_true", help="render at once")
    add("--seed", type=int, default=0, help="seed of the rendering times")
    add("--clips", type=Clips, choices=list(Clips), default=Clips.FRESH, help="encode each clip, or one per size")
    add("--encoders", type=_count, default=2, metavar="N", help="clips encoded at once")
    add("--balance", type=_dollars, default=Decimal(1000), metavar="USD", help="money at the beginning")
    add("--concurrency", type=_count, metavar="N", help="predictions in flight at most")
    add("--submit-per-minute", type=_count, metavar="N", help="submits in any sliding minute at most")
    add("--reopening", type=_seconds, default=timedelta(0), metavar="SECONDS", help="silence needed after a 429")
    add(
        "--output-ttl", type=_some_seconds, default=timedelta(hours=24), metavar="SECONDS", help="life of an output URL"
    )
    add("--lag", type=_seconds, default=timedelta(0), metavar="SECONDS", help="delay before executions are listed")
    add("--clock-skew", type=_seconds, default=timedelta(0), metavar="SECONDS", help="how far its clock runs ahead")
    add("--require-key", action="store_true", help=f"let in only the key in {KEY_VARIABLE} (default: any key)")
    add("--faults", type=Path, metavar="FILE", help="YAML file of faults")
    add("--with-parent", action="store_true", help="end when standard input ends")


def settings_from(args: argparse.Namespace) -> SimulatorSettings:
    """Read the options that `add_arguments` added.

    Raises:
        ValueError: `--require-key` was given and the environment has no key.
    """
    key = os.environ.get(KEY_VARIABLE) if args.require_key else None
    if args.require_key and not key:
        raise ValueError(f"--require-key needs the key in the environment variable {KEY_VARIABLE}")
    return SimulatorSettings(
        data_dir=args.data_dir,
        host=args.host,
        port=args.port,
        speed=args.speed,
        instant=args.instant,
        seed=args.seed,
        clips=args.clips,
        encoders=args.encoders,
        balance_usd=args.balance,
        concurrency=args.concurrency,
        submit_per_minute=args.submit_per_minute,
        reopening=args.reopening,
        output_ttl=args.output_ttl,
        lag=args.lag,
        clock_skew=args.clock_skew,
        key=key,
        faults=args.faults,
        with_parent=args.with_parent,
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be greater than 0 and finite, not {text}")
    return value


def _seconds(text: str) -> timedelta:
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, not {text!r}") from error


def _some_seconds(text: str) -> timedelta:
    value = _seconds(text)
    if value <= timedelta(0):
        raise argparse.ArgumentTypeError(f"must be greater than 0, not {text}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return value


def _dollars(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"must be an amount in dollars, not {text!r}") from error
