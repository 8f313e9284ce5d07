"""A provider in a box: the each::labs prediction API on loopback, with a ledger, real clips and faults to order.

It is written from the published contract alone and shares no code with the client, so that one misreading cannot hide
in both. `world.py` is its behaviour without any input or output; `server.py` puts it on HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.simulator.settings import Clips, SimulatorSettings, add_arguments, settings_from

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

__all__ = ["Clips", "SimulatorSettings", "add_arguments", "run", "serve", "settings_from"]


def serve(settings: SimulatorSettings) -> AbstractAsyncContextManager[str]:
    """Serve inside the running event loop; the context manager gives the base URL.

    Raises (on entering):
        FolderInUseError: Another simulator holds the folder.
        FaultFileError: The faults file is wrong.
        LedgerError: The folder's files are damaged.
        MissingVideoExtraError: PyAV is not installed.
    """
    from batch.simulator.server import serve as start  # noqa: PLC0415 - aiohttp is heavy

    return start(settings)


def run(settings: SimulatorSettings) -> int:
    """Serve as a process of its own until SIGTERM or SIGINT; print the base URL on standard output when ready.

    Returns:
        0 after a signal, 1 when it could not start (the reason stands on standard error).
    """
    from batch.simulator.server import run as start  # noqa: PLC0415 - aiohttp is heavy

    return start(settings)
