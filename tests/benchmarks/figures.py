"""How every benchmark tells what it measured."""

from __future__ import annotations

import json
import sys


def told(name: str, value: float, unit: str, aim: float | None) -> None:
    """Write one figure as a JSON line, at once: `name`, `value` to four digits, `unit`, `aim` or null."""
    figure = {"name": name, "value": float(f"{value:.4g}"), "unit": unit, "aim": aim}
    sys.stdout.write(json.dumps(figure) + "\n")
    sys.stdout.flush()
