"""How the rows of a manifest come to their prompts: from their own column, the job's template, or the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from batch.core.library import AUTO, COLUMN_PREFIX, PARTS
from batch.core.prompt import Placeholder, Text, parse_template, placeholders
from batch.planning.checks import Check, check, complain
from batch.planning.overview import optional
from batch.planning.rendering import VARIANT_NAME, Words, check_of, filled, words

if TYPE_CHECKING:
    from batch.core.job import Job
    from batch.core.library import Library
    from batch.core.prompt import Template
    from batch.inputs.manifest import Manifest

PROMPT = "prompt"
NEGATIVE = "negative_prompt"
VARIANT = "variant"
ENTRY = "entry"
CATEGORY_COLUMNS = (
    "category",
    "google_product_category",
    "Google Product Category",
    "Google Shopping / Google Product Category",
    "product_type",
    "Product Category",
    "Product category",
    "Type",
    "Categories",
    "Category",
)
"""Where a row's category is looked for: the first of them that names an entry decides."""


class Wording:
    """Makes the prompts of a manifest's rows.

    Args:
        job: What is wanted.
        manifest: Whose columns placeholders may name.
        library: From `library_for`; None where the job does not use it.

    Attributes:
        varies: Whether the variants of a row may have prompts of their own.
        checks: Why it may be that a row's prompt cannot be made.
    """

    def __init__(self, job: Job, manifest: Manifest, library: Library | None) -> None:
        self._job = job
        self._manifest = manifest
        self._library = library if job.prompt is not None else None
        self._matcher = library.matcher(job.prompt.categories) if library and job.prompt else None
        self._known: dict[str, str | None] = {}
        self._counted = bool(job.defaults.variant_values) or manifest.own_name(VARIANT_NAME) is None
        used = {part.column for text in self._templates() for part in placeholders(parse_template(text))}
        self.varies = self._counted and VARIANT_NAME in used
        prompt, negative = self._both(self._longest())
        self._prompt, self._negative = prompt, negative
        self.checks = prompt.checks
        self.negative_checks = negative.checks

    def prepared(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add `prompt`, `negative_prompt` and, where the library is used, `entry`.

        Where variants differ, these are the longest that a row will have; `varied` makes each its own.
        """
        frame = self._with_entry(frame)
        return frame.with_columns(self._prompt.text.alias(PROMPT), self._negative.text.alias(NEGATIVE))

    def varied(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Make the prompts of a frame that has a line for each variant, numbered from 1 in `variant`."""
        number = pl.col(VARIANT)
        values = self._job.defaults.variant_values
        text = pl.lit(pl.Series(values, dtype=pl.String)).gather(number - 1) if values else number.cast(pl.String)
        prompt, negative = self._both(text)
        return frame.with_columns(prompt.text.alias(PROMPT), negative.text.alias(NEGATIVE))

    def _longest(self) -> pl.Expr | None:
        if not self._counted:
            return None
        return pl.lit(max(self._job.defaults.variant_values, key=len, default="100"))

    def _both(self, variant: pl.Expr | None) -> tuple[Words, Words]:
        variant = variant if self._counted else None
        negative = words(self._manifest, NEGATIVE, self._job.defaults.negative_prompt, variant=variant)
        if self._library is None:
            return words(self._manifest, PROMPT, self._job.defaults.prompt, variant=variant), negative
        return self._from_library(self._library, variant), negative

    def _templates(self) -> list[str]:
        defaults, keys = self._job.defaults, self._job.prompt
        found = [defaults.prompt, defaults.negative_prompt]
        if self._library is not None and keys is not None:
            found += [keys.own(part) for part in PARTS]
            found += [text for entry in self._library.entries.values() for text in entry.parts.values()]
        return [text for text in found if text is not None]

    def _with_entry(self, frame: pl.DataFrame) -> pl.DataFrame:
        keys = self._job.prompt
        if self._library is None or keys is None:
            return frame
        if keys.library != AUTO:
            return frame.with_columns(pl.lit(keys.library).alias(ENTRY))
        found = [self._named_by(frame[place]) for place in self._category_places()]
        return frame.with_columns(pl.coalesce(*found, pl.lit(keys.fallback)).alias(ENTRY))

    def _category_places(self) -> list[str]:
        places = [self._manifest.place(name) for name in CATEGORY_COLUMNS]
        return list(dict.fromkeys(place for place in places if place is not None))

    def _named_by(self, categories: pl.Series) -> pl.Series:
        assert self._matcher is not None
        for category in categories.drop_nulls().unique():
            if category not in self._known:
                self._known[category] = self._matcher.entry_of(category)
        named = list(self._known)
        return (
            categories.replace_strict(named, [self._known[one] for one in named], default=None, return_dtype=pl.String)
            if named
            else categories.clear(len(categories))
        )

    def _from_library(self, library: Library, variant: pl.Expr | None) -> Words:
        keys = self._job.prompt
        assert keys is not None
        own = optional(self._manifest, PROMPT)
        texts: list[pl.Expr] = []
        checks: list[Check] = []
        for part in PARTS:
            instead = optional(self._manifest, COLUMN_PREFIX + part)
            given = keys.own(part)
            if given is None:
                made = self._of_entries(library, part, variant)
                if _wants_values(library, part):  # an own entry's may; the built-in ones have defaults for all
                    missing = own.is_null() & instead.is_null() & made.is_null()
                    reason = pl.format(
                        f"the {part} of the library's entry {{}} needs a value that this row does not have", ENTRY
                    )
                    checks.append(check(None, pl.lit(""), complain(missing, reason)))
            else:
                template = parse_template(given)
                made = filled(self._manifest, template, variant)
                needed = [one for one in placeholders(template) if not (variant is not None and _is_variant(one))]
                checks += [check_of(self._manifest, one, pl.coalesce(own, instead)) for one in needed]
            texts.append(pl.coalesce(instead, made))
        whole = pl.concat_str(texts, separator=" ", ignore_nulls=True)
        return Words(text=pl.coalesce(own, whole), checks=tuple(checks))

    def _of_entries(self, library: Library, part: str, variant: pl.Expr | None) -> pl.Expr:
        chosen = pl.lit(None, dtype=pl.String)
        for name, entry in library.entries.items():
            template = _without_absent(parse_template(entry.parts[part]), self._manifest, variant)
            text = filled(self._manifest, template, variant)
            chosen = pl.when(pl.col(ENTRY) == name).then(text).otherwise(chosen)
        return chosen


def _wants_values(library: Library, part: str) -> bool:
    templates = (parse_template(entry.parts[part]) for entry in library.entries.values())
    return any(one.default is None and not _is_variant(one) for each in templates for one in placeholders(each))


def _is_variant(part: Placeholder) -> bool:
    return part.column == VARIANT_NAME


def _without_absent(template: Template, manifest: Manifest, variant: pl.Expr | None) -> Template:
    """Let defaults stand for columns that the manifest does not have: an entry is written for any manifest."""
    return tuple(
        Text(text=part.default)
        if isinstance(part, Placeholder)
        and part.default is not None
        and not (variant is not None and _is_variant(part))
        and manifest.own_name(part.column) is None
        else part
        for part in template
    )
