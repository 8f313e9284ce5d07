"""`simulate`: the provider's wire protocol on loopback, as a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.simulator import run as serve
from batch.simulator import settings_from

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes."""
    return serve(settings_from(arguments))
