"""A few of the points that `python -m tests.proof.points` strikes one and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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


def test_struck_anywhere_it_goes_on_as_if_nothing_had_happened(done: list[Row]) -> None:
    """Killed, full, broken or without power: nothing is bought twice, nothing that was paid for is lost."""
    assert [(row["mode"], row["at"], row["kind"], row["file"], row["found"]) for row in done if row["found"]] == []


def test_the_points_are_spread_over_everything_that_can_be_struck(done: list[Row]) -> None:
    """A proof that strikes only one sort of call proves little."""
    struck = [row for row in done if row["reached"]]
    assert len(struck) >= 20
    assert {row["mode"] for row in struck} == set(MODES)
    assert len({row["kind"] for row in struck}) >= 8
