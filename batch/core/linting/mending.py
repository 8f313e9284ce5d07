"""What can be mended in a prompt without a person; a change that brings another finding is not kept."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from batch.core.linting.alone import HTML, PARAMETER
from batch.core.linting.marks import sentences_of
from batch.core.linting.vocabulary import tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from batch.core.linting.vocabulary import Vocabulary

KEEP_LINE: Final = "The product keeps its exact shape, colour and label."
SOUND_LINE: Final = "Sound: quiet room tone."

_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}")
_MASK: Final = 0xE000  # private use: stands for a placeholder while the words around it are changed
_MOST_PARAMETERS: Final = 20
_MOST_MASKED: Final = 6000
_BEFORE_PRAISE: Final = frozenset(
    ["very", "really", "so", "is", "are", "looks", "look", "and", "or", "more", "most", "truly"]
)
_AFTER_PRAISE: Final = frozenset(["and", "or", "of", "in", "with", "for"])


def mend(text: str, ids: Collection[str], vocabulary: Vocabulary, review: Callable[[str], Collection[str]]) -> str:
    """Mend what is safe.

    Args:
        text: A prompt as it is sent.
        ids: Of the findings to mend; those without a safe mend are left alone.
        vocabulary: The words that findings look for.
        review: Gives the ids of what is found in a text, one for each finding.

    Returns:
        The text as it was, where nothing could be mended.
    """
    for name, step in _STEPS.items():
        if name in ids:
            changed = step(text, vocabulary)
            if changed != text and _no_worse(review(text), review(changed), name):
                text = changed
    return text


def mend_template(
    template: str, ids: Collection[str], vocabulary: Vocabulary, review: Callable[[str], Collection[str]]
) -> str:
    """Mend a template; nothing inside its placeholders is touched.

    Args:
        review: Takes a template.
    """
    held = _PLACEHOLDER.findall(template)
    if len(held) > _MOST_MASKED:
        return template
    numbers = iter(range(len(held)))
    masked = _PLACEHOLDER.sub(lambda _: chr(_MASK + next(numbers)), template)
    return _unmasked(mend(masked, ids, vocabulary, lambda text: review(_unmasked(text, held))), held)


def _unmasked(text: str, held: Sequence[str]) -> str:
    return re.sub(
        r"[\ue000-\uf8ff]",
        lambda match: held[place] if (place := ord(match[0]) - _MASK) < len(held) else match[0],
        text,
    )


def _no_worse(before: Collection[str], after: Collection[str], mended: str) -> bool:
    """Hold the findings after a change against those before; a line that is added has to be what was missing."""
    was, now = list(before).count, list(after).count
    return now(mended) < was(mended) + (mended not in _ADDING) and all(now(name) <= was(name) for name in set(after))


def _without_html(text: str, _: Vocabulary) -> str:
    return _tidy(html.unescape(HTML.sub(lambda match: match[0] if match[0].startswith("&") else " ", text)))


def _without_parameters(text: str, _: Vocabulary) -> str:
    """Leave out parameters that stand by themselves: `..., in 4K, ...`; not `a 4K video of the cup`."""
    for _round in range(_MOST_PARAMETERS):
        match = next(filter(_stands_alone, PARAMETER.finditer(text)), None)
        if match is None:
            break
        text = _tidy(f"{text[: match.start()]} {text[match.end() :]}")
    return text


def _stands_alone(match: re.Match[str]) -> bool:
    before, after = match.string[: match.start()].rstrip(), match.string[match.end() :].lstrip()
    opens = not before or before[-1] in ",;:.!?(" or match[0].lower().startswith(("in ", "at ", "for "))
    return opens and (not after or after[0] in ",;:.!?)")


def _without_praise(text: str, vocabulary: Vocabulary) -> str:
    return " ".join(_plainly(sentence, vocabulary) for sentence in sentences_of(text))


def _plainly(sentence: str, vocabulary: Vocabulary) -> str:
    """Leave out praise that stands before what it praises: `a stunning mug`; not `it is stunning`."""
    spans: list[tuple[int, int]] = []
    for match in vocabulary["vague"].find(sentence, tokens_of(sentence)):
        before = re.findall(r"\w+", sentence[: match.start()])[-1:]
        after = re.match(r"(?:,\s*|\s+)(?=([\w\ue000-\uf8ff]+))", sentence[match.end() :])
        if after and after[1].lower() not in _AFTER_PRAISE and not {one.lower() for one in before} & _BEFORE_PRAISE:
            spans.append((match.start(), match.end() + after.end()))
    for start, end in reversed(spans):
        rest = sentence[end:]
        sentence = sentence[:start] + (rest[:1].upper() + rest[1:] if start == 0 else rest)
    return _with_articles(sentence) if spans else sentence


def _with_articles(sentence: str) -> str:
    def fitting(match: re.Match[str]) -> str:
        article = "an" if match[2].lower() in "aeiou" else "a"
        return f"{article.capitalize() if match[1][0].isupper() else article} {match[2]}"

    return re.sub(r"\b([Aa]n?) ([A-Za-z])", fitting, sentence)


def _tidy(text: str, _: Vocabulary | None = None) -> str:
    """Close gaps: doubled spaces, spaces before commas, commas after nothing, empty sentences and brackets."""
    text = re.sub(r"\(\s*\)", "", text)
    text = re.sub(r"[ \t]{2,}", " ", text)
    # After `in` or `of` a word is missing, which only a person can give.
    text = re.sub(r"(?<!\bin)(?<!\bon)(?<!\bof)(?<!\bwith)(?<!\bfrom)\s+([,.;:!?])(?=\s|$)", r"\1", text)
    text = re.sub(r"[,;:](?:\s*[,;:])*\s*([,;.:])(?=\s|$)", r"\1", text)
    text = re.sub(r"(?<=[.!?])\s*[.,;:](?=\s|$)", "", text)
    text = re.sub(r"^[\s,;:.]+", "", text)
    return (text[:1].upper() + text[1:]).strip()


_ADDING: Final = frozenset(["keep", "audio"])


def _with(line: str) -> Callable[[str, Vocabulary], str]:
    def added(text: str, _: Vocabulary) -> str:
        end = "" if text.rstrip().endswith((".", "!", "?")) else "."
        return f"{text.rstrip()}{end} {line}" if text.strip() else text

    return added


_STEPS: Final[dict[str, Callable[[str, Vocabulary], str]]] = {
    "html": _without_html,
    "parameter": _without_parameters,
    "vague": _without_praise,
    "gap": _tidy,
    "keep": _with(KEEP_LINE),
    "audio": _with(SOUND_LINE),
}
"""Safe mends by the ids of their findings, in the order in which they are made."""
