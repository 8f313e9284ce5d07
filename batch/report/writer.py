"""The whole report, from one reading of the items."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from batch.errors import StorageProblem
from batch.files import atomic, disk_problem
from batch.report.cards import card_of, web_link
from batch.report.channels import Standings
from batch.report.choosing import Chosen
from batch.report.document import Document
from batch.report.page import Page, write_page
from batch.report.table import Table
from batch.report.thumbnails import make_thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from batch.core.channel import Channel
    from batch.core.summary import GoneProduct, ItemView, RejectedView, ReportHead
    from batch.report.cards import Card

MAX_CARDS = 2_000
"""So many cards the page scrolls and filters without a pause; beyond them it points to the tables."""
MAX_REJECTED = 200
MAX_GONE = 200
EMBEDDED_CARDS = 200
"""Up to so many cards the thumbnails are in the page itself (about 20 kB each), beyond that in files beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPaths:
    """Where the four files of a report are."""

    html: Path
    csv: Path
    parquet: Path
    json: Path

    def as_json(self) -> dict[str, str]:
        """Give the paths under the keys of the run's summary."""
        return {"html": str(self.html), "csv": str(self.csv), "parquet": str(self.parquet), "json": str(self.json)}


def local_picture(view: ItemView) -> Path | None:
    """Give an item's source as a local path; None where it is on the web."""
    if not view.source or web_link(view.source) or "://" in view.source:
        return None
    return Path(view.source)


def write_report(
    folder: Path,
    head: ReportHead,
    items: Iterable[ItemView],
    rejected: Iterable[RejectedView],
    *,
    output_dir: Path,
    picture_of: Callable[[ItemView], Path | None] = local_picture,
    max_cards: int = MAX_CARDS,
    channels: Sequence[Channel] = (),
    gone: Sequence[GoneProduct] = (),
) -> ReportPaths:
    """Write `report.html`, `report.csv`, `report.parquet` and `report.json`; all four, or none of them.

    Both iterables are read once, in their order, and never held in memory. Until the new files are whole the former
    ones stay. Another writer of the same folder is waited for.

    Args:
        folder: The report's folder; made if missing.
        head: What is said of the whole.
        items: Every item of the job.
        rejected: Every rejected row.
        output_dir: What the clips' paths are relative to.
        picture_of: Where an item's source lies on this disk, None if nowhere; asked only for items with a card.
        max_cards: How many items the page shows; the tables have all.
        channels: The job's destinations; what each clip is to them stands in its item.
        gone: Products that left the manifest.

    Raises:
        CannotCreate: If the folder cannot be made.
        StorageProblem: If the disk is full or fails.
    """
    paths = ReportPaths(**{kind: folder / f"report.{kind}" for kind in ("html", "csv", "parquet", "json")})
    with _alone(folder):
        plan = _CardPlan(output_dir=output_dir, picture_of=picture_of, limit=max_cards)
        whole = _Whole(standings=Standings(channels), gone=gone)
        _write(paths, head, items, rejected, plan=plan, whole=whole)
    return paths


def write_page_alone(
    file: BinaryIO,
    folder: Path,
    head: ReportHead,
    items: Iterable[ItemView],
    rejected: Iterable[RejectedView],
    *,
    served: str,
    person: str = "",
    output_dir: Path,
    picture_of: Callable[[ItemView], Path | None] = local_picture,
    max_cards: int = MAX_CARDS,
    channels: Sequence[Channel] = (),
    gone: Sequence[GoneProduct] = (),
) -> None:
    """Write the page as a server gives it, and no other file than the thumbnails beside it.

    Args:
        file: Takes the page.
        folder: Where the page would stand, as `write_report` has it; the other arguments are as there.
        served: Where the page sends decisions; see `Page`.
        person: Whose they are, unless another name is given on the page.

    Raises:
        CannotCreate: If the folder cannot be made.
        StorageProblem: If the disk is full or fails.
    """
    with _alone(folder):
        plan = _CardPlan(output_dir=output_dir, picture_of=picture_of, limit=max_cards)
        whole = _Whole(standings=Standings(channels), gone=gone, served=served, person=person)
        chosen = Chosen(plan.limit)
        for _ in chosen.take(whole.standings.take(items)):
            pass
        write_page(file, _page(folder, head, chosen, _first(rejected, MAX_REJECTED), plan=plan, whole=whole))


