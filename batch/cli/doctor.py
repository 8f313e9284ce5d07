"""`doctor`: everything that a run depends on, looked at."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from batch.cli.console import printable, say, say_json
from batch.errors import Exit
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.run.doctor import Finding


def run(arguments: argparse.Namespace) -> int:
    """Look, print what was found, and end with what a run would end with first."""
    from batch.run.doctor import Level, examine  # noqa: PLC0415 - start-up counts

    findings = asyncio.run(examine(read_job(arguments.job)))
    bad = [finding for finding in findings if finding.level is Level.BAD]
    code = bad[0].exit if bad else Exit.DONE
    if arguments.json:
        say_json({"findings": [{**asdict(f), "exit": int(f.exit)} for f in findings], "exit": int(code)})
    else:
        say(line for finding in findings for line in _lines(finding))
    return code


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.level.value:>4}  {printable(finding.what)}"
    if finding.hint:
        yield f"      {finding.hint}"
