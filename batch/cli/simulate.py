"""`simulate`: the provider's wire protocol on loopback, as a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.errors import UsageProblem
from batch.simulator import run as serve
from batch.simulator import settings_from

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    try:
        settings = settings_from(arguments)
    except ValueError as error:
        raise UsageProblem(str(error), hint="see `sora-batch simulate --help`") from error
    return serve(settings)
