"""A job and its manifest to a plan: items, rejected rows, prices. No key, no network, and no list of all items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.inputs.pictures import no_progress
from batch.planning.ahead import ahead
from batch.planning.depicting import look_up_pictures
from batch.planning.items import Shaper
from batch.planning.looking import limits_of
from batch.planning.ordering import take_orders
from batch.planning.overview import look_over
from batch.planning.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from batch.core.job import Job
    from batch.core.library import Library
    from batch.core.order import Order
    from batch.core.override import Override
    from batch.core.profile import ModelProfile
    from batch.inputs.manifest import Manifest
    from batch.inputs.pictures import PictureBook, Progress
    from batch.planning.depicting import Gallery
    from batch.planning.items import Shaped
    from batch.planning.overview import Overview
    from batch.planning.values import PlanOutcome, PlanTotals


class Plan:
    """What a job and its manifest come to, made from the open manifest while it is read.

    Attributes:
        orders: What batches refer to.
        urls: Every URL of a picture.
        unchecked_urls: Those that were not fetched yet: their items are in the totals, and in no batch.
        overrides: What redos say in place of rows; of some the plan may not have the row any more.
    """

    def __init__(
        self,
        *,
        manifest: Manifest,
        overview: Overview,
        gallery: Gallery,
        orders: tuple[Order, ...],
        shaper: Shaper,
        overrides: Sequence[Override] = (),
    ) -> None:
        self.orders = orders
        self.urls = gallery.urls
        self.unchecked_urls = gallery.unchecked
        self.overrides = overrides
        self._manifest = manifest
        self._overview = overview
        self._shaper = shaper
        self._outcome: PlanOutcome | None = None

    def batches(self) -> Iterator[pl.DataFrame]:
        """Give the items in the manifest's order, with the columns of `ITEM_SCHEMA`; none in a batch is possible.

        Can be called again. A pass to the end also settles `totals` and `rejected`.
        """
        tally = Tally(self._overview, self.orders)
        for shaped in ahead(self._shaped()):
            tally.add(shaped)
            yield shaped.keyed()
        self._outcome = tally.outcome()

    @property
    def skus(self) -> pl.Series:
        """The SKU of every row, rejected ones too; null where it has none or its cells cannot be told apart."""
        return self._overview.skus

    @property
    def totals(self) -> PlanTotals:
        """What the plan comes to; makes a pass if there was none yet."""
        return self._settled().totals

    @property
    def rejected(self) -> pl.DataFrame:
        """The rejected rows, with the columns of `REJECTED_SCHEMA`; makes a pass if there was none yet."""
        return self._settled().rejected

    def _shaped(self) -> Iterator[Shaped]:
        start = 0
        for rows in self._manifest.batches():
            yield self._shaper.shape(rows, start)
            start += rows.height

    def _settled(self) -> PlanOutcome:
        if self._outcome is None:
            tally = Tally(self._overview, self.orders)
            for shaped in self._shaped():
                tally.add(shaped)
            self._outcome = tally.outcome()
        return self._outcome


def make_plan(
    job: Job,
    profile: ModelProfile,
    manifest: Manifest,
    book: PictureBook,
    *,
    progress: Progress = no_progress,
    library: Library | None = None,
    overrides: Sequence[Override] = (),
) -> Plan:
    """Make a plan.

    Args:
        job: What is wanted.
        profile: The job's model.
        manifest: Stays open as long as the plan is used.
        book: Knows the pictures; new local ones are read, URLs are not fetched.
        progress: Told about pictures that have to be read.
        library: What the job's prompts are taken from; None where it has a template, or where rows have their own.
        overrides: What redos say in place of rows.

    Raises:
        JobProblem: If the model cannot be bought, or does not take what the job asks for.
        ManifestProblem: If the manifest breaks off on the way.
    """
    overview = look_over(manifest)
    orders = take_orders(profile, job, overview.wishes)
    gallery = look_up_pictures(overview.images, manifest, book, limits_of(job.image), progress)
    shaper = Shaper(
        job=job,
        profile=profile,
        manifest=manifest,
        overview=overview,
        gallery=gallery,
        book=orders,
        library=library,
        overrides=overrides,
    )
    return Plan(
        manifest=manifest,
        overview=overview,
        gallery=gallery,
        orders=orders.orders,
        shaper=shaper,
        overrides=overrides,
    )
