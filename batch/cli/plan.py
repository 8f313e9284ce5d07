"""`plan`: what would be bought, for how much, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.cli import explain
from batch.cli.console import Progress, complain, say, say_json
from batch.errors import Exit
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse

    from batch.planning.survey import PlanView


def run(arguments: argparse.Namespace) -> int:
    """Plan, print the plan, and say with the exit code whether a run would have rows to reject."""
    from batch.core.trial import Trial  # noqa: PLC0415 - start-up counts
    from batch.planning.describe import plan_json, plan_text  # noqa: PLC0415 - start-up counts
    from batch.planning.rejects import rejected_text, write_rejected  # noqa: PLC0415 - the same
    from batch.running.clock import Clock  # noqa: PLC0415 - the same
    from batch.running.narrowing import tried  # noqa: PLC0415 - the same
    from batch.running.surveying import survey  # noqa: PLC0415 - the same

    if arguments.explain is not None:
        return explain.run(arguments)
    progress = Progress(log_format=arguments.log_format)
    loaded = tried(read_job(arguments.job), Trial(sample=arguments.sample, duration=arguments.duration))
    view = survey(loaded, fetch=arguments.fetch, clock=Clock(), progress=progress.pictures("pictures looked at"))
    progress.close()
    to_output = str(arguments.rejected) == "-"
    if arguments.rejected is not None and not to_output:
        write_rejected(arguments.rejected, view.rejected)
    if to_output:
        say((rejected_text(view.rejected).removesuffix("\n"),))
    elif arguments.json:
        say_json(plan_json(view))
    else:
        say(plan_text(view))
    return _exit(view, arguments)


def _exit(view: PlanView, arguments: argparse.Namespace) -> Exit:
    """Give what a run would end with because of its rows alone."""
    if not view.totals.items:
        text = "no row can become an item\n  `-o rejected.csv` writes why, row by row"
        complain(text, log_format=arguments.log_format)
        return Exit.BAD_MANIFEST
    if view.totals.rejected:
        return Exit.BAD_MANIFEST if arguments.strict else Exit.SOME_FAILED
    return Exit.DONE
