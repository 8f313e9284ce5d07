"""The command line. Errors become text and exit codes here, and nowhere else."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from batch import interrupts
from batch.cli.parser import build_parser
from batch.errors import Exit, Problem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_DEFECT = 70  # EX_SOFTWARE: never documented as an answer, since it means that this program is wrong


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says and give the exit code."""
    words = sys.argv[1:] if argv is None else argv
    arguments: argparse.Namespace | None = None
    interrupts.remember()
    try:
        arguments = build_parser(words).parse_args(words)
        module = import_module(f"batch.cli.{arguments.module}")
        if interrupts.seen():
            raise KeyboardInterrupt
        return int(module.run(arguments))
    except Problem as problem:
        return _said(arguments, str(problem), problem.exit)
    except KeyboardInterrupt:
        return _said(arguments, "interrupted", Exit.SIGINT)
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as defect:
        if os.environ.get("SORA_BATCH_DEBUG"):
            raise
        if interrupts.seen():
            return _said(arguments, "interrupted", Exit.SIGINT)
        from batch.store.problems import outside_problem  # noqa: PLC0415 - only where something went wrong

        outside = outside_problem(defect)
        if outside is not None:
            return _said(arguments, str(outside), outside.exit)
        text = f"a defect of sora-batch: {type(defect).__name__}: {defect}"
        hint = "SORA_BATCH_DEBUG=1 shows where; the state is as safe as after kill -9"
        return _said(arguments, f"{text}\n  {hint}", _DEFECT)


def _said(arguments: argparse.Namespace | None, text: str, code: int) -> int:
    from batch.cli.console import complain  # noqa: PLC0415 - only where there is something to complain of

    complain(text, log_format=getattr(arguments, "log_format", "text"))
    return int(code)
