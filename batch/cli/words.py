"""What the commands say at their end, as lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from batch.core.counting import counted
from batch.core.money import format_usd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.summary import Cost, ItemCounts
    from batch.inputs.jobfile import LoadedJob
    from batch.running.calls import Outcome

NO_MONEY = " (simulated: no money was spent)"
_ITEM_WORDS = ("done", "skipped", "failed", "refused", "unconfirmed", "pending", "rejected")


def count_line(counts: ItemCounts) -> str:
    """Write the counts on one line, fit for a mail's subject; what is zero is left out."""
    numbers = counts.as_json()
    parts = [f"{numbers[word]:,} {word}" for word in _ITEM_WORDS if numbers[word]]
    return f"{counted(numbers['total'], 'item')}: {', '.join(parts) or 'none'}"


def cost_line(cost: Cost) -> str:
    """Write the four numbers on one line."""
    return (
        f"cost: estimated ${format_usd(cost.estimated)}, settled ${format_usd(cost.settled)},"
        f" reserved ${format_usd(cost.reserved)}, possibly charged ${format_usd(cost.possibly_charged)}"
    )


def closing_lines(loaded: LoadedJob, outcome: Outcome) -> Iterator[str]:
    """Say how a call went, and where its clips and its report are."""
    simulated = NO_MONEY if loaded.job.simulated else ""
    yield f"{loaded.job.name}: {count_line(outcome.counts)}"
    yield f"{cost_line(outcome.cost)}{simulated}"
    of_run = outcome.run_cost
    if of_run.estimated not in {0, outcome.cost.estimated}:
        yield f"  of it in this run: estimated ${format_usd(of_run.estimated)}, settled ${format_usd(of_run.settled)}"
    if outcome.counts.done + outcome.counts.skipped:
        yield f"clips:  {nearest_path(loaded.location.output)}"
    if outcome.report:
        yield f"report: {nearest_path(Path(outcome.report['html']))}"


def nearest_path(path: Path) -> str:
    """Write a path as a person here would: relative where it lies below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
