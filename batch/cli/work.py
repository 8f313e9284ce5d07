"""`run`, `submit` and `collect`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from batch import interrupts
from batch.cli.console import Progress, ask, on_terminal, say, say_json
from batch.cli.words import closing_lines
from batch.core.counting import counted
from batch.core.money import format_usd
from batch.inputs.jobfile import LoadedJob, read_job
from batch.store.lock import lock_path, refuse_if_held

if TYPE_CHECKING:
    import argparse

    from batch.running.calls import Outcome
    from batch.running.planning import Spend


def run(arguments: argparse.Namespace) -> int:
    """Do the call, print how it went, and give its exit code."""
    loaded, outcome = buy(arguments)
    if arguments.json:
        say_json(outcome.as_json())
    else:
        say(closing_lines(loaded, outcome))
    return outcome.exit


def buy(arguments: argparse.Namespace) -> tuple[LoadedJob, Outcome]:
    """Do the call and say nothing of how it went."""
    loaded = read_job(arguments.job)
    refuse_if_held(lock_path(loaded.location.state))
    if arguments.command in {"run", "submit"} and not (arguments.sample is None and arguments.duration is None):
        from batch.core.trial import Trial  # noqa: PLC0415 - start-up counts
        from batch.running.narrowing import tried  # noqa: PLC0415 - the same

        loaded = tried(loaded, Trial(sample=arguments.sample, duration=arguments.duration))
    return buy_of(loaded, arguments)


def buy_of(loaded: LoadedJob, arguments: argparse.Namespace) -> tuple[LoadedJob, Outcome]:
    """Do the call for a job that was read."""
    interrupts.hold_back()
    return loaded, asyncio.run(_work(arguments, loaded))


async def _work(arguments: argparse.Namespace, loaded: LoadedJob) -> Outcome:
    interrupts.let_through()
    from batch.running.calls import Request  # noqa: PLC0415 - the same
    from batch.running.clock import Clock  # noqa: PLC0415 - start-up counts
    from batch.running.engine import Parts  # noqa: PLC0415 - the same
    from batch.running.session import run_job  # noqa: PLC0415 - the same

    collecting = arguments.command == "collect"
    parts = Parts(
        submit=not collecting,
        collect=arguments.command != "submit",
        wait=arguments.wait if collecting else True,
    )
    request = Request(
        parts=parts,
        strict=not collecting and arguments.strict,
        keep_going=not collecting and arguments.keep_going,
        confirm=lambda spend: _confirmed(arguments, loaded, spend),
    )
    progress = Progress(log_format=arguments.log_format)
    try:
        return await run_job(loaded, request, audience=progress, clock=Clock())
    finally:
        progress.close()


def _confirmed(arguments: argparse.Namespace, loaded: LoadedJob, spend: Spend) -> bool:
    """Ask on a terminal; elsewhere a budget in the job is consent enough. The simulator costs nothing."""
    if loaded.job.simulated or arguments.yes:
        return True
    if on_terminal():
        return ask(f"Buy {counted(spend.items, 'clip')} of {loaded.job.model} for up to ${format_usd(spend.usd)}?")
    budget = loaded.job.budget
    return budget.per_run_usd is not None or budget.per_day_usd is not None
