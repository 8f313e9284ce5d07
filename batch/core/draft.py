"""A job file for a catalogue that has none yet, with comments for the person who goes on with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.counting import counted
from batch.core.money import format_usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

_PLAIN = re.compile(r"[A-Za-z./][A-Za-z0-9 ._/()-]*")
_WORDS = re.compile(r"null|true|false|yes|no|on|off", re.IGNORECASE)
_PROMPT = (
    "Low three-quarter view of the {title|product}{colour}.",
    "The product turns slowly on the spot through a quarter circle; the camera stays still.",
    "Soft studio light. Clean, realistic commercial style.",
    "The product keeps its exact shape, colour and label. Sound: quiet room tone.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Caps for the plan's price.

    Attributes:
        price: What the plan says, at most.
        per_run: A little more, for retries.
        per_item: What an item may cost with its retry.
    """

    items: int
    price: Decimal
    per_run: Decimal
    per_item: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a job file is written from.

    Attributes:
        name: The job's.
        path: The manifest, relative to the job file.
        system: What people call the system; empty for a plain table.
        adapter: Its name; None for a plain table.
        products: How many items there are of products.
        variants: How many of variants.
        alts: Whether pictures have alt texts.
        shown: The condition for what the shop shows; None if everything is shown, or nothing is known of it.
        hidden: How many products it leaves out.
        columns: Our name: the manifest's.
        placeholders: Our names that a prompt may want.
        categories: The commonest, with how many rows.
        simulated: Whether the simulator makes the clips.
        output: The folder of clips, relative to the job file; None for the usual one.
        budget: None while no plan was made.
    """

    name: str
    path: str
    system: str
    adapter: str | None
    products: int
    variants: int
    alts: bool
    shown: str | None
    hidden: int
    columns: Mapping[str, str]
    placeholders: tuple[str, ...]
    categories: tuple[tuple[str, int], ...]
    simulated: bool
    output: str | None
    budget: Budget | None = None


def draft_text(draft: Draft, job: str) -> str:
    """Write the job file.

    Args:
        draft: What it says.
        job: What a person calls the file.
    """
    return "\n".join((*_top(draft, job), *_manifest(draft), *_provider(draft), *_prompt(draft), *_rest(draft), ""))


def scalar(text: str) -> str:
    """Write a text so that YAML reads it as this text.

    >>> scalar("Variant SKU"), scalar("no"), scalar("a: b")
    ('Variant SKU', '"no"', '"a: b"')
    """
    plain = _PLAIN.fullmatch(text) and not _WORDS.fullmatch(text) and not text.endswith(" ")
    return text if plain else json.dumps(text, ensure_ascii=False)


def _top(draft: Draft, job: str) -> Iterator[str]:
    yield f"# {_one_line(draft.system or 'A table')}: one clip for each item of {_one_line(draft.path)}."
    yield "#"
    yield f"#     sora-batch plan {_one_line(job)}      what would be bought, for how much, and what is wrong"
    yield f"#     sora-batch run {_one_line(job)}       buys, fetches, reports"
    yield ""
    yield f"name: {scalar(draft.name)}"
    yield ""


def _manifest(draft: Draft) -> Iterator[str]:
    yield "manifest:"
    yield f"  path: {scalar(draft.path)}"
    if draft.adapter is not None:
        yield f"  adapter: {draft.adapter}"
        yield f"  # `product` makes {counted(draft.products, 'item')}, `variant` makes {draft.variants:,}."
        yield "  per: product"
        alts = ", or words that the alt text has in it, such as front" if draft.alts else ""
        yield f"  # A position from 1, or last{alts}."
        yield "  picture: 1"
    if draft.shown is not None:
        yield f"  # What the shop shows; it leaves out {draft.hidden:,} of {counted(draft.products, 'item')}."
        yield f"  where: {json.dumps(draft.shown, ensure_ascii=False)}"
    else:
        yield "  # The rows to take, as a condition in SQL. Every value is text."
        example = next(iter(draft.placeholders), "title")
        yield f"  # where: \"{example} ILIKE '%mug%'\""
    yield "  # A cheap trial: ten SKUs from all over the catalogue, the same ones every time."
    yield "  # sample: 10"
    if draft.columns:
        yield "  # Our name: the manifest's column. Prompts can use both."
        yield "  columns:"
        yield from (f"    {ours}: {scalar(theirs)}" for ours, theirs in draft.columns.items())
    yield ""


def _provider(draft: Draft) -> Iterator[str]:
    yield "provider:"
    if draft.simulated:
        yield "  # Built in: no key, no money. `eachlabs` makes real clips, with the key in EACHLABS_API_KEY."
        yield "  name: simulator"
        yield "  speed: 100"
    else:
        yield "  # `simulator` is built in and tries everything out: no key, no money."
        yield "  name: eachlabs"
    yield ""


def _prompt(draft: Draft) -> Iterator[str]:
    """Take prompts from the library where the export says what each product is; else one for all."""
    used = ", ".join(f"{{{ours}}}" for ours in draft.placeholders)
    filled = f"  # Filled in from the row: {f'{used}, and ' if used else ''}every column by its own name."
    if draft.categories:
        yield "prompt:"
        yield "  # From the library, by the category of each item; it sells, most of all:"
        yield from (f"  #   {_one_line(name)} ({many:,})" for name, many in draft.categories)
        yield "  # `sora-batch lint` says what is wrong with what comes of it."
        yield "  library: auto"
        yield "  # Any part can be said otherwise: subject, action, camera, lighting, constraints, audio."
        yield filled
        yield "  # camera: The camera stays still."
    else:
        yield "defaults:"
        yield filled
        yield "  # {name|words} takes the words where a row has no value; without them such a row is rejected."
        yield "  prompt: >-"
        colour = " in {colour|its own colour}" if "colour" in draft.placeholders else ""
        yield from (f"    {line.replace('{colour}', colour)}" for line in _PROMPT)
    yield ""


def _rest(draft: Draft) -> Iterator[str]:
    if draft.output is not None:
        yield "output:"
        yield f"  dir: {scalar(draft.output)}"
        yield ""
    if draft.budget is not None:
        budget = draft.budget
        yield "budget:"
        yield f"  # {counted(budget.items, 'item')} for ${format_usd(budget.price)} at most; the rest is for retries."
        yield f"  per_run_usd: {format_usd(budget.per_run)}"
        yield "  # An item is never paid for more than twice."
        yield f"  per_item_usd: {format_usd(budget.per_item)}"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:120]
