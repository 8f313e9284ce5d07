"""Names of clips: safe on every file system, whatever the SKU, and never two for one file."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES = 120
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*%]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


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


def safe_part(text: str) -> str:
    """Make any text one part of a path: no separators, no reserved names, not hidden, not longer than 120 bytes.

    Different texts may become equal; `candidates` tells them apart.
    """
    part = unicodedata.normalize("NFC", text)
    part = "".join(c for c in part if unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
    part = _FORBIDDEN.sub("_", part).strip(" .")
    while len(part.encode()) > _MOST_BYTES:
        part = part[:-1].rstrip(" .")
    if not part:
        return "_"
    return f"_{part}" if _RESERVED.fullmatch(part) else part


def candidates(template: str, fields: NameFields) -> Iterator[str]:
    """Give names for a clip, best first, relative to the output folder, with forward slashes.

    The first is the template's; where it is taken, the variant, the take and at last 8, then all characters of the key
    are added, so that the last candidate is nobody else's.
    """
    values = {
        "sku": safe_part(fields.sku),
        "aspect": fields.aspect.replace(":", "x"),
        "duration": fields.duration,
        "model": fields.model,
        "variant": str(fields.variant),
        "take": str(fields.take),
        "key": fields.key,
    }
    filled = re.sub(r"\{([^{}]*)\}", lambda match: values[match[1]], template)
    parts = [safe_part(part) for part in filled.split("/") if part]
    stem = "/".join(parts).removesuffix(".mp4")
    suffixes = [""]
    if fields.variant > 1:
        suffixes.append(f"-v{fields.variant}")
    if fields.take > 0:
        suffixes.append(suffixes[-1] + f"-t{fields.take}")
    suffixes += [f"{suffixes[-1]}-{fields.key[:8]}", f"{suffixes[-1]}-{fields.key}"]
    for suffix in suffixes:
        yield f"{stem}{suffix}.mp4"
