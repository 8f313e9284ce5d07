"""`report`: the report from the state alone, or a month's predictions for the invoice."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from batch.cli.console import complain, say, say_json
from batch.cli.words import cost_line, count_line, nearest_path
from batch.core.counting import counted
from batch.core.summary import summary_json
from batch.errors import CannotCreate, Exit, UsageProblem
from batch.inputs.jobfile import LoadedJob, read_job
from batch.models import profile_for
from batch.store import views
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    import argparse
    import sqlite3

    from batch.report import MonthTotals


def run(arguments: argparse.Namespace) -> int:
    """Write what was asked for."""
    loaded = read_job(arguments.job)
    with closing(read_state(loaded.location.state, Binding.of(loaded.location))) as connection:
        if arguments.month is not None:
            _month(arguments, connection)
        else:
            _report(arguments, loaded, connection)
    return Exit.DONE


def _report(arguments: argparse.Namespace, loaded: LoadedJob, connection: sqlite3.Connection) -> None:
    from batch.running.clock import Clock  # noqa: PLC0415 - start-up counts
    from batch.running.judging import look_at_clips  # noqa: PLC0415 - the same
    from batch.running.reporting import report_head, write_job_report  # noqa: PLC0415 - the same

    if loaded.job.quality.look:
        look_at_clips(loaded, profile_for(loaded), connection, complain)
    head = report_head(loaded, connection, Clock().now())
    paths = write_job_report(loaded, head)
    if arguments.json:
        say_json(summary_json(counts=head.counts, cost=head.cost, report=paths, exit_code=Exit.DONE, extra={}))
    else:
        report = nearest_path(Path(paths["html"]))
        say((f"{head.job}: {count_line(head.counts)}", cost_line(head.cost), f"report: {report}"))


def _month(arguments: argparse.Namespace, connection: sqlite3.Connection) -> None:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", arguments.month):
        raise UsageProblem(f"{arguments.month!r} is no month", hint="write it as 2026-11")
    if arguments.output is None or str(arguments.output) == "-":
        totals = _write_month(arguments, connection, sys.stdout)
    else:
        try:
            with arguments.output.open("w", encoding="utf-8", newline="") as stream:
                totals = _write_month(arguments, connection, stream)
        except OSError as error:
            raise CannotCreate(
                f"the list cannot be written: {error.strerror}", where=str(arguments.output), hint="choose another -o"
            ) from error
    if not arguments.json:
        numbers = totals.as_json()
        complain(
            f"{arguments.month}: {counted(totals.predictions, 'prediction')}, settled ${numbers['settled_usd']},"
            f" estimated ${numbers['estimated_usd']}, {numbers['unsettled']} without a cost"
        )


def _write_month(arguments: argparse.Namespace, connection: sqlite3.Connection, stream: TextIO) -> MonthTotals:
    from batch.report import write_month_csv, write_month_json  # noqa: PLC0415 - start-up counts

    predictions = views.predictions(connection, arguments.month)
    if arguments.json:
        return write_month_json(stream, arguments.month, predictions)
    return write_month_csv(stream, predictions)
