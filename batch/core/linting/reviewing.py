"""Findings of whole prompts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from batch.core.linting.camera import OPPOSITES
from batch.core.linting.marks import Marks, marks_of, sentences_of
from batch.core.linting.outline import Outliner
from batch.core.linting.rules import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from batch.core.linting.vocabulary import Vocabulary

_MOST_REMEMBERED: Final = 200_000
_LONG: Final = 1_000
_WORDS_A_SECOND: Final = 2.5
_SECONDS_AN_ACTION: Final = 2
_UNKNOWN_SECONDS: Final = 8.0

_SAID: Final = re.compile(
    r"\b(?:say|says|said|saying|speak|speaks|voice-?over|narrator|narration|dialogue|whisper|whispers|shout|shouts|announce"
    r"|announces|explain|explains|tells?)\b[^\"\u201c\u2018']{0,60}?(?:[\"\u201c](?P<quoted>[^\"\u201d]+)[\"\u201d]|:\s*(?P<plain>[^\"\u201c\s][^\"\u201c\n]*))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a prompt is written for.

    Attributes:
        seconds: The clip's length; None where the model decides it.
        most_characters: None where no limit is known.
        sounds: Whether the clip has sound; None where nobody knows.
        refuses_faces: Whether the model refuses pictures with faces.
    """

    seconds: float | None
    most_characters: int | None = None
    sounds: bool | None = True
    refuses_faces: bool = False


class Reviewer:
    """Finds what is wrong with prompts; remembers sentences that it has seen.

    Args:
        vocabulary: The words to look for.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._outliner = Outliner(vocabulary)
        self._marks: dict[str, Marks] = {}
        self._outlines: dict[str, Marks] = {}
        self._same: dict[Marks, Marks] = {}
        self._judged: dict[tuple[Setting, tuple[int, ...]], tuple[Finding, ...]] = {}

    def review(self, text: str, setting: Setting) -> tuple[Finding, ...]:
        """Give what is wrong with a prompt, each finding once, the worst first."""
        marks = [self._marks_of(sentence) for sentence in sentences_of(text)]
        found = (*self._judge(marks, setting), *_of_the_whole(text, setting))
        return tuple(sorted(set(found), key=_rank)) if found else ()

    def review_negative(self, text: str) -> tuple[Finding, ...]:
        """Give what is wrong with a negative prompt: it may well name what is not wanted."""
        names = {"unresolved", "html", "gap"}
        marks = [self._marks_of(sentence) for sentence in sentences_of(text)]
        found = {Finding(id=name, words=words) for one in marks for name, words in one.found if name in names}
        return tuple(sorted(found, key=_rank))

    def _marks_of(self, sentence: str) -> Marks:
        known = self._marks.get(sentence)
        if known is None:
            outline = self._outliner.outline(sentence)
            known = None if outline is None else self._looked_at(outline)
            if known is None or known.found:
                known = self._looked_at(sentence)
            if len(self._marks) < _MOST_REMEMBERED:
                self._marks[sentence] = known
        return known

    def _looked_at(self, text: str) -> Marks:
        known = self._outlines.get(text)
        if known is None:
            made = marks_of(text, self._vocabulary)
            known = self._same.setdefault(made, made)
            if len(self._outlines) < _MOST_REMEMBERED:
                self._outlines[text] = known
        return known

    def _judge(self, marks: Sequence[Marks], setting: Setting) -> tuple[Finding, ...]:
        known = (setting, tuple(map(id, marks)))  # equal marks are one object, which is kept
        found = self._judged.get(known)
        if found is None:
            found = tuple(_judged(marks, setting))
            self._judged[known] = found
        return found


def _rank(finding: Finding) -> tuple[int, str, str]:
    return finding.rule.level.rank, finding.id, finding.words


def _judged(marks: Sequence[Marks], setting: Setting) -> Iterator[Finding]:
    for one in marks:
        for name, words in one.found:
            yield Finding(id=name, words=words)
    if not any(one.english or one.moves or one.still or one.keeps or one.sounds for one in marks) and len(marks) > 1:
        yield Finding(id="language", words="")
        return
    yield from _camera(marks)
    yield from _excluding(marks)
    yield from _happening(marks, setting)
    person = next((one.person for one in marks if one.person), "")
    if person and setting.refuses_faces:
        yield Finding(id="faces", words=person)
    if not any(one.keeps for one in marks):
        yield Finding(id="keep", words="")
    if setting.sounds is not False and not any(one.sounds for one in marks):
        yield Finding(id="audio", words="")


def _camera(marks: Sequence[Marks]) -> Iterator[Finding]:
    moves = tuple(dict.fromkeys(move for one in marks for move in one.moves))
    still = any(one.still for one in marks)
    if len(moves) > 1:
        yield Finding(id="camera-many", words=", ".join(moves))
    if still and moves:
        yield Finding(id="contradiction", words=f"the camera stays still, {moves[0]}")
    if not still and not moves:
        yield Finding(id="camera-none", words="")
    for pair in OPPOSITES:
        if set(pair) <= set(moves):
            yield Finding(id="contradiction", words=", ".join(pair))


def _excluding(marks: Sequence[Marks]) -> Iterator[Finding]:
    day = next((one.day for one in marks if one.day), "")
    night = next((one.night for one in marks if one.night), "")
    if day and night:
        yield Finding(id="contradiction", words=f"{day}, {night}")
    person = next((one.person for one in marks if one.person), "")
    if person and any(one.nobody for one in marks):
        yield Finding(id="contradiction", words=f"no people, {person}")


def _happening(marks: Sequence[Marks], setting: Setting) -> Iterator[Finding]:
    actions = [action for one in marks for action in one.actions]
    seconds = _UNKNOWN_SECONDS if setting.seconds is None else setting.seconds
    if len(actions) > max(1, seconds // _SECONDS_AN_ACTION):
        yield Finding(id="actions", words=f"{', '.join(actions)} in {seconds:g} s")


def _of_the_whole(text: str, setting: Setting) -> Iterator[Finding]:
    most = setting.most_characters
    if most is not None and len(text) > most:
        yield Finding(id="too-long", words=f"more than {most:,} characters")
    elif len(text) > _LONG:
        yield Finding(id="long", words=f"more than {_LONG:,} characters")
    if not _may_speak(text):
        return
    spoken = sum(len((match["quoted"] or match["plain"]).split()) for match in _SAID.finditer(text))
    seconds = _UNKNOWN_SECONDS if setting.seconds is None else setting.seconds
    if spoken > seconds * _WORDS_A_SECOND:
        yield Finding(id="speech", words=f"{spoken} words in {seconds:g} s")


def _may_speak(text: str) -> bool:
    """Rule out most prompts, a good deal faster than the pattern does."""
    named = "oice" in text or "ialogue" in text or "arrat" in text or "says:" in text or "say:" in text
    return named or '"' in text or "\u201c" in text
