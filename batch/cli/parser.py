"""What the command line may say. Nothing heavy is imported: `--help` and `status` answer at once."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

_EXITS = """\
exit codes:
  0 all done   1 some failed, refused or rejected   2 usage   4 something needs a person
  8 money cap   10 time or item cap   65 bad manifest   66 missing input   69 provider or model unavailable
  73 cannot create output   74 disk or state   75 try again later   77 key refused   78 bad job   130/143 signal
"""


class _Command(NamedTuple):
    """A command: its words in `--help`, and what adds its options."""

    name: str
    module: str
    summary: str
    examples: str
    options: Callable[[argparse.ArgumentParser], None]
    aliases: tuple[str, ...] = ()


def build_parser(words: Collection[str] | None = None) -> argparse.ArgumentParser:
    """Make the parser of the command line; `module` names what to do.

    Args:
        words: What was given. Options are added to those commands alone that are among it: some are slow to import.
            None adds all.
    """
    parser = argparse.ArgumentParser(
        prog="sora-batch",
        description=(
            "examples:\n"
            "  sora-batch init --sample catalogue      write a job and a manifest to begin with\n"
            "  sora-batch plan configs/spring.yaml     what would be bought, for how much, and what is wrong\n"
            "  sora-batch run configs/spring.yaml      buy it, fetch it, report it; give it again to go on\n\n"
            "Turns a catalogue of product pictures into verified videos, and never pays twice for one."
        ),
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and end")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        one = commands.add_parser(
            command.name,
            aliases=list(command.aliases),
            help=command.summary,
            description=f"examples:\n{command.examples}\n\n{command.summary[0].upper()}{command.summary[1:]}.",
            epilog=_EXITS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.set_defaults(module=command.module, command=command.name)
        if words is None or not {command.name, *command.aliases}.isdisjoint(words):
            command.options(one)
    return parser


def _path(text: str) -> Path:
    from pathlib import Path  # noqa: PLC0415 - start-up counts

    return Path(text)


class _Version(argparse.Action):
    """Prints the version, which is read only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from batch import __version__  # noqa: PLC0415 - start-up counts

        parser.exit(message=f"sora-batch {__version__}\n")


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


