"""What each channel is given: the feed's name and columns, and what it takes of a product.

Where that was read, on 2026-11-28:

google-merchant: a supplemental source, tab-separated, with `id` and `video_link`. Up to ten addresses for a product,
    separated by commas, each ASCII, escaped, of up to 2,000 characters, and leading to the file itself
    (https://support.google.com/merchants/answer/15216925). An id has up to 50 characters
    (https://support.google.com/merchants/answer/6324405). Of titles, descriptions and pictures Google wants to know
    whether a model made them; for `video_link` there is no such attribute.
meta: a supplementary feed with `id`, `video[0].url`, `video[0].tag[0]`, `video[1].url` and so on; tags make sets of
    products (https://developers.facebook.com/docs/marketing-api/advantage-catalog-ads/dynamic-media). An id has up to
    100 characters. There is no attribute for how a clip was made.
shopify: neither the product CSV nor the API's `fileCreate` takes a video by its address, only one that was uploaded
    before (https://shopify.dev/docs/api/admin-graphql/latest/mutations/fileCreate); a person uploads files under
    Content > Files, many at once. The sheet has the columns of the app Matrixify's sheet `Files`
    (https://matrixify.app/documentation/files/), which does not say whether it takes videos.
amazon: videos are uploaded one by one, and not in bulk; up to six of them are shown beside a product's pictures
    (https://sellercentral.amazon.es/gp/help/external/help.html?itemID=Y4LL3M3WJEFE8MZ). The sheet is a list to work
    through.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

from batch.export.sheets import clips_document, clips_sheet, comma_sheet, people_sheet, tab_sheet
from batch.report.cells import encodable, safe_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from batch.export.values import Offer

CLIPS_SHEET: Final = "clips.csv"
REFUSED_SHEET: Final = "refused.csv"
_MOST_ALT: Final = 512  # Shopify's limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a channel is given.

    Attributes:
        name: As `--for` has it.
        rules: Slug of the channel whose rules count; None where there are none.
        feed: Name of the feed.
        needs_url: Whether the feed tells addresses.
        most: Clips of one product that the channel takes; None where no limit is known.
        longest_id: Characters; None where no machine reads ids.
        has_all: Whether the feed tells all that `clips.csv` would.
        write: Makes the feed of a job's name, clips and languages.
    """

    name: str
    rules: str | None
    feed: str
    needs_url: bool
    most: int | None = None
    longest_id: int | None = None
    has_all: bool = False
    write: Callable[[str, Sequence[Offer], Sequence[str]], bytes]


def _google(_: str, offers: Sequence[Offer], __: Sequence[str]) -> bytes:
    rows = ((id_, ",".join(offer.url for offer in some)) for id_, some in _by_product(offers))
    return tab_sheet([("id", "video_link"), *rows])


def _meta(_: str, offers: Sequence[Offer], __: Sequence[str]) -> bytes:
    products = list(_by_product(offers))
    most = max((len(some) for _, some in products), default=1)
    header = ["id", *(cell for n in range(most) for cell in (f"video[{n}].url", f"video[{n}].tag[0]"))]
    rows = []
    for id_, some in products:
        cells = [cell for offer in some for cell in (offer.url, offer.view.aspect.replace(":", "x"))]
        rows.append([id_, *cells, *[""] * (2 * (most - len(some)))])
    return comma_sheet([header, *rows])


def _shopify(_: str, offers: Sequence[Offer], __: Sequence[str]) -> bytes:
    rows = ((offer.name, "MERGE", offer.url, _alt(offer)) for offer in offers)
    return comma_sheet([("File Name", "Command", "Link", "Alt Text"), *rows])


def _amazon(_: str, offers: Sequence[Offer], languages: Sequence[str]) -> bytes:
    texts = [f"disclosure_{language}" for language in languages]
    header = ("sku", "asin", "file", "title", "seconds", "width", "height", "bytes", "checks", "not_checked", "url")
    told = ("ai_generated", "digital_source_type", "simulated")
    rows = [
        {
            "sku": offer.id,
            "asin": _asin(offer.view.row),
            "file": offer.name,
            "title": offer.title,
            "seconds": offer.clip.seconds,
            "width": offer.clip.width,
            "height": offer.clip.height,
            "bytes": offer.clip.bytes,
            "checks": f"in doubt: {'; '.join(offer.doubts)}" if offer.doubts else "met",
            "not_checked": ", ".join(offer.unchecked),
            "url": offer.url,
            "ai_generated": offer.ai_generated,
            "digital_source_type": offer.source_type,
            "simulated": offer.simulated,
            **{f"disclosure_{language}": text for language, text in offer.disclosure.items()},
        }
        for offer in offers
    ]
    return people_sheet(rows, [*header, *told, *texts])


def _csv(_: str, offers: Sequence[Offer], languages: Sequence[str]) -> bytes:
    return clips_sheet(offers, languages)


def _json(job: str, offers: Sequence[Offer], _: Sequence[str]) -> bytes:
    return clips_document(job, offers)


def _by_product(offers: Sequence[Offer]) -> Iterator[tuple[str, list[Offer]]]:
    """Group clips by the product's id, which rows of different SKUs may share, in the order of their first."""
    places: dict[str, int] = {}
    for offer in offers:
        places.setdefault(offer.id, len(places))
    ordered = sorted(offers, key=lambda offer: places[offer.id])
    for id_, some in groupby(ordered, key=lambda offer: offer.id):
        yield id_, list(some)


def _alt(offer: Offer) -> str:
    return safe_cell(encodable(offer.title[:_MOST_ALT]))


def _asin(row: Mapping[str, str]) -> str:
    return next((value for name, value in row.items() if name.lower() == "asin"), "")


FORMATS: Final[Mapping[str, Format]] = {
    one.name: one
    for one in (
        Format(
            name="google-merchant",
            rules="google-merchant",
            feed="video_link.tsv",
            needs_url=True,
            most=10,
            longest_id=50,
            write=_google,
        ),
        Format(
            name="meta", rules="meta-catalogue", feed="meta-videos.csv", needs_url=True, longest_id=100, write=_meta
        ),
        Format(name="shopify", rules="shopify", feed="shopify-files.csv", needs_url=True, write=_shopify),
        Format(
            name="amazon",
            rules="amazon-sponsored-brands",
            feed="amazon-videos.csv",
            needs_url=False,
            write=_amazon,
        ),
        Format(name="csv", rules=None, feed=CLIPS_SHEET, needs_url=False, has_all=True, write=_csv),
        Format(name="json", rules=None, feed="clips.json", needs_url=False, has_all=True, write=_json),
    )
}
"""By the word that `--for` takes."""
