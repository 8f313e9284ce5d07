"""What one sentence of a prompt says, as far as findings depend on it; a prompt is judged by what its sentences say.

Many prompts share most of their sentences, so each distinct one is looked at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from batch.core.linting.alone import found_alone
from batch.core.linting.camera import TRIGGERS, moves_of, stands_still
from batch.core.linting.persons import persons_in
from batch.core.linting.vocabulary import TOKEN, tokens_of, word_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.linting.vocabulary import Vocabulary

_ENDS: Final = re.compile(r"(?<=[.!?;])\s+|\s*\n\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a sentence says.

    Attributes:
        found: Ids of findings with the words in question, whatever the rest of the prompt says.
        moves: Camera moves.
        still: Whether the camera stands still.
        actions: Verbs of what happens, as often as they stand there.
        keeps: Whether it says that something stays as it is.
        sounds: Whether it says what is heard.
        day, night: Which light it asks for.
        nobody: Whether it forbids people.
        person: The word for a person that it asks for; empty if it does not.
        english: Whether it has a word that nearly every English sentence has one of.
    """

    found: tuple[tuple[str, str], ...] = ()
    moves: tuple[str, ...] = ()
    still: bool = False
    actions: tuple[str, ...] = ()
    keeps: bool = False
    sounds: bool = False
    day: str = ""
    night: str = ""
    nobody: bool = False
    person: str = ""
    english: bool = False


def sentences_of(text: str) -> list[str]:
    """Split a prompt at its sentences' ends."""
    if "!" in text or "?" in text or ";" in text or "\n" in text:
        return [part for part in _ENDS.split(text) if part]
    *most, last = text.split(". ")  # the usual case, a good deal faster
    return [*(f"{part.strip()}." for part in most if part), last.strip()]


def marks_of(sentence: str, vocabulary: Vocabulary) -> Marks:
    """Look at a sentence."""
    tokens = tokens_of(sentence)
    asked = _without_denied(sentence, tokens)
    keeps = not tokens.isdisjoint(_KEEP_WORDS) and _KEEPS.search(sentence) is not None
    camera = not tokens.isdisjoint(TRIGGERS)
    sounds = not tokens.isdisjoint(_SOUNDS)
    person = "" if keeps or _HEARD.match(sentence) else next(persons_in("people", asked, tokens, vocabulary), "")
    return Marks(
        found=tuple(found_alone(sentence, asked, tokens, vocabulary, keeps=keeps)),
        moves=moves_of(asked) if camera else (),
        still=camera and stands_still(sentence),
        actions=() if keeps else tuple(_actions(asked, tokens, vocabulary)),
        keeps=keeps,
        sounds=sounds,
        day=_first(_DAY, asked, tokens, _DAY_WORDS),
        night=_first(_NIGHT, asked, tokens, _NIGHT_WORDS),
        nobody=bool(_first(_NOBODY, sentence, tokens, _NOBODY_WORDS)),
        person=person,
        english=not tokens.isdisjoint(_ENGLISH),
    )


# -- what must not be taken for a wish -------------------------------------------------------------------------------

_DENIALS: Final = word_set("no not never without avoid none nothing nobody free don't doesn't don doesn")
_DENIED: Final = re.compile(
    r"\b(?:no|without|never|avoid|free of|(?:do|does|must|should) not|don['\u2019]t|doesn['\u2019]t|not)\b[^.;:!?,]*",
    re.IGNORECASE,
)


def _without_denied(sentence: str, tokens: frozenset[str]) -> str:
    return sentence if tokens.isdisjoint(_DENIALS) else _DENIED.sub(" ", sentence)


# -- what stays, and what is heard -----------------------------------------------------------------------------------

