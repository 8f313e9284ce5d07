"""Rows to items, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from batch.core.framing import FRAMING_COLUMNS
from batch.core.item import fit_rules, shared_part
from batch.inputs.columns import FILE, FLAW, cell
from batch.planning.checks import Check, check, complain, sift
from batch.planning.depicting import HEIGHT, PICTURE_PROBLEM, SHA256, SOURCE, WIDTH, Gallery
from batch.planning.framing import FRAMING, FRAMING_PROBLEM, FRAMING_PROBLEM_COLUMN, FRAMING_VALUE, RowFramings
from batch.planning.keys import key_texts, keys_of
from batch.planning.ordering import ORDER_COLUMN, ORDER_PROBLEM, ORDER_VALUE, ORDERS, OrderBook
from batch.planning.overriding import Overriding
from batch.planning.overview import ASPECT, DURATION, IMAGE, SKU, Overview, Standing, optional
from batch.planning.wording import NEGATIVE, PROMPT, VARIANT, Wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from batch.core.job import Job
    from batch.core.library import Library
    from batch.core.override import Override
    from batch.core.profile import ModelProfile
    from batch.core.trial import Trial
    from batch.inputs.manifest import Manifest

INDEX = "index"
STANDING = "standing"
VARIANTS = "variants"
LONGEST_SKU = 200
MOST_VARIANTS = 100
_ONLY_ASPECT = "only_aspect"

ITEM_SCHEMA = {
    "key": pl.String,
    "sku": pl.String,
    "line": pl.Int64,
    "file": pl.String,
    "variant": pl.Int32,
    "take": pl.Int32,
    "order": pl.Int32,
    "prompt": pl.String,
    "negative_prompt": pl.String,
    "image": pl.String,
    "source": pl.String,
    "source_sha256": pl.String,
    "framing": pl.String,
    "row": pl.String,
}
"""Columns of a plan's batches: an item each. `order` is an index into the plan's orders, `row` a JSON object of the
manifest's columns as text, `framing` one of what the row says of its frame; `variant` counts from 1; only
`negative_prompt` and `framing` can be null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """What became of a batch of rows.

    Attributes:
        wanted: A line for each row and order, with `variants`; those of unchecked pictures too. Where each variant has
            a prompt of its own, a line for each of them, whose `variants` is 1; elsewhere `variant` is 0.
        items: A line for each item whose picture is known; its key is not hashed yet.
        texts: What the keys of these are hashes of.
        rejected: With the columns of `REJECTED_SCHEMA`.
    """

    wanted: pl.DataFrame
    items: pl.DataFrame
    texts: pl.Series
    rejected: pl.DataFrame

    def keyed(self) -> pl.DataFrame:
        """Give the items with their keys: `ITEM_SCHEMA`."""
        return self.items.with_columns(keys_of(self.texts)).select(*ITEM_SCHEMA)


