"""A few of the points that `python -m tests.proof.points` strikes one and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proof.lowered import lowered_path
from tests.proof.points import prove
from tests.proof.shim import NoShimError
from tests.proof.trial import MODES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.proof.books import Row

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """Play the points once for all tests."""
    pytest.importorskip("av")
    folder: Path = tmp_path_factory.mktemp("points")
    try:
        return prove(folder, workers=2, modes=MODES, short=True)
    except NoShimError as missing:
        pytest.skip(str(missing))


def test_a_power_cut_finds_a_state_that_syncs_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test: the same points find something where SQLite puts off what it was told to sync."""
    pytest.importorskip("av")
    monkeypatch.setenv("PYTHONPATH", lowered_path(tmp_path))
    try:
        done = prove(tmp_path / "points", workers=2, modes=("power",), short=True)
    except NoShimError as missing:
        pytest.skip(str(missing))
    found = [what for row in done for what in row["found"]]
    assert any("were bought, and" in what for what in found)


def test_struck_anywhere_it_goes_on_as_if_nothing_had_happened(done: list[Row]) -> None:
    """Killed, full, broken or without power: nothing is bought twice, nothing that was paid for is lost."""
    assert [(row["mode"], row["at"], row["kind"], row["file"], row["found"]) for row in done if row["found"]] == []


def test_the_points_are_spread_over_everything_that_can_be_struck(done: list[Row]) -> None:
    """A proof that strikes only one sort of call proves little."""
    struck = [row for row in done if row["reached"]]
    assert len(struck) >= 20
    assert {row["mode"] for row in struck} == set(MODES)
    assert len({row["kind"] for row in struck}) >= 8