def _plan(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    _logs(parser)
    _trial(parser)
    parser.add_argument("--fetch", action="store_true", help="read all pictures behind URLs, too")
    parser.add_argument("--strict", action="store_true", help="end with 65 if any row is rejected")
    parser.add_argument("--explain", metavar="SKU", help="say why the items of this SKU are new, or are not")
    where = "write the rejected rows to this file; - prints them instead of the plan"
    parser.add_argument("-o", "--rejected", type=_path, metavar="CSV", help=where)


def _lint(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    parser.add_argument("--fix", action="store_true", help="mend what is safe: shows the difference, then asks")
    parser.add_argument("--yes", action="store_true", help="with --fix: write it without asking")


def _buying(parser: argparse.ArgumentParser) -> None:
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


def _run(parser: argparse.ArgumentParser) -> None:
    _buying(parser)
    _trial(parser)


def _collect(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    _logs(parser)
    parser.add_argument("--wait", action="store_true", help="stay until everything that renders has ended")


def _cancel(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    _logs(parser)
    parser.add_argument("--sku", action="append", default=[], help="only this SKU; may be given several times")
    parser.add_argument("--yes", action="store_true", help="cancel without asking")


def _status(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    parser.add_argument("--watch", action="store_true", help="print again whenever it changes, until all is over")


def _report(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    parser.add_argument("--month", metavar="YYYY-MM", help="one line per prediction of a UTC month, as CSV")
    parser.add_argument("-o", "--output", type=_path, metavar="FILE", help="where the month's lines go (default: -)")


def _resolve(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    parser.add_argument("item", metavar="ITEM", help="its SKU, or the beginning of its key")
    _json(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--adopt", metavar="ID", help="it is this prediction: go on with it")
    what.add_argument("--not-charged", action="store_true", help="nothing was charged: it may be bought again")
    what.add_argument("--abandon", action="store_true", help="give it up; what it may have cost stands")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; kept with the decision")
    parser.add_argument("--force", action="store_true", help="decide so although the provider speaks against it")


def _retry(parser: argparse.ArgumentParser) -> None:
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


def _review(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--apply", metavar="CSV", help="take this file of decisions in; - reads them")
    how.add_argument("--port", type=_port, default=0, help="port of the page; 0 takes a free one (default)")
    parser.add_argument("--no-open", action="store_true", help="on a terminal, do not open the page")


def _audit(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)


def _doctor(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    parser.add_argument("--live", action="store_true", help="COSTS MONEY: buys the one cheapest item, and measures")
    parser.add_argument("--yes", action="store_true", help="with --live: buy it without asking")
    parser.add_argument("--rebuild", action="store_true", help="bring a damaged or lost state back; keeps the old file")
    parser.add_argument("--force", action="store_true", help="rebuild without waiting for the provider's listing")


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("export", nargs="?", metavar="EXPORT", help="a shop's export, or any manifest: path or URL")
    parser.add_argument("--simulator", action="store_true", help="with EXPORT: a job that tries it out, without money")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--sample", metavar="NAME", help="write a sample job with its manifest and pictures")
    what.add_argument("--list", action="store_true", help="list the samples")
    what.add_argument("--schema", action="store_true", help="print the JSON Schema of a job")
    where = "the job to write for EXPORT (default: in configs/); the folder for a sample (default: here)"
    parser.add_argument("-o", "--output", type=_path, metavar="PATH", help=where)


def _try(parser: argparse.ArgumentParser) -> None:
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


def _export(parser: argparse.ArgumentParser) -> None:
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


def _verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=_path, metavar="DIR", help="the folder that holds clips and their notes")
    _json(parser)


def _simulate(parser: argparse.ArgumentParser) -> None:
    from batch.simulator import add_arguments  # noqa: PLC0415 - it is light, and only this command needs it

    add_arguments(parser)


def _frames(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    _json(parser)
    _logs(parser)
    parser.add_argument("-o", "--output", type=_path, metavar="FOLDER", help="default: `frames` in the output folder")
    parser.add_argument("--sku", action="append", metavar="SKU", help="only this one; can be given again")
    parser.add_argument("--limit", type=int, default=500, metavar="N", help="most frames (default: 500)")
    parser.add_argument("--fetch", action="store_true", help="read all pictures behind URLs, too")


_RUN = (
    "  sora-batch run configs/demo.yaml\n"
    "  sora-batch run configs/spring.yaml --yes --json      in a script\n"
    "  sora-batch run configs/spring.yaml                   the same again, after a crash: goes on"
)

_COMMANDS = (
    _Command(
        name="plan",
        module="plan",
        aliases=("check",),
        summary="say what would be bought, for how much, and what is wrong; needs no key and sends nothing",
        examples="  sora-batch plan configs/spring.yaml\n"
        "  sora-batch plan configs/spring.yaml --fetch -o rejected.csv\n"
        "  sora-batch plan configs/spring.yaml --explain 00152  why it would be bought, or not",
        options=_plan,
    ),
    _Command(
        name="lint",
        module="lint",
        summary="say what is wrong with the prompts and how to mend it; needs no pictures and no key",
        examples="  sora-batch lint configs/spring.yaml\n  sora-batch lint configs/spring.yaml --fix",
        options=_lint,
    ),
    _Command(
        name="frames",
        module="frames",
        summary="show every frame beside its picture before paying: a page and a sheet, those worth a look first",
        examples="  sora-batch frames configs/spring.yaml\n  sora-batch frames configs/spring.yaml --sku 00152 -o look",
        options=_frames,
    ),
    _Command(
        name="run",
        module="work",
        summary="buy what is planned, fetch the clips, write the report; the same command goes on after any stop",
        examples=_RUN,
        options=_run,
    ),
    _Command(
        name="promote",
        module="promote",
        summary="make the approved clips of a trial at the length that the job wants, and nothing else",
        examples="  sora-batch run configs/spring.yaml --sample 10 --duration 4    the trial\n"
        "  sora-batch review configs/spring.yaml                          approve what is good\n"
        "  sora-batch promote configs/spring.yaml                         those again, at full length",
        options=_buying,
    ),
    _Command(
        name="submit",
        module="work",
        summary="buy what is planned and leave the fetching to a later `collect`",
        examples="  sora-batch submit configs/nightly.yaml --yes",
        options=_run,
    ),
    _Command(
        name="collect",
        module="work",
        summary="fetch the clips that are made by now; buys nothing",
        examples="  sora-batch collect configs/nightly.yaml\n  sora-batch collect configs/nightly.yaml --wait",
        options=_collect,
    ),
    _Command(
        name="cancel",
        module="cancel",
        summary="cancel what is queued or rendering at the provider; a cancelled prediction is not billed",
        examples="  sora-batch cancel configs/spring.yaml\n  sora-batch cancel configs/spring.yaml --sku 00152 --yes",
        options=_cancel,
    ),
    _Command(
        name="status",
        module="status",
        summary="say where the items stand and what they cost, also while a run is at work",
        examples="  sora-batch status configs/spring.yaml\n  sora-batch status configs/spring.yaml --watch",
        options=_status,
    ),
    _Command(
        name="report",
        module="report",
        summary="write the report anew from the state alone, or list a month's predictions for the invoice",
        examples="  sora-batch report configs/spring.yaml\n  sora-batch report configs/spring.yaml --month 2026-11",
        options=_report,
    ),
    _Command(
        name="try",
        module="single",
        summary="make a clip of one picture, without a job; the same checks, and the price is asked for",
        examples='  sora-batch try mug.jpg --prompt "The mug turns slowly." --simulate\n'
        '  sora-batch try https://shop.example/mug.jpg --prompt "The mug turns slowly." --duration 8 --aspect 9:16',
        options=_try,
    ),
    _Command(
        name="export",
        module="export",
        summary="hand finished clips over to a channel: checked copies under public names, and the feed it takes",
        examples="  sora-batch export configs/spring.yaml --for google-merchant --approved-only \\\n"
        "      --base-url https://cdn.shop.example/videos/\n"
        "  sora-batch export configs/spring.yaml --for meta --base-url https://cdn.shop.example/meta/ \\\n"
        "      -o s3://shop-cdn/meta\n"
        "  sora-batch export configs/spring.yaml --for csv --language en --language de",
        options=_export,
    ),
    _Command(
        name="verify",
        module="verify",
        summary="hold a folder of clips against the notes beside them: missing, changed, or as delivered",
        examples="  sora-batch verify out/spring\n  sora-batch verify /mnt/handed-over --json",
        options=_verify,
    ),
    _Command(
        name="resolve",
        module="resolve",
        summary="show what is known of an item that may have been charged, or decide what becomes of it",
        examples="  sora-batch resolve configs/spring.yaml 00152                 what is known; changes nothing\n"
        "  sora-batch resolve configs/spring.yaml 00152 --adopt ID      it is this prediction\n"
        '  sora-batch resolve configs/spring.yaml 00152 --not-charged --reason "not on the invoice"',
        options=_resolve,
    ),
    _Command(
        name="retry",
        module="retry",
        summary="plan again what ended without a clip; buys nothing by itself",
        examples="  sora-batch retry configs/spring.yaml --failed\n"
        "  sora-batch retry configs/spring.yaml --sku 00152 --sku 00153 --reason 'new picture'\n"
        "  sora-batch retry configs/spring.yaml --refused --prompt 'A plain turn of the {title}.'",
        options=_retry,
    ),
    _Command(
        name="review",
        module="review",
        summary="show the clips on a page that takes what a person decides, or take a file of decisions; buys nothing",
        examples="  sora-batch review configs/spring.yaml                        the page, until Ctrl-C\n"
        "  sora-batch review configs/spring.yaml --apply decisions.csv",
        options=_review,
    ),
    _Command(
        name="audit",
        module="audit",
        summary="hold the state against the provider's history; changes nothing, also while a run is at work",
        examples="  sora-batch audit configs/spring.yaml\n  sora-batch audit configs/spring.yaml --json",
        options=_audit,
    ),
    _Command(
        name="doctor",
        module="doctor",
        summary="look at everything that a run depends on; buys nothing, unless --live asks for it",
        examples="  sora-batch doctor configs/spring.yaml\n"
        "  sora-batch doctor configs/spring.yaml --rebuild      bring a damaged or lost state back\n"
        "  sora-batch doctor configs/spring.yaml --live         COSTS MONEY: buys one item, measures what is unknown",
        options=_doctor,
    ),
    _Command(
        name="init",
        module="init",
        summary="write a job for a shop's export and plan it, or a sample job, or print the job's JSON Schema",
        examples="  sora-batch init products_export.csv -o configs/spring.yaml\n"
        "  sora-batch init --list\n  sora-batch init --sample catalogue -o my-shop\n"
        "  sora-batch init --schema > configs/job.schema.json",
        options=_init,
    ),
    _Command(
        name="simulate",
        module="simulate",
        summary="serve the provider's wire protocol on loopback: no key, no money, real clips",
        examples="  sora-batch simulate --data-dir /tmp/simulator --port 8765 --speed 100",
        options=_simulate,
    ),
)
