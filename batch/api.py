"""sora-batch from Python: the same jobs, checks, state and promises as on the command line.

::

    from batch import Job, plan, run

    job = Job("configs/spring.yaml")
    print(plan(job).usd)
    print(run(job, yes=True).items)

`run` is for scripts, notebooks and Airflow alike; inside an event loop, `await arun(job)`. Both write the job's state,
so the command line goes on where they stopped, and the other way round.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import polars as pl

from batch.core.trial import Trial
from batch.errors import CannotCreate, UsageProblem
from batch.files import make_folder, write_atomic
from batch.inputs.jobfile import LoadedJob, job_of, read_job
from batch.planning.describe import plan_text
from batch.planning.values import high_of
from batch.running.calls import Request
from batch.running.clock import Clock
from batch.running.engine import Parts
from batch.running.narrowing import tried
from batch.running.session import run_job
from batch.running.surveying import surveyed
from batch.store.lock import lock_path, refuse_if_held

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from batch.core.totals import Cost, ItemCounts
    from batch.errors import Exit
    from batch.running.calls import Outcome
    from batch.running.planning import Spend

_ITEM_COLUMNS = ("sku", "file", "line", "variant", "prompt", "negative_prompt", "image", "source", "key")


class Job:
    """A job: a file, or keys and a table.

    Args:
        source: Path of a job file; or what would stand in one, which is then written as `{name}.yaml`.
        manifest: Rows for a job made of keys, written beside it as `{name}.parquet`.
        folder: Where a job made of keys is written.

    Raises:
        MissingInput: If the file is not there.
        JobErrors: With everything that is wrong in it.
        CannotCreate: If it cannot be written.
    """

    def __init__(
        self,
        source: str | Path | Mapping[str, Any],
        *,
        manifest: pl.DataFrame | None = None,
        folder: str | Path = ".",
    ) -> None:
        if isinstance(source, str | Path):
            if manifest is not None:
                raise UsageProblem("a job file names its own manifest", hint="give the keys instead of the file")
            self._loaded = read_job(Path(source))
        else:
            self._loaded = _written(dict(source), manifest, Path(folder))

    @property
    def path(self) -> Path:
        """The job file."""
        return self._loaded.path

    @property
    def output(self) -> Path:
        """The folder of its clips, report and state."""
        return self._loaded.location.output

    @property
    def loaded(self) -> LoadedJob:
        """The checked job, as the rest of the program knows it."""
        return self._loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a job would buy.

    Attributes:
        items: Everything that the job wants, bought already or not: a row each, with `usd`, its price at most.
        rejected: Rows that cannot become an item, with `file`, `line`, `sku`, `column`, `value` and `reason`.
        to_buy: How many items are still to be bought.
        usd: Dollars that these cost at most.
        text: The plan as the command line prints it.
    """

    items: pl.DataFrame
    rejected: pl.DataFrame
    to_buy: int
    usd: Decimal
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a call went.

    Attributes:
        exit: As the command line would have ended; 0 where everything that was asked for is done.
        counts: Items by how they stand.
        cost: Over all runs of the job.
        items: The report's table: the manifest's columns, then those that begin with `sb_`; empty without a report.
        stopped: Why submitting ended early; empty where it did not.
        notes: What a person should know.
        report: Paths of the report's files by kind.
    """

    exit: Exit
    counts: ItemCounts
    cost: Cost
    items: pl.DataFrame
    stopped: tuple[str, ...]
    notes: tuple[str, ...]
    report: Mapping[str, str]


def plan(job: Job, *, fetch: bool = False, sample: int | None = None, duration: int | None = None) -> Planned:
    """Say what a job would buy; needs no key and sends nothing.

    Args:
        fetch: Read all pictures behind URLs, too; until then their items are in the price and not in the table.
        sample: Only so many SKUs, the same ones every time, for a cheap trial.
        duration: Seconds of every clip, whatever rows and job say, for a cheap trial.

    Raises:
        UsageProblem: If the model does not make clips of that length.
        Problem: If the manifest cannot be read, the model cannot be bought, or the state is damaged.
    """
    loaded = _tried(job, sample, duration)
    with surveyed(loaded, fetch=fetch, clock=Clock(), progress=_unheard) as (view, made):
        batches = [batch.select(*_ITEM_COLUMNS, "order") for batch in made.batches()]
        prices = pl.DataFrame(
            {
                "order": pl.Series(range(len(made.orders)), dtype=pl.UInt32),
                "aspect": [order.aspect for order in made.orders],
                "duration": [str(order.duration) for order in made.orders],
                "usd": pl.Series([high_of(order) for order in made.orders], dtype=pl.Decimal(18, 6)),
            }
        )
    items = pl.concat(batches) if batches else pl.DataFrame(schema=dict.fromkeys((*_ITEM_COLUMNS, "order"), pl.String))
    priced = items.with_columns(pl.col("order").cast(pl.UInt32)).join(prices, on="order", how="left").drop("order")
    return Planned(
        items=priced,
        rejected=view.rejected,
        to_buy=sum(view.opened) + view.unchecked,
        usd=view.high,
        text="\n".join(plan_text(view)),
    )


class Options(TypedDict, total=False):
    """What `run` and `arun` take beside the job.

    Attributes:
        yes: Buy although the job has no budget; the simulator needs none.
        submit: Buy, which is usual; otherwise only what was bought before is fetched.
        collect: Wait for the clips and fetch them, which is usual.
        strict: Buy nothing if any row is rejected.
        keep_going: Switch the breaker off.
        sample: Only so many SKUs, the same ones every time, for a cheap trial.
        duration: Seconds of every clip, whatever rows and job say, for a cheap trial.
        on_note: Told what a person should read once.
    """

    yes: bool
    submit: bool
    collect: bool
    strict: bool
    keep_going: bool
    sample: int | None
    duration: int | None
    on_note: Callable[[str], None]


def run(job: Job, **options: Unpack[Options]) -> Result:
    """Buy what is planned, fetch the clips and write the report; the same call goes on after any stop.

    Works inside a running event loop, too (a notebook's), in a thread of its own, which is waited for.

    Raises:
        Problem: If the call cannot begin: bad manifest, another run at work, no key, no provider, nobody confirmed.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(arun(job, **options))
    with ThreadPoolExecutor(1, thread_name_prefix="sora-batch") as thread:
        return thread.submit(lambda: asyncio.run(arun(job, **options))).result()


async def arun(job: Job, **options: Unpack[Options]) -> Result:
    """Do the same as `run` inside an event loop; a cancelled call winds down as after Ctrl-C."""
    loaded = _tried(job, options.get("sample"), options.get("duration"))
    refuse_if_held(lock_path(loaded.location.state))
    request = Request(
        parts=Parts(submit=options.get("submit", True), collect=options.get("collect", True), wait=True),
        strict=options.get("strict", False),
        keep_going=options.get("keep_going", False),
        confirm=lambda spend: options.get("yes", False) or _has_budget(loaded, spend),
    )
    outcome = await run_job(loaded, request, audience=_Audience(options.get("on_note")), clock=Clock())
    return await asyncio.to_thread(_result, outcome)


def _tried(job: Job, sample: int | None, duration: int | None) -> LoadedJob:
    if (sample is not None and sample < 1) or (duration is not None and duration < 1):
        raise UsageProblem("`sample` and `duration` begin at 1")
    return tried(job.loaded, Trial(sample=sample, duration=duration))


def _has_budget(loaded: LoadedJob, spend: Spend) -> bool:
    budget = loaded.job.budget
    return loaded.job.simulated or not spend.items or (budget.per_run_usd or budget.per_day_usd) is not None


def _result(outcome: Outcome) -> Result:
    table = outcome.report.get("parquet")
    return Result(
        exit=outcome.exit,
        counts=outcome.counts,
        cost=outcome.cost,
        items=pl.read_parquet(table) if table else pl.DataFrame(),
        stopped=tuple(stop.message for stop in outcome.stops),
        notes=outcome.notes,
        report=outcome.report,
    )


def _written(keys: dict[str, Any], manifest: pl.DataFrame | None, folder: Path) -> LoadedJob:
    """Write a job made of keys, and its table, once they are known to be right."""
    name = str(keys.get("name", "job"))
    if manifest is not None:
        keys = {**keys, "manifest": {**keys.get("manifest", {}), "path": f"{name}.parquet"}}
    path = folder / f"{name}.yaml"
    text = json.dumps(keys, indent=2, ensure_ascii=False, default=str) + "\n"  # JSON is YAML
    loaded = job_of(path, text)
    try:
        make_folder(path.absolute().parent)
        if manifest is not None:
            manifest.write_parquet(folder / f"{name}.parquet")
        write_atomic(path, text.encode())
    except OSError as error:
        raise CannotCreate(str(error.strerror), where=str(path), hint="name another folder") from error
    return loaded


def _unheard(*_: object) -> None:
    """Hear nothing of pictures that are read."""


class _Audience:
    """Hears of a run what a caller wants to hear."""

    def __init__(self, on_note: Callable[[str], None] | None) -> None:
        self._on_note = on_note or _unheard

    def note(self, message: str) -> None:
        """Pass on what a person should read."""
        self._on_note(message)

    def moved(self) -> None:
        """Numbers are in the result."""

    def follow(self, numbers: object) -> None:
        """Nobody follows them."""

    def close(self) -> None:
        """Nothing is open."""
