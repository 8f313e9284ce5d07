"""What can be found in a prompt: each with an id, a level and a mend. Jobs and rows silence findings by their ids."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Level(Enum):
    """How much a finding matters, the worst first."""

    ERROR = "error"  # the money for this clip is most likely lost
    WARNING = "warning"  # the clip is likely to be worse than it could be
    NOTE = "note"  # worth a look

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of finding.

    Attributes:
        reason: Why it matters.
        mend: What to do, as an instruction.
        safe: Whether `lint --fix` can do it by itself.
    """

    level: Level
    reason: str
    mend: str
    safe: bool = False


def _error(reason: str, mend: str) -> Rule:
    return Rule(level=Level.ERROR, reason=reason, mend=mend)


def _warning(reason: str, mend: str, *, safe: bool = False) -> Rule:
    return Rule(level=Level.WARNING, reason=reason, mend=mend, safe=safe)


def _note(reason: str, mend: str, *, safe: bool = False) -> Rule:
    return Rule(level=Level.NOTE, reason=reason, mend=mend, safe=safe)


RULES: Final[dict[str, Rule]] = {
    "empty": _error("there is no prompt", "give the row a prompt, or the job a `defaults.prompt` or `prompt`"),
    "unresolved": _error("a placeholder was not filled in", "fill the cell, or give a default: {column|text}"),
    "too-long": _error("the prompt is longer than the model takes", "shorten it"),
    "contradiction": _error("two instructions exclude each other", "keep one of the two"),
    "minors": _error("it asks for a minor, which providers refuse", "show the product alone, or an adult"),
    "celebrities": _error("it asks for a real person, which providers refuse", "describe what is seen instead"),
    "violence": _error("it asks for violence or a weapon, which providers refuse", "describe a harmless action"),
    "adult": _error("it asks for adult content, which providers refuse", "describe the product alone"),
    "brands": _warning(
        "it names a brand or figure that may belong to others", "leave the name out, or ignore it where it is yours"
    ),
    "faces": _warning(
        "it asks for a person, and this model refuses pictures with faces", "leave people out, or name a body part"
    ),
    "shown-text": _warning(
        "text, prices, logos and addresses come out misspelt", "leave it out, and lay it over the finished clip"
    ),
    "speech": _warning("more is spoken than the clip's seconds hold", "say less, or order a longer clip"),
    "actions": _warning("more happens than the clip's seconds hold", "keep one action, or order a longer clip"),
    "camera-none": _warning("nothing says what the camera does", "add one move, or `The camera stays still.`"),
    "camera-many": _warning("more than one camera move makes it jump", "keep one"),
    "keep": _warning("nothing says that the product stays as it is", "add what must not change", safe=True),
    "audio": _warning("nothing says what is heard, so the model invents it", "add a line `Sound: ...`", safe=True),
    "parameter": _warning(
        "length, size and aspect are parameters; as words they do nothing or are drawn",
        "leave it out; use `duration` and `aspect_ratio`",
        safe=True,
    ),
    "vague": _warning("praise gives the model nothing to show", "say what is seen: light, material, angle", safe=True),
    "html": _warning("HTML is left over from the shop system", "give plain text", safe=True),
    "identical": _warning("rows ask for the same clip", "keep one of them, or tell them apart"),
    "long": _note("long prompts bring artefacts", "say it shorter"),
    "language": _note(
        "it does not seem to be English, so camera, actions and sound were not looked for", "write it in English"
    ),
    "gap": _note("an empty value left a gap", "give the placeholder a default", safe=True),
    "unknown-id": _note("the row's `lint_ignore` names no finding", "correct the id"),
}
"""All findings by id."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing that was found.

    Attributes:
        id: Of its rule.
        words: The words in question, or what was counted; empty where something is missing.
    """

    id: str
    words: str

    @property
    def rule(self) -> Rule:
        """What is known of its kind."""
        return RULES[self.id]
