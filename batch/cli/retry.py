"""`retry`: what ended without a clip is planned again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from batch.cli.console import printable, say, say_json
from batch.core.counting import counted
from batch.core.money import format_usd, from_micros
from batch.core.phases import Phase
from batch.errors import Exit, UsageProblem
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse

    from batch.running.retrying import Retried


def run(arguments: argparse.Namespace) -> int:
    """Plan the chosen items again, and say what they may cost."""
    from batch.running.clock import Clock  # noqa: PLC0415 - start-up counts
    from batch.running.narrowing import buying_command  # noqa: PLC0415 - the same
    from batch.running.retrying import retry_items  # noqa: PLC0415 - the same

    kinds = {
        Phase.FAILED: arguments.failed,
        Phase.REFUSED: arguments.refused,
        Phase.CANCELLED: arguments.cancelled,
        Phase.REJECTED: arguments.rejected,
    }
    phases = {phase for phase, wanted in kinds.items() if wanted}
    if not phases and not arguments.sku:
        hint = "give --failed, --refused, --cancelled or --rejected, or --sku"
        raise UsageProblem("it is not said which items", hint=hint)
    loaded, skus = read_job(arguments.job), set(arguments.sku)
    retrying = retry_items(loaded, phases, skus, arguments.reason, Clock(), prompt=arguments.prompt)
    retried = asyncio.run(retrying)
    most = format_usd(from_micros(sum(one.estimate for one in retried)))
    if arguments.json:
        items = [{"sku": one.sku, "was": one.was.value, "reason": one.reason, "take": one.take} for one in retried]
        say_json({"items": items, "estimated_usd": most, "exit": int(Exit.DONE)})
    else:
        say(printable(f"{one.sku}: was {one.was}: {one.reason}{_take(one)}") for one in retried)
        if retried:
            what, them = counted(len(retried), "item is", "items are"), "it" if len(retried) == 1 else "them"
            say([f"{what} planned again; `{buying_command(loaded)}` buys {them} for ${most}"])
        else:
            say(["nothing ended so"])
    return Exit.DONE


def _take(retried: Retried) -> str:
    return "" if retried.take is None else f"; take {retried.take} in other words is planned in its place"
