"""Totals that grow with each batch of a pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from batch.core.money import ZERO
from batch.planning.checks import REJECTED_SCHEMA
from batch.planning.depicting import HEIGHT, SHA256, SOURCE, WIDTH
from batch.planning.framing import FRAMING
from batch.planning.items import INDEX, VARIANTS
from batch.planning.overview import SKU
from batch.planning.values import SAMPLES, PlanOutcome, PlanTotals, PromptSample, Twins, first_samples, high_of
from batch.planning.wording import NEGATIVE, PROMPT, VARIANT

if TYPE_CHECKING:
    from batch.core.order import Order
    from batch.planning.items import Shaped
    from batch.planning.overview import Overview

_EXAMPLES = 3
_BRACES = r"\{[^{}]*\}"


class Tally:
    """Adds up a pass; holds a few bytes for each row, and the rejected ones."""

    def __init__(self, overview: Overview, orders: tuple[Order, ...]) -> None:
        self._overview = overview
        self._orders = orders
        self._checked = [0] * len(orders)
        self._unchecked = [0] * len(orders)
        self._rejected: list[pl.DataFrame] = [pl.DataFrame(schema=REJECTED_SCHEMA)]
        self._likenesses: list[pl.DataFrame] = []
        self._samples: list[PromptSample] = []
        self._small: dict[str, None] = {}
        self._braced, self._braced_example = 0, ""
        frames = [order.frame for order in orders]
        self._frames = pl.DataFrame(
            {
                "order": range(len(frames)),
                "frame_width": [frame.width for frame in frames],
                "frame_height": [frame.height for frame in frames],
            },
            schema={"order": pl.Int32, "frame_width": pl.Int32, "frame_height": pl.Int32},
        )

    def add(self, shaped: Shaped) -> None:
        """Add what became of a batch."""
        if shaped.rejected.height:
            self._rejected.append(shaped.rejected)
        wanted = shaped.wanted
        known = pl.col(SHA256).is_not_null()
        for order, is_known, count in wanted.group_by("order", known).agg(pl.col(VARIANTS).sum()).iter_rows():
            (self._checked if is_known else self._unchecked)[order] += count
        if len(self._samples) < SAMPLES:
            self._samples += first_samples(wanted)
        braced = wanted.filter(pl.col(PROMPT).str.contains(_BRACES))
        if braced.height:
            self._braced += int(braced[VARIANTS].sum())
            self._braced_example = self._braced_example or braced[SKU][0]
        likeness = pl.struct(SHA256, PROMPT, NEGATIVE, "order", VARIANT, FRAMING).hash().alias("likeness")
        self._likenesses.append(wanted.filter(known).select(likeness, INDEX, "order", VARIANTS))
        narrow, low = pl.col(WIDTH) < pl.col("frame_width"), pl.col(HEIGHT) < pl.col("frame_height")
        small = wanted.join(self._frames, on="order").filter(narrow & low)
        self._small.update(dict.fromkeys(small[SOURCE].unique(maintain_order=True)))

    def outcome(self) -> PlanOutcome:
        """Give what it all comes to."""
        rejected = pl.concat(self._rejected)
        totals = PlanTotals(
            rows=self._overview.rows,
            repeated=self._overview.repeated,
            rejected=rejected.height,
            checked=tuple(self._checked),
            unchecked=tuple(self._unchecked),
            orders=self._orders,
            twins=self._twins(),
            samples=tuple(self._samples[:SAMPLES]),
            small_pictures=len(self._small),
            small_example=next(iter(self._small), ""),
            case_twins=self._overview.case_twins,
            braced=self._braced,
            braced_example=self._braced_example,
        )
        return PlanOutcome(totals=totals, rejected=rejected)

    def _twins(self) -> Twins:
        if not self._likenesses:
            return Twins()
        alike = pl.concat(self._likenesses).filter(pl.col("likeness").is_duplicated())
        spare = alike.filter(~pl.col("likeness").is_first_distinct())
        if not spare.height:
            return Twins()
        counts = spare.group_by("order").agg(pl.col(VARIANTS).sum())
        groups = alike.group_by("likeness", maintain_order=True).agg(pl.col(INDEX).head(_EXAMPLES)).head(_EXAMPLES)
        return Twins(
            items=int(spare[VARIANTS].sum()),
            usd=sum((high_of(self._orders[order]) * count for order, count in counts.iter_rows()), ZERO),
            examples=tuple(tuple(self._overview.skus.gather(indexes).to_list()) for indexes in groups[INDEX].to_list()),
        )
