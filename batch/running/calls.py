"""What a call of `run`, `submit` or `collect` asks for, what its steps share, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from batch.core.summary import Cost, ItemCounts, summary_json

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from batch.core.ending import Stop
    from batch.core.lifecycle import Record
    from batch.core.profile import ModelProfile
    from batch.errors import Exit, Problem
    from batch.inputs.jobfile import LoadedJob
    from batch.running.clock import Clock
    from batch.running.desk import Desk
    from batch.running.engine import Parts
    from batch.running.planning import Spend
    from batch.running.signals import Signals
    from batch.store.changes import Run
    from batch.store.store import Store


class Audience(Protocol):
    """Who a session tells what it does, and asks before it spends."""

    def note(self, message: str) -> None:
        """Something that a person should read once."""

    def moved(self) -> None:
        """Items have moved."""

    def follow(self, numbers: Callable[[], tuple[ItemCounts, Cost, int]]) -> None:
        """From now on there are numbers to show."""

    def close(self) -> None:
        """The numbers will not change any more, and cannot be asked for after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a call asks for.

    Attributes:
        strict: Buy nothing if any row is rejected.
        keep_going: Switch the breaker off.
        confirm: Asked before the first paid call; False ends the call with a usage error.
        only_cheapest: Buy one item, the one that costs least, and that once.
        on_accepted: Begun beside the run for each prediction that it buys.
    """

    parts: Parts
    strict: bool = False
    keep_going: bool = False
    confirm: Callable[[Spend], bool]
    only_cheapest: bool = False
    on_accepted: Callable[[Desk, Record], Coroutine[Any, Any, None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a call came to.

    Attributes:
        report: Paths of the report's files by kind; empty if none could be written.
        run_cost: The money of this run alone.
        notes: What a person should know.
    """

    exit: Exit
    counts: ItemCounts
    cost: Cost
    run_cost: Cost
    report: dict[str, str]
    stops: tuple[Stop, ...] = ()
    notes: tuple[str, ...] = ()
    run_id: int = 0

    def as_json(self) -> dict[str, Any]:
        """Give the documented keys."""
        extra = {
            "run": {"id": self.run_id, "cost": self.run_cost.as_json()},
            "stopped": [{"cause": stop.cause.name.lower(), "message": stop.message} for stop in self.stops],
            "notes": list(self.notes),
        }
        return summary_json(
            counts=self.counts, cost=self.cost, report=self.report, exit_code=int(self.exit), extra=extra
        )


@dataclass(slots=True, kw_only=True)
class Session:
    """What the steps of a call share."""

    loaded: LoadedJob
    profile: ModelProfile
    request: Request
    audience: Audience
    clock: Clock
    store: Store
    signals: Signals
    run: Run | None = None
    stops: list[Stop] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    overdue: int = 0
    problem: Problem | None = None

    def note(self, text: str) -> None:
        """Say something on the console and in the report."""
        self.notes.append(text)
        self.audience.note(text)
