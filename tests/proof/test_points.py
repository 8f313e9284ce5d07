"""A few of the points that `python -m tests.proof.points` strikes one and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proof.lowered import lowered_path
from tests.proof.points import prove
from tests.proof.shim import NoShimError
from tests.proof.trial import MODES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.proof.books import Row

pytestmark = pytest.mark.slow


def played(folder: Path, modes: Sequence[str]) -> list[Row]:
    """Play a few points of some modes, where that can be done."""
    pytest.importorskip("av")
    try:
        return prove(folder, workers=2, modes=modes, short=True)
    except NoShimError as missing:
        pytest.skip(str(missing))


def test_a_power_cut_finds_a_state_that_syncs_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test: the same points find something where SQLite puts off what it was told to sync."""
    monkeypatch.setenv("PYTHONPATH", lowered_path(tmp_path))
    done = played(tmp_path / "points", ("power",))
    assert any("were bought, and" in what for row in done for what in row["found"])


def test_struck_anywhere_it_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    """Killed, full, broken or without power: nothing is bought twice, nothing that was paid for is lost.

    A proof that strikes only one sort of call proves little, so the points are spread over all.
    """
    done = played(tmp_path / "points", MODES)
    assert [(row["mode"], row["at"], row["kind"], row["file"], row["found"]) for row in done if row["found"]] == []
    struck = [row for row in done if row["reached"]]
    assert len(struck) >= 20
    assert {row["mode"] for row in struck} == set(MODES)
    assert len({row["kind"] for row in struck}) >= 8
