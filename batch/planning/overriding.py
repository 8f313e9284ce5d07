"""Redos in a plan: where one holds, its take and its words stand in place of what the row says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from batch.errors import JobProblem
from batch.planning.wording import NEGATIVE, PROMPT, VARIANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batch.core.order import Order
    from batch.core.override import Override
    from batch.core.profile import ModelProfile

TAKE = "take"
_ASPECT = "override_aspect"
_NEGATIVE = "override_negative"
_PROMPT = "override_prompt"
_TAKE = "override_take"
_KEYS = {"sku": pl.String, VARIANT: pl.Int32, _ASPECT: pl.String, PROMPT: pl.String, _NEGATIVE: pl.String}
_SCHEMA = {**_KEYS, _TAKE: pl.Int32, _PROMPT: pl.String}


class Overriding:
    """Gives items the take and the prompt of the overrides that hold for them.

    Raises:
        JobProblem: If the model takes no prompt as long as one of them.
    """

    def __init__(self, overrides: Sequence[Override], orders: tuple[Order, ...], profile: ModelProfile) -> None:
        for one in overrides:
            _check(one, profile)
        rows = [
            (one.sku, one.variant, one.aspect, one.row_prompt, one.row_negative, one.take, one.prompt)
            for one in overrides
        ]
        self._table = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        self._skus = self._table["sku"].unique().implode()
        self._aspects = pl.Series([order.aspect for order in orders], dtype=pl.String)

    def applied(self, items: pl.DataFrame) -> pl.DataFrame:
        """Give items with their `take`, and with the prompt that it is asked for with.

        Args:
            items: With `sku`, `variant`, `order`, `prompt` and `negative_prompt`, as their rows say.
        """
        first = pl.lit(0, dtype=pl.Int32)
        if self._table.is_empty() or not items["sku"].is_in(self._skus).any():
            return items.with_columns(first.alias(TAKE))
        joined = items.with_columns(
            pl.lit(self._aspects).gather(pl.col("order")).alias(_ASPECT),
            pl.col(NEGATIVE).fill_null("").alias(_NEGATIVE),
        ).join(self._table, on=list(_KEYS), how="left", maintain_order="left")
        return joined.with_columns(
            pl.col(_TAKE).fill_null(first).alias(TAKE), pl.coalesce(_PROMPT, PROMPT).alias(PROMPT)
        ).drop(_ASPECT, _NEGATIVE, _TAKE, _PROMPT)


def _check(override: Override, profile: ModelProfile) -> None:
    most = profile.prompt.max_characters
    if most is not None and len(override.prompt) > most:
        raise JobProblem(
            f"its redo's prompt has {len(override.prompt):,} characters, and {profile.slug} takes {most:,}",
            where=override.sku,
            hint="decide `approve` or `open` for the take before it, or name another model",
        )
