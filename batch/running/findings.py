"""What looking at a job's surroundings finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from batch.errors import Exit

if TYPE_CHECKING:
    from batch.errors import Problem


class Level(StrEnum):
    """How good a finding is."""

    GOOD = "ok"  # as it should be
    NOTE = "note"  # a person should know it
    BAD = "bad"  # a run would fail, or cost what nobody expects


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        hint: The next step; empty where there is none.
        exit: What a run would end with because of it.
    """

    level: Level
    what: str
    hint: str = ""
    exit: Exit = Exit.DONE


def bad(problem: Problem) -> Finding:
    """Give a problem as something that was found."""
    where = f"{problem.where}: " if problem.where else ""
    return Finding(level=Level.BAD, what=f"{where}{problem.what}", hint=problem.hint, exit=problem.exit)
