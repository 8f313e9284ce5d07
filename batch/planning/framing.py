"""What rows say of their own frames: read once for each way of saying it, and only where the manifest says any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from batch.core.framing import FRAMING_COLUMNS, Framing, FramingError, read_framing
from batch.core.item import fit_rules, shared_part
from batch.planning.overview import optional

if TYPE_CHECKING:
    from batch.core.job import Job
    from batch.core.order import Order
    from batch.core.profile import ModelProfile
    from batch.inputs.manifest import Manifest

FRAMING = "framing"
FRAMING_PROBLEM = "framing_problem"
FRAMING_PROBLEM_COLUMN = "framing_column"
FRAMING_VALUE = "framing_value"

_OWN = tuple(f"own_{name}" for name in FRAMING_COLUMNS)
_FOUND = (FRAMING, FRAMING_PROBLEM_COLUMN, FRAMING_VALUE, FRAMING_PROBLEM)


class RowFramings:
    """The columns `fit`, `background` and `focus` of a manifest, which may have none of them."""

    def __init__(self, job: Job, profile: ModelProfile, manifest: Manifest, orders: tuple[Order, ...]) -> None:
        self._job = job
        self._model = profile.slug
        self._manifest = manifest
        self._orders = orders
        self._any = any(manifest.place(name) is not None for name in FRAMING_COLUMNS)
        self._known: dict[str, Framing] = {}
        self._shared: dict[tuple[str, int], str] = {}

    def read(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add `framing` (null where a row says nothing), or its problem with the column (our name) and the value."""
        if not self._any:
            return rows.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in _FOUND)
        own = [optional(self._manifest, name).alias(own) for own, name in zip(_OWN, FRAMING_COLUMNS, strict=True)]
        told = rows.with_columns(own)
        found = [(*values, *self._read(*values)) for values in told.select(_OWN).unique().iter_rows()]
        table = pl.DataFrame(found, schema=dict.fromkeys((*_OWN, *_FOUND), pl.String), orient="row")
        return told.join(table, on=_OWN, how="left", maintain_order="left", nulls_equal=True).drop(_OWN)

    def shared(self, items: pl.DataFrame) -> pl.Series | None:
        """Give what the keys of items that frame themselves have in place of their order's part; null for the others.

        Args:
            items: With `framing` and `order`.
        """
        if not self._any:
            return None
        pairs = items.select(FRAMING, "order").iter_rows()
        return pl.Series([None if text is None else self._part(text, order) for text, order in pairs], dtype=pl.String)

    def _read(self, fit: str | None, background: str | None, focus: str | None) -> tuple[Any, ...]:
        try:
            framing = read_framing(fit=fit, background=background, focus=focus, job_fit=self._job.image.fit)
        except FramingError as error:
            return None, error.column, error.value, error.reason
        if framing is None:
            return None, None, None, None
        self._known[framing.text] = framing
        return framing.text, None, None, None

    def _part(self, text: str, place: int) -> str:
        known = self._shared.get((text, place))
        if known is None:
            order, fit = self._orders[place], self._known[text].rules(fit_rules(self._job.image))
            known = shared_part(model=self._model, inputs=order.inputs, aspect=order.aspect, fit=fit)
            self._shared[text, place] = known
        return known
