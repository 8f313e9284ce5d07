"""Another prompt for items that exist: a template, filled in from their rows as the job's is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from batch.core.prompt import MissingValueError, fill, parse_template, placeholders
from batch.errors import UsageProblem
from batch.inputs.manifest import STANDARD_INPUT
from batch.inputs.standard import StandardInput
from batch.models import profile_for
from batch.planning.rendering import VARIANT_NAME
from batch.running.fetching import rows_of
from batch.store import queries

if TYPE_CHECKING:
    import sqlite3

    from batch.inputs.jobfile import LoadedJob
    from batch.store.queries import Article


class Rewording:
    """Makes the prompts of items from a template.

    Args:
        loaded: The job.
        text: The template.

    Raises:
        UsageProblem: If it is no template, or is empty.
        Problem: If the manifest that its placeholders name cannot be read.
    """

    def __init__(self, loaded: LoadedJob, text: str) -> None:
        try:
            self._template = parse_template(text)
        except ValueError as error:
            raise UsageProblem(f"--prompt: {error}") from None
        if not text.strip():
            raise UsageProblem("--prompt has no words", hint="leave it out to ask for the same once more")
        self._most = profile_for(loaded).prompt.max_characters
        self._model = loaded.job.model
        self._values = loaded.job.defaults.variant_values
        self._own = _own_names(loaded, {part.column for part in placeholders(self._template)})

    def prompt_of(self, connection: sqlite3.Connection, item: Article) -> str:
        """Give an item's prompt.

        Raises:
            UsageProblem: If its row lacks a value, or the model takes no prompt so long.
        """
        row: dict[str, str] = json.loads(queries.row_text(connection, item.item_id))

        def value_of(column: str) -> str | None:
            own = self._own[column]
            if column == VARIANT_NAME and (self._values or own not in row):
                return self._values[item.variant - 1] if self._values else str(item.variant)
            return row.get(own)

        try:
            prompt = fill(self._template, value_of)
        except MissingValueError as error:
            hint = f"give a default: {{{error.column}|...}}"
            raise UsageProblem(
                f"{item.sku}: its row has no value for {{{error.column}}}; {_UNCHANGED}", hint=hint
            ) from None
        if self._most is not None and len(prompt) > self._most:
            length = f"{len(prompt):,} characters"
            raise UsageProblem(f"{item.sku}: the prompt has {length}, {self._model} takes {self._most:,}; {_UNCHANGED}")
        return prompt


_UNCHANGED = "nothing was changed"


def _own_names(loaded: LoadedJob, columns: set[str]) -> dict[str, str]:
    """Give the manifest's own name of each column that a placeholder names; a row knows no other."""
    keys = loaded.job.manifest
    if not columns or keys.path == STANDARD_INPUT:  # which can be read only once
        return {column: keys.columns.get(column, column) for column in columns}
    with rows_of(loaded, StandardInput()) as manifest:
        own = {column: manifest.own_name(column) for column in columns}
        for column, name in own.items():
            if name is None and column != VARIANT_NAME:
                near = manifest.nearest(column)
                meant = f"did you mean {{{near}}}?" if near else "placeholders name columns of the manifest"
                raise UsageProblem(f"--prompt: {{{column}}} is no column of the manifest", hint=meant)
    return {column: name or column for column, name in own.items()}
