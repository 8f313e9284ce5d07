"""What all tests share: a place for their files, a clip that is encoded once, and a small shop."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.proof.forge import Forge
from tests.proof.shop import Shop, clip_template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary folders below `out/`, which git ignores: nothing is left outside the checkout."""
    folder = config.rootpath / "out" / "tests"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of one clip of four seconds, encoded once for all tests."""
    return clip_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def forge() -> Iterator[Forge]:
    """One parent for all forked commands of this worker."""
    with Forge() as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path, template: bytes, forge: Forge) -> Shop:
    """A shop with three products whose provider is the simulator inside `run`."""
    folder = tmp_path / "shop"
    folder.mkdir()
    made = Shop(folder=folder, template=template, provider_folder=folder / "out" / "simulator", forge=forge)
    made.rows("00152", "B-2", "C-3")
    made.job()
    return made
