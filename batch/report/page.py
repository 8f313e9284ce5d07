"""`report.html`: one file that needs nothing but the clips beside it.

Everything from the manifest, the provider and the job is hostile text. Jinja2 escapes it, addresses are quoted before
they reach an attribute, and the page's own policy allows no script, no style and no request but those named by hash
or lying beside the page: what an escape would miss stays inert.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, BinaryIO

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from batch.core.counting import counted
from batch.report.choosing import Standing
from batch.report.words import dollars, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from batch.core.summary import GoneProduct, ItemCounts, RejectedView, ReportHead
    from batch.report.cards import Card
    from batch.report.channels import Standing as ChannelStanding

BAR_UNITS = 1000
SCRIPTS = ("model", "clips", "finding", "deciding", "saving", "comparing", "keys")
"""Our own files in `templates/script`, in the order in which they stand in the page, as one script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One of the big numbers, and its part of the bar.

    Attributes:
        name: As `ItemCounts` calls it.
        start: Where its part of the bar begins, in thousandths.
        width: How much of the bar it takes, in thousandths.
    """

    name: str
    label: str
    number: int
    start: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """One of the four costs, with what it means."""

    name: str
    label: str
    amount: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the page shows.

    Attributes:
        cards: The items shown, in order; read once.
        shown: How many cards there are.
        left_out: Items that have no card.
        rejected: Rejected rows shown.
        rejected_left_out: Rejected rows that are not shown.
        channels: How the clips stand with the job's destinations.
        gone: Products that left the manifest, as many as are shown.
        gone_left_out: Those that are not shown.
        served: The relative address to which the page sends decisions as they are made; empty for a page on disk,
            which keeps them in the browser and saves them as `decisions.csv`.
        person: Whose decisions a served page takes them for, until another name is given; empty: it asks.
    """

    head: ReportHead
    cards: Iterable[Card]
    shown: int
    left_out: int
    rejected: Sequence[RejectedView]
    rejected_left_out: int
    channels: Sequence[ChannelStanding] = ()
    gone: Sequence[GoneProduct] = ()
    gone_left_out: int = 0
    served: str = ""
    person: str = ""


def write_page(file: BinaryIO, page: Page) -> None:
    """Write the page, card by card."""
    head = page.head
    stream = (
        _environment()
        .get_template("report.html")
        .generate(
            page=page,
            head=head,
            verdict=verdict(head.counts),
            tiles=tiles(head.counts),
            amounts=amounts(head),
            standings=list(Standing),
            style=Markup(_style()),  # noqa: S704  our own files
            script=Markup(_script()),  # noqa: S704  our own files
            policy=policy(served=bool(page.served)),
            bar_units=BAR_UNITS,
        )
    )
    file.writelines(piece.encode("utf-8", "backslashreplace") for piece in stream)


def verdict(counts: ItemCounts) -> str:
    """Say in one sentence how the job stands.

    >>> from batch.core.summary import ItemCounts
    >>> verdict(ItemCounts(done=2, skipped=1, failed=1))
    '3 of 4 clips are ready.'
    """
    ready, wanted = counts.done + counts.skipped, counts.total - counts.rejected
    if not wanted:
        return "No row could become an item." if counts.rejected else "There is nothing to make."
    if ready < wanted:
        return f"{ready:,} of {counted(wanted, 'clip')} {'is' if ready == 1 else 'are'} ready."
    return "The clip is ready." if wanted == 1 else f"All {wanted:,} clips are ready."


def tiles(counts: ItemCounts) -> list[Tile]:
    """Give the big numbers; the widths of the bar's parts add up to the whole bar."""
    numbers = {
        "done": ("Done", counts.done),
        "skipped": ("Done earlier", counts.skipped),
        "unconfirmed": ("Needs a person", counts.unconfirmed),
        "failed": ("Failed", counts.failed),
        "refused": ("Refused", counts.refused),
        "pending": ("Pending", counts.pending),
        "rejected": ("Rejected rows", counts.rejected),
    }
    made, before = [], 0
    for name, (label, number) in numbers.items():
        start, end = (round(BAR_UNITS * part / max(counts.total, 1)) for part in (before, before + number))
        made.append(Tile(name=name, label=label, number=number, start=start, width=end - start))
        before += number
    return made


def amounts(head: ReportHead) -> list[Amount]:
    """Give the four costs, each with its meaning."""
    cost = head.cost
    meanings = (
        ("estimated", "Estimated", cost.estimated, "What everything submitted should cost, by the price list."),
        ("settled", "Settled", cost.settled, "What the provider said it charged. This is the bill."),
        ("reserved", "Reserved", cost.reserved, "Held back for what is on its way or unconfirmed."),
        (
            "possible",
            "Possibly charged",
            cost.possibly_charged,
            "Estimates where the provider named no price.",
        ),
    )
    return [
        Amount(name=name, label=label, amount=dollars(usd), meaning=meaning) for name, label, usd, meaning in meanings
    ]


def policy(*, served: bool = False) -> str:
    """Give the page's content security policy: its own style and script by hash, files beside it, and nothing else.

    Args:
        served: Whether it may send to the server that it came from.
    """
    # `file:` beside 'self': browsers disagree whether a page opened from disk is its own origin.
    rules = [
        "default-src 'none'",
        f"style-src '{_hash(_style())}'",
        f"script-src '{_hash(_script())}'",
        "img-src data: 'self' file:",
        "media-src 'self' file:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join([*rules, "connect-src 'self'"] if served else rules)


@cache
def _asset(name: str) -> str:
    return files("batch.report").joinpath("templates", *name.split("/")).read_text(encoding="utf-8")


def _template(name: str) -> str:
    # Of two thousand cards, the breaks between their elements alone would be half of all that the browser holds.
    source = _asset(name)
    return source.replace("\n", "") if name in {"card.html", "macros.html"} else source


@cache
def _style() -> str:
    return _asset("report.css") + _asset("icons.css") + _asset("review.css")


@cache
def _script() -> str:
    parts = "".join(_asset(f"script/{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


@cache
def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_template),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["when"] = when
    environment.filters["count"] = counted
    return environment
