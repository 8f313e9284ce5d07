r"""`manifest.where`: a condition on a row in a small, harmless part of SQL.

polars reads SQL that can do much more: a subquery such as `(SELECT ... FROM read_csv('/etc/passwd'))` opens files while
the text is being read. So the words are looked at here first, and nothing but columns, values, operators and some
functions of a row is let through. Columns are put in by their place, so that none of their names means anything else.

>>> pieces = read_where("\"Variant Price\" <> '0' and Status = 'active'")
>>> write_where(pieces, {"Variant Price": "c1", "Status": "c2"}.__getitem__)
'"c1" <> \'0\' AND "c2" = \'active\''
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST: Final = 2_000
DEEPEST: Final = 20
MOST_PIECES: Final = 300

_KEYWORDS = frozenset(
    {"AND", "AS", "BETWEEN", "CASE", "ELSE", "END", "FALSE", "ILIKE", "IN", "IS", "LIKE", "NOT", "NULL"}
)
_KEYWORDS |= {"OR", "REGEXP", "RLIKE", "THEN", "TRUE", "WHEN"}
_TYPES = frozenset({"BIGINT", "BOOLEAN", "DATE", "DOUBLE", "FLOAT", "INT", "INTEGER", "TEXT", "VARCHAR"})
_FUNCTIONS = frozenset({"ABS", "CAST", "CEIL", "COALESCE", "CONCAT", "ENDS_WITH", "FLOOR", "LEFT"})
_FUNCTIONS |= {"LENGTH", "LOWER", "LTRIM", "NULLIF", "REGEXP_LIKE", "REPLACE", "RIGHT", "ROUND", "RTRIM", "STARTS_WITH"}
_FUNCTIONS |= {"STRPOS", "SUBSTR", "TRIM", "TRY_CAST", "UPPER"}
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<text>'(?:[^']|'')*')"
    r'|(?P<quoted>"(?:[^"]|"")+")'
    r"|(?P<number>\d+(?:\.\d+)?(?![\w.]))"
    r"|(?P<word>[^\W\d]\w*)"
    r"|(?P<sign><>|!=|<=|>=|\|\||!~\*|!~|~\*|[=<>+\-*/%(),~])"
)
_USES = "Status = 'active', Type IN ('Shirt', 'Hat'), TRY_CAST(price AS DOUBLE) > 10, Title ILIKE '%mug%'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that a condition looks at, by one of its names."""

    name: str


def read_where(text: str) -> tuple[str | Column, ...]:
    """Read a condition.

    Raises:
        ValueError: If it has anything in it that is not let through, or is too long.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a condition has at most {LONGEST:,} characters")
    pieces = _pieces(text)
    if not pieces:
        raise ValueError(f"expected a condition such as {_USES}")
    if len(pieces) > MOST_PIECES:
        raise ValueError(f"a condition has at most {MOST_PIECES} words and signs")
    depth = deepest = 0
    for piece in pieces:
        depth += {"(": 1, ")": -1}.get(piece, 0) if isinstance(piece, str) else 0
        deepest = max(deepest, depth)
        if depth < 0:
            break
    if depth != 0 or deepest > DEEPEST:
        raise ValueError("the parentheses do not match" if depth else f"at most {DEEPEST} parentheses are open at once")
    return pieces


def write_where(pieces: tuple[str | Column, ...], place: Callable[[str], str]) -> str:
    """Write a condition as polars reads it.

    Args:
        pieces: From `read_where`.
        place: Gives a column's name in the frames; raises what it likes for one that is not there.
    """
    return " ".join(f'"{place(piece.name)}"' if isinstance(piece, Column) else piece for piece in pieces)


def _pieces(text: str) -> tuple[str | Column, ...]:
    found: list[str | Column] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or text.startswith(("--", "/*"), at):
            raise ValueError(f"{text[at : at + 12]!r} does not belong into a condition; it may look like {_USES}")
        at = match.end()
        if match["quoted"]:
            found.append(Column(name=match["quoted"][1:-1].replace('""', '"')))
        elif match["word"]:
            found.append(_word(match["word"], called=text[at:].lstrip().startswith("(")))
        elif not match["space"]:
            found.append(match[0])
    return tuple(found)


def _word(word: str, *, called: bool) -> str | Column:
    upper = word.upper()
    if upper in _KEYWORDS or (upper in _FUNCTIONS and called):
        return upper
    if called:
        raise ValueError(f"{word} is no function that a condition may use; there are {', '.join(sorted(_FUNCTIONS))}")
    return upper if upper in _TYPES and word == upper else Column(name=word)
