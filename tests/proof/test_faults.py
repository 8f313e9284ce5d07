"""Every fault alone, through the real command line: what it leads to, and the ten promises after each run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proof.faults import FAULTS
from tests.proof.quick import QuickShop
from tests.proof.scenes import play

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proof.forge import Forge
    from tests.proof.scenes import Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault: Fault, forge: Forge, tmp_path: Path, template: bytes) -> None:
    """A fault costs and loses nothing, ends as it has to, and is said."""
    folder = tmp_path / "shop"
    folder.mkdir()
    shop = QuickShop(folder=folder, template=template, provider_folder=tmp_path / "provider", forge=forge)
    assert play(fault, shop) == []


def test_names_are_names() -> None:
    """Each fault has a name of its own."""
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
