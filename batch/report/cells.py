"""Text that a spreadsheet shows and never runs."""

from __future__ import annotations

import re

FORMULA_START = "^(?:\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])"
"""What makes a cell a formula, after the CSV injection page of OWASP: the four signs, their full-width forms
(which some spreadsheets fold), and leading control characters. Means the same to `re` and to polars."""


def safe_cell(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula.

    >>> safe_cell("=1+1"), safe_cell("Mug, 0.3 l")
    ("'=1+1", 'Mug, 0.3 l')
    """
    return f"'{text}" if re.match(FORMULA_START, text) else text


def encodable(text: str) -> str:
    """Write what UTF-8 cannot hold (lone surrogates of odd file names) as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
