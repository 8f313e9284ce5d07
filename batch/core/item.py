"""What an item is known by: a hash of everything that decides how its clip turns out, and of nothing else.

An item whose key is known is never bought again, so the recipe of the key must never change: not with a version of
this program, of Python, or of a library.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any

from batch.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from batch.core.job import Image

_TAG = "sora-batch item 1\n"


def fit_rules(image: Image) -> dict[str, Any]:
    """Give those of a job's `image` keys that change a frame; limits only say which pictures become one."""
    return {"background": image.background.lower(), "fit": image.fit, "margin": Decimal(str(image.margin))}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecipe:
    """The part of the key that many items share.

    Attributes:
        model: The slug.
        inputs: The order's: without prompt, negative prompt and image; no floats.
        aspect: Such as `16:9`; empty if the model has none.
        fit: From `fit_rules`.
    """

    model: str
    inputs: Mapping[str, Any]
    aspect: str
    fit: Mapping[str, Any]

    def head(self) -> str:
        """Give the beginning of the hashed text: the tag, and the JSON up to what differs from item to item."""
        shared = {"aspect": self.aspect, "fit": self.fit, "inputs": self.inputs, "model": self.model}
        return f'{_TAG}{canonical(shared)[:-1]},"negative_prompt":'


def item_key(
    recipe: KeyRecipe,
    *,
    sku: str,
    source_sha256: str,
    prompt: str,
    negative_prompt: str | None,
    variant: int,
    take: int,
) -> str:
    """Give an item's key in hex.

    Args:
        recipe: What the item shares with others.
        sku: As in the manifest.
        source_sha256: Of the picture's bytes, in hex.
        prompt: As it will be sent.
        negative_prompt: As it will be sent; None if nothing is.
        variant: 1 for the first.
        take: 0 for the first.
    """
    (key,) = item_keys([recipe.head()], [(0, negative_prompt, prompt, sku, source_sha256, variant)], take=take)
    return key


def item_keys(
    heads: list[str], items: Iterable[tuple[int, str | None, str, str, str, int]], *, take: int = 0
) -> list[str]:
    """Give the keys of many items; their JSON is put together by hand because that is four times as fast.

    Args:
        heads: Of the recipes.
        items: Index of the head, negative prompt, prompt, SKU, hash of the source, variant.
        take: Of all of them.
    """
    quote = encode_basestring_ascii
    sha256 = hashlib.sha256
    return [
        sha256(
            f'{heads[head]}{"null" if negative is None else quote(negative)},"prompt":{quote(prompt)},'
            f'"sku":{quote(sku)},"source":"{source}","take":{take},"variant":{variant}}}'.encode()
        ).hexdigest()
        for head, negative, prompt, sku, source, variant in items
    ]
