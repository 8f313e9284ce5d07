"""What kind of thing a category names: `Rings`, `Apparel & Accessories > Jewelry > Rings`, `Schmuck/Ringe`, `188`.

A category is a path from the general to the special, so its last part that says anything decides. Within a part the
last words decide, as in English: shoe racks are racks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST = 400
_LEVELS = re.compile(r"\s*(?:>|\u00bb|\u203a|/|\||:|;|,)\s*")
_WORDS = re.compile(r"[^\W_]+")
_MOST_WORDS = 4


class Matcher:
    """Knows which words name which entry.

    Args:
        phrases: Words or phrases, to entries; later ones win over earlier ones.
        numbers: Ids of Google product categories, to entries.
        own: The job's whole categories, to entries; they win over everything.
    """

    def __init__(self, *, phrases: Mapping[str, str], numbers: Mapping[str, str], own: Mapping[str, str]) -> None:
        self._phrases = {stems(phrase): name for phrase, name in phrases.items()}
        self._numbers = numbers
        self._own = {stems(category): name for category, name in own.items()}

    def entry_of(self, category: str) -> str | None:
        """Give the entry of a category; None where nothing in it is known.

        >>> Matcher(phrases={"ring": "jewellery"}, numbers={}, own={}).entry_of("Apparel > Rings")
        'jewellery'
        """
        text = category[:_LONGEST].strip()
        if whole := self._own.get(stems(text)):
            return whole
        number = re.match(r"\d+", text)
        if number and (named := self._numbers.get(number[0])):
            return named
        for level in reversed(_LEVELS.split(text)):
            if found := self._named_in(stems(level)):
                return found
        return None

    def _named_in(self, words: tuple[str, ...]) -> str | None:
        return next((self._phrases[part] for part in _from_the_end(words) if part in self._phrases), None)


def stems(text: str) -> tuple[str, ...]:
    """Give a text's words without their plurals: both sides of a comparison go through here."""
    return tuple(_stem(word) for word in _WORDS.findall(text.casefold().replace("'s", "").replace("\u2019s", "")))


def _from_the_end(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give the phrases that end last first, of these the longest first."""
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - _MOST_WORDS), end):
            yield words[start:end]


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
