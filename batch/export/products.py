"""Which product of a channel a clip belongs to, and what it is called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from batch.report.cells import FORMULA_START

if TYPE_CHECKING:
    from collections.abc import Mapping

    from batch.core.summary import ItemView

_IDS: Final = ("id", "g:id")
_FEED_MARKS: Final = ("image_link", "g:image_link", "image[0].url", "image link")
_TITLES: Final = ("title", "g:title", "name", "product title", "product name")
_HARMLESS: Final = re.compile(r"[=+\-@][\w.\- ]*")


def product_id(view: ItemView, column: str | None) -> str:
    """Give the id that the channel knows a product by: its SKU, unless its row says otherwise.

    A row of Google's or Meta's own product data has it under `id`; there the SKU may be that of a group of products.

    Args:
        column: Of the manifest, that has it; None where nobody named one.
    """
    if column is not None:
        return view.row.get(column, "")
    lower = {name.lower(): value for name, value in view.row.items()}
    if any(mark in lower for mark in _FEED_MARKS):
        return next((lower[name] for name in _IDS if lower.get(name)), view.sku)
    return view.sku


def id_trouble(text: str, longest: int) -> str:
    """Say why a text cannot be an id in a channel's feed; empty where it can.

    An id is handed over exactly or not at all: the channel would take a mended one for another product.

    >>> id_trouble("-100", 50), id_trouble("=HYPERLINK(1)", 50) == ""
    ('', False)
    """
    if not text:
        return "it has no id for the channel"
    if not text.isprintable() or text != text.strip():
        return f"its id {text!r} has a blank at an end, or a tab, line break or control character in it"
    if len(text) > longest:
        return f"its id has {len(text)} characters, and the channel takes {longest}"
    if re.match(FORMULA_START, text) and not _HARMLESS.fullmatch(text):
        return f"its id {text!r} would run as a formula where the feed is opened in a spreadsheet"
    return ""


def title_of(row: Mapping[str, str], column: str | None) -> str:
    """Find a product's title on one line; empty where its row has none.

    Args:
        column: What the job says has it; None where it says nothing.
    """
    lower = {name.lower(): value for name, value in row.items()}
    named = row.get(column, "") if column else ""
    found = named or next((lower[name] for name in _TITLES if lower.get(name)), "")
    return " ".join("".join(c if c.isprintable() else " " for c in found).split())
