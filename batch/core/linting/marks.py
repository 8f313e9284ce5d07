"""What one sentence of a prompt says, as far as findings depend on it; a prompt is judged by what its sentences say.

Many prompts share most of their sentences, so each distinct one is looked at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from batch.core.linting.camera import TRIGGERS, moves_of, stands_still
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
    if any(sign in text for sign in "!?;\n"):
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
    person = "" if keeps or _HEARD.match(sentence) else next(_persons("people", asked, tokens, vocabulary), "")
    return Marks(
        found=tuple(_found(sentence, asked, tokens, vocabulary, keeps=keeps)),
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
    "keep keeps keeping kept stay stays staying remain remains remaining preserve preserves preserved preserving maintain "
    "maintains retain retains unchanged change changes alter alters exactly identical unaltered match matches morph morphs "
    "consistent true faithful distort distorts deform deforms warp warps"
)
_THINGS: Final = (
    r"shapes?|colou?rs?|labels?|logos?|design|form|proportions?|details?|product|object|item|subject|place|picture|photo"
    r"|photograph|image|look|appearance|geometry|material|pattern|texture|packag(?:e|ing)|size|cut|face|identity|branding"
)
_KEEPS: Final = re.compile(
    rf"\b(?:keep(?:s|ing)?|kept|stay(?:s|ing)?|remain(?:s|ing)?|preserv(?:e|es|ed|ing)|maintain(?:s|ing)?|retain(?:s|ing)?|match(?:es)?"
    rf"|unchanged|unaltered|consistent|identical|faithful|true to|exactly)\b[^.;!?]*\b(?:{_THINGS})\b"
    rf"|\b(?:{_THINGS})\b[^.;!?]*\b(?:stays?|remains?|unchanged|unaltered|kept|preserved|identical)\b(?! still| static| fixed)"
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
_NOBODY: Final = re.compile(r"\b(?:no|without(?: any)?) (?:people|persons?|humans?|models)\b|\bnobody\b", re.IGNORECASE)


def _first(pattern: re.Pattern[str], text: str, tokens: frozenset[str], words: frozenset[str]) -> str:
    if tokens.isdisjoint(words):
        return ""
    match = pattern.search(text)
    return match[0].lower() if match else ""


# -- persons ---------------------------------------------------------------------------------------------------------

_AFTER_PERSON: Final = word_set(
    "is are was who that whose in with on at near beside behind to looking under by while as then wears holds uses "
    "carries tries shows enjoys puts makes has looks touches reads wearing gets goes comes takes gives sleeps applies poses "
    "cries leans stares gazes talks speaks cooks buys works models kneels lies relaxes rests writes draws paints loves "
    "hugs kisses feeds helps greets presents demonstrates tastes sips admires hold wear use carry look sleep pose"
)
_NO_VERBS: Final = word_set("clothing bedding ring earring teething nursing training racing swing string spring")
_BEFORE_THING: Final = word_set("for of 'for")


def _persons(name: str, text: str, tokens: frozenset[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Find words for persons who are to be seen: `a boy plays`, not `boy's shirt`, `baby blanket` or `made for kids`."""
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


def _children(text: str, tokens: frozenset[str], vocabulary: Vocabulary) -> Iterator[str]:
    yield from _persons("minors", text, tokens, vocabulary)
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


# -- actions ---------------------------------------------------------------------------------------------------------

_HEARD: Final = re.compile(
    r"^\s*(?:sounds?|audio|music|ambience|foley|voice-?over|dialogue|soundtrack)\b\s*:?", re.IGNORECASE
)
_OF_THE_CAMERA: Final = re.compile(r"\b(?:the )?camera\b[^,;.]*", re.IGNORECASE)


def _actions(text: str, tokens: frozenset[str], vocabulary: Vocabulary) -> Iterator[str]:
    """Find what happens: `the lid opens`, `Rotate the cup`, `then pour`; not what the camera does or what is heard."""
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


# -- findings that need nothing else ---------------------------------------------------------------------------------