_KEEP_WORDS: Final = word_set(
    "keep keeps keeping kept stay stays staying remain remains remaining preserve preserves preserved preserving "
    "maintain "
    "maintains retain retains unchanged change changes alter alters exactly identical unaltered match matches "
    "morph morphs "
    "consistent true faithful distort distorts deform deforms warp warps"
)
_THINGS: Final = (
    r"shapes?|colou?rs?|labels?|logos?|design|form|proportions?|details?|product|object|item|subject|place"
    r"|picture|photo"
    r"|photograph|image|look|appearance|geometry|material|pattern|texture|packag(?:e|ing)|size|cut|face|identity"
    r"|branding"
)
_KEEPS: Final = re.compile(
    rf"\b(?:keep(?:s|ing)?|kept|stay(?:s|ing)?|remain(?:s|ing)?|preserv(?:e|es|ed|ing)|maintain(?:s|ing)?"
    rf"|retain(?:s|ing)?|match(?:es)?"
    rf"|unchanged|unaltered|consistent|identical|faithful|true to|exactly)\b[^.;!?]*\b(?:{_THINGS})\b"
    rf"|\b(?:{_THINGS})\b[^.;!?]*\b(?:stays?|remains?|unchanged|unaltered|kept|preserved|identical)\b(?! still"
    rf"| static| fixed)"
    rf"|\b(?:unchanged|unaltered)\b|\b(?:stays?|remains?|keeps?|looks?) (?:\w+ )?(?:the )?same\b"
    rf"|\b(?:not|never|nothing|without|no|don['\u2019]t)\b[^.;!?]*\b(?:chang|alter|distort|deform|morph|warp)\w*",
    re.IGNORECASE,
)
_SOUNDS: Final = word_set(
    "sound sounds audio music soundtrack ambience ambient silence silent noise noises foley voice voices voiceover "
    "voice-over hum hums rustle whirr whir chime dialogue narration narrator sings song"
)

_ENGLISH: Final = word_set("the and of with its is from by are this it as")

# -- light and people ------------------------------------------------------------------------------------------------

_DAY_WORDS: Final = word_set("sunny noon midday daylight sunlight morning afternoon")
_DAY: Final = re.compile(
    r"\b(?:sunny|noon|midday|bright (?:daylight|sunlight)|(?:morning|afternoon) sun(?:light)?)\b", re.IGNORECASE
)
_NIGHT_WORDS: Final = word_set("night midnight moonlight moonlit dark")
_NIGHT: Final = re.compile(
    r"\b(?:(?:at|by) night|midnight|moonlight|moonlit|night ?time|night sky|dark night)\b", re.IGNORECASE
)
_NOBODY_WORDS: Final = word_set("people person persons humans human models nobody")
_NOBODY: Final = re.compile(
    r"\b(?:no|without(?: any)?) (?:people|persons?|humans?|models)\b"
    r"|\bnobody\b",
    re.IGNORECASE,
)


def _first(pattern: re.Pattern[str], text: str, tokens: frozenset[str], words: frozenset[str]) -> str:
    if tokens.isdisjoint(words):
        return ""
    match = pattern.search(text)
    return match[0].lower() if match else ""


# -- actions ---------------------------------------------------------------------------------------------------------

_HEARD: Final = re.compile(
    r"^\s*(?:sounds?|audio|music|ambience|foley|voice-?over|dialogue|soundtrack)\b\s*:?", re.IGNORECASE
)
_OF_THE_CAMERA: Final = re.compile(r"\b(?:the )?camera\b[^,;.]*", re.IGNORECASE)


def _actions(text: str, tokens: frozenset[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Find what happens: `the lid opens`, `Rotate the cup`; not what the camera does, nor what is heard."""
    if _HEARD.match(text):
        return
    if "camera" in tokens:
        text = _OF_THE_CAMERA.sub(" ", text)
    third, base = vocabulary["actions"].third_person, vocabulary["actions"].words
    words = [word.lower() for word in TOKEN.findall(text)]
    for place, word in enumerate(words):
        leads = place == 0 or words[place - 1] in {"then", "and", "slowly", "gently", "suddenly", "to", "you"}
        if word in third or (
            word in base and leads and (place == 0 or words[0] in base or words[place - 1] in {"then", "suddenly"})
        ):
            yield word
