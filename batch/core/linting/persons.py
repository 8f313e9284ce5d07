"""Whether a sentence asks for a person, or only for a thing that is called after one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from batch.core.linting.vocabulary import TOKEN, word_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.linting.vocabulary import Vocabulary

_AFTER_PERSON: Final = word_set(
    "is are was who that whose in with on at near beside behind to looking under by while as then wears holds uses "
    "carries tries shows enjoys puts makes has looks touches reads wearing gets goes comes takes gives sleeps "
    "applies poses "
    "cries leans stares gazes talks speaks cooks buys works models kneels lies relaxes rests writes draws paints "
    "loves "
    "hugs kisses feeds helps greets presents demonstrates tastes sips admires hold wear use carry look sleep pose"
)
_NO_VERBS: Final = word_set("clothing bedding ring earring teething nursing training racing swing string spring")
_BEFORE_THING: Final = word_set("for of 'for")


def persons_in(name: str, text: str, tokens: frozenset[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Find words for persons who are to be seen: `a boy plays`; not `boy's shirt` or `made for kids`."""
    for match in vocabulary[name].find(text, tokens):
        before = [word.lower() for word in TOKEN.findall(text[max(0, match.start() - 40) : match.start()])][-3:]
        if not _BEFORE_THING.isdisjoint(before) or text[match.end() : match.end() + 1] in {"'", "\u2019", "-"}:
            continue
        following = TOKEN.match(_ANOTHER.sub("", text[match.end() :].lstrip(), count=1))
        word = following[0].lower() if following else ""
        acts = word in _AFTER_PERSON or word in vocabulary["actions"].words or _is_verb(word, vocabulary)
        if acts or (not word and before):
            yield match[0].lower()


_ANOTHER: Final = re.compile(r"^(?:(?:and|or|&)\s+(?:(?:a|an|the|her|his|their)\s+)?\w+\s*)", re.IGNORECASE)
"""Beside the person: boys and girls shoes are shoes, a boy and his dog play."""
_AGED: Final = re.compile(r"(?<!for )\b(?:1[0-7]|[1-9])[- ]years?[- ]olds?\b", re.IGNORECASE)


def children_in(text: str, tokens: frozenset[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Find words for children who are to be seen, also by their age."""
    yield from persons_in("minors", text, tokens, vocabulary)
    for match in _AGED.finditer(text) if "old" in text else ():
        following = TOKEN.match(text[match.end() :].lstrip())
        word = following[0].lower() if following else ""
        person = word in vocabulary["minors"].words or word in vocabulary["people"].words or word == "model"
        if person or word in _AFTER_PERSON or _is_verb(word, vocabulary):  # and not a whisky
            yield match[0].lower()


def _is_verb(word: str, vocabulary: Vocabulary) -> bool:
    if word.endswith("ing"):
        return word not in _NO_VERBS
    return word in vocabulary["actions"].third_person
