"""`audit`: the state held against what the provider says it made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from batch.cli.console import printable, say, say_json
from batch.cli.words import cost_line
from batch.core.counting import counted
from batch.core.money import format_usd, from_micros
from batch.errors import Exit
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.running.auditing import Audit


def run(arguments: argparse.Namespace) -> int:
    """Audit, and say what does not agree."""
    from batch.running.auditing import audit_job  # noqa: PLC0415 - start-up counts
    from batch.running.clock import Clock  # noqa: PLC0415 - the same

    found = asyncio.run(audit_job(read_job(arguments.job), Clock()))
    if arguments.json:
        say_json(found.as_json())
    else:
        say(printable(line) for line in _lines(found))
    return found.exit


def _lines(audit: Audit) -> Iterator[str]:
    yield f"{audit.job}: the state's {cost_line(audit.books)}"
    charged = format_usd(from_micros(audit.charged))
    foreign = counted(audit.foreign, "is", "are")
    yield f"the provider lists {counted(audit.listed, 'prediction')} of ours, charged ${charged}; {foreign} not ours"
    for one in audit.surplus:
        what = "the state has another one"
        if one.adoptable:
            what = "its answer was lost: the next run adopts it"
        elif one.let_go:
            what = "a person let it go: `sora-batch resolve` with --adopt takes that back, unless it was bought again"
        yield f"unknown: {one.prediction_id} was made from an upload of {one.sku} ({one.status}); {what}"
    for sku, ids in audit.twice.items():
        yield f"more than one success: {sku}: {', '.join(ids)}"
    for sku, id_ in audit.missing:
        yield f"missing at the provider: {id_} of {sku}"
    for differs in audit.costs:
        ours = "nothing" if differs.state is None else f"${format_usd(from_micros(differs.state))}"
        theirs = format_usd(from_micros(differs.provider))
        yield f"cost: {differs.prediction_id} of {differs.sku}: the state has {ours}, the provider says ${theirs}"
    if audit.waiting:
        yield f"{counted(audit.waiting, 'item waits', 'items wait')} for a person: `sora-batch resolve` shows each"
    for gap in audit.gaps:
        yield f"not read to its end: {gap}; what is not shown proves nothing"
    if audit.exit is Exit.DONE:
        yield "all agrees"
