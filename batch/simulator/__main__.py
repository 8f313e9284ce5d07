"""The prediction API on loopback, as a process of its own; its address is printed when it is ready."""

import argparse
import sys

from batch.simulator import add_arguments, run, settings_from


def main() -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(prog="python -m batch.simulator", description=__doc__)
    add_arguments(parser)
    try:
        settings = settings_from(parser.parse_args())
    except ValueError as error:
        parser.error(str(error))
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
