"""`init`: a job for a shop's export, a sample to begin with, or the schema that lets an editor complete a job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from batch.cli.console import Progress, say
from batch.cli.words import nearest_path
from batch.core.counting import counted
from batch.errors import Exit, UsageProblem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.running.starting import Started


def run(arguments: argparse.Namespace) -> int:
    """Write or print what was asked for."""
    asked = [arguments.export, arguments.sample, arguments.list or None, arguments.schema or None]
    if sum(one is not None for one in asked) != 1:
        raise UsageProblem("init takes one of EXPORT, --sample, --list and --schema", hint="see sora-batch init --help")
    if arguments.export is not None:
        return _start(arguments)
    if arguments.schema:
        from batch.inputs.jobfile import job_schema  # noqa: PLC0415 - start-up counts

        say([json.dumps(job_schema(), indent=2)])
        return Exit.DONE
    from batch.inputs.samples import sample_names, write_sample  # noqa: PLC0415 - the same

    if arguments.list:
        say(sample_names())
        return Exit.DONE
    job, *others = write_sample(arguments.sample, arguments.output or Path())
    say(
        (
            f"wrote {nearest_path(job)} and {len(others)} files that it needs",
            f"next: sora-batch plan {nearest_path(job)}",
        )
    )
    return Exit.DONE


def _start(arguments: argparse.Namespace) -> int:
    from batch.planning.describe import plan_text  # noqa: PLC0415 - start-up counts
    from batch.running.clock import Clock  # noqa: PLC0415 - the same
    from batch.running.starting import start_job  # noqa: PLC0415 - the same

    progress = Progress(log_format="text")
    started = start_job(
        arguments.export,
        arguments.output,
        simulated=arguments.simulator,
        clock=Clock(),
        progress=progress.pictures("pictures looked at"),
    )
    progress.close()
    say((*_found(started), *plan_text(started.view), *_next(started)))
    return Exit.DONE if started.view.totals.items else Exit.BAD_MANIFEST


def _found(started: Started) -> Iterator[str]:
    if started.system:
        yield f"{started.system}: {counted(started.products, 'product')}, {counted(started.variants, 'variant')}"
    else:
        yield f"a plain table: {counted(started.products, 'row')}"
    if started.hidden:
        verb = "is" if started.hidden == 1 else "are"
        yield f"  {started.hidden:,} {verb} left out, which the shop does not show: see `where` in the job"
    yield f"wrote {nearest_path(started.path)}"
    yield ""


def _next(started: Started) -> Iterator[str]:
    if started.view.totals.items:
        yield ""
        yield f"next: read {nearest_path(started.path)}, then: sora-batch run {nearest_path(started.path)}"
