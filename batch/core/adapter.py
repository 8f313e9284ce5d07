"""What there is to know of a shop system's export, as data: one YAML file each in `batch/adapters`."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from batch.core.strict import Strict

Text = Annotated[str, Field(min_length=1)]

PICTURES = "pictures"
"""What an anchor calls the picture columns: at least one of them."""


class PictureColumns(Strict):
    r"""Columns that name pictures in one way.

    Attributes:
        columns: Names, of which the first that is there counts; with `#` for a number: all such columns in its order.
        form: One location in a cell, a list with commas (`\,` is no separator), or JSON with addresses in it.
        shared: Whether a picture belongs to the whole product, on whichever of its rows it stands.
        rooted: Whether a leading slash means the shop's folder of pictures, which is then the manifest's folder.
        position: Names of the column that orders shared pictures.
        alt: Names of the column with the alt texts, in the same form.
    """

    columns: list[Text] = Field(min_length=1)
    form: Literal["one", "list", "json"] = "one"
    shared: bool = False
    rooted: bool = False
    position: list[Text] = Field(default_factory=list)
    alt: list[Text] = Field(default_factory=list)


class Items(Strict):
    """Which rows become items, and what they are called.

    Attributes:
        sku: Of these, the first that is there; a list among them is joined by dashes.
        filled: At least one of these has a value.
        column: The value of this one ...
        unless: ... does not match this pattern.
    """

    sku: list[Text | list[Text]] = Field(min_length=1)
    filled: list[Text] = Field(default_factory=list)
    column: Text | None = None
    unless: Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.column is None) != (self.unless is None):
            raise ValueError("`column` and `unless` belong together")
        re.compile(self.unless or "")
        return self


class Named(Strict):
    """A value in columns that say by themselves what they hold, such as `Option1 Name` and `Option1 Value`.

    Attributes:
        names: What the first column says, whatever its case.
        pairs: Column of the name, column of the value.
    """

    names: list[Text] = Field(min_length=1)
    pairs: list[list[Text]] = Field(min_length=1)

    @field_validator("pairs")
    @classmethod
    def _are_pairs(cls, value: list[list[str]]) -> list[list[str]]:
        if any(len(pair) != 2 for pair in value):
            raise ValueError("expected pairs of columns, such as [[option1_name, option1_value]]")
        return value


class Adapter(Strict):
    """How to read the export of one system.

    Attributes:
        name: What `manifest.adapter` calls it.
        title: What people call it.
        source: Where its columns are described.
        checked: When they were last held against public exports, or against code that writes or reads them.
        anchors: What a header must have to be recognised: for each, one of some of our names, or `pictures`.
        columns: Our name: the names that the export may have for it.
        pictures: In the order in which they count.
        group: Ours of the column whose value the rows of a product share.
        parent: Ours of the column that names a variant's product, by its SKU or as `id:` with its number.
        views: Ours of the column that tells views of one product apart; of each SKU the row without a value counts.
        formulas: Whether a leading `'` shields texts that a spreadsheet would run.
        empty: Values of `columns` that say nothing.
        inherit: Ours of the columns that a variant takes from its product where it has none itself.
        least: Ours of the columns in which a variant takes the smaller of its product's value and its own.
        texts: Ours of the columns that hold HTML.
        named: Ours: where else its value may be.
        shown: An expression for `manifest.where`, in our names: what the shop shows.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: Text
    source: Text
    checked: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    anchors: list[list[Text]] = Field(min_length=1)
    columns: dict[str, list[Text]]
    pictures: list[PictureColumns] = Field(min_length=1)
    group: Text | None = None
    parent: Text | None = None
    views: Text | None = None
    formulas: bool = False
    empty: list[Text] = Field(default_factory=list)
    product: Items
    variant: Items
    inherit: list[Text] = Field(default_factory=list)
    least: list[Text] = Field(default_factory=list)
    texts: list[Text] = Field(default_factory=list)
    named: dict[str, Named] = Field(default_factory=dict)
    shown: Text | None = None

    @model_validator(mode="after")
    def _names_its_own(self) -> Self:
        unknown = sorted(self._mentioned() - {*self.columns, PICTURES})
        if unknown:
            raise ValueError(f"`columns` does not say which {unknown[0]!r} is")
        return self

    def _mentioned(self) -> set[str]:
        skus = (name for items in (self.product, self.variant) for part in items.sku for name in names_in(part))
        tests = (name for items in (self.product, self.variant) for name in (*items.filled, items.column))
        single = (self.group, self.parent, self.views)
        anchors = (name for anchor in self.anchors for name in anchor)
        pairs = (name for named in self.named.values() for pair in named.pairs for name in pair)
        return {
            name for name in (*skus, *tests, *single, *anchors, *pairs, *self.inherit, *self.least, *self.texts) if name
        }


def names_in(part: str | list[str]) -> list[str]:
    """Give the names of one part of `Items.sku`."""
    return [part] if isinstance(part, str) else part


def like(name: str) -> str:
    """Bring a column's name into the form in which headers are compared: `Image_Link` is `image link`."""
    return re.sub(r"[\s_]+", " ", name.casefold()).strip()


def numbered(pattern: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Give those of some columns that a name with `#` for a number means, in the numbers' order.

    >>> numbered("image[#].url", ("image[10].url", "image[2].url"))
    ('image[2].url', 'image[10].url')
    """
    form = re.compile(re.escape(like(pattern)).replace(r"\#", r"(\d{1,4})"))
    found = ((match, name) for name in names if (match := form.fullmatch(like(name))))
    return tuple(name for _, name in sorted((int(match[1]), name) for match, name in found))
