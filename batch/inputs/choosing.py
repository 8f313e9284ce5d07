"""Which rows of a manifest a job is about: those that meet a condition, a sample of them, the first so many."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PolarsError

from batch.core.nearest import nearest
from batch.core.where import read_where, write_where
from batch.errors import JobProblem, ManifestProblem
from batch.inputs.columns import FLAW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from batch.core.job import Manifest as ManifestKeys

_HINT = "every value is text: compare numbers as TRY_CAST(price AS DOUBLE) > 10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the job chooses.

    Attributes:
        where: Null or false where a row is not meant; None where all are.
        sku: The cells with the SKUs.
        skus: Those that are meant; None where all are.
    """

    where: pl.Expr | None
    sku: str
    skus: frozenset[str] | None
    sample: int | None
    limit: int | None

    def rows(self, frames: Callable[[], Iterator[pl.DataFrame]]) -> Iterator[pl.DataFrame]:
        """Give the chosen rows; a row whose cells cannot be told apart is not for a condition to hide.

        Raises:
            JobProblem: If the condition cannot be worked out for some row.
        """
        left = self.limit
        sampled = None if self.sample is None else self._sampled(frames())
        meant = None if self.skus is None else pl.Series(sorted(self.skus), dtype=pl.String).implode()
        for frame in self._meeting(frames()):
            part = frame if meant is None else frame.filter(pl.col(self.sku).is_in(meant) & pl.col(FLAW).is_null())
            if sampled is not None:
                part = part.filter(pl.col(self.sku).is_in(sampled.implode()) & pl.col(FLAW).is_null())
            if left is not None:
                part = part.head(left)
                left -= part.height
            if part.height:
                yield part
            if left == 0:
                return

    def _meeting(self, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for frame in frames:
            if self.where is None:
                yield frame
                continue
            try:
                yield frame.filter(self.where | pl.col(FLAW).is_not_null())
            except PolarsError as error:
                raise _unusable(error) from None

    def _sampled(self, frames: Iterator[pl.DataFrame]) -> pl.Series:
        """Choose SKUs by a hash: from all over the manifest, and the same ones whatever comes to it or leaves it.

        Of a catalogue that grows by a tenth, a sample changes by about a tenth.
        """
        sound = [frame.filter(pl.col(FLAW).is_null())[self.sku] for frame in self._meeting(frames)]
        if not sound:
            return pl.Series(dtype=pl.String)
        skus = pl.concat(sound).drop_nulls().unique().sort()
        # Not polars' own hash, which another version may change: that would buy another sample.
        hashes = [blake2b(sku.encode(), digest_size=8).digest() for sku in skus.to_list()]
        order = pl.Series(hashes, dtype=pl.Binary).arg_sort().head(self.sample or 0)
        return skus.gather(order)


def choice_of(
    keys: ManifestKeys, columns: tuple[str, ...], renamed: Mapping[str, str], place: Callable[[str], str]
) -> Choice | None:
    """Say what a job chooses; None if it takes every row.

    Args:
        keys: The job's.
        columns: The manifest's own names.
        renamed: Our name: one of them.
        place: Gives the cells of an own name.

    Raises:
        JobProblem: If the condition names no column, or is none.
    """
    if keys.where is None and keys.limit is None and keys.sample is None and keys.skus is None:
        return None

    def placed(name: str) -> str:
        if name in columns:
            return place(name)
        if renamed.get(name) in columns:
            return place(renamed[name])
        raise _no_column(name, (*renamed, *columns))

    where = None if keys.where is None else _condition(write_where(read_where(keys.where), placed), columns, place)
    return Choice(where=where, sku=placed("sku"), skus=keys.skus, sample=keys.sample, limit=keys.limit)


def nothing_chosen(keys: ManifestKeys, label: str) -> ManifestProblem:
    """Say that no row of some is left."""
    if keys.skus is not None:
        some = ", ".join(sorted(keys.skus)[:5])
        return ManifestProblem(f"no row has any of these SKUs any more: {some}", where=label, hint="")
    what = "no row has a SKU to sample" if keys.where is None else f"no row meets `manifest.where`: {keys.where}"
    return ManifestProblem(what, where=label, hint="look at the values that the column has")


def _condition(text: str, columns: tuple[str, ...], place: Callable[[str], str]) -> pl.Expr:
    try:
        condition = pl.sql_expr(text)
        # Tried on no rows, where every column is text: what is no condition is found before any row is read.
        empty = pl.DataFrame(schema={place(name): pl.String for name in columns})
        kind = empty.select(condition.alias("fits")).schema["fits"]
    except PolarsError as error:
        raise _unusable(error) from None
    if kind != pl.Boolean:
        raise JobProblem("it is a value, and no condition", where="manifest.where", hint="such as Status = 'active'")
    return condition


def _unusable(error: PolarsError) -> JobProblem:
    first = next(iter(str(error).strip().splitlines()), "polars cannot read it")
    return JobProblem(f"the condition cannot be used: {first}", where="manifest.where", hint=_HINT)


def _no_column(name: str, known: tuple[str, ...]) -> JobProblem:
    like = nearest(name, known)
    meant = f'did you mean "{like}"? ' if like else ""
    return JobProblem(
        f"there is no column {name!r}",
        where="manifest.where",
        hint=f"{meant}Names with blanks stand in double quotes (\"Variant Price\"), texts in single ones ('active')",
    )
