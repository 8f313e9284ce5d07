"""Prompt templates: the author's placeholders are filled in, and what a row says is never looked at."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.core.job import Manifest as ManifestKeys
from batch.core.prompt import Placeholder, Text, parse_template, placeholders
from batch.inputs.manifest import open_manifest
from batch.planning.rendering import words


def rendered(template: str, rows: list[dict[str, str]]) -> list[str | None]:
    """What the template makes of rows that have a SKU, a picture, and these columns."""
    with tempfile.TemporaryDirectory() as folder:
        names = dict.fromkeys(name for row in rows for name in row)
        columns = {name: [row.get(name, "") for row in rows] for name in names}
        count = [str(number) for number in range(len(rows))]
        pl.DataFrame({"sku": count, "image": count, **columns}).write_parquet(Path(folder, "m.parquet"))
        with open_manifest(ManifestKeys(path="m.parquet"), Path(folder), io.BytesIO()) as manifest:
            made = words(manifest, "prompt", template)
            texts = pl.concat([batch.with_columns(made.text.alias("text")) for batch in manifest.batches()])
            return texts["text"].to_list()


def test_a_template_is_words_and_placeholders() -> None:
    """Spaces around a column's name do not count, those of a default do."""
    assert parse_template("A { title } in {colour| red }.") == (
        Text(text="A "),
        Placeholder(column="title", default=None),
        Text(text=" in "),
        Placeholder(column="colour", default=" red "),
        Text(text="."),
    )
    assert [part.column for part in placeholders(parse_template("{a}{{b}}{c}"))] == ["a", "c"]


@pytest.mark.parametrize(
    ("template", "text"),
    [("{{title}}", "{title}"), ("{{{title}}}", "{Mug}"), ("a }} b {{", "a } b {"), ("{title|}", "Mug")],
)
def test_doubled_braces_are_braces(template: str, text: str) -> None:
    """As in Python's own format strings."""
    assert rendered(template, [{"title": "Mug"}]) == [text]


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("a {title", "the { at character 3"),
        ("a } b", "the } at character 3"),
        ("a {} b", "character 3 names no column"),
        ("a { | b}", "character 3 names no column"),
        ("{a{b}}", "the { at character 1"),
        ("{a|b|c}{", "the { at character 8"),
    ],
)
def test_a_broken_template_says_where(template: str, what: str) -> None:
    """Counted from 1, as editors do."""
    with pytest.raises(ValueError, match=re.escape(what)):
        parse_template(template)


def test_a_default_stands_in_for_nothing() -> None:
    """An empty value is none."""
    assert rendered("{colour|red} {title}", [{"title": "Mug", "colour": "blue"}, {"title": "Mug", "colour": " "}]) == [
        "blue Mug",
        "red Mug",
    ]


def test_a_missing_value_without_a_default_gives_no_prompt() -> None:
    """Half a sentence is not sent."""
    assert rendered("The {title} turns", [{"title": ""}, {"title": "Mug"}]) == [None, "The Mug turns"]


def test_what_a_row_says_is_never_looked_at() -> None:
    """Neither placeholders nor format strings, patterns or escapes in values do anything."""
    hostile = [
        "{title}",
        "{0.__class__}",
        "%s %(title)s",
        "$title ${title}",
        "\\1 \\n",
        "{{x}}",
        "{",
        "^.*$",
        "{{7*7}}",
    ]
    rows = [{"title": text} for text in hostile]
    assert rendered("<{title}>", rows) == [f"<{text}>" for text in hostile]


def test_a_rows_own_prompt_is_taken_literally() -> None:
    """It stands above the template, and its placeholders are words."""
    rows = [{"title": "Mug", "prompt": "Turn the {title} {{now}}"}, {"title": "Mug", "prompt": ""}]
    assert rendered("The {title}", rows) == ["Turn the {title} {{now}}", "The Mug"]


def reference(parts: list[str | tuple[str, str | None]], row: dict[str, str]) -> str | None:
    """What a template of these words and placeholders makes of a row, said plainly."""
    made = ""
    for part in parts:
        if isinstance(part, str):
            made += part
            continue
        name, default = part
        value = row[name].strip() or default
        if value is None:
            return None
        made += value
    return made.strip() or None


VALUE = st.text(st.sampled_from(["a", "{", "}", "|", "ü", " ", "\\", '"', "$", "\n"]), max_size=6)
WORDS = st.text(st.sampled_from(["x", "{", "}", "|", "é", " ", "\n", "$"]), max_size=6)
DEFAULT = st.none() | st.text(st.sampled_from(["d", " ", "$", "|"]), max_size=3)
PART = WORDS | st.tuples(st.sampled_from(["a", "b", "c d"]), DEFAULT)


@settings(max_examples=150, deadline=None)
@given(
    parts=st.lists(PART, max_size=6),
    rows=st.lists(st.fixed_dictionaries({"a": VALUE, "b": VALUE, "c d": VALUE}), min_size=1, max_size=4),
)
def test_many_rows_at_once_are_as_one_by_one(
    parts: list[str | tuple[str, str | None]], rows: list[dict[str, str]]
) -> None:
    """The columnar rendering against a plain loop."""
    template = "".join(
        part.replace("{", "{{").replace("}", "}}")
        if isinstance(part, str)
        else "{" + part[0] + ("" if part[1] is None else "|" + part[1]) + "}"
        for part in parts
    )
    assert rendered(template, rows) == [reference(parts, row) for row in rows]
