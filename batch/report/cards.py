"""What the page says of each item, in which words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from batch.core.money import ZERO, format_usd
from batch.report.channels import marks
from batch.report.choosing import Standing
from batch.report.document import all_warnings, finite
from batch.report.thumbnails import NotShown, Thumbnail
from batch.report.words import dollars, size, span, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from batch.core.decision import Decision
    from batch.core.summary import ClipFacts, Cost, ItemView
    from batch.report.channels import Mark

PROMPT_SHOWN = 1_500
"""Characters of a prompt that can be read on the page; the whole is in the tables."""
PROMPT_HELD = 10_000
"""Characters of a prompt that the page holds, to be changed for a new take; beyond them it has to be written anew."""
VALUE_SHOWN = 300
ROW_SHOWN = 40
_TITLE_COLUMNS = ("title", "name", "product", "product_name", "product name", "product title")
_CATEGORY_COLUMNS = (
    *("category", "google_product_category", "google product category", "product category", "product_category"),
    *("product_type", "product type", "categories", "type"),
)
_PLAIN_URL = re.compile(r"https?://[^\s\x00-\x20\"'<>\\]+", re.IGNORECASE)


_WITHOUT_CLIP = {
    Standing.UNCONFIRMED: "No clip yet: it is not known whether the provider made one",
    Standing.FAILED: "No clip was made",
    Standing.REFUSED: "The provider would not make this clip",
    Standing.PENDING: "Not made yet",
    Standing.DONE: "The clip's record is missing",
    Standing.SKIPPED: "The clip's record is missing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A label and its value; `code` values are names and numbers that a machine made."""

    label: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CardClip:
    """The clip on a card; addresses are relative to the page and safe in an attribute.

    Attributes:
        poster, strip: Pictures taken from it; empty where nobody has looked at it yet.
    """

    address: str
    path: str
    width: int
    height: int
    poster: str = ""
    strip: str = ""

    @property
    def shape(self) -> str:
        """`tall` or `wide`, as the page lays it out."""
        return "tall" if self.height > self.width else "wide"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoClip:
    """Why there is no clip on a card, in a few words, and the shape that was ordered."""

    words: str
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Everything a card shows, as text that the template escapes.

    Attributes:
        number: Which take it is, as files and commands count them: the first is 0.
        line: Of the manifest; 0 where it is no longer in it.
        link: The source's address on the web; empty unless it is plainly one.
        score: What a machine's look came to, of 100; None where none has looked.
        spent: What it cost, or may have cost, in plain decimals.
        cost: The same, as people read it.
        again: What one more take costs.
        prompt_rest: What follows of the prompt, as far as the page holds it.
        prompt_cut: How many characters of the prompt are not shown.
        prompt_whole: Whether the page holds all of it.
        gist: What the clip is, or is to be, in a line.
        earlier: The takes before this one, the first of them first.
    """

    key: str
    sku: str
    number: int
    line: int
    title: str
    standing: Standing
    phase: str
    picture: Thumbnail
    image: str
    link: str
    clip: CardClip | NoClip
    score: int | None
    spent: str
    cost: str
    again: str
    category: str
    decision: Decision | None
    prompt: str
    prompt_rest: str
    prompt_cut: int
    prompt_whole: bool
    reason: str
    advice: str
    warnings: tuple[str, ...]
    remarks: tuple[str, ...]
    channels: tuple[Mark, ...]
    gist: str
    money: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    details: tuple[Fact, ...]
    earlier: tuple[Card, ...] = ()


def card_of(view: ItemView, picture: Thumbnail | None, clip_folder: str, *, earlier: Sequence[ItemView] = ()) -> Card:
    """Put an item into words.

    Args:
        view: The item.
        picture: Its source's thumbnail; None where there is no local picture to make one of.
        clip_folder: The output folder as seen from the page, for example `..`.
        earlier: The takes before it, the first of them first.
    """
    standing = Standing(view.state)
    spent = view.cost.settled + view.cost.reserved + view.cost.possibly_charged
    return Card(
        key=view.key,
        sku=view.sku,
        number=view.take,
        line=view.line,
        title=title_of(view),
        standing=standing,
        phase="" if view.phase in {view.state, "done"} else view.phase.replace("_", " "),
        picture=picture or NotShown(words="The picture lies on the web."),
        image=view.image,
        link=web_link(view.source),
        clip=_clip(view, standing, clip_folder),
        score=view.look.score if view.look else None,
        spent=format_usd(spent),
        cost=dollars(spent),
        again=dollars(view.estimate),
        category=_first_of(view, _CATEGORY_COLUMNS),
        decision=view.decision,
        prompt=view.prompt[:PROMPT_SHOWN],
        prompt_rest=view.prompt[PROMPT_SHOWN:PROMPT_HELD],
        prompt_cut=max(0, len(view.prompt) - PROMPT_SHOWN),
        prompt_whole=len(view.prompt) <= PROMPT_HELD,
        reason=view.reason,
        advice=view.advice,
        warnings=all_warnings(view),
        remarks=tuple(remark.words for remark in view.look.remarks) if view.look else (),
        channels=marks(view),
        gist=_gist(view),
        money=_money(view),
        facts=tuple(_facts(view)),
        details=tuple(_details(view)),
        earlier=tuple(card_of(one, picture, clip_folder) for one in earlier),
    )


def title_of(view: ItemView) -> str:
    """Find the product's name among the manifest's columns; empty if none is called so."""
    return _first_of(view, _TITLE_COLUMNS)


def _first_of(view: ItemView, names: Sequence[str]) -> str:
    folded = {name.strip().casefold(): value for name, value in view.row.items()}
    return next((folded[name].strip()[:VALUE_SHOWN] for name in names if folded.get(name)), "")


def web_link(source: str) -> str:
    """Give an address that may become a link; empty for local paths and for every other scheme.

    >>> web_link("https://shop.example/a.png"), web_link("javascript:alert(1)")
    ('https://shop.example/a.png', '')
    """
    if not _PLAIN_URL.fullmatch(source):
        return ""
    try:
        parts = urlsplit(source)
    except ValueError:
        return ""
    # An address with a password is not for a page that gets passed around.
    return source if parts.hostname and parts.username is None else ""


def _clip(view: ItemView, standing: Standing, clip_folder: str) -> CardClip | NoClip:
    if view.clip is None:
        across, _, down = view.aspect.partition(":")
        tall = across.isdecimal() and down.isdecimal() and int(down) > int(across)
        return NoClip(words=_WITHOUT_CLIP[standing], shape="tall" if tall else "wide")
    return CardClip(
        address=_address(clip_folder, view.clip.path),
        path=view.clip.path,
        width=view.clip.width,
        height=view.clip.height,
        poster=_address(clip_folder, view.look.poster) if view.look else "",
        strip=_address(clip_folder, view.look.strip) if view.look else "",
    )


def _address(folder: str, path: str) -> str:
    return quote(f"{folder}/{path}".encode("utf-8", "surrogateescape"))


def _money(view: ItemView) -> tuple[Fact, ...]:
    cost: Cost = view.cost
    if not view.attempts:
        return (Fact(label="Estimate", value=dollars(view.estimate)),)
    certain = (
        Fact(label="Estimated", value=dollars(cost.estimated)),
        Fact(label="Settled", value=dollars(cost.settled)),
    )
    uncertain = (("Reserved", cost.reserved), ("Possibly charged", cost.possibly_charged))
    return certain + tuple(Fact(label=label, value=dollars(usd)) for label, usd in uncertain if usd != ZERO)


def _gist(view: ItemView) -> str:
    if view.clip:
        return _clip_words(view.clip)
    ordered = ", ".join(filter(None, (_length(view.duration), view.aspect)))
    return f"Ordered: {ordered}" if ordered else ""


def _facts(view: ItemView) -> Iterator[Fact]:
    if (seconds := finite(view.render_seconds)) is not None:
        yield Fact(label="Rendered in", value=span(seconds))
    if view.submitted_at:
        yield Fact(label="Submitted", value=when(view.submitted_at))
    if view.attempts > 1:
        yield Fact(label="Attempts", value=str(view.attempts))
    if view.prediction_id:
        yield Fact(label="Prediction", value=view.prediction_id, code=True)


def _length(duration: str) -> str:
    return f"{duration} s" if duration.isdecimal() else duration


def _clip_words(clip: ClipFacts) -> str:
    sound = "with sound" if clip.has_audio else "no sound"
    rate = "" if clip.frame_rate is None else f"{clip.frame_rate:.4g} fps, "
    return f"{clip.seconds:.3g} s, {clip.width}\u2009\u00d7\u2009{clip.height}, {rate}{sound}, {size(clip.bytes)}"


def _why_not_there(view: ItemView) -> str:
    return "the product is no longer in the manifest" if view.gone else "its row has changed since: see the newer item"


def _details(view: ItemView) -> Iterator[Fact]:
    if view.clip:
        yield Fact(label="File", value=view.clip.path, code=True)
        yield Fact(label="SHA-256", value=view.clip.sha256, code=True)
    yield Fact(label="Manifest line", value=f"{view.line:,}" if view.line else _why_not_there(view))
    yield Fact(label="Variant, take", value=f"{view.variant}, {view.take}")
    yield Fact(label="Model", value=view.model)
    if view.ended_at:
        yield Fact(label="Ended", value=when(view.ended_at))
    yield Fact(label="Item key", value=view.key, code=True)
    for name, value in list(view.row.items())[:ROW_SHOWN]:
        cut = value if len(value) <= VALUE_SHOWN else f"{value[:VALUE_SHOWN]}\u2026"
        yield Fact(label=name, value=cut)
