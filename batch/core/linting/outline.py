"""A sentence without the words that no finding looks at: titles differ in these, and their outlines are soon all known.

What is found in an outline without a finding of its own holds for the sentence; any other sentence is looked at itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from batch.core.linting import camera, marks
from batch.core.linting.vocabulary import word_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from batch.core.linting.vocabulary import Vocabulary

_WORD: Final = re.compile(r"[^\W_]+")
_ODD: Final = re.compile(r"[{}\[\]<>&%#$\u20ac\u00a3/]|\.\w|  ")
_NUMBERS: Final = word_set("16 9 21 4 5 480 720 1080 1440 2160 4k 8k 480p 720p 1080p 1440p 2160p")
_SHORTEST_STEM: Final = 4
_MOST_WORDS: Final = 200_000


class Outliner:
    """Makes outlines.

    Args:
        vocabulary: The words that findings look for.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._whole = frozenset(_wanted(vocabulary))
        self._stems = frozenset(word for word in self._whole if len(word) >= _SHORTEST_STEM)
        self._known: dict[str, str] = {}

    def outline(self, sentence: str) -> str | None:
        """Give a sentence's outline; None where every character of it may matter."""
        return None if _ODD.search(sentence) else _WORD.sub(self._stand_in, sentence)

    def _stand_in(self, match: re.Match[str]) -> str:
        word = match[0]
        known = self._known.get(word)
        if known is None:
            known = self._looked_up(word)
            if len(self._known) < _MOST_WORDS:
                self._known[word] = known
        return known

    def _looked_up(self, word: str) -> str:
        low = word.lower()
        if low in self._whole or low in _NUMBERS or low.endswith(("ly", "ing")) or "xxx" in low:
            return word
        if any(low[:size] in self._stems for size in range(_SHORTEST_STEM, len(low))):
            return word
        if low.isdigit():
            return "0" * len(low)
        return re.sub(r"\d", "0", word) if any(c.isdigit() for c in word) else "aa"


def _wanted(vocabulary: Vocabulary) -> Iterator[str]:
    """Give every word, or the beginning of one, that a finding depends on."""
    for words in vocabulary.values():
        yield from words.third_person
        for phrase in (*words.words, *words.unless):
            yield from _forms_of(_WORD.findall(phrase))
    for module in (camera, marks):
        for value in vars(module).values():
            yield from _words_in(value)


def _words_in(value: object) -> Iterable[str]:
    if isinstance(value, re.Pattern):
        plain = re.sub(r"\\u[0-9a-f]{4}|\\.", " ", value.pattern.lower())
        found = re.findall(r"([a-z]{2,})(\??)", plain)
        return [form for word, maybe in found for form in (word, word[:-1] if maybe else word)]
    if isinstance(value, frozenset | tuple):
        return [word for part in value for word in _words_in(part)]
    return _forms_of(_WORD.findall(value.lower())) if isinstance(value, str) and len(value) < 200 else ()


def _forms_of(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield from (word, f"{word}s", f"{word}es")
        if word.endswith("y"):
            yield f"{word[:-1]}ies"
