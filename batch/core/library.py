"""The prompt library: for each kind of thing a prompt in parts, so that one part can be said otherwise.

A part is a template of its own. Together they ask for one action and one camera move, and say what must not change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, field_validator

from batch.core.category import Matcher
from batch.core.prompt import parse_template
from batch.core.strict import Strict, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS: Final = ("subject", "action", "camera", "lighting", "constraints", "audio")
"""The parts of a prompt, in the order in which they are sent."""

AUTO: Final = "auto"
"""Instead of an entry's name: each row gets the one of its category."""

COLUMN_PREFIX: Final = "prompt_"
"""A row's own text for a part stands in the column of this and the part's name, such as `prompt_camera`."""


class Entry(Strict):
    """One kind of thing.

    Attributes:
        categories: Words and phrases, in the singular or the plural, by which a category names this kind; in YAML a
            list, or a list of lists, which reads better.
        google: Ids of Google product categories.
    """

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,39}$", description="small letters, digits and dashes, at most 40, a letter first"
    )
    categories: Texts = ()
    google: tuple[int, ...] = Field(default=(), strict=False)
    subject: str = Field(min_length=1)
    action: str = Field(min_length=1)
    camera: str = Field(min_length=1)
    lighting: str = Field(min_length=1)
    constraints: str = Field(min_length=1)
    audio: str = Field(min_length=1)

    @field_validator(*PARTS)
    @classmethod
    def _is_a_template(cls, value: str) -> str:
        parse_template(value)
        return value

    @property
    def parts(self) -> Mapping[str, str]:
        """The templates by the names of their parts, in order."""
        return {part: getattr(self, part) for part in PARTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entry stands: its file as a person calls it, and the line of each of its parts."""

    file: str
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """All entries that a job can use.

    Attributes:
        entries: By name; a job's own files come last and replace built-in ones.
        places: Where each of them stands.
    """

    entries: Mapping[str, Entry]
    places: Mapping[str, Place]

    def matcher(self, categories: Mapping[str, str]) -> Matcher:
        """Give what tells a category's entry.

        Args:
            categories: The job's own: a category's words, to the name of an entry.
        """
        phrases: dict[str, str] = {}
        numbers: dict[str, str] = {}
        for name, entry in self.entries.items():
            phrases |= dict.fromkeys((*entry.categories, name), name)
            numbers |= {str(number): name for number in entry.google}
        return Matcher(phrases=phrases, numbers=numbers, own=categories)


class PromptKeys(Strict):
    """A prompt from the library, instead of `defaults.prompt`."""

    library: str = Field(
        default=AUTO, min_length=1, description="auto takes the entry of each row's category; or the name of one"
    )
    fallback: str = Field(
        default="packshot", min_length=1, description="the entry of rows whose category is empty or unknown"
    )
    categories: dict[str, str] = Field(
        default_factory=dict, description="a category as your manifest has it: the entry it gets"
    )
    files: list[str] = Field(default_factory=list, description="files with entries of your own")
    subject: str | None = Field(default=None, min_length=1, description="what is seen; replaces every entry's")
    action: str | None = Field(default=None, min_length=1, description="the one thing that happens")
    camera: str | None = Field(default=None, min_length=1, description="the one camera move")
    lighting: str | None = Field(default=None, min_length=1, description="light and style")
    constraints: str | None = Field(default=None, min_length=1, description="what must not change")
    audio: str | None = Field(default=None, min_length=1, description="what is heard")

    @field_validator(*PARTS)
    @classmethod
    def _is_a_template(cls, value: str | None) -> str | None:
        if value is not None:
            parse_template(value)
        return value

    def own(self, part: str) -> str | None:
        """Give the job's own text for a part; None where the entry's holds."""
        text: Any = getattr(self, part)
        return None if text is None else str(text)
