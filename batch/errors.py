"""What can go wrong, as a tree, and what each end of the program tells the shell.

::

    SoraBatchError                  everything that this program raises on purpose
    |-- Problem                     one thing that a person has to mend: what, where, what next
    |   |-- UsageProblem            2   the command line asks for something that cannot be
    |   |-- ManifestProblem         65  the manifest as a whole is unusable
    |   |-- MissingInput            66  a file that is needed is not there or cannot be read
    |   |-- JobProblem              78  the job, a profile, or a state of another job
    |   |   `-- JobErrors               everything that is wrong in one YAML file; see inputs/yamlfile.py
    |   |-- Unavailable             69  the provider, or the model, is gone
    |   |-- KeyRefused              77  the key is missing or was refused
    |   |-- CannotCreate            73  an output folder or file cannot be made
    |   |-- StorageProblem          74  input-output error, disk full
    |   |   `-- StateDamaged            the state was changed, cut, replaced or lost behind our back
    |   |-- Busy                    75  the lock is held, the provider is overloaded: try again later
    |   `-- Interrupted             130 a signal came before there was anything to report
    |       `-- Terminated          143 the same for SIGTERM
    `-- RowProblem                  one row or one picture; the run goes on without it

A `Problem` ends the command; a `RowProblem` never does.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """The exit codes that scripts depend on; sysexits.h where it has one."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    NEEDS_PERSON = 4
    MONEY_CAP = 8
    TIME_CAP = 10
    BAD_MANIFEST = 65
    MISSING_INPUT = 66
    UNAVAILABLE = 69
    CANNOT_CREATE = 73
    STORAGE = 74
    TRY_LATER = 75
    KEY_REFUSED = 77
    BAD_JOB = 78
    SIGINT = 130
    SIGTERM = 143


class SoraBatchError(Exception):
    """Everything that this program raises on purpose."""


class Problem(SoraBatchError):
    """Something that a person has to mend before the command can go on.

    Args:
        what: What happened, one sentence without a full stop's worth of blame.
        where: File and line, SKU or prediction id; empty where the whole command is meant.
        hint: The next step, as an instruction.
    """

    exit: ClassVar[Exit]

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.hint}" if self.hint else head


class UsageProblem(Problem):
    """The command line asks for something that cannot be."""

    exit = Exit.USAGE


class ManifestProblem(Problem):
    """The manifest as a whole is unusable: no rows, no such columns, not a table."""

    exit = Exit.BAD_MANIFEST


class MissingInput(Problem):
    """A file that is needed is not there, or cannot be read."""

    exit = Exit.MISSING_INPUT


class JobProblem(Problem):
    """The job or a profile is wrong, or the state belongs to another job."""

    exit = Exit.BAD_JOB


class Unavailable(Problem):
    """The provider cannot be reached, or the model is gone or dearer than the job says."""

    exit = Exit.UNAVAILABLE


class KeyRefused(Problem):
    """The key is missing, or the provider refused it."""

    exit = Exit.KEY_REFUSED


class CannotCreate(Problem):
    """An output folder or file cannot be made."""

    exit = Exit.CANNOT_CREATE


class StorageProblem(Problem):
    """The disk failed or is full, or the state is damaged."""

    exit = Exit.STORAGE


class StateDamaged(StorageProblem):
    """The state is not what its last writer left: nothing may be bought from it.

    Args:
        why: What gives it away.
        where: The state file.
    """

    def __init__(self, why: str, *, where: str) -> None:
        super().__init__(
            f"the state is damaged: {why}",
            where=where,
            hint="nothing was sent, and the file is left as it is; `sora-batch doctor JOB` says what can be done",
        )


class Busy(Problem):
    """Another run holds the lock, or the provider is overloaded."""

    exit = Exit.TRY_LATER


class Interrupted(Problem):
    """Ctrl-C came before there was anything to report, or after everything was."""

    exit = Exit.SIGINT


class Terminated(Interrupted):
    """SIGTERM came before there was anything to report, or after everything was."""

    exit = Exit.SIGTERM


class RowProblem(SoraBatchError):
    """One row or one picture cannot become an item.

    Args:
        reason: Why, in words for the person who owns the manifest.
        column: The manifest's column that holds the cause; empty if none does.
        value: The offending value, as it stood there.
    """

    def __init__(self, reason: str, *, column: str = "", value: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column
        self.value = value