_UNRESOLVED: Final = re.compile(
    r"\{[^{}]{0,60}\}|\[[A-Z][A-Z0-9 _-]{2,40}\]|<[A-Z][A-Z0-9 _-]{2,40}>|\$\{?\w+\}|%s\b|%\(\w+\)s"
    r"|\b(?:TODO|TBD|FIXME|XXX+|lorem ipsum|Lorem ipsum|nan|NaN|null|NULL|undefined)\b|\bNone\b(?! of)|#(?:N/A|REF!|VALUE!|NAME\?)"
)
HTML: Final = re.compile(
    r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]{0,300})?/?>|&(?:amp|nbsp|lt|gt|quot|apos|rsquo|lsquo|ldquo|rdquo|ndash|mdash|hellip"
    r"|[aeiouAEIOU](?:uml|acute|grave|circ)|szlig|eacute|copy|reg|trade|#\d{1,6}|#x[0-9a-fA-F]{1,6});"
)
_GAP: Final = re.compile(
    r"[ \t]{2,}|(?<=\w)\s+[,.;:!?](?=\s|$)|[,;:]\s*[,;.](?=\s|$)|\(\s*\)|\b(?:of|with|from|the|a|an)[.,;](?=\s|$)",
    re.IGNORECASE,
)
PARAMETER: Final = re.compile(
    r"\b\d+(?:\.\d+)?[- ]?(?:seconds?|secs?|s|minutes?|min)[- ](?:long|video|clip|shot|loop|film|animation|spot|ad)\b"
    r"|\b(?:for|in|lasts?|lasting|duration(?: of)?:?|length(?: of)?:?|over) \d+(?:\.\d+)? ?(?:seconds?|secs?|s)\b"
    r"|\b\d+(?:\.\d+)?-seconds?\b"
    r"|\b\d{1,2}:\d{1,2} (?:aspect(?: ratio)?|format|ratio|video)\b|\b(?:aspect(?: ratio)?|ratio)(?: of)?:? \d{1,2}:\d{1,2}\b"
    r"|\b(?:16:9|9:16|21:9|4:5)\b"
    r"|\b(?:in )?(?:4k|8k|uhd|full hd|hd|hdr)(?: (?:video|resolution|quality|footage|clip|render(?:ing)?|cinematic))\b"
    r"|\bin (?:4k|8k|uhd|full hd|hd)\b|\b(?:4k|8k)\.?$"
    r"|\b(?:in )?(?:480|720|1080|1440|2160)p\b(?! (?:tv|television|monitor|webcam|camera|projector|display|dash|screen))"
    r"|\b\d{3,4} ?[x\u00d7] ?\d{3,4} ?(?:px|pixels?)?\b(?! ?(?:mm|cm|m\b|in\b|inch|tv|monitor|display))"
    r"|\b(?:at )?\d{2,3} ?fps\b|\b(?:vertical|horizontal|portrait|landscape|square)[- ](?:video|format|orientation|mode|clip)\b"
    r"|\bwidescreen\b",
    re.IGNORECASE,
)
_SHOWN: Final = re.compile(
    r"\b(?:text|price|title|caption|subtitle|discount|sale|cta)[- ](?:overlay|tag|card|badge|sticker|banner|animation)s?\b"
    r"|\bon[- ]screen (?:text|title|caption|price)s?\b|\bsubtitles?\b|\bcaptions?\b|\bend ?card\b|\bcall[- ]to[- ]action\b|\bwatermark\b"
    r"|\b(?:show|shows|showing|display|displays|displaying|add|adds|adding|write|writes|overlay|overlays|include|includes|insert"
    r"|print|prints|reveal|reveals)\b(?: \S+){0,5}? (?:text|words?|slogan|headline|tagline|price|prices|logo|url|website|phone number)\b"
    r"|\b(?:text|words?|slogan|headline|tagline|sign|banner|title)\b(?: \S+){0,3} (?:says?|reads?|reading|saying|appears?|fades?|flies|pops?)\b"
    r"|\bwith the (?:words?|text)\b|\blogo (?:\w+ )?(?:appears?|fades?|spins?|flies|pops?|animates?|animation|reveal|zooms?)\b"
    r"|[$\u20ac\u00a3]\s?\d+(?:[.,]\d+)?|\b\d+(?:[.,]\d\d)? ?(?:\u20ac|usd|eur|gbp|dollars?|euros?)(?!\w)|\b\d{1,2} ?% off\b"
    r"|\bhttps?://\S+|\bwww\.\S+|\b[a-z0-9-]{2,}\.(?:com|net|org|shop|store|io|co\.uk|de|fr)\b",
    re.IGNORECASE,
)
_SHOWN_WORDS: Final = word_set(
    "text price prices title caption captions subtitle subtitles discount sale cta on-screen screen end call watermark word words "
    "slogan headline tagline logo url website phone sign banner overlay usd eur gbp dollar dollars euro euros"
)
_SIGNS: Final = re.compile(r"[$\u20ac\u00a3%]|://|www\.|\w\.(?:com|net|org|shop|store|io|co|de|fr)\b", re.IGNORECASE)
_PARAMETER_WORDS: Final = word_set("4k 8k hd uhd hdr full vertical horizontal portrait landscape square widescreen")
_DIGIT: Final = re.compile(r"\d")
_ODD: Final = re.compile(r"[{}\[<&%#]|[ \t]{2}|\s[,.;:!?]|[,;:]\s*[,;.]|\(\s*\)")
_PLACEHOLDER_WORDS: Final = word_set("todo tbd fixme lorem nan null undefined none of with from the a an")
_NAMED: Final = ("celebrities", "violence", "adult", "brands")


def _found(
    sentence: str, asked: str, tokens: frozenset[str], vocabulary: Vocabulary, *, keeps: bool
) -> Iterator[tuple[str, str]]:
    if _ODD.search(sentence) or not tokens.isdisjoint(_PLACEHOLDER_WORDS) or "xxx" in sentence.lower():
        for name, pattern in (("unresolved", _UNRESOLVED), ("html", HTML), ("gap", _GAP)):
            for match in pattern.finditer(sentence):
                yield name, _with_the_word_before(match) if name == "gap" else match[0].strip()
    if not (tokens.isdisjoint(_PARAMETER_WORDS) and _DIGIT.search(sentence) is None):
        for match in PARAMETER.finditer(sentence):
            yield "parameter", match[0].strip()
    if not keeps and (not tokens.isdisjoint(_SHOWN_WORDS) or _SIGNS.search(sentence)):
        for match in _SHOWN.finditer(asked):
            yield "shown-text", match[0].strip()
    for name in _NAMED:
        for match in vocabulary[name].find(asked, tokens):
            yield name, match[0]
    for words in _children(asked, tokens, vocabulary):
        yield "minors", words
    vague = [match[0] for match in vocabulary["vague"].find(asked, tokens)]
    if vague and next(vocabulary["cues"].find(asked, tokens), None) is None:
        for words in vague:
            yield "vague", words


def _with_the_word_before(match: re.Match[str]) -> str:
    before = re.search(r"\w*$", match.string[: match.start()])
    return f"{before[0] if before else ''}{match[0]}".strip() or "two spaces"
