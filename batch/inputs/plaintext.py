"""HTML in many cells to the text that a reader of the page would see."""

from __future__ import annotations

import html

import polars as pl

_UNSEEN = r"(?is)<(?:script|style)\b[^>]*>.*?(?:</(?:script|style)\s*>|$)|<!--.*?(?:-->|$)"
_BREAKS = r"(?i)<(?:br|/p|/div|/li|/tr|/h[1-6]|hr|p|div|li|ul|ol|h[1-6])\b[^>]*>|\\r\\n|\\n"
_TAGS = r"<[/!?a-zA-Z][^<>]*>"
_ENTITIES = r"&#?[0-9A-Za-z]{1,31};"


def plain_text(cells: pl.Series) -> pl.Series:
    r"""Take tags out, put characters in for entities, and white space down to single blanks.

    Where a block ends a blank stands, also for the `\n` that WooCommerce writes. A `<` that begins no tag stays.
    """
    if not cells.str.contains(r"[<&\n\t]|\\n|  ").any():
        return cells
    text = cells.str.replace_all(_UNSEEN, " ").str.replace_all(_BREAKS, " ").str.replace_all(_TAGS, "")
    text = _characters(text).str.replace_all(r"[\s\x{a0}]+", " ").str.strip_chars()
    return text.to_frame().select(pl.when(pl.first() != "").then(pl.first())).to_series()


def _characters(text: pl.Series) -> pl.Series:
    found = text.str.extract_all(_ENTITIES).explode().drop_nulls().unique().sort()
    if not len(found):
        return text
    written = found.to_list()
    return text.str.replace_many(written, [html.unescape(entity) for entity in written])
