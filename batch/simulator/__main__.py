"""`python -m batch.simulator --data-dir DIR`: the simulator as a process of its own."""

import argparse
import sys

from batch.simulator import add_arguments, run, settings_from


def main() -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m batch.simulator", description=__doc__)
    add_arguments(parser)
    return run(settings_from(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
