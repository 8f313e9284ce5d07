"""What the command line may say. Nothing heavy is imported: `--help` and `status` answer at once."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

from batch.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

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


class _Version(argparse.Action):
    """Prints the version, which is read only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from batch import __version__  # noqa: PLC0415 - start-up counts

        parser.exit(message=f"sora-batch {__version__}\n")


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
        options=options.plan,
    ),
    _Command(
        name="lint",
        module="lint",
        summary="say what is wrong with the prompts and how to mend it; needs no pictures and no key",
        examples="  sora-batch lint configs/spring.yaml\n  sora-batch lint configs/spring.yaml --fix",
        options=options.lint,
    ),
    _Command(
        name="frames",
        module="frames",
        summary="show every frame beside its picture before paying: a page and a sheet, those worth a look first",
        examples="  sora-batch frames configs/spring.yaml\n  sora-batch frames configs/spring.yaml --sku 00152 -o look",
        options=options.frames,
    ),
    _Command(
        name="run",
        module="work",
        summary="buy what is planned, fetch the clips, write the report; the same command goes on after any stop",
        examples=_RUN,
        options=options.run,
    ),
    _Command(
        name="promote",
        module="promote",
        summary="make the approved clips of a trial at the length that the job wants, and nothing else",
        examples="  sora-batch run configs/spring.yaml --sample 10 --duration 4    the trial\n"
        "  sora-batch review configs/spring.yaml                          approve what is good\n"
        "  sora-batch promote configs/spring.yaml                         those again, at full length",
        options=options.buying,
    ),
    _Command(
        name="submit",
        module="work",
        summary="buy what is planned and leave the fetching to a later `collect`",
        examples="  sora-batch submit configs/nightly.yaml --yes",
        options=options.run,
    ),
    _Command(
        name="collect",
        module="work",
        summary="fetch the clips that are made by now; buys nothing",
        examples="  sora-batch collect configs/nightly.yaml\n  sora-batch collect configs/nightly.yaml --wait",
        options=options.collect,
    ),
    _Command(
        name="cancel",
        module="cancel",
        summary="cancel what is queued or rendering at the provider; a cancelled prediction is not billed",
        examples="  sora-batch cancel configs/spring.yaml\n  sora-batch cancel configs/spring.yaml --sku 00152 --yes",
        options=options.cancel,
    ),
    _Command(
        name="status",
        module="status",
        summary="say where the items stand and what they cost, also while a run is at work",
        examples="  sora-batch status configs/spring.yaml\n  sora-batch status configs/spring.yaml --watch",
        options=options.status,
    ),
    _Command(
        name="report",
        module="report",
        summary="write the report anew from the state alone, or list a month's predictions for the invoice",
        examples="  sora-batch report configs/spring.yaml\n  sora-batch report configs/spring.yaml --month 2026-11",
        options=options.report,
    ),
    _Command(
        name="try",
        module="single",
        summary="make a clip of one picture, without a job; the same checks, and the price is asked for",
        examples='  sora-batch try mug.jpg --prompt "The mug turns slowly." --simulate\n'
        '  sora-batch try https://shop.example/mug.jpg --prompt "The mug turns slowly." --duration 8 --aspect 9:16',
        options=options.try_,
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
        options=options.export,
    ),
    _Command(
        name="verify",
        module="verify",
        summary="hold a folder of clips against the notes beside them: missing, changed, or as delivered",
        examples="  sora-batch verify out/spring\n  sora-batch verify /mnt/handed-over --json",
        options=options.verify,
    ),
    _Command(
        name="resolve",
        module="resolve",
        summary="show what is known of an item that may have been charged, or decide what becomes of it",
        examples="  sora-batch resolve configs/spring.yaml 00152                 what is known; changes nothing\n"
        "  sora-batch resolve configs/spring.yaml 00152 --adopt ID      it is this prediction\n"
        '  sora-batch resolve configs/spring.yaml 00152 --not-charged --reason "not on the invoice"',
        options=options.resolve,
    ),
    _Command(
        name="retry",
        module="retry",
        summary="plan again what ended without a clip; buys nothing by itself",
        examples="  sora-batch retry configs/spring.yaml --failed\n"
        "  sora-batch retry configs/spring.yaml --sku 00152 --sku 00153 --reason 'new picture'\n"
        "  sora-batch retry configs/spring.yaml --refused --prompt 'A plain turn of the {title}.'",
        options=options.retry,
    ),
    _Command(
        name="review",
        module="review",
        summary="show the clips on a page that takes what a person decides, or take a file of decisions; buys nothing",
        examples="  sora-batch review configs/spring.yaml                        the page, until Ctrl-C\n"
        "  sora-batch review configs/spring.yaml --apply decisions.csv",
        options=options.review,
    ),
    _Command(
        name="audit",
        module="audit",
        summary="hold the state against the provider's history; changes nothing, also while a run is at work",
        examples="  sora-batch audit configs/spring.yaml\n  sora-batch audit configs/spring.yaml --json",
        options=options.audit,
    ),
    _Command(
        name="doctor",
        module="doctor",
        summary="look at everything that a run depends on; buys nothing, unless --live asks for it",
        examples="  sora-batch doctor configs/spring.yaml\n"
        "  sora-batch doctor configs/spring.yaml --rebuild      bring a damaged or lost state back\n"
        "  sora-batch doctor configs/spring.yaml --live         COSTS MONEY: buys one item, measures what is unknown",
        options=options.doctor,
    ),
    _Command(
        name="init",
        module="init",
        summary="write a job for a shop's export and plan it, or a sample job, or print the job's JSON Schema",
        examples="  sora-batch init products_export.csv -o configs/spring.yaml\n"
        "  sora-batch init --list\n  sora-batch init --sample catalogue -o my-shop\n"
        "  sora-batch init --schema > configs/job.schema.json",
        options=options.init,
    ),
    _Command(
        name="simulate",
        module="simulate",
        summary="serve the provider's wire protocol on loopback: no key, no money, real clips",
        examples="  sora-batch simulate --data-dir /tmp/simulator --port 8765 --speed 100",
        options=options.simulate,
    ),
)
