"""What all tests share: nothing of them is left outside the checkout."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary folders below `out/`, which git ignores, instead of in the system's."""
    folder = config.rootpath / "out" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))
