"""Names of clips: safe on every file system, whatever the SKU, and never two for one file."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 120
_MOST_SKU_BYTES = 80  # leaves room in a part for what the template puts beside it, so that a long SKU hides nothing
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*%]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFields:
    """What `output.name` may refer to.

    Attributes:
        aspect: Such as `16:9`; written `16x9`.
        duration: Seconds as text.
        variant: 1 for the first.
        take: 0 for the first.
        key: Hex.
    """

    sku: str
    aspect: str
    duration: str
    model: str
    variant: int
    take: int
    key: str


def safe_part(text: str, most_bytes: int = _MOST_BYTES) -> str:
    """Make any text one part of a path: no separators, no reserved names, not hidden, in NFC, of bounded length.

    Different texts may become equal; `candidates` tells them apart.

    Args:
        most_bytes: In UTF-8; an underscore before a reserved name comes on top.
    """
    visible = "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    part = unicodedata.normalize("NFC", visible)
    part = _FORBIDDEN.sub("_", part).strip(" .")
    part = part.encode()[:most_bytes].decode(errors="ignore").rstrip(" .")
    if not part:
        return "_"
    return f"_{part}" if _RESERVED.fullmatch(part) else part


def candidates(template: str, fields: NameFields) -> Iterator[str]:
    """Give names for a clip, best first, relative to the output folder, with forward slashes.

    The first is the template's, with variant and take where it does not tell them apart itself; where that is taken,
    8, then all characters of the key are added, so that the last candidate is nobody else's.
    """
    values = {
        "sku": safe_part(fields.sku, _MOST_SKU_BYTES),
        "aspect": fields.aspect.replace(":", "x"),
        "duration": fields.duration,
        "model": fields.model,
        "variant": str(fields.variant),
        "take": str(fields.take),
        "key": fields.key,
    }
    filled = re.sub(r"\{([^{}]*)\}", lambda match: values[match[1]], template.removesuffix(".mp4"))
    stem = "/".join(safe_part(part) for part in filled.split("/") if part)
    told = "" if fields.variant == 1 or "{variant}" in template else f"-v{fields.variant}"
    told += "" if fields.take == 0 or "{take}" in template else f"-t{fields.take}"
    for suffix in (told, f"{told}-{fields.key[:8]}", f"{told}-{fields.key}"):
        yield f"{stem}{suffix}.mp4"


def folded(name: str) -> str:
    """Give what is equal for two names that some file system takes for one: those that ignore case, or composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
