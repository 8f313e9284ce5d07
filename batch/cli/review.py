"""`review`: what persons decide about the clips."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from batch.cli.console import printable, say, say_json
from batch.core.money import format_usd, from_micros
from batch.errors import Exit
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.running.reviewing import Applied, Refused


def run(arguments: argparse.Namespace) -> int:
    """Take a file of decisions into the state, and say what came of each line."""
    return _apply(arguments)


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
    words = Counter(one.judgement.value for one in applied.changed)
    told = f" ({', '.join(f'{count} {word}' for word, count in sorted(words.items()))})" if words else ""
    yield f"{len(applied.changed)} taken in{told}, {applied.known} known already, {len(refused)} refused"
    if applied.planned:
        for take in applied.planned:
            yield f"{take.sku}: take {take.take} is planned, ${format_usd(from_micros(take.estimate))}"
        count = len(applied.planned)
        what, them = ("1 item is", "it") if count == 1 else (f"{count} items are", "them")
        yield f"{what} planned again; `{command}` buys {them} for ${_most(applied)}"


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
