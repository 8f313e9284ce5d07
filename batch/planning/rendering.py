"""Prompts of many rows at once. What a row says is put in as it is; nothing in it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from batch.core.prompt import Placeholder, Template, Text, parse_template, placeholders
from batch.planning.checks import Check, check, complain
from batch.planning.overview import optional

if TYPE_CHECKING:
    from batch.inputs.manifest import Manifest

VARIANT_NAME = "variant"
"""The placeholder that differs between the variants of a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text that each row has its own of.

    Attributes:
        text: The row's own column where it has one, the job's template filled in elsewhere; trimmed, null if empty.
        checks: Why it may be that a row's cannot be made.
    """

    text: pl.Expr
    checks: tuple[Check, ...]


def words(manifest: Manifest, column: str, template: str | None, *, variant: pl.Expr | None = None) -> Words:
    """Say how a row's prompt, or negative prompt, is made.

    Args:
        manifest: Whose columns placeholders may name.
        column: Our name of the column that overrides the template; its text is taken literally.
        template: The job's; None if it has none.
        variant: What `{variant}` stands for; None where it is a column like any other.
    """
    own = optional(manifest, column)
    if template is None:
        return Words(text=own, checks=())
    parsed = parse_template(template)
    checks = tuple(check_of(manifest, part, own) for part in placeholders(parsed) if not _is_variant(part, variant))
    return Words(text=pl.coalesce(own, filled(manifest, parsed, variant)), checks=checks)


def filled(manifest: Manifest, template: Template, variant: pl.Expr | None) -> pl.Expr:
    """Fill a template in from each row; trimmed, null where a value is missing or nothing is left."""
    parts = [pl.lit(part.text) if isinstance(part, Text) else _value(manifest, part, variant) for part in template]
    whole = pl.concat_str(parts or [pl.lit("")]).str.strip_chars()
    return pl.when(whole != "").then(whole)


def _is_variant(part: Placeholder, variant: pl.Expr | None) -> bool:
    return variant is not None and part.column == VARIANT_NAME


def _value(manifest: Manifest, part: Placeholder, variant: pl.Expr | None) -> pl.Expr:
    if variant is not None and part.column == VARIANT_NAME:
        return variant
    value = optional(manifest, part.column)
    return value if part.default is None else value.fill_null(pl.lit(part.default))


def check_of(manifest: Manifest, part: Placeholder, own: pl.Expr) -> Check:
    """Say of a placeholder why it may be that a row has nothing to put there.

    Args:
        own: Not null where the row does not use this template.
    """
    name = manifest.own_name(part.column)
    if name is None:
        near = manifest.nearest(part.column)
        meant = f"; did you mean {{{near}}}?" if near else ""
        reason = f"the template's {{{part.column}}} is no column of the manifest{meant}"
        return check(None, pl.lit(""), complain(own.is_null(), reason))
    if part.default is not None:
        return check(name, pl.lit(""), pl.lit(None, dtype=pl.String))
    reason = f"the template needs a value here, or a default: {{{part.column}|...}}"
    return check(name, pl.lit(""), complain(own.is_null() & optional(manifest, part.column).is_null(), reason))
