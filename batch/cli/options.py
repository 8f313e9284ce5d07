"""The options of each command. Nothing heavy is imported: `--help` and `status` answer at once."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def _path(text: str) -> Path:
    from pathlib import Path  # noqa: PLC0415 - start-up counts

    return Path(text)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is no port, which is at most 65535")
    return number


def _job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", type=_path, metavar="JOB", help="the job's YAML file")


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")


def _logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="how messages on standard error are written"
    )


def plan(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plan`."""
    _job(parser)
    _json(parser)
    _logs(parser)
    _trial(parser)
    parser.add_argument("--fetch", action="store_true", help="read all pictures behind URLs, too")
    parser.add_argument("--strict", action="store_true", help="end with 65 if any row is rejected")
    parser.add_argument("--explain", metavar="SKU", help="say why the items of this SKU are new, or are not")
    where = "write the rejected rows to this file; - prints them instead of the plan"
    parser.add_argument("-o", "--rejected", type=_path, metavar="CSV", help=where)


def lint(parser: argparse.ArgumentParser) -> None:
    """Add the options of `lint`."""
    _job(parser)
    _json(parser)
    parser.add_argument("--fix", action="store_true", help="mend what is safe: shows the difference, then asks")
    parser.add_argument("--yes", action="store_true", help="with --fix: write it without asking")


def buying(parser: argparse.ArgumentParser) -> None:
    """Add the options of all that buys."""
    _job(parser)
    _json(parser)
    _logs(parser)
    parser.add_argument("--yes", action="store_true", help="buy without asking")
    parser.add_argument("--strict", action="store_true", help="buy nothing if any row is rejected")
    parser.add_argument("--keep-going", action="store_true", help="switch the breaker off")


def _trial(parser: argparse.ArgumentParser) -> None:
    some = "a trial: so many SKUs from all over the manifest, always the same"
    parser.add_argument("--sample", type=_count, metavar="N", help=some)
    length = "a trial: every clip so long, whatever rows and job say; `promote` makes the approved ones whole"
    parser.add_argument("--duration", type=_count, metavar="SECONDS", help=length)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_count.__name__ = "whole number from 1"
"""What argparse calls it where it complains."""


def run(parser: argparse.ArgumentParser) -> None:
    """Add the options of `run` and `submit`."""
    buying(parser)
    _trial(parser)


def collect(parser: argparse.ArgumentParser) -> None:
    """Add the options of `collect`."""
    _job(parser)
    _json(parser)
    _logs(parser)
    parser.add_argument("--wait", action="store_true", help="stay until everything that renders has ended")


def cancel(parser: argparse.ArgumentParser) -> None:
    """Add the options of `cancel`."""
    _job(parser)
    _json(parser)
    _logs(parser)
    parser.add_argument("--sku", action="append", default=[], help="only this SKU; may be given several times")
    parser.add_argument("--yes", action="store_true", help="cancel without asking")


def status(parser: argparse.ArgumentParser) -> None:
    """Add the options of `status`."""
    _job(parser)
    _json(parser)
    parser.add_argument("--watch", action="store_true", help="print again whenever it changes, until all is over")


def report(parser: argparse.ArgumentParser) -> None:
    """Add the options of `report`."""
    _job(parser)
    _json(parser)
    parser.add_argument("--month", metavar="YYYY-MM", help="one line per prediction of a UTC month, as CSV")
    parser.add_argument("-o", "--output", type=_path, metavar="FILE", help="where the month's lines go (default: -)")


