"""Turn a catalogue of product pictures into verified videos, and never pay twice for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from batch.api import Job, Planned, Result, arun, plan, run

__all__ = ["Job", "Planned", "Result", "__version__", "arun", "plan", "run"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the public interface where it is used: the command line starts without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from batch import api  # noqa: PLC0415 - see above

    return getattr(api, name)
