"""The keys of many items: the same as `batch.core.item.item_key` gives for each, an order of magnitude faster."""

from __future__ import annotations

from hashlib import sha256
from json.encoder import encode_basestring_ascii

import polars as pl

from batch.core.item import KEY_TAG

_PLAIN = r"^[ !#-\[\]-~]*$"
"""Texts that JSON writes as they are."""


def key_texts(items: pl.DataFrame, shared: pl.Series, own: pl.Series | None = None) -> pl.Series:
    """Write the texts whose hashes are the keys, as bytes.

    Args:
        items: With `negative_prompt`, `prompt`, `sku`, `source_sha256`, `take`, `variant`, and `order` as an index.
        shared: Of each order, what its items share.
        own: Of each item, what stands in place of it; null where nothing does. None: nowhere.
    """
    of_order = shared.gather(items["order"])
    parts = (
        pl.lit(f'{KEY_TAG}{{"negative_prompt":'),
        _quoted(items["negative_prompt"]),
        pl.lit(',"prompt":'),
        _quoted(items["prompt"]),
        pl.lit(',"shared":"'),
        of_order if own is None else own.fill_null(of_order),
        pl.lit('","sku":'),
        _quoted(items["sku"]),
        pl.lit(',"source":"'),
        items["source_sha256"],
        pl.lit('","take":'),
        items["take"].cast(pl.String),
        pl.lit(',"variant":'),
        items["variant"].cast(pl.String),
        pl.lit("}"),
    )
    return items.select(pl.concat_str(parts).cast(pl.Binary)).to_series()


def keys_of(texts: pl.Series) -> pl.Series:
    """Hash texts to keys in hex."""
    return pl.Series("key", [sha256(text).hexdigest() for text in texts.to_list()], dtype=pl.String)


def _quoted(texts: pl.Series) -> pl.Series:
    if texts.str.contains(_PLAIN).all():
        return ('"' + texts + '"').fill_null("null")
    quote = encode_basestring_ascii
    return pl.Series(["null" if text is None else quote(text) for text in texts.to_list()], dtype=pl.String)