def resolve(parser: argparse.ArgumentParser) -> None:
    """Add the options of `resolve`."""
    _job(parser)
    parser.add_argument("item", metavar="ITEM", help="its SKU, or the beginning of its key")
    _json(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--adopt", metavar="ID", help="it is this prediction: go on with it")
    what.add_argument("--not-charged", action="store_true", help="nothing was charged: it may be bought again")
    what.add_argument("--abandon", action="store_true", help="give it up; what it may have cost stands")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; kept with the decision")
    parser.add_argument("--force", action="store_true", help="decide so although the provider speaks against it")


def retry(parser: argparse.ArgumentParser) -> None:
    """Add the options of `retry`."""
    _job(parser)
    _json(parser)
    parser.add_argument("--failed", action="store_true", help="what failed, and would not be bought again by itself")
    parser.add_argument("--refused", action="store_true", help="what the provider refused for its content")
    parser.add_argument("--cancelled", action="store_true", help="what was cancelled")
    parser.add_argument("--rejected", action="store_true", help="whose picture could not be used when it was framed")
    parser.add_argument("--sku", action="append", default=[], metavar="SKU", help="only this one; may be repeated")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; kept with the decision")
    prompt = "ask for this instead, as a new take; {column} is filled in from the row"
    parser.add_argument("--prompt", metavar="TEXT", help=prompt)


def review(parser: argparse.ArgumentParser) -> None:
    """Add the options of `review`."""
    _job(parser)
    _json(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--apply", metavar="CSV", help="take this file of decisions in; - reads them")
    how.add_argument("--port", type=_port, default=0, help="port of the page; 0 takes a free one (default)")
    parser.add_argument("--no-open", action="store_true", help="on a terminal, do not open the page")


def audit(parser: argparse.ArgumentParser) -> None:
    """Add the options of `audit`."""
    _job(parser)
    _json(parser)


def doctor(parser: argparse.ArgumentParser) -> None:
    """Add the options of `doctor`."""
    _job(parser)
    _json(parser)
    parser.add_argument("--live", action="store_true", help="COSTS MONEY: buys the one cheapest item, and measures")
    parser.add_argument("--yes", action="store_true", help="with --live: buy it without asking")
    parser.add_argument("--rebuild", action="store_true", help="bring a damaged or lost state back; keeps the old file")
    parser.add_argument("--force", action="store_true", help="rebuild without waiting for the provider's listing")


def init(parser: argparse.ArgumentParser) -> None:
    """Add the options of `init`."""
    parser.add_argument("export", nargs="?", metavar="EXPORT", help="a shop's export, or any manifest: path or URL")
    parser.add_argument("--simulator", action="store_true", help="with EXPORT: a job that tries it out, without money")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--sample", metavar="NAME", help="write a sample job with its manifest and pictures")
    what.add_argument("--list", action="store_true", help="list the samples")
    what.add_argument("--schema", action="store_true", help="print the JSON Schema of a job")
    where = "the job to write for EXPORT (default: in configs/); the folder for a sample (default: here)"
    parser.add_argument("-o", "--output", type=_path, metavar="PATH", help=where)


def try_(parser: argparse.ArgumentParser) -> None:
    """Add the options of `try`."""
    parser.add_argument("image", metavar="IMAGE", help="a picture's path, or its http(s) address")
    parser.add_argument("--prompt", required=True, metavar="TEXT", help="what happens in the clip")
    parser.add_argument("--duration", type=int, metavar="SECONDS", help="the model's default if left out")
    parser.add_argument("--aspect", metavar="W:H", help="such as 9:16; the model's default if left out")
    parser.add_argument("--model", metavar="SLUG", help="a built-in profile; sora-2-image-to-video if left out")
    parser.add_argument("--simulate", action="store_true", help="no key, no money: a stand-in made on this computer")
    where = "folder that gets a folder for each picture and prompt; out/try if left out"
    parser.add_argument("-o", "--output", type=_path, default=_path("out/try"), metavar="FOLDER", help=where)
    parser.add_argument("--yes", action="store_true", help="buy without asking")
    parser.add_argument("--no-open", action="store_true", help="on a terminal, do not open the clip")
    _json(parser)
    _logs(parser)


def export(parser: argparse.ArgumentParser) -> None:
    """Add the options of `export`."""
    _job(parser)
    parser.add_argument(
        "--for",
        dest="channel",
        required=True,
        choices=("google-merchant", "meta", "shopify", "amazon", "csv", "json"),
        help="who takes it: what that channel's rules refuse is left out and named",
    )
    parser.add_argument("--base-url", metavar="URL", help="the public https address of the exported folder")
    parser.add_argument("--approved-only", action="store_true", help="only clips that a person approved")
    where = "a folder, or s3://bucket/prefix (default: `export/CHANNEL` in the output folder)"
    parser.add_argument("-o", "--output", metavar="PLACE", help=where)
    how = "how clips get into a folder (default: new ones are copied); hard links take no room, if the disk has them"
    parser.add_argument("--link", choices=("copy", "hard", "symlink"), help=how)
    language = "of the disclosure text (default: en); may be repeated"
    parser.add_argument("--language", action="append", default=[], metavar="CODE", help=language)
    ids = "the manifest's column with the products' ids in the channel (default: the SKU)"
    parser.add_argument("--id-column", metavar="NAME", help=ids)
    parser.add_argument("--simulated", action="store_true", help="hand over clips that the simulator drew, too")
    _json(parser)


def verify(parser: argparse.ArgumentParser) -> None:
    """Add the options of `verify`."""
    parser.add_argument("folder", type=_path, metavar="DIR", help="the folder that holds clips and their notes")
    _json(parser)


def simulate(parser: argparse.ArgumentParser) -> None:
    """Add the options of `simulate`."""
    from batch.simulator import add_arguments  # noqa: PLC0415 - it is light, and only this command needs it

    add_arguments(parser)


def frames(parser: argparse.ArgumentParser) -> None:
    """Add the options of `frames`."""
    _job(parser)
    _json(parser)
    _logs(parser)
    parser.add_argument("-o", "--output", type=_path, metavar="FOLDER", help="default: `frames` in the output folder")
    parser.add_argument("--sku", action="append", metavar="SKU", help="only this one; can be given again")
    parser.add_argument("--limit", type=int, default=500, metavar="N", help="most frames (default: 500)")
    parser.add_argument("--fetch", action="store_true", help="read all pictures behind URLs, too")
