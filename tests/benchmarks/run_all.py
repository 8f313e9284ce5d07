"""Every benchmark in turn, and a Markdown table of what came of them.

    .venv/bin/python -m tests.benchmarks.run_all [--only NAME ...]

Takes about a quarter of an hour on two cores that do nothing else. The table goes to standard output, a word on how far
it is to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_NAMES = (
    "whole_path",
    "whole_run",
    "protection",
    "plan",
    "lint",
    "state",
    "memory",
    "download",
    "limiter",
    "polling",
    "frames",
    "look",
    "page",
    "startup",
)


def figures(name: str) -> list[dict[str, Any]]:
    """Run a benchmark; give its figures, or one that says that it failed."""
    start = time.monotonic()
    command = [sys.executable, "-m", f"tests.benchmarks.bench_{name}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=_ROOT)
    sys.stderr.write(f"{name}: {time.monotonic() - start:.0f} s\n")
    found: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        sys.stderr.write(done.stderr[-2_000:])
        found.append({"name": name, "skipped": "failed"})
    return found


def row(figure: dict[str, Any]) -> str:
    """Write a line of the table."""
    if "skipped" in figure:
        return f"| {figure['name']} | {figure['skipped']} | |"
    aim = figure["aim"]
    return f"| {figure['name']} | {number(figure['value'])} {figure['unit']} | {'' if aim is None else number(aim)} |"


def number(value: float) -> str:
    """Write a number with as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main() -> int:
    """Run them and print the table; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=_NAMES, default=_NAMES, metavar="NAME", help=", ".join(_NAMES))
    names = parser.parse_args().only
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    sys.stdout.write(f"Measured on {machine}.\n\n| what | measured | aim |\n| --- | --- | --- |\n")
    failed = False
    for name in names:
        for figure in figures(name):
            failed = failed or figure.get("skipped") == "failed"
            sys.stdout.write(row(figure) + "\n")
        sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
