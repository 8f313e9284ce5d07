"""Items to report on, and a Chromium to look at the page with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from batch.core.summary import ClipFacts, Cost, ItemCounts, ItemView, ReportHead
from tests.report.chromium import NoChromium, Tab, opened, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def head() -> ReportHead:
    """Give the head of a report on one finished item."""
    return ReportHead(
        job="spring",
        model="sora-2-image-to-video",
        provider="eachlabs",
        simulated=False,
        made_at=NOON,
        run_started_at=NOON,
        ended="Everything is done.",
        counts=ItemCounts(done=1),
        cost=Cost(estimated=Decimal("0.80"), settled=Decimal("0.80")),
    )


@pytest.fixture
def make_item() -> Callable[..., ItemView]:
    """Give a maker of finished items; any field can be named."""
    item = ItemView(
        key="ab" * 32,
        sku="00152",
        line=2,
        variant=0,
        take=0,
        state="done",
        phase="done",
        image="mug.jpg",
        source="/nowhere/mug.jpg",
        prompt="Rotate the mug slowly.",
        model="sora-2-image-to-video",
        aspect="16:9",
        duration="8",
        row={"SKU": "00152", "title": "Enamel mug"},
        attempts=1,
        prediction_id="3f0c",
        clip=ClipFacts(
            path="00152/00152-16x9-8s.mp4",
            bytes=4_200_000,
            sha256="cd" * 32,
            seconds=8.0,
            width=1280,
            height=720,
            has_audio=True,
        ),
        estimate=Decimal("0.80"),
        cost=Cost(estimated=Decimal("0.80"), settled=Decimal("0.80")),
        submitted_at=NOON,
        ended_at=NOON,
        render_seconds=201.0,
    )

    def make(**changes: Any) -> ItemView:
        return replace(item, **changes)

    return make


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one Chromium for all tests and give the address of its debugging port."""
    try:
        with started(tmp_path_factory.mktemp("chromium")) as address:
            yield address
    except NoChromium as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def tab(chromium: str) -> AsyncIterator[Tab]:
    """Open a new tab and close it after the test."""
    async with opened(chromium) as tab:
        yield tab