class Shaper:
    """Turns a manifest's batches into items, after the first pass.

    Raises:
        JobProblem: If the model does not take what a redo asks for.
    """

    def __init__(
        self,
        *,
        job: Job,
        profile: ModelProfile,
        manifest: Manifest,
        overview: Overview,
        gallery: Gallery,
        book: OrderBook,
        library: Library | None,
        overrides: Sequence[Override] = (),
    ) -> None:
        self._job = job
        self._manifest = manifest
        self._overview = overview
        self._gallery = gallery
        self._book = book
        self._wording = Wording(job, manifest, library)
        self._framings = RowFramings(job, profile, manifest, book.orders)
        self._overriding = Overriding(overrides, book.orders, profile)
        self._checks = self._all_checks(profile)
        self._only = _only(job.trial)
        self._line_each = self._wording.varies or self._only is not None
        self._aspects = pl.Series([order.aspect for order in book.orders], dtype=pl.String)
        fit = fit_rules(job.image)
        shared = [
            shared_part(model=profile.slug, inputs=order.inputs, aspect=order.aspect, fit=fit) for order in book.orders
        ]
        self._shared = pl.Series(shared, dtype=pl.String)

    def shape(self, batch: pl.DataFrame, start: int) -> Shaped:
        """Turn a batch of rows into what is wanted.

        Args:
            batch: Of the manifest.
            start: Number of its first row in the whole manifest, from 0.
        """
        sifted = sift(self._joined(batch, start), self._checks, self._manifest)
        wanted = self._meant(self._varied(sifted.passed).explode(ORDERS)).select(
            INDEX,
            FILE,
            "line",
            SKU,
            PROMPT,
            NEGATIVE,
            IMAGE,
            SOURCE,
            SHA256,
            WIDTH,
            HEIGHT,
            pl.col(VARIANTS).cast(pl.Int32),
            VARIANT,
            pl.col(ORDERS).alias("order"),
            FRAMING,
            self._row().alias("row"),
        )
        items = self._items(wanted)
        texts = key_texts(items, self._shared, self._framings.shared(items))
        return Shaped(wanted=wanted, items=items, texts=texts, rejected=sifted.rejected)

    def _varied(self, passed: pl.DataFrame) -> pl.DataFrame:
        if not self._line_each:
            return passed.with_columns(pl.lit(0, dtype=pl.Int32).alias(VARIANT))
        each = _one_each(passed).with_columns(pl.lit(1).alias(VARIANTS))
        return self._wording.varied(each) if self._wording.varies else each

    def _meant(self, wanted: pl.DataFrame) -> pl.DataFrame:
        """Keep what the call is about, where that is not all."""
        if self._only is None:
            return wanted
        aspect = pl.lit(self._aspects).gather(pl.col(ORDERS)).alias(_ONLY_ASPECT)
        keys = [SKU, VARIANT, _ONLY_ASPECT]
        return wanted.with_columns(aspect).join(self._only, on=keys, how="semi", maintain_order="left")

    def _items(self, wanted: pl.DataFrame) -> pl.DataFrame:
        labels = pl.Series([file.label for file in self._manifest.files], dtype=pl.String)
        counted = wanted.filter(pl.col(SHA256).is_not_null())
        each = counted if self._line_each else _one_each(counted)
        return self._overriding.applied(each.with_columns(pl.lit(labels).gather(pl.col(FILE)).alias("file")))

    def _joined(self, batch: pl.DataFrame, start: int) -> pl.DataFrame:
        rows = range(start, start + batch.height)
        named = {SKU: "sku", IMAGE: "image", DURATION: "duration", ASPECT: "aspect_ratio"}
        frame = batch.with_columns(
            pl.Series(INDEX, rows, dtype=pl.UInt32),
            self._overview.standing.slice(start, batch.height).alias(STANDING),
            *(optional(self._manifest, ours).alias(name) for name, ours in named.items()),
            self._variants().alias(VARIANTS),
        )
        frame = self._wording.prepared(frame)
        frame = frame.filter(pl.col(STANDING) != Standing.REPEATS)
        frame = self._framings.read(frame)
        frame = frame.join(self._gallery.table, on=[FILE, IMAGE], how="left", maintain_order="left")
        return frame.join(
            self._book.table, on=[DURATION, ASPECT], how="left", maintain_order="left", nulls_equal=True
        ).join(self._overview.conflicts.rename({"reason": "conflict"}), on=INDEX, how="left", maintain_order="left")

    def _variants(self) -> pl.Expr:
        """Give a row's number of variants; null where it says something else."""
        text = optional(self._manifest, "variants")
        number = pl.when(text.str.contains(r"^[0-9]{1,3}$")).then(text).cast(pl.Int32)
        valid = pl.when(number.is_between(1, self._most_variants)).then(number)
        return pl.when(text.is_null()).then(pl.lit(self._job.defaults.items_of_a_row, dtype=pl.Int32)).otherwise(valid)

    @property
    def _most_variants(self) -> int:
        return len(self._job.defaults.variant_values) or MOST_VARIANTS

    def _row(self) -> pl.Expr:
        named = enumerate(self._manifest.columns)
        return pl.struct(pl.col(cell(place)).fill_null("").alias(name) for place, name in named).struct.json_encode()

    def _all_checks(self, profile: ModelProfile) -> tuple[Check, ...]:
        name = self._manifest.own_name
        sku, image = pl.col(SKU), pl.col(IMAGE)
        no_image = complain(image.is_null(), "the row names no picture")
        length = complain(sku.str.len_chars() > LONGEST_SKU, f"the SKU has more than {LONGEST_SKU} characters")
        control = complain(sku.str.contains(r"\p{Cc}"), "the SKU has a line break or another control character in it")
        many = complain(pl.col(VARIANTS).is_null(), f"expected a whole number from 1 to {self._most_variants}")
        return (
            check(None, pl.lit(""), pl.col(FLAW)),
            check(name("sku"), sku, complain(sku.is_null(), "the row has no SKU")),
            check(name("sku"), sku, length),
            check(name("sku"), sku, control),
            check(name("sku"), sku, pl.col("conflict")),
            check(name("variants"), optional(self._manifest, "variants"), many),
            Check(column=self._own(ORDER_COLUMN), value=pl.col(ORDER_VALUE), reason=pl.col(ORDER_PROBLEM)),
            Check(
                column=self._own(FRAMING_PROBLEM_COLUMN), value=pl.col(FRAMING_VALUE), reason=pl.col(FRAMING_PROBLEM)
            ),
            check(name("image"), image, no_image),
            check(name("image"), image, pl.col(PICTURE_PROBLEM)),
            *self._word_checks(profile),
        )

    def _own(self, column: str) -> pl.Expr:
        ours = ("duration", "aspect_ratio", *FRAMING_COLUMNS)
        return pl.col(column).replace({each: self._manifest.own_name(each) or each for each in ours})

    def _word_checks(self, profile: ModelProfile) -> tuple[Check, ...]:
        prompt, limit = pl.col(PROMPT), profile.prompt.max_characters
        missing = "there is no prompt: neither the row nor the job's `defaults.prompt` has any words"
        found = [
            *self._wording.checks,
            check(self._manifest.own_name("prompt"), prompt, complain(prompt.is_null(), missing)),
            *self._wording.negative_checks,
        ]
        if limit is not None:
            takes = pl.lit(f"{profile.slug} takes {limit:,}")
            many = pl.format("the prompt has {} characters; {}", prompt.str.len_chars(), takes)
            column = self._manifest.own_name("prompt")
            found.append(check(column, prompt, complain(prompt.str.len_chars() > limit, many)))
        if profile.negative_prompt is None:
            negative = pl.col(NEGATIVE)
            reason = f"{profile.slug} takes no negative prompt"
            found.append(check(self._manifest.own_name(NEGATIVE), negative, complain(negative.is_not_null(), reason)))
        return tuple(found)


def _only(trial: Trial | None) -> pl.DataFrame | None:
    if trial is None or trial.only is None:
        return None
    schema = {SKU: pl.String, VARIANT: pl.Int32, _ONLY_ASPECT: pl.String}
    return pl.DataFrame([one[:3] for one in sorted(trial.only)], schema=schema, orient="row")


def _one_each(rows: pl.DataFrame) -> pl.DataFrame:
    """Make a line for each variant, numbered from 1."""
    return rows.with_columns(pl.int_ranges(1, pl.col(VARIANTS) + 1, dtype=pl.Int32).alias(VARIANT)).explode(VARIANT)
