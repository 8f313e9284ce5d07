"""`plan --explain SKU`: why the items of a SKU are new, or are not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from batch.cli.console import Progress, printable, say, say_json
from batch.core.ingredients import shortened
from batch.core.lifecycle import ENDED, WITH_PERSON, Phase
from batch.core.money import format_usd
from batch.errors import Exit
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.core.override import Override
    from batch.running.explaining import Explanation, Story
    from batch.store.history import Earlier

_NEEDS_PERSON = WITH_PERSON | {Phase.UNCONFIRMED}


def run(arguments: argparse.Namespace) -> int:
    """Explain one SKU."""
    from batch.core.trial import Trial  # noqa: PLC0415 - start-up counts
    from batch.running.explaining import explain  # noqa: PLC0415 - the same
    from batch.running.narrowing import tried  # noqa: PLC0415 - the same

    progress = Progress(log_format=arguments.log_format)
    pictures = progress.pictures("pictures looked at")
    loaded = tried(read_job(arguments.job), Trial(sample=arguments.sample, duration=arguments.duration))
    found = explain(loaded, arguments.explain, fetch=arguments.fetch, progress=pictures)
    progress.close()
    if arguments.json:
        say_json(_json(found))
    else:
        say(printable(line) for line in _text(found, arguments))
    return Exit.DONE


def _text(found: Explanation, arguments: argparse.Namespace) -> Iterator[str]:
    yield f"{found.sku}: {_rows(found)}"
    for refusal in found.refusals:
        column = f" {refusal.column}={refusal.value!r}" if refusal.value else f" {refusal.column}".rstrip()
        yield f"  {refusal.file}:{refusal.line}{column} rejected, nothing is bought: {refusal.reason}"
    if found.unchecked:
        yield "  the picture behind its URL was not fetched yet, so nobody can say: `--fetch` reads it"
    for story in found.stories:
        yield from _story(story, found.sku, arguments)
    if kept := [item.clip for item in found.left if item.clip]:
        yield f"  kept{' of earlier rows' if found.rows else ''}: {', '.join(kept)}"
    for item in found.left:
        if not item.clip:
            yield f"  earlier item {item.key[:12]}: {_standing(item)}"


def _rows(found: Explanation) -> str:
    if not found.rows:
        return "gone from the manifest, nothing is bought"
    lines = {(story.file, story.line): None for story in found.stories}
    where = f" ({', '.join(f'{file}:{line}' for file, line in lines)})" if lines else ""
    return f"{found.rows} {'row' if found.rows == 1 else 'rows'} of the manifest{where}"


def _story(story: Story, sku: str, arguments: argparse.Namespace) -> Iterator[str]:
    head = f"  {story.aspect}, {story.duration} s, variant {story.variant}"
    known = None if story.known is None else _known(story.known, sku, arguments)
    yield f"{head}: {known or f'new, ${format_usd(story.price)}'}"
    yield from _override(story.override)
    if known is not None:
        return
    if story.compared is None:
        yield "    no item of this SKU is known yet, nor any of another SKU with this picture and prompt"
        return
    other = story.compared.sku != sku
    whose = f"{story.compared.sku}'s item, which has the same picture and prompt," if other else "the earlier item"
    yield f"    beside {whose} {story.compared.key[:12]} ({_standing(story.compared)}):"
    if other:
        yield f'      sku: "{story.compared.sku}" -> "{sku}"'
    for change in story.changes:
        yield f"      {change.what}: {_side(change.old)} -> {_side(change.new)}"


def _override(override: Override | None) -> Iterator[str]:
    if override is None:
        return
    yield f"    overridden by a redo: {override}"
    if override.prompt != override.row_prompt:
        old, new = shortened(override.row_prompt, override.prompt)
        yield f"      prompt: {_side(old)} -> {_side(new)}"


def _side(text: str) -> str:
    return f'"{text}"' if text else "(none)"


def _known(item: Earlier, sku: str, arguments: argparse.Namespace) -> str:
    if item.phase is Phase.PLANNED:
        again = "to be bought again after a failure" if item.bought else "planned before and not bought yet"
        return f"not new, {again}"
    if item.phase in _NEEDS_PERSON:
        return f"not new, {_standing(item)}: `sora-batch resolve {arguments.job} {sku}` says what is known"
    return f"not new, {_standing(item)}; nothing is bought"


def _standing(item: Earlier) -> str:
    reason = f": {item.reason}" if item.reason else ""
    if item.phase is Phase.DONE:
        return f"done on {_day(item.ended_at or item.intent_at)}, {item.clip}"
    if item.phase is Phase.PLANNED:
        return "never bought"
    if item.phase in _NEEDS_PERSON:
        return f"{item.phase.value}, waiting for a person or the provider{reason}"
    if item.phase in ENDED:
        return f"{item.phase.value}, without a clip{reason}"
    prediction = f", prediction {item.prediction_id}" if item.prediction_id else ""
    return f"in flight since {_day(item.intent_at)}{prediction}"


def _day(at: float | None) -> str:
    return "an unknown day" if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()


def _json(found: Explanation) -> dict[str, Any]:
    return {
        "sku": found.sku,
        "rows": found.rows,
        "gone": not found.rows,
        "unchecked": found.unchecked,
        "items": [
            {
                "key": story.key,
                "file": story.file,
                "line": story.line,
                "variant": story.variant,
                "aspect_ratio": story.aspect,
                "duration": story.duration,
                "new": story.known is None,
                "price_usd": format_usd(story.price),
                "known": None if story.known is None else _item(story.known),
                "compared_with": None if story.compared is None else _item(story.compared),
                "override": None if story.override is None else story.override.as_json(),
                "changes": [{"what": one.what, "old": one.old, "new": one.new} for one in story.changes],
            }
            for story in found.stories
        ],
        "rejected": [
            {"file": one.file, "line": one.line, "column": one.column, "value": one.value, "reason": one.reason}
            for one in found.refusals
        ],
        "earlier": [_item(item) for item in found.left],
    }


def _item(item: Earlier) -> dict[str, Any]:
    return {
        "key": item.key,
        "sku": item.sku,
        "phase": item.phase.value,
        "bought": item.bought,
        "clip": item.clip or None,
        "prediction_id": item.prediction_id or None,
        "reason": item.reason,
    }
