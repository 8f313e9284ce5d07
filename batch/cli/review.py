"""`review`: what persons decide about the clips, on a page or in a file."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from batch import interrupts
from batch.cli.console import complain, printable, say, say_json
from batch.core.counting import counted
from batch.core.decision import Judgement
from batch.core.money import format_usd, from_micros
from batch.errors import Exit, Problem
from batch.inputs.jobfile import read_job
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from batch.inputs.jobfile import LoadedJob
    from batch.review.desk import Desk
    from batch.running.reviewing import Applied, Refused


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until a signal comes, or take a file of decisions into the state."""
    if arguments.apply is not None:
        return _apply(arguments)
    loaded = read_job(arguments.job)
    with closing(read_state(loaded.location.state, Binding.of(loaded.location))):
        pass  # what is wrong with it is said before anything heavy is imported
    interrupts.hold_back()
    return asyncio.run(_serve(arguments, loaded))


async def _serve(arguments: argparse.Namespace, loaded: LoadedJob) -> int:
    interrupts.let_through()
    from batch.core.ending import EXITS  # noqa: PLC0415 - start-up counts
    from batch.review.desk import Desk  # noqa: PLC0415 - the same
    from batch.review.server import serving  # noqa: PLC0415 - the same
    from batch.running.clock import Clock  # noqa: PLC0415 - the same
    from batch.running.signals import signals_heeded  # noqa: PLC0415 - the same

    desk = Desk(loaded, Clock())
    with signals_heeded() as signals:
        try:
            async with serving(desk, arguments.port) as (address, once):
                if arguments.json:
                    say_json({"url": address})
                else:
                    say([address])
                if sys.stdout.isatty() and not arguments.no_open:
                    _open(once)
                complain("decisions are saved as they are made; Ctrl-C ends the review")
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            if signals.cause is None:
                raise
    for line in _decided(arguments, loaded, desk):
        complain(line)
    assert signals.cause is not None
    return EXITS[signals.cause]


def _open(address: str) -> None:
    import webbrowser  # noqa: PLC0415 - only where somebody looks

    # A browser of the terminal stays until it is left, and needs to be served meanwhile.
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _decided(arguments: argparse.Namespace, loaded: LoadedJob, desk: Desk) -> Iterator[str]:
    from batch.running.planning import planned_spend  # noqa: PLC0415 - start-up counts

    words = _tally(judgement.value for judgement in desk.decided.values())
    yield f"decided: {words}" if words else "nothing was decided"
    if Judgement.REDO not in desk.decided.values():
        return
    with suppress(Problem), closing(read_state(loaded.location.state, Binding.of(loaded.location))) as connection:
        spend = planned_spend(connection)
        if spend.items:  # else a run beside us has bought it
            items = counted(spend.items, "planned item")
            yield f"`sora-batch run {arguments.job}` buys {items} for ${format_usd(spend.usd)}"


def _tally(words: Iterable[str]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(Counter(words).items()))


def _apply(arguments: argparse.Namespace) -> int:
    from batch.running.clock import Clock  # noqa: PLC0415 - start-up counts
    from batch.running.narrowing import buying_command  # noqa: PLC0415 - the same
    from batch.running.reviewing import apply_decisions  # noqa: PLC0415 - the same
    from batch.running.telling import read_told  # noqa: PLC0415 - the same

    loaded = read_job(arguments.job)
    telling = read_told(arguments.apply)
    applied = asyncio.run(apply_decisions(loaded, telling.told, Clock()))
    refused = sorted((*telling.refused, *applied.refused), key=lambda one: one.line)
    code = _exit(applied, refused)
    if arguments.json:
        say_json(_json(applied, refused, code))
    else:
        lines = _text(arguments, applied, refused, buying_command(loaded))
        say(printable(line) for line in lines)
    return code


def _exit(applied: Applied, refused: list[Refused]) -> Exit:
    if not refused:
        return Exit.DONE
    return Exit.SOME_FAILED if applied.changed or applied.known else Exit.BAD_MANIFEST


def _text(arguments: argparse.Namespace, applied: Applied, refused: list[Refused], command: str) -> Iterator[str]:
    label = "standard input" if arguments.apply == "-" else arguments.apply
    for one in refused:
        yield f"{label}:{one.line} {one.sku or one.key[:12] or '(no SKU)'}: {one.reason}"
    words = _tally(one.judgement.value for one in applied.changed)
    told = f" ({words})" if words else ""
    yield f"{len(applied.changed)} taken in{told}, {applied.known} known already, {len(refused)} refused"
    if applied.planned:
        for take in applied.planned:
            yield f"{take.sku}: take {take.take} is planned, ${format_usd(from_micros(take.estimate))}"
        count = len(applied.planned)
        them = "it" if count == 1 else "them"
        yield f"{counted(count, 'item is', 'items are')} planned again; `{command}` buys {them} for ${_most(applied)}"


def _most(applied: Applied) -> str:
    return format_usd(from_micros(sum(take.estimate for take in applied.planned)))


def _json(applied: Applied, refused: list[Refused], code: Exit) -> dict[str, Any]:
    return {
        "applied": len(applied.changed),
        "known": applied.known,
        "refused": [{"line": one.line, "key": one.key, "sku": one.sku, "reason": one.reason} for one in refused],
        "planned": [
            {
                "sku": take.sku,
                "take": take.take,
                "key": take.key,
                "estimated_usd": format_usd(from_micros(take.estimate)),
            }
            for take in applied.planned
        ],
        "estimated_usd": _most(applied),
        "exit": int(code),
    }