@dataclass(frozen=True, slots=True, kw_only=True)
class _CardPlan:
    """How the page's cards are to be made; see `write_report`."""

    output_dir: Path
    picture_of: Callable[[ItemView], Path | None]
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """What is said of all items together; see `write_report`."""

    standings: Standings
    gone: Sequence[GoneProduct]
    served: str = ""
    person: str = ""


def _write(
    paths: ReportPaths,
    head: ReportHead,
    items: Iterable[ItemView],
    rejected: Iterable[RejectedView],
    *,
    plan: _CardPlan,
    whole: _Whole,
) -> None:
    folder = paths.html.parent
    chosen = Chosen(plan.limit)
    with (
        _chunk_folder(folder) as chunks,
        atomic(paths.json) as json_file,
        atomic(paths.csv) as csv_file,
        atomic(paths.parquet) as parquet_file,
        atomic(paths.html) as html_file,
    ):
        table, document = Table(chunks), Document(json_file)
        document.begin(head)
        for _ in table.take(document.items(chosen.take(whole.standings.take(items)))):
            pass
        rows, more_rows = _first(document.rejected(rejected), MAX_REJECTED)
        document.end(whole.standings.all, whole.gone)
        table.write_csv(csv_file)
        table.write_parquet(parquet_file)
        page = _page(folder, head, chosen, (rows, more_rows), plan=plan, whole=whole)
        write_page(html_file, page)


def _page(
    folder: Path,
    head: ReportHead,
    chosen: Chosen,
    rejected: tuple[list[RejectedView], int],
    *,
    plan: _CardPlan,
    whole: _Whole,
) -> Page:
    """Put the page together, once all items have been looked at."""
    rows, more_rows = rejected
    return Page(
        head=head,
        cards=_cards(folder, chosen, plan),
        shown=len(chosen.views),
        left_out=chosen.left_out,
        rejected=rows,
        rejected_left_out=more_rows,
        channels=whole.standings.all,
        gone=whole.gone[:MAX_GONE],
        gone_left_out=max(0, len(whole.gone) - MAX_GONE),
        served=whole.served,
        person=whole.person,
    )


def _cards(folder: Path, chosen: Chosen, plan: _CardPlan) -> Iterator[Card]:
    views = chosen.views
    pictures = [plan.picture_of(view) for view in views]
    known = [picture for picture in pictures if picture]
    thumbnails = make_thumbnails(known, folder / "thumbs", embed=len(views) <= EMBEDDED_CARDS)
    clip_folder = Path(os.path.relpath(plan.output_dir, folder)).as_posix()
    for view, picture in zip(views, pictures, strict=True):
        thumbnail = thumbnails[picture] if picture else None
        yield card_of(view, thumbnail, clip_folder, earlier=chosen.before(view))


def _first(views: Iterable[RejectedView], limit: int) -> tuple[list[RejectedView], int]:
    kept: list[RejectedView] = []
    more = 0
    for view in views:
        if len(kept) < limit:
            kept.append(view)
        else:
            more += 1
    return kept, more


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make the folder and hold off other writers of it; what the disk refuses is said in our own words."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Name a folder that can be written under `output: {dir: ...}`."
        raise disk_problem(error, folder, what="the report's folder cannot be made", hint=hint) from error
    try:
        with (folder / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise StorageProblem(
            f"the report cannot be written: {error}",
            where=str(folder),
            hint="Nothing else is lost. Make room, then write it again with `sora-batch report JOB`.",
        ) from error


@contextmanager
def _chunk_folder(folder: Path) -> Iterator[Path]:
    # A fixed name: what a killed writer left is swept by the next one.
    chunks = folder / ".chunks.part"
    shutil.rmtree(chunks, ignore_errors=True)
    chunks.mkdir()
    try:
        yield chunks
    finally:
        shutil.rmtree(chunks, ignore_errors=True)
