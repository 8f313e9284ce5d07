"""`lint`: what is wrong with the prompts, before they are paid for; `--fix` mends what is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.cli.console import say, say_json
from batch.errors import Exit
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse

    from batch.plan.linting import LintReport


def run(arguments: argparse.Namespace) -> int:
    """Look the prompts through, and end with 1 if any finding is an error."""
    from batch.plan.lintwords import lint_json, lint_text  # noqa: PLC0415 - start-up counts
    from batch.run.linting import lint  # noqa: PLC0415 - the same

    report, source = lint(read_job(arguments.job))
    if arguments.json:
        say_json({**lint_json(report, source), "exit": _exit(report)})
    else:
        say(lint_text(report, source))
    return _exit(report)


def _exit(report: LintReport) -> Exit:
    from batch.core.linting.rules import Level  # noqa: PLC0415 - start-up counts

    return Exit.SOME_FAILED if report.count(Level.ERROR) else Exit.DONE
