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
_NEGATIVE = "override_negative"
_PROMPT = "override_prompt"
_TAKE = "override_take"
_KEYS = {"sku": pl.String, VARIANT: pl.Int32, "order": pl.Int32, PROMPT: pl.String, _NEGATIVE: pl.String}
_SCHEMA = {**_KEYS, _TAKE: pl.Int32, _PROMPT: pl.String}


class Overriding:
    """Gives items the take and the prompt of the overrides that hold for them, of several the first.

    Raises:
        JobProblem: If the model takes no prompt as long as one of them.
    """

    def __init__(self, overrides: Sequence[Override], orders: tuple[Order, ...], profile: ModelProfile) -> None:
        for one in overrides:
            _check(one, profile)
        rows: dict[tuple[str, int, int, str, str], tuple[int, str]] = {}
        for place, order in enumerate(orders):
            for one in overrides:
                if one.aspect == order.aspect and (one.durations is None or str(order.duration) in one.durations):
                    key = (one.sku, one.variant, place, one.row_prompt, one.row_negative)
                    rows.setdefault(key, (one.take, one.prompt))
        self._table = pl.DataFrame([key + made for key, made in rows.items()], schema=_SCHEMA, orient="row")
        self._skus = self._table["sku"].unique().implode()

    def applied(self, items: pl.DataFrame) -> pl.DataFrame:
        """Give items with their `take`, and with the prompt that it is asked for with.

        Args:
            items: With `sku`, `variant`, `order`, `prompt` and `negative_prompt`, as their rows say.
        """
        first = pl.lit(0, dtype=pl.Int32)
        if self._table.is_empty() or not items["sku"].is_in(self._skus).any():
            return items.with_columns(first.alias(TAKE))
        joined = items.with_columns(pl.col(NEGATIVE).fill_null("").alias(_NEGATIVE)).join(
            self._table, on=list(_KEYS), how="left", maintain_order="left"
        )
        return joined.with_columns(
            pl.col(_TAKE).fill_null(first).alias(TAKE), pl.coalesce(_PROMPT, PROMPT).alias(PROMPT)
        ).drop(_NEGATIVE, _TAKE, _PROMPT)


def _check(override: Override, profile: ModelProfile) -> None:
    most = profile.prompt.max_characters
    if most is not None and len(override.prompt) > most:
        raise JobProblem(
            f"its redo's prompt has {len(override.prompt):,} characters, and {profile.slug} takes {most:,}",
            where=override.sku,
            hint="decide `approve` or `open` for the take before it, or name another model",
        )
