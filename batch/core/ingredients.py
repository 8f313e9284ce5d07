"""What decides how an item's clip turns out, laid open: which of it changed, and from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHOWN = 60
_LEAD = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """Everything that an item's key is a hash of, beside its SKU; see `batch.core.item`.

    Attributes:
        source_sha256: Of the picture's bytes, in hex.
        source: Where they came from; decides nothing, and tells a person which picture it was.
        inputs: The order's, as JSON has them.
        aspect: Of the frame.
        fit: From `fit_rules`, as JSON has them; None where an older version did not write them down.
    """

    source_sha256: str
    source: str
    prompt: str
    negative_prompt: str | None
    model: str
    inputs: Mapping[str, Any]
    aspect: str
    fit: Mapping[str, Any] | None
    variant: int
    take: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An ingredient that is not what it was.

    Attributes:
        what: Its name, for example `picture`, `prompt`, `inputs.duration`, `image.margin`.
        old: Shortened for a person; empty where there was none.
        new: Likewise.
    """

    what: str
    old: str
    new: str


def changes(old: Ingredients, new: Ingredients) -> tuple[Change, ...]:
    """Say what differs. Items of one SKU between which nothing differs have the same key."""
    found = [*_changes(old, new)]
    if not found and old.fit is None:
        unknown = "not known: planned by an older version"
        found.append(Change(what="image", old=unknown, new=_flat(new.fit or {})))
    return tuple(found)


def _changes(old: Ingredients, new: Ingredients) -> Iterator[Change]:
    if old.source_sha256 != new.source_sha256:
        yield Change(what="picture", old=_picture(old), new=_picture(new))
    for name in ("prompt", "negative_prompt"):
        was, now = getattr(old, name) or "", getattr(new, name) or ""
        if was != now:
            was, now = shortened(was, now)
            yield Change(what=name, old=was, new=now)
    for name in ("model", "aspect", "variant", "take"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield Change(what=name, old=str(was), new=str(now))
    for change in _in_mapping("inputs", old.inputs, new.inputs):
        if (change.old, change.new) != (old.aspect, new.aspect):  # told already, under the name that people know
            yield change
    if old.fit is not None:
        yield from _in_mapping("image", old.fit, new.fit or {})


def _in_mapping(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    was, now = _plain(old), _plain(new)
    for key in sorted({*was, *now}):
        if was.get(key) != now.get(key):
            yield Change(what=f"{name}.{key}", old=_word(was.get(key)), new=_word(now.get(key)))


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {key: float(value) if isinstance(value, Decimal) else value for key, value in mapping.items()}


def _word(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else _cut(str(value))


def _flat(mapping: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_word(value)}" for key, value in sorted(_plain(mapping).items()))


def _picture(of: Ingredients) -> str:
    return f"{of.source.rsplit('/', 1)[-1] or of.source} ({of.source_sha256[:8]})"


def shortened(old: str, new: str) -> tuple[str, str]:
    """Cut two texts down to where they differ, with a little of what stands before and after.

    >>> shortened("A mug turns on white marble.", "A mug turns on white oak.")
    ('A mug turns on white marble.', 'A mug turns on white oak.')
    >>> old, new = "x" * 100 + " red " + "y" * 100, "x" * 100 + " blue " + "y" * 100
    >>> [len(text) for text in shortened(old, new)]
    [66, 66]
    """
    start = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, start - _LEAD) if max(len(old), len(new)) > _SHOWN else 0
    return _window(old, start), _window(new, start)


def _window(text: str, start: int) -> str:
    end = start + _SHOWN
    return f"{'...' if start else ''}{text[start:end]}{'...' if end < len(text) else ''}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
