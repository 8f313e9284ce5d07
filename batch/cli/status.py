"""`status`: where the items stand and what they cost, from the state alone, also beside a run."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from batch.cli.console import say, say_json
from batch.cli.words import NO_MONEY, cost_line, count_line
from batch.core.location import SIMULATOR
from batch.errors import Exit
from batch.inputs.jobfile import locate
from batch.store import numbers
from batch.store.lock import lock_holder, lock_path
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import argparse
    import sqlite3

    from batch.core.location import JobLocation

_WATCH_SECONDS = 1.0


def run(arguments: argparse.Namespace) -> int:
    """Print the numbers, once or whenever they change."""
    location = locate(arguments.job)
    with closing(read_state(location.state, Binding.of(location))) as connection:
        shown: dict[str, Any] = {}
        while True:
            value = _value(location, connection)
            if value != shown:
                shown = value
                _show(arguments, location, connection, value)
            if not (arguments.watch and value["running_process"]):
                return Exit.DONE
            time.sleep(_WATCH_SECONDS)


def _value(location: JobLocation, connection: sqlite3.Connection) -> dict[str, Any]:
    run = numbers.newest_run(connection)
    return {
        "job": location.name,
        "items": numbers.counts(connection).as_json(),
        "cost": numbers.cost(connection).as_json(),
        "in_flight": numbers.in_flight(connection),
        "running_process": lock_holder(lock_path(location.state)),
        "ended": "" if run is None else run.ended,
    }


def _show(
    arguments: argparse.Namespace, location: JobLocation, connection: sqlite3.Connection, value: dict[str, Any]
) -> None:
    if arguments.json:
        say_json(value)
        return
    holder = value["running_process"]
    last = value["ended"] or ("was cut off" if numbers.newest_run(connection) else "none that bought or fetched yet")
    at_work = f"a run is at work (process {holder})" if holder else f"last run: {last}"
    say(
        (
            f"{location.name}: {count_line(numbers.counts(connection))}",
            f"{cost_line(numbers.cost(connection))}{NO_MONEY if location.provider == SIMULATOR else ''}",
            f"in flight: {value['in_flight']}; {at_work}",
        )
    )
