"""YAML as it is read here: small, harmless, and every key with its line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.core.yamltree import MAX_CHARACTERS, MAX_DEPTH, NoTree, Tree, read_tree


def tree_of(text: str) -> Tree:
    """Read a text that is expected to be YAML."""
    tree = read_tree(text)
    assert isinstance(tree, Tree)
    return tree


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("8", 8),
        ("-3", -3),
        ("0123", "0123"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-11-23", "2026-11-23"),
        ("0.80", Decimal("0.80")),
        (".5", Decimal("0.5")),
        ("1e5", Decimal("1e5")),
        (".inf", ".inf"),
        ("~", None),
        ("null", None),
        ("", None),
        ("'8'", "8"),
        ('"true"', "true"),
        ('""', ""),
    ],
)
def test_a_scalar_is_what_the_core_schema_says(written: str, value: Any) -> None:
    """Nothing that looks like text becomes a number, a date or a boolean."""
    read = tree_of(f"key: {written}").value["key"]
    assert read == value
    assert type(read) is type(value)


def test_a_number_keeps_its_digits() -> None:
    """Money is exactly what was written, trailing zeros included."""
    assert str(tree_of("usd: 0.10").value["usd"]) == "0.10"


def test_every_key_and_item_has_its_line() -> None:
    """Nested keys, list items and text over several lines do not confuse the count."""
    tree = tree_of("# first\na: 1\nb:\n  text: |\n    x\n    y\n  list:\n    - p\n    - q: 2\n")
    assert tree.lines == {
        (): 2,
        ("a",): 2,
        ("b",): 3,
        ("b", "text"): 4,
        ("b", "list"): 7,
        ("b", "list", 0): 8,
        ("b", "list", 1): 9,
        ("b", "list", 1, "q"): 9,
    }


def test_the_line_of_what_is_not_there_is_that_of_what_is_around_it() -> None:
    """A missing key is told with the line of its parent."""
    assert tree_of("a: 1\nb:\n  c: 2\n").line(("b", "x", "y")) == 2


@pytest.mark.parametrize(
    ("text", "line", "path", "word"),
    [
        ("a: 1\nb: &here 2\n", 2, ("b",), "`&here`"),
        ("a: 1\nb: *there\n", 2, ("b",), "`*there`"),
        ("a: 1\nb: !!str 2\n", 2, ("b",), "tag"),
        ("a: 1\nb: !python/object:os.system 2\n", 2, ("b",), "tag"),
        ("a: 1\nb:\n  <<: {c: 1}\n", 3, ("b",), "merge"),
        ("a: 1\nb: 2\na: 3\n", 3, ("a",), "first on line 1"),
        ("a: 1\n---\nb: 2\n", 2, (), "second document"),
        ("? [a]\n: 1\n", 1, (), "key has to be text"),
        ("a: 1\nb: 1e999999999\n", 2, ("b",), "proportion"),
        (f"a: {'9' * 5000}\n", 1, ("a",), "proportion"),
    ],
)
def test_what_is_dangerous_or_ambiguous_is_a_fault(text: str, line: int, path: tuple[str, ...], word: str) -> None:
    """Each names its line and its key, and none becomes a value."""
    (fault,) = tree_of(text).faults
    assert (fault.line, fault.path) == (line, path)
    assert word in fault.what


def test_all_faults_of_a_text_are_found() -> None:
    """One does not hide the next."""
    tree = tree_of("a: &x 1\nb: *x\nc: !!int 3\na: 4\n")
    assert [fault.line for fault in tree.faults] == [1, 2, 3, 4]


def test_of_a_key_that_is_given_twice_the_first_stands() -> None:
    """The second is told and passed over, whatever it holds."""
    tree = tree_of("a: 1\nb: 2\na: {c: 3}\n")
    assert tree.value == {"a": 1, "b": 2}
    assert ("a", "c") not in tree.lines


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    """Only the bare form merges anywhere, so only that is refused."""
    assert tree_of("'<<': 1").value == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: c: d\n", 2, "quotes"),
        ("a: 1\nb: 'c\nd: 2\n", 2, "never closed"),
        ("a:\n\tb: 1\n", 2, "spaces"),
        ("a: [1, 2\nb: 3\n", 2, "bracket"),
        ("a:\n  b: 1\n c: 2\n", 3, "indentation"),
        ("a: 1\nb: \x07\n", 2, "U+0007"),
        ("\x00\x01\x02", 1, "U+0000"),
        ('a: "\\q"', 1, "escape"),
    ],
)
def test_what_is_no_yaml_is_told_in_plain_words(text: str, line: int, word: str) -> None:
    """The line is where a person has to look."""
    broken = read_tree(text)
    assert isinstance(broken, NoTree)
    assert broken.fault.line == line
    assert word in broken.fault.what


@pytest.mark.parametrize("text", ["[" * 500, "{a: " * 500, "- " * 500, "[" * (MAX_CHARACTERS - 1)])
def test_deep_nesting_is_refused_before_anything_recurses(text: str) -> None:
    """PyYAML alone answers these with a RecursionError."""
    broken = read_tree(text)
    assert isinstance(broken, NoTree)
    assert f"more than {MAX_DEPTH} deep" in broken.fault.what


def test_ordinary_nesting_is_fine() -> None:
    """The bound lies far beyond what a job needs."""
    assert tree_of("[" * 20 + "]" * 20).faults == ()


def test_a_bomb_of_aliases_stays_small() -> None:
    """Nine lines that stand for a thousand million items become nine faults and nine lists."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    tree = tree_of("\n".join(lines))
    assert sum(len(items) for items in tree.value.values()) == 90
    assert len(tree.faults) == 10 + 81


def test_a_text_of_more_than_a_megabyte_is_not_read() -> None:
    """No job is that long."""
    broken = read_tree("a: " + "x" * MAX_CHARACTERS)
    assert isinstance(broken, NoTree)
    assert "longer than" in broken.fault.what


def test_an_empty_text_says_nothing() -> None:
    """It is YAML; whoever needs keys says so."""
    assert tree_of("# only a comment\n").value is None


@given(st.text(alphabet=st.sampled_from("ab01 :-?,[]{}&*!|>'\"%@`#~<\n\t\x00.e")))
def test_no_text_makes_the_reader_fall_over(text: str) -> None:
    """Whatever is given, the answer is a value."""
    assert isinstance(read_tree(text), Tree | NoTree)
