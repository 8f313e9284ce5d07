"""Marks the proofs: they say something of the program, and nothing more when it was installed from a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of this folder its mark."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.proof)
