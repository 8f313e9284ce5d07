"""A sentence without the words that no finding looks at: titles differ in these, and their outlines are soon all known.

What is found in an outline without a finding of its own holds for the sentence; any other sentence is looked at itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from batch.core.linting import alone, camera, marks, persons
from batch.core.linting.vocabulary import word_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

    from batch.core.linting.vocabulary import Vocabulary

_WORD: Final = re.compile(r"[^\W_]+")
_ODD: Final = re.compile(r"[{}\[\]<>&%#$\u20ac\u00a3/]")
_NUMBERS: Final = word_set("16 9 21 4 5 480 720 1080 1440 2160 4k 8k 480p 720p 1080p 1440p 2160p")
_SHORTEST_STEM: Final = 4
_ENDINGS: Final = word_set("s es e ed d ing ying y ies r rs er ers ion ions ation able age ment")
_MOST_DIGITS: Final = 5
_MOST_WORDS: Final = 200_000


class _StandIns(dict[str, str]):
    """What stands for a word in an outline; worked out when it is asked for."""

    def __init__(self, kept: Iterable[str], keeps: Callable[[str], bool]) -> None:
        super().__init__()
        self._whole = frozenset(kept)
        self._stems = frozenset(word for word in self._whole if len(word) >= _SHORTEST_STEM)
        self._keeps = keeps

    def __missing__(self, word: str) -> str:
        made = self._made(word)
        if len(self) < _MOST_WORDS:
            self[word] = made
        return made

    def _made(self, word: str) -> str:
        low = word.lower()
        if low in self._whole or low in _NUMBERS or low.endswith("ly") or self._keeps(low):
            return word
        if any(low[:size] in self._stems and low[size:] in _ENDINGS for size in range(_SHORTEST_STEM, len(low))):
            return word
        if low.isdigit():
            return "0" * min(len(low), _MOST_DIGITS)
        return re.sub(r"\d", "0", word) if any(c.isdigit() for c in word) else "aa"


class Outliner:
    """Makes outlines.

    Args:
        vocabulary: The words that findings look for.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        lists = {name: words for name, words in vocabulary.items() if name != "cues"}
        actions = vocabulary["actions"]
        always = [*_of_modules(alone, camera, marks), *actions.words, *actions.third_person]
        phrases = [phrase for words in vocabulary.values() for phrase in (*words.words, *words.unless)]
        named = [form for phrase in phrases for form in _forms_of(_WORD.findall(phrase))]
        self._telling = frozenset[str]().union(*(words.telling for name, words in lists.items() if name != "actions"))
        self._usual = _StandIns(always, lambda _: False)
        self._careful = _StandIns([*always, *named, *_of_modules(persons)], lambda word: word.endswith("ing"))

    def outline(self, sentence: str) -> str | None:
        """Give a sentence's outline; None where every character of it may matter."""
        low = sentence.lower()
        # A point inside may be an address or a price, `old` an age, and `xxx` a gap that somebody meant to fill.
        if _ODD.search(sentence) or "." in low[:-1] or "  " in low or "old" in low or "xxx" in low:
            return None
        plain = self._telling.isdisjoint(_WORD.findall(low))
        words = self._usual if plain else self._careful
        return _WORD.sub(lambda match: words[match[0]], sentence)


def _of_modules(*modules: ModuleType) -> Iterator[str]:
    """Give every word, or the beginning of one, that a module's patterns and sets depend on."""
    for module in modules:
        for name, value in vars(module).items():
            if not name.startswith("__"):
                yield from _words_in(value)


def _words_in(value: object) -> Iterable[str]:
    if isinstance(value, re.Pattern):
        plain = re.sub(r"\\u[0-9a-f]{4}|\\.", " ", value.pattern.lower())
        found = re.findall(r"([a-z]{2,})(\??)", plain)
        return [form for word, maybe in found for form in (word, word[:-1] if maybe else word)]
    if isinstance(value, frozenset | tuple):
        return [word for part in value for word in _words_in(part)]
    return _WORD.findall(value.lower()) if isinstance(value, str) else ()


def _forms_of(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield from (word, f"{word}s", f"{word}es")
        if word.endswith("y"):
            yield f"{word[:-1]}ies"
