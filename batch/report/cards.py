"""What the page says of each item: which items it shows, and in which words."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from batch.core.money import ZERO
from batch.report.channels import marks
from batch.report.document import all_warnings, finite
from batch.report.thumbnails import NotShown, Thumbnail
from batch.report.words import dollars, size, span, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from batch.core.summary import ClipFacts, Cost, ItemView
    from batch.report.channels import Mark

PROMPT_SHOWN = 1_500
"""Characters of a prompt on the page; the whole is in the tables."""
VALUE_SHOWN = 300
ROW_SHOWN = 40
_TITLE_COLUMNS = ("title", "name", "product", "product_name", "product name", "product title")
_PLAIN_URL = re.compile(r"https?://[^\s\x00-\x20\"'<>\\]+", re.IGNORECASE)


class Standing(Enum):
    """Where an item stands, in the order of the page: what asks for something comes first."""

    UNCONFIRMED = "unconfirmed"
    """May have been paid for; the provider has to be asked, or a person."""
    FAILED = "failed"
    """Ended without a clip, and not because of its content."""
    REFUSED = "refused"
    """The provider would not make it."""
    DONE = "done"
    """Its clip was made and verified by this run."""
    SKIPPED = "skipped"
    """Its clip was there before this run."""
    PENDING = "pending"
    """Not begun, or on its way."""

    @property
    def label(self) -> str:
        """What the page calls it."""
        return _LABELS[self]


_LABELS = {
    Standing.UNCONFIRMED: "Needs a person",
    Standing.FAILED: "Failed",
    Standing.REFUSED: "Refused",
    Standing.DONE: "Done",
    Standing.SKIPPED: "Done earlier",
    Standing.PENDING: "Pending",
}
_WITHOUT_CLIP = {
    Standing.UNCONFIRMED: "No clip yet: it is not known whether the provider made one",
    Standing.FAILED: "No clip was made",
    Standing.REFUSED: "The provider would not make this clip",
    Standing.PENDING: "Not made yet",
    Standing.DONE: "The clip's record is missing",
    Standing.SKIPPED: "The clip's record is missing",
}


class Chosen:
    """Picks the items that the page shows: at most `limit`, in the order of `Standing`, then of the manifest.

    Args:
        limit: How many cards the page can carry.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._views: dict[Standing, list[ItemView]] = {standing: [] for standing in Standing}
        self._counts: Counter[Standing] = Counter()

    def take(self, views: Iterable[ItemView]) -> Iterator[ItemView]:
        """Look at each item, keep what may be shown, and pass it on."""
        for view in views:
            standing = Standing(view.state)
            self._counts[standing] += 1
            kept = self._views[standing]
            if len(kept) < self._limit:
                kept.append(view)
            yield view

    @property
    def views(self) -> list[ItemView]:
        """The items to show."""
        return [view for standing in Standing for view in self._views[standing]][: self._limit]

    @property
    def left_out(self) -> int:
        """How many items have no card."""
        return max(0, self._counts.total() - self._limit)


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
        link: The source's address on the web; empty unless it is plainly one.
        prompt_cut: How many characters of the prompt are not shown.
    """

    sku: str
    title: str
    standing: Standing
    phase: str
    picture: Thumbnail
    image: str
    link: str
    clip: CardClip | NoClip
    prompt: str
    prompt_cut: int
    reason: str
    advice: str
    warnings: tuple[str, ...]
    remarks: tuple[str, ...]
    channels: tuple[Mark, ...]
    money: tuple[Fact, ...]
    facts: tuple[Fact, ...]
    details: tuple[Fact, ...]


def card_of(view: ItemView, picture: Thumbnail | None, clip_folder: str) -> Card:
    """Put an item into words.

    Args:
        view: The item.
        picture: Its source's thumbnail; None where there is no local picture to make one of.
        clip_folder: The output folder as seen from the page, for example `..`.
    """
    standing = Standing(view.state)
    return Card(
        sku=view.sku,
        title=title_of(view),
        standing=standing,
        phase="" if view.phase == view.state else view.phase.replace("_", " "),
        picture=picture or NotShown(words="The picture lies on the web."),
        image=view.image,
        link=web_link(view.source),
        clip=_clip(view, standing, clip_folder),
        prompt=view.prompt[:PROMPT_SHOWN],
        prompt_cut=max(0, len(view.prompt) - PROMPT_SHOWN),
        reason=view.reason,
        advice=view.advice,
        warnings=all_warnings(view),
        remarks=tuple(remark.words for remark in view.look.remarks) if view.look else (),
        channels=marks(view),
        money=_money(view),
        facts=tuple(_facts(view)),
        details=tuple(_details(view)),
    )


def title_of(view: ItemView) -> str:
    """Find the product's name among the manifest's columns; empty if none is called so."""
    folded = {name.strip().casefold(): value for name, value in view.row.items()}
    return next((folded[name].strip()[:VALUE_SHOWN] for name in _TITLE_COLUMNS if folded.get(name)), "")


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


def _facts(view: ItemView) -> Iterator[Fact]:
    if view.clip:
        yield Fact(label="Clip", value=_clip_words(view.clip))
        if view.look:
            yield Fact(label="Score", value=f"{view.look.score} of 100")
    elif ordered := ", ".join(filter(None, (_length(view.duration), view.aspect))):
        yield Fact(label="Ordered", value=ordered)
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
