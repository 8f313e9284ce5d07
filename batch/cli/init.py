"""`init`: a sample to begin with, or the schema that lets an editor complete a job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from batch.cli.console import say
from batch.cli.words import nearest_path
from batch.errors import Exit

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Write or print what was asked for."""
    if arguments.schema:
        from batch.inputs.jobfile import job_schema  # noqa: PLC0415 - start-up counts

        say([json.dumps(job_schema(), indent=2)])
        return Exit.DONE
    from batch.inputs.samples import sample_names, write_sample  # noqa: PLC0415 - the same

    if arguments.list:
        say(sample_names())
        return Exit.DONE
    job, *others = write_sample(arguments.sample, arguments.output)
    say(
        (
            f"wrote {nearest_path(job)} and {len(others)} files that it needs",
            f"next: sora-batch plan {nearest_path(job)}",
        )
    )
    return Exit.DONE
