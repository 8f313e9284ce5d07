"""Lists of words that findings look for: data that users extend."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from pydantic import field_validator

from batch.core.strict import Strict, Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NAMES: Final = (
    "actions",
    "adult",
    "brands",
    "celebrities",
    "cues",
    "minors",
    "people",
    "vague",
    "violence",
)

TOKEN: Final = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
"""A word, with what hangs on it."""
_PIECE: Final = re.compile(r"[^\W_]+")
_JOINING: Final = ("'", "\u2019", "-")


def word_set(text: str) -> frozenset[str]:
    """Give the words of a text with spaces between them."""
    return frozenset(text.split())


class WordList(Strict):
    """Words of a kind; a word's plural counts too.

    Attributes:
        unless: Longer phrases in which such a word is harmless, as in `blood orange`.
        without: Words of the lists before this one that are harmless in this shop.
    """

    list: Literal["actions", "adult", "brands", "celebrities", "cues", "minors", "people", "vague", "violence"]
    words: Texts = ()
    unless: Texts = ()
    without: Texts = ()

    @field_validator("words", "unless", "without")
    @classmethod
    def _has_letters(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not TOKEN.search(one):
                raise ValueError(f"{one!r} has no letters to look for")
        return value


@dataclass(frozen=True, kw_only=True)
class Words:
    """A list, ready to be looked for.

    Attributes:
        words: In small letters.
        unless: The same.
    """

    words: frozenset[str]
    unless: frozenset[str]

    @cached_property
    def telling(self) -> frozenset[str]:
        """Of each phrase the longest word: without any of these there is nothing to find."""
        return frozenset(
            form for phrase in self.words for form in _forms(max(reversed(_PIECE.findall(phrase)), key=len))
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest = sorted(self.unless, key=len, reverse=True)
        wanted = sorted(self.words, key=len, reverse=True)
        harmless = "|".join(map(_phrase, longest)) or r"(?!)"
        return re.compile(
            rf"\b(?:{harmless})\b|\b(?P<word>{'|'.join(map(_phrase, wanted)) or '(?!)'})\b", re.IGNORECASE
        )

    @cached_property
    def third_person(self) -> frozenset[str]:
        """Words that are verbs, as they stand after `the cup`: `turns`, `flies`."""
        return frozenset(map(_third, self.words))

    def find(self, text: str, tokens: frozenset[str]) -> Iterator[re.Match[str]]:
        """Find what is not harmless.

        Args:
            text: Where.
            tokens: Its words in small letters; most texts are done with when these were looked at.
        """
        if tokens.isdisjoint(self.telling):
            return
        for match in self._pattern.finditer(text):
            if match["word"] is not None:
                yield match


Vocabulary = dict[str, Words]
"""All lists by name."""


def vocabulary_of(lists: Iterable[WordList]) -> Vocabulary:
    """Put lists together; later ones add to, and take from, earlier ones of their name."""
    words: Mapping[str, set[str]] = {name: set() for name in NAMES}
    unless: Mapping[str, set[str]] = {name: set() for name in NAMES}
    for one in lists:
        words[one.list].difference_update(word.lower() for word in one.without)
        words[one.list].update(word.lower() for word in one.words)
        unless[one.list].update(word.lower() for word in one.unless)
    return {name: Words(words=frozenset(words[name]), unless=frozenset(unless[name])) for name in NAMES}


def tokens_of(text: str) -> frozenset[str]:
    """Give a text's words in small letters, and the pieces of `close-up` and `kid's`."""
    low = text.lower()
    found = TOKEN.findall(low)
    return frozenset([*found, *_PIECE.findall(low)] if any(sign in low for sign in _JOINING) else found)


def _third(verb: str) -> str:
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}s"


def _forms(word: str) -> tuple[str, ...]:
    low = word.lower()
    return low, f"{low}s", f"{low}es", f"{low[:-1]}ies"


def _phrase(words: str) -> str:
    body = r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", words)))
    return (
        rf"{body[:-1]}(?:y|ies)" if body.endswith("y") and not body.endswith(("ay", "ey", "oy")) else rf"{body}(?:e?s)?"
    )
