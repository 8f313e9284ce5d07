"""What docstrings show is what happens."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import batch

ROOT = Path(batch.__file__).parent
SHOWING = sorted(
    ".".join(("batch", *path.relative_to(ROOT).with_suffix("").parts))
    for path in ROOT.rglob("*.py")
    if "\n    >>> " in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", SHOWING)
def test_examples_are_true(name: str) -> None:
    """Each example gives what stands below it."""
    failed, tried = doctest.testmod(import_module(name))
    assert (failed, bool(tried)) == (0, True)
