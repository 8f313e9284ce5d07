"""`promote`: the approved clips of a trial are made at their full length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.cli.console import say, say_json
from batch.cli.words import closing_lines
from batch.cli.work import buy_of
from batch.errors import Exit
from batch.inputs.jobfile import read_job
from batch.store.lock import lock_path, refuse_if_held

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Buy what was approved at the length that the job wants; nothing else of the job."""
    from batch.running.narrowing import promoted  # noqa: PLC0415 - start-up counts

    loaded = read_job(arguments.job)
    refuse_if_held(lock_path(loaded.location.state))
    chosen = promoted(loaded)
    if isinstance(chosen, str):
        if arguments.json:
            say_json({"items": {}, "why": chosen, "exit": int(Exit.DONE)})
        else:
            say([f"nothing to promote: {chosen}"])
        return Exit.DONE
    _, outcome = buy_of(chosen, arguments)
    if arguments.json:
        say_json(outcome.as_json())
    else:
        say(closing_lines(chosen, outcome))
    return outcome.exit
