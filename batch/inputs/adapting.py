"""A system's export to rows as a manifest has them: one for each product or variant, with its SKU, picture and texts.

The first pass looks at the few columns that decide, of all rows at once: which belong together, which become items, and
which picture each takes. The second rewrites the rows, a batch at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from batch.core.adapter import names_in
from batch.errors import JobProblem
from batch.inputs.columns import BATCH_ROWS, FLAW, LINE, MISSED, cell
from batch.inputs.picking import Picking, pick
from batch.inputs.plaintext import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from batch.core.adapter import Items
    from batch.core.job import Manifest as ManifestKeys
    from batch.inputs.adapters import Fitted

INDEX: Final = "index"
HEAD: Final = "head"
"""Index of the row that speaks for the whole product."""
_SKU: Final = "sku"
_IMAGE: Final = "image"
_SIZE: Final = "size"
"""How many variants the product has."""


class Adapting:
    """How the rows of an export's files become a manifest's.

    Attributes:
        adapter: The system's.
        alts: Whether pictures have alt texts.
        columns: The names that they then have: the export's own, and those that were found in named values.
        renamed: Our name: one of these.
    """

    def __init__(self, fitted: Fitted, columns: tuple[str, ...], keys: ManifestKeys) -> None:
        adapter = self.adapter = fitted.adapter
        self._fitted = fitted
        self.alts = fitted.has_alts
        self._own = columns
        self._per_product = keys.per == "product"
        self._items = adapter.product if self._per_product else adapter.variant
        self._picture = keys.picture
        self._said_sku = keys.columns.get("sku")
        if isinstance(keys.picture, str) and keys.picture != "last" and not fitted.has_alts:
            raise JobProblem(
                f"{adapter.title} names no alt texts here that a picture could be chosen by",
                where="manifest.picture",
                hint="write a position such as 2, or last",
            )
        self._named = {
            ours: pairs
            for ours, named in adapter.named.items()
            if ours not in columns
            and ours not in keys.columns
            and (pairs := [fitted.found(pair) for pair in named.pairs if len(fitted.found(pair)) == 2])
        }
        self.columns = (*columns, *self._named)
        sku = self._said_sku or fitted.sku(self._items) or columns[0]
        self.renamed = {**fitted.names, **keys.columns, "sku": sku, "image": fitted.image}

    def rows(self, frames: Callable[[], Iterator[pl.DataFrame]], places: tuple[str, ...]) -> Iterator[pl.DataFrame]:
        """Give one file's rows, with `missed` beside `flaw`.

        Args:
            frames: Reads them: `line`, `flaw` and the cells; called twice or three times.
            places: The cells of `columns`, without those that are found in named values.
        """
        names = dict(zip(self._own, places, strict=True))
        looked_at = self._looked_at(frames(), names)
        if not looked_at:
            return
        kept = self._decide(pl.concat(looked_at, rechunk=True).with_row_index(INDEX))
        heads = self._heads(frames(), names, kept)
        start = 0
        for frame in frames():
            yield from self._rewritten(self._clean(frame), names, kept, heads, start)
            start += frame.height

    def _clean(self, frame: pl.DataFrame) -> pl.DataFrame:
        cells = pl.exclude(LINE, FLAW)
        if self._fitted.adapter.formulas:
            frame = frame.with_columns(cells.str.replace(r"^'([=+\-@])", "$1"))
        return frame

    def _looked_at(self, frames: Iterator[pl.DataFrame], names: dict[str, str]) -> list[pl.DataFrame]:
        """Collect the columns that decide, as `=` and the export's own name."""
        deciding = [name for name in self._deciding() if name in names]
        title = self._fitted.names.get("title")
        titled = pl.col(names[title]).is_not_null() if title else pl.lit(True)
        return [
            self._clean(frame).select(
                FLAW,
                titled.alias("titled"),
                pl.sum_horizontal(pl.col(*names.values()).is_not_null()).alias("cells"),
                pl.coalesce(*names.values()).str.contains(r"\s").alias("words"),
                *(pl.col(names[name]).alias(f"={name}") for name in deciding),
            )
            for frame in frames
        ]

    def _deciding(self) -> list[str]:
        adapter = self._fitted.adapter
        both = (adapter.product, adapter.variant)
        ours = [name for items in both for part in items.sku for name in names_in(part)]
        ours += [name for items in both for name in (*items.filled, items.column) if name]
        ours += [name for name in (adapter.group, adapter.parent, adapter.views, "id") if name]
        pictures = [[*one.columns, *one.alts, one.position] for one in self._fitted.pictures]
        theirs = (*self._fitted.found(ours), *(name for some in pictures for name in some), self._said_sku)
        return list(dict.fromkeys(filter(None, theirs)))

    def _column(self, ours: str) -> pl.Expr:
        theirs = self._fitted.names.get(ours)
        if theirs is None:
            return pl.lit(None, dtype=pl.String)
        column = pl.col(f"={theirs}")
        empty = self._fitted.adapter.empty
        return pl.when(~column.is_in(empty)).then(column) if empty else column

    def _decide(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Say which rows are kept: `index`, `head`, `size`, `sku`, `image` and `missed`."""
        rows = rows.filter(~_note(rows.height))
        sound = self._one_view(rows.filter(pl.col(FLAW).is_null()))
        sound = sound.with_columns(self._head(sound).alias(HEAD))
        variants = self._are(self._fitted.adapter.variant)
        sound = sound.with_columns(variants.sum().over(HEAD).alias(_SIZE))
        wanted = self._are(self._items)
        kept = sound.filter((pl.col(INDEX) == pl.col(HEAD)) & wanted if self._per_product else wanted)
        items = kept.select(INDEX, HEAD, _SIZE, self._sku().alias(_SKU))
        picking = Picking(fitted=self._fitted, picture=self._picture, per_product=self._per_product)
        items = items.join(pick(picking, sound, items), on=INDEX, how="left")
        broken = rows.filter(pl.col(FLAW).is_not_null()).select(INDEX, pl.col(INDEX).alias(HEAD))
        return pl.concat([items, broken], how="diagonal").sort(INDEX)

    def _one_view(self, rows: pl.DataFrame) -> pl.DataFrame:
        views = self._fitted.adapter.views
        if views is None or views not in self._fitted.names:
            return rows
        sku, view = self._sku(), self._column(views)
        first = pl.col(INDEX).sort_by(view.is_not_null(), INDEX).first().over(sku)
        return rows.filter(sku.is_null() | (pl.col(INDEX) == first))

    def _head(self, rows: pl.DataFrame) -> pl.Expr | pl.Series:
        adapter = self._fitted.adapter
        if adapter.group is not None:
            group = self._column(adapter.group)
            titled = pl.col(INDEX).filter(pl.col("titled")).min().over(group)
            head = pl.coalesce(titled, pl.col(INDEX).min().over(group))
            return pl.when(group.is_null()).then(INDEX).otherwise(head)
        if adapter.parent is not None and adapter.parent in self._fitted.names:
            return self._parents(rows, self._column(adapter.parent))
        return pl.col(INDEX)

    def _parents(self, rows: pl.DataFrame, parent: pl.Expr) -> pl.Series:
        """Look up the row that each row names as its product: by its SKU, or its number."""
        named = pl.when(parent.str.starts_with("id:")).then(parent).otherwise("sku:" + parent)
        own = names_in(self._fitted.adapter.product.sku[0])[0]
        keys = {"sku:": self._column(own), "id:": self._column("id")}
        marked = [
            rows.select((pl.lit(mark) + key).alias("key"), pl.col(INDEX).alias(HEAD)) for mark, key in keys.items()
        ]
        known = pl.concat(marked).drop_nulls().unique("key", keep="first", maintain_order=True)
        found = rows.select(INDEX, named.alias("key")).join(known, on="key", how="left", maintain_order="left")
        return found.select(pl.coalesce(HEAD, INDEX)).to_series()

    def _are(self, items: Items) -> pl.Expr:
        test = pl.lit(True)
        filled = [name for name in items.filled if name in self._fitted.names]
        if filled:
            test = test & pl.any_horizontal(self._column(name).is_not_null() for name in filled)
        if items.column is not None and items.unless is not None:
            test = test & ~self._column(items.column).str.contains(items.unless).fill_null(value=False)
        return test

    def _sku(self) -> pl.Expr:
        if self._said_sku is not None:
            return pl.col(f"={self._said_sku}")
        parts = []
        for part in self._items.sku:
            if isinstance(part, str):
                parts.append(self._column(part))
            else:
                first = self._column(part[0])
                rest = pl.concat_str([self._column(name) for name in part], separator="-", ignore_nulls=True)
                parts.append(pl.when(first.is_not_null()).then(rest))
        return pl.coalesce(parts)

    def _heads(self, frames: Iterator[pl.DataFrame], names: dict[str, str], kept: pl.DataFrame) -> pl.DataFrame:
        """Collect what variants take from their products."""
        adapter = self._fitted.adapter
        inherited = [names[name] for name in self._fitted.found([*adapter.inherit, *adapter.least])]
        schema = {HEAD: pl.UInt32, **{f"of {place}": pl.String for place in inherited}}
        if self._per_product or not inherited:
            return pl.DataFrame(schema=schema)
        heads = kept.filter(pl.col(INDEX) != pl.col(HEAD))[HEAD].unique()
        start, parts = 0, [pl.DataFrame(schema=schema)]
        for frame in frames:
            numbered = self._clean(frame).with_row_index(HEAD, offset=start)
            wanted = numbered.filter(pl.col(HEAD).is_in(heads.implode()))
            parts.append(wanted.select(HEAD, *(pl.col(place).alias(f"of {place}") for place in inherited)))
            start += frame.height
        return pl.concat(parts)

    def _rewritten(
        self, frame: pl.DataFrame, names: dict[str, str], kept: pl.DataFrame, heads: pl.DataFrame, start: int
    ) -> Iterator[pl.DataFrame]:
        here = kept.filter(pl.col(INDEX).is_between(start, start + frame.height - 1))
        rows = frame.with_row_index(INDEX, offset=start).join(here, on=INDEX, how="inner", maintain_order="left")
        if heads.height:
            rows = rows.join(heads, on=HEAD, how="left", maintain_order="left")
            rows = rows.with_columns(self._taken(names))
        sku, image = names[self.renamed["sku"]], names[self.renamed["image"]]
        broken = pl.col(FLAW).is_not_null()
        # One after the other: a job may name one column for both.
        rows = rows.with_columns(pl.when(broken).then(pl.col(sku)).otherwise(pl.col(_SKU)).alias(sku))
        rows = rows.with_columns(pl.col(_IMAGE).alias(image))
        texts = [names[name] for name in self._fitted.found(self._fitted.adapter.texts)]
        rows = rows.with_columns(plain_text(rows[place]) for place in texts)
        cells = [pl.col(place).alias(cell(number)) for number, place in enumerate(names.values())]
        values = [
            self._value(ours, names).alias(cell(number)) for number, ours in enumerate(self._named, len(self._own))
        ]
        yield from rows.select(LINE, FLAW, MISSED, *cells, *values).iter_slices(BATCH_ROWS)

    def _taken(self, names: dict[str, str]) -> Iterator[pl.Expr]:
        """Give what variants take from their products."""
        adapter = self._fitted.adapter
        for name in self._fitted.found(adapter.inherit):
            yield pl.coalesce(names[name], f"of {names[name]}").alias(names[name])
        for name in self._fitted.found(adapter.least):
            own, product = pl.col(names[name]), pl.col(f"of {names[name]}")
            yield pl.when((product < own).fill_null(own.is_null())).then(product).otherwise(own).alias(names[name])

    def _value(self, ours: str, names: dict[str, str]) -> pl.Expr:
        """Find a named value; a product of several variants has none, and neither has a list of values."""
        known = self._fitted.adapter.named[ours].names
        single = pl.col(_SIZE) <= 1 if self._per_product else pl.lit(True)
        found = [
            pl.when(
                pl.col(names[name]).str.to_lowercase().is_in(known) & ~pl.col(names[value]).str.contains(", ")
            ).then(pl.col(names[value]))
            for name, value in self._named[ours]
        ]
        return pl.when(single).then(pl.coalesce(found))


def _note(rows: int) -> pl.Expr:
    """Find a last line that is a remark: one cell with words in it, and nothing else."""
    return (pl.col(INDEX) == rows - 1) & (pl.col("cells") == 1) & pl.col("words")
