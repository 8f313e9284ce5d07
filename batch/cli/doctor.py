"""`doctor`: everything that a run depends on, looked at."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING

from batch.cli.console import Progress, ask, on_terminal, printable, say, say_json
from batch.core.counting import counted
from batch.core.money import format_usd
from batch.errors import Exit, UsageProblem
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.running.findings import Finding
    from batch.running.planning import Spend
    from batch.running.rebuilding import Rebuilt


def run(arguments: argparse.Namespace) -> int:
    """Look, print what was found, and end with what a run would end with first; or rebuild the state."""
    if arguments.rebuild:
        return _rebuild(arguments)
    if arguments.live:
        code = _live(arguments)
        if code != Exit.DONE:
            return code
    elif arguments.yes:
        raise UsageProblem("--yes belongs to --live", hint="nothing else that the doctor does costs money")
    if arguments.force:
        raise UsageProblem("--force belongs to --rebuild", hint="give both, or neither")
    from batch.running.clock import Clock  # noqa: PLC0415 - start-up counts
    from batch.running.doctor import examine  # noqa: PLC0415 - start-up counts
    from batch.running.findings import Level  # noqa: PLC0415 - the same

    findings = asyncio.run(examine(read_job(arguments.job), Clock()))
    bad = [finding for finding in findings if finding.level is Level.BAD]
    code = bad[0].exit if bad else Exit.DONE
    if arguments.json:
        say_json({"findings": [{**asdict(f), "exit": int(f.exit)} for f in findings], "exit": int(code)})
    else:
        say(line for finding in findings for line in _lines(finding))
    return code


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{finding.level.value:>4}  {printable(finding.what)}"
    if finding.hint:
        yield f"      {finding.hint}"


def _live(arguments: argparse.Namespace) -> Exit:
    """Buy the one item, and leave what it tells to the ordinary look that follows."""
    from batch.running.clock import Clock  # noqa: PLC0415 - start-up counts
    from batch.running.live import buy_and_measure  # noqa: PLC0415 - the same

    loaded = read_job(arguments.job)

    def confirm(spend: Spend) -> bool:
        if loaded.job.simulated or arguments.yes:
            return True
        price = format_usd(spend.usd)
        return on_terminal() and ask(f"This costs money: one clip of {loaded.job.model}, up to ${price}. Buy it?")

    progress = Progress(log_format="text")
    try:
        return asyncio.run(buy_and_measure(loaded, progress, confirm, Clock())).exit
    finally:
        progress.close()


def _rebuild(arguments: argparse.Namespace) -> Exit:
    from batch.running.clock import Clock  # noqa: PLC0415 - start-up counts
    from batch.running.rebuilding import rebuild  # noqa: PLC0415 - the same

    progress = Progress(log_format="text")
    rebuilt = asyncio.run(rebuild(read_job(arguments.job), progress, Clock(), force=arguments.force))
    if arguments.json:
        say_json(rebuilt.as_json())
    else:
        say(printable(line) for line in _rebuilt_lines(rebuilt, str(arguments.job)))
    return rebuilt.exit


def _rebuilt_lines(rebuilt: Rebuilt, job: str) -> Iterator[str]:
    if not rebuilt.why:
        yield "the state is whole: there is nothing to rebuild"
        return
    base = "its copy" if rebuilt.base == "copy" else "the manifest alone: there is no copy that could be used"
    yield f"rebuilt ({rebuilt.why}) from {base}"
    yield f"  {counted(rebuilt.clips, 'item is', 'items are')} done by the notes beside their clips"
    read = counted(rebuilt.salvaged, "attempt was", "attempts were")
    yield f"  {read} read from the damaged file, {rebuilt.adopted} found at the provider"
    if rebuilt.kept:
        yield f"  the damaged file is kept as {rebuilt.kept}"
    if rebuilt.unaccounted:
        unknown = counted(len(rebuilt.unaccounted), "prediction was", "predictions were")
        yield f"nobody can tell what {unknown} made for; nothing is bought until you say:"
        yield from (f"  sora-batch resolve {job} {id_}" for id_ in rebuilt.unaccounted[:20])
    else:
        yield f"next: sora-batch run {job}"
