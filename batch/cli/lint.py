"""`lint`: what is wrong with the prompts, before they are paid for; `--fix` mends what is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batch.cli.console import ask, complain, on_terminal, say, say_json
from batch.errors import Exit, UsageProblem
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse

    from batch.planning.linting import LintReport
    from batch.running.mending import Fixes


def run(arguments: argparse.Namespace) -> int:
    """Look the prompts through, and end with 1 if any finding is an error."""
    from batch.planning.lintwords import lint_json, lint_text  # noqa: PLC0415 - start-up counts
    from batch.running.linting import lint  # noqa: PLC0415 - the same

    fixed = _fix(arguments) if arguments.fix else {}
    report, source = lint(read_job(arguments.job))
    if arguments.json:
        say_json({**lint_json(report, source), **fixed, "exit": _exit(report)})
    else:
        say(lint_text(report, source))
    return _exit(report)


def _fix(arguments: argparse.Namespace) -> dict[str, Any]:
    """Show what can be mended, and write it if somebody says yes."""
    from batch.running.mending import plan_fixes, write_fixes  # noqa: PLC0415 - start-up counts

    fixes = plan_fixes(read_job(arguments.job))
    if not arguments.json:
        say([*(fix.diff for fix in fixes.files), *(f"left alone: {text}" for text in fixes.left)])
    if not fixes.files:
        if not arguments.json:
            complain("there is nothing that is safe to mend")
        return _as_json(fixes, written=False)
    if not arguments.yes and not _agreed(fixes):
        raise UsageProblem("nothing was written: nobody confirmed it", hint="give --yes")
    write_fixes(fixes)
    return _as_json(fixes, written=True)


def _agreed(fixes: Fixes) -> bool:
    names = ", ".join(str(fix.path) for fix in fixes.files)
    changes = sum(fix.changes for fix in fixes.files)
    return on_terminal() and ask(f"Write {changes} change{'s' if changes > 1 else ''} to {names}?")


def _as_json(fixes: Fixes, *, written: bool) -> dict[str, Any]:
    files = [{"file": str(fix.path), "changes": fix.changes, "diff": fix.diff} for fix in fixes.files]
    return {"fixes": files, "left_alone": list(fixes.left), "written": written}


def _exit(report: LintReport) -> Exit:
    from batch.core.linting.rules import Level  # noqa: PLC0415 - start-up counts

    return Exit.SOME_FAILED if report.count(Level.ERROR) else Exit.DONE
