"""What an item is known by: a hash of everything that decides how its clip turns out, and of nothing else.

An item whose key is known is never bought again, so the recipe of the key must never change: not with a version of
this program, of Python, or of a library.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from batch.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from batch.core.job import Image

KEY_TAG: Final = "sora-batch item 1\n"
"""What every hashed text begins with, so that no other hash can be taken for a key."""


def fit_rules(image: Image) -> dict[str, Any]:
    """Give those of a job's `image` keys that change a frame; limits only say which pictures become one."""
    return {"background": image.background.lower(), "fit": image.fit, "margin": Decimal(str(image.margin))}


def shared_part(*, model: str, inputs: Mapping[str, Any], aspect: str, fit: Mapping[str, Any]) -> str:
    """Hash what all items of an order share, in hex.

    Args:
        model: The slug.
        inputs: The order's: without prompt, negative prompt and image; no floats.
        aspect: Such as `16:9`.
        fit: From `fit_rules`.
    """
    shared = canonical({"aspect": aspect, "fit": fit, "inputs": inputs, "model": model})
    return hashlib.sha256(shared.encode()).hexdigest()


def item_key(
    *,
    shared: str,
    sku: str,
    source_sha256: str,
    prompt: str,
    negative_prompt: str | None,
    variant: int,
    take: int,
) -> str:
    """Give an item's key in hex.

    Args:
        shared: From `shared_part`.
        sku: As in the manifest.
        source_sha256: Of the picture's bytes, in hex.
        prompt: As it will be sent.
        negative_prompt: As it will be sent; None if nothing is.
        variant: 1 for the first.
        take: 0 for the first.
    """
    own = {
        "negative_prompt": negative_prompt,
        "prompt": prompt,
        "shared": shared,
        "sku": sku,
        "source": source_sha256,
        "take": take,
        "variant": variant,
    }
    return hashlib.sha256(f"{KEY_TAG}{canonical(own)}".encode()).hexdigest()
