"""`export`: finished clips handed over to a channel, with the feed that it takes."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from batch import interrupts
from batch.cli.console import complain, printable, say, say_json
from batch.core.counting import counted
from batch.export.values import which
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.running.delivering import HandedOver

_MOST_NAMED = 20
_LEFT_OUT = {
    "undecided": "not decided about",
    "rejected": "rejected",
    "redo": "waiting for a new take",
    "no clip": "without a clip",
    "gone": "no longer in the manifest",
    "newer": "newer than what is handed over, and not decided about",
}


def run(arguments: argparse.Namespace) -> int:
    """Hand over, and name what was refused or is in doubt."""
    loaded = read_job(arguments.job)
    interrupts.hold_back()
    done = asyncio.run(_export(arguments, loaded))
    for line in _remarks(done):
        complain(line)
    if arguments.json:
        say_json(_as_json(done))
    else:
        say(printable(line) for line in _lines(done, arguments.job))
    return done.exit


async def _export(arguments: argparse.Namespace, loaded: Any) -> HandedOver:
    interrupts.let_through()
    from batch.running.exporting import Asked, hand_over  # noqa: PLC0415 - start-up counts
    from batch.running.shelves import Link  # noqa: PLC0415 - the same

    asked = Asked(
        channel=arguments.channel,
        approved_only=arguments.approved_only,
        base_url=arguments.base_url or "",
        output=arguments.output,
        link=None if arguments.link is None else Link(arguments.link),
        languages=tuple(arguments.language),
        simulated=arguments.simulated,
        id_column=arguments.id_column,
    )
    return await hand_over(loaded, asked, os.environ)


def _remarks(done: HandedOver) -> Iterator[str]:
    """Name the clips that something is said of, together where it is the same."""
    from batch.running.delivering import in_doubt  # noqa: PLC0415 - as above

    refused: dict[str, list[str]] = {}
    for refusal in done.refused:
        refused.setdefault(refusal.reason, []).append(refusal.which)
    doubts: dict[str, list[str]] = {}
    for view, doubt in in_doubt(done.offers):
        doubts.setdefault(doubt, []).append(which(view.sku, view.variant, view.aspect))
    for word, found in (("refused", refused), ("handed over, but in doubt", doubts)):
        for reason, some in found.items():
            more = f" and {len(some) - _MOST_NAMED} more" if len(some) > _MOST_NAMED else ""
            yield f"{word}: {', '.join(some[:_MOST_NAMED])}{more}: {reason}"
    for name in done.left:
        yield f"{name} is no longer handed over, but was changed since it was put there: it is left alone"


def _lines(done: HandedOver, job: Any) -> Iterator[str]:
    from batch.running.delivering import by_reason, in_doubt  # noqa: PLC0415 - as above

    ways = ", ".join(f"{count} {way}" for way, count in sorted(done.ways.items()))
    doubts = sum(1 for _ in in_doubt(done.offers))
    counts = [f"{counted(len(done.offers), 'clip')} handed over{f' ({ways})' if ways else ''}"]
    counts += [f"{len(done.refused)} refused"] if done.refused else []
    counts += [f"{doubts} in doubt"] if doubts else []
    counts += [f"{len(done.removed)} removed"] if done.removed else []
    yield f"{done.channel}: {', '.join(counts)}"
    if left_out := by_reason(done.left_out):
        yield f"left out: {', '.join(f'{count} {_LEFT_OUT[why]}' for why, count in left_out.items())}"
    if "undecided" in left_out and not done.offers and not done.refused:
        yield f"  nothing is approved yet: `sora-batch review {job}` decides"
    yield f"feed:  {_near(done.feed)}"
    yield f"clips: {_near(done.where)}"


def _near(text: str) -> str:
    from pathlib import Path  # noqa: PLC0415 - start-up counts

    from batch.cli.words import nearest_path  # noqa: PLC0415 - the same

    return text if "://" in text else nearest_path(Path(text))


def _as_json(done: HandedOver) -> dict[str, Any]:
    from batch.running.delivering import by_reason, in_doubt  # noqa: PLC0415 - as above

    return {
        "job": done.job,
        "channel": done.channel,
        "where": done.where,
        "feed": done.feed,
        "handed_over": len(done.offers),
        "ways": {way.value.replace(" ", "_"): count for way, count in sorted(done.ways.items())},
        "clips": [
            {
                "id": offer.id,
                "sku": offer.view.sku,
                "variant": offer.view.variant,
                "aspect": offer.view.aspect,
                "take": offer.view.take,
                "file": offer.name,
                "url": offer.url,
            }
            for offer in done.offers
        ],
        "refused": [refusal.as_json() for refusal in done.refused],
        "in_doubt": [
            {"sku": v.sku, "variant": v.variant, "aspect": v.aspect, "doubt": d} for v, d in in_doubt(done.offers)
        ],
        "left_out": {why.replace(" ", "_"): count for why, count in by_reason(done.left_out).items()},
        "removed": list(done.removed),
        "left_alone": list(done.left),
        "exit": int(done.exit),
    }
