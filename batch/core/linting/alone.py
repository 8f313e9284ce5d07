"""What is wrong with a sentence whatever the rest of the prompt says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from batch.core.linting.persons import children_in
from batch.core.linting.vocabulary import word_set

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.linting.vocabulary import Vocabulary

_UNRESOLVED: Final = re.compile(
    r"\{[^{}]{0,60}\}|\[[A-Z][A-Z0-9 _-]{2,40}\]|<[A-Z][A-Z0-9 _-]{2,40}>|\$\{?\w+\}|%s\b|%\(\w+\)s"
    r"|\b(?:TODO|TBD|FIXME|XXX+|lorem ipsum|Lorem ipsum|nan|NaN|null|NULL|undefined)\b|\bNone\b(?! of)|#(?:N/A"
    r"|REF!|VALUE!|NAME\?)"
)
HTML: Final = re.compile(
    r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]{0,300})?/?>|&(?:amp|nbsp|lt|gt|quot|apos|rsquo|lsquo|ldquo|rdquo|ndash"
    r"|mdash|hellip"
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
    r"|\b\d{1,2}:\d{1,2} (?:aspect(?: ratio)?|format|ratio|video)\b|\b(?:aspect(?: ratio)?"
    r"|ratio)(?: of)?:? \d{1,2}:\d{1,2}\b"
    r"|\b(?:16:9|9:16|21:9|4:5)\b"
    r"|\b(?:in )?(?:4k|8k|uhd|full hd|hd|hdr)(?: (?:video|resolution|quality|footage|clip|render(?:ing)?"
    r"|cinematic))\b"
    r"|\bin (?:4k|8k|uhd|full hd|hd)\b|\b(?:4k|8k)\.?$"
    r"|\b(?:in )?(?:480|720|1080|1440|2160)p\b(?! (?:tv|television|monitor|webcam|camera|projector|display|dash"
    r"|screen))"
    r"|\b\d{3,4} ?[x\u00d7] ?\d{3,4} ?(?:px|pixels?)?\b(?! ?(?:mm|cm|m\b|in\b|inch|tv|monitor|display))"
    r"|\b(?:at )?\d{2,3} ?fps\b|\b(?:vertical|horizontal|portrait|landscape|square)[- ](?:video|format"
    r"|orientation|mode|clip)\b"
    r"|\bwidescreen\b",
    re.IGNORECASE,
)
_SHOWN: Final = re.compile(
    r"\b(?:text|price|title|caption|subtitle|discount|sale|cta)[- ](?:overlay|tag|card|badge|sticker|banner"
    r"|animation)s?\b"
    r"|\bon[- ]screen (?:text|title|caption|price)s?\b|\bsubtitles?\b|\bcaptions?\b|\bend ?card\b"
    r"|\bcall[- ]to[- ]action\b|\bwatermark\b"
    r"|\b(?:show|shows|showing|display|displays|displaying|add|adds|adding|write|writes|overlay|overlays|include"
    r"|includes|insert"
    r"|print|prints|reveal|reveals)\b(?: \S+){0,5}? (?:text|words?|slogan|headline|tagline|price|prices|logo|url"
    r"|website|phone number)\b"
    r"|\b(?:text|words?|slogan|headline|tagline|sign|banner|title)\b(?: \S+){0,3} (?:says?|reads?|reading|saying"
    r"|appears?|fades?|flies|pops?)\b"
    r"|\bwith the (?:words?|text)\b|\blogo (?:\w+ )?(?:appears?|fades?|spins?|flies|pops?|animates?|animation"
    r"|reveal|zooms?)\b"
    r"|[$\u20ac\u00a3]\s?\d+(?:[.,]\d+)?|\b\d+(?:[.,]\d\d)? ?(?:\u20ac|usd|eur|gbp|dollars?|euros?)(?!\w)"
    r"|\b\d{1,2} ?% off\b"
    r"|\bhttps?://\S+|\bwww\.\S+|\b[a-z0-9-]{2,}\.(?:com|net|org|shop|store|io|co\.uk|de|fr)\b",
    re.IGNORECASE,
)
_SHOWN_WORDS: Final = word_set(
    "text price prices title caption captions subtitle subtitles discount sale cta on-screen screen end call "
    "watermark word words "
    "slogan headline tagline logo url website phone sign banner overlay usd eur gbp dollar dollars euro euros"
)
_SIGNS: Final = re.compile(r"[$\u20ac\u00a3%]|://|www\.|\w\.(?:com|net|org|shop|store|io|co|de|fr)\b", re.IGNORECASE)
_PARAMETER_WORDS: Final = word_set("4k 8k hd uhd hdr full vertical horizontal portrait landscape square widescreen")
_MEASURE: Final = re.compile(r"\d[- ]?(?:s(?:ec\w*)?\b|min|fps|p\b|[x\u00d7] ?\d|:\d)", re.IGNORECASE)
_ODD: Final = re.compile(r"[{}\[<&%#]|[ \t]{2}|\s[,.;:!?]|[,;:]\s*[,;.]|\(\s*\)")
_PLACEHOLDER_WORDS: Final = word_set("todo tbd fixme lorem nan null undefined none of with from the a an")
_NAMED: Final = ("celebrities", "violence", "adult", "brands")


def found_alone(
    sentence: str, asked: str, tokens: frozenset[str], vocabulary: Vocabulary, *, keeps: bool
) -> Iterator[tuple[str, str]]:
    """Give ids with the words in question.

    Args:
        asked: The sentence without what it forbids.
        keeps: Whether the sentence says that something stays as it is, a label or a logo perhaps.
    """
    yield from _left_over(sentence, tokens)
    if not tokens.isdisjoint(_PARAMETER_WORDS) or _MEASURE.search(sentence):
        yield from (("parameter", match[0].strip()) for match in PARAMETER.finditer(sentence))
    if not keeps and (not tokens.isdisjoint(_SHOWN_WORDS) or _SIGNS.search(sentence)):
        yield from (("shown-text", match[0].strip()) for match in _SHOWN.finditer(asked))
    for name in _NAMED:
        yield from ((name, match[0]) for match in vocabulary[name].find(asked, tokens))
    yield from (("minors", words) for words in children_in(asked, tokens, vocabulary))
    vague = [match[0] for match in vocabulary["vague"].find(asked, tokens)]
    if vague and next(vocabulary["cues"].find(asked, tokens), None) is None:
        yield from (("vague", words) for words in vague)


def _left_over(sentence: str, tokens: frozenset[str]) -> Iterator[tuple[str, str]]:
    if _ODD.search(sentence) or not tokens.isdisjoint(_PLACEHOLDER_WORDS) or "xxx" in sentence.lower():
        for name, pattern in (("unresolved", _UNRESOLVED), ("html", HTML), ("gap", _GAP)):
            for match in pattern.finditer(sentence):
                yield name, _with_the_word_before(match) if name == "gap" else match[0].strip()


def _with_the_word_before(match: re.Match[str]) -> str:
    before = re.search(r"\w*$", match.string[: match.start()])
    return f"{before[0] if before else ''}{match[0]}".strip() or "two spaces"
