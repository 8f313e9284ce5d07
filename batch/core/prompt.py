"""Prompt templates: text with `{column}` and `{column|default text}`; `{{` and `}}` stand for braces.

A template comes from the job's author. What a row says is data and is put in as it is: a `{title}` inside a title
stays a `{title}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}|]*)(?:\|([^{}]*))?\}|[{}]|[^{}]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words that are the same in every prompt."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholder:
    """A place for a row's value.

    Attributes:
        column: Our name of the column, or the manifest's.
        default: What stands here where the row has no value; None where such a row is rejected.
    """

    column: str
    default: str | None


Template: TypeAlias = tuple[Text | Placeholder, ...]


def parse_template(text: str) -> Template:
    """Read a template.

    Raises:
        ValueError: If a brace is left open or stands alone, or a placeholder has no name; says where, from 1.

    >>> parse_template("A {title|cup} in {{x}}")[1]
    Placeholder(column='title', default='cup')
    """
    parts: list[Text | Placeholder] = []
    for match in _TOKEN.finditer(text):
        token, column, default = match[0], match[1], match[2]
        if column is not None:
            if not column.strip():
                raise ValueError(f"the placeholder at character {match.start() + 1} names no column")
            parts.append(Placeholder(column=column.strip(), default=default))
        elif token in {"{", "}"}:
            raise ValueError(
                f"the {token} at character {match.start() + 1} belongs to no placeholder such as {{title}}; "
                f"write {token}{token} for the character itself"
            )
        else:
            parts.append(Text(text=token[0] if token in {"{{", "}}"} else token))
    return tuple(parts)


def placeholders(template: Template) -> tuple[Placeholder, ...]:
    """Give a template's placeholders in their order."""
    return tuple(part for part in template if isinstance(part, Placeholder))


class MissingValueError(ValueError):
    """There is nothing to put where a template has a placeholder without a default.

    Args:
        column: The placeholder's.
    """

    def __init__(self, column: str) -> None:
        super().__init__(f"there is no value for {{{column}}}")
        self.column = column


def fill(template: Template, value_of: Callable[[str], str | None]) -> str:
    """Fill a template in, as `batch.planning.rendering` does for many rows at once; trimmed.

    Args:
        value_of: What stands for a column; None or empty where there is nothing.

    Raises:
        MissingValueError: If a placeholder without a default has no value.

    >>> fill(parse_template("A {title}, {colour|white}"), {"title": "cup"}.get)
    'A cup, white'
    """
    return "".join(part.text if isinstance(part, Text) else _value(part, value_of) for part in template).strip()


def _value(part: Placeholder, value_of: Callable[[str], str | None]) -> str:
    value = value_of(part.column) or part.default
    if value is None:
        raise MissingValueError(part.column)
    return value
