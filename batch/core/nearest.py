"""The known word that a person may have meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 80


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that is most like `word`, whatever its case; None where none is."""
    if len(word) > _LONGEST:
        return None
    by_form = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_form, n=1, cutoff=0.6)
    return by_form[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask for the nearest known word, or list all where none is near; empty where nothing is known."""
    names = sorted(known)
    close = nearest(word, names)
    if close is not None:
        return f"did you mean `{close}`?"
    return f"known: {', '.join(names)}" if names else ""
