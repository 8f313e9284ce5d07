"""Who decides, as this machine knows them."""

from __future__ import annotations

import getpass


def this_person() -> str:
    """Name the person who gave the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
