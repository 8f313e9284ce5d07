"""Every fault alone, through the real command line: what it leads to, and the ten promises after each run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest

from tests.proof.faults import FAULTS
from tests.proof.forge import Forge
from tests.proof.quick import QuickShop
from tests.proof.scenes import play

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future

    from tests.proof.scenes import Fault

AT_ONCE = 4


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, template: bytes
) -> Iterator[Mapping[str, Future[list[str]]]]:
    """All faults that were asked for, by name, on their way to their end: most of their time is waiting."""
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    asked = {call.params["fault"].name for call in calls if call is not None and "fault" in call.params}
    forges: SimpleQueue[Forge] = SimpleQueue()

    def one(fault: Fault) -> list[str]:
        forge = forges.get()
        try:
            folder = tmp_path_factory.mktemp("fault")
            shop = QuickShop(folder=folder, template=template, provider_folder=folder / "provider", forge=forge)
            return play(fault, shop)
        finally:
            forges.put(forge)

    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(AT_ONCE):
            forges.put(stack.enter_context(Forge()))
        yield {fault.name: pool.submit(one, fault) for fault in FAULTS if fault.name in asked}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault: Fault, played: Mapping[str, Future[list[str]]]) -> None:
    """A fault costs and loses nothing, ends as it has to, and is said."""
    assert played[fault.name].result() == []


def test_names_are_names() -> None:
    """Each fault has a name of its own."""
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
