"""`cancel`: what is queued or rendering is cancelled at the provider."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from batch.cli.console import ask, on_terminal, say, say_json
from batch.core.counting import counted
from batch.errors import Exit, UsageProblem
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Cancel, and say what came of it; 4 where something still runs."""
    from batch.running.cancelling import cancel_items  # noqa: PLC0415 - start-up counts
    from batch.running.clock import Clock  # noqa: PLC0415 - the same

    loaded = read_job(arguments.job)

    def confirm(count: int) -> bool:
        if arguments.yes or loaded.job.simulated:
            return True
        return on_terminal() and ask(f"Cancel {counted(count, 'prediction')}?")

    result = asyncio.run(cancel_items(loaded, set(arguments.sku), confirm, Clock()))
    if result is None:
        raise UsageProblem("nothing was cancelled: nobody confirmed it", hint="give --yes")
    if arguments.json:
        say_json({"cancelled": result.cancelled, "ended": result.ended, "open": result.open})
    else:
        say(f"cancelled: {name}" for name in result.cancelled)
        say(f"had ended before: {name}; `sora-batch collect` fetches its clip" for name in result.ended)
        say(f"still running: {name}" for name in result.open)
        if not (result.cancelled or result.ended or result.open):
            say(["nothing is queued or rendering"])
    return Exit.NEEDS_PERSON if result.open else Exit.DONE
