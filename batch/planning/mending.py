"""Safe mends for a job's own texts and for the prompts that stand in a manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from batch.core.library import PARTS
from batch.core.linting.mending import mend, mend_template
from batch.core.linting.reviewing import Reviewer
from batch.core.linting.rules import RULES
from batch.inputs.columns import FILE, FLAW, LINE
from batch.planning.linting import IGNORE_COLUMN, bare_texts, ids_in, setting_for
from batch.planning.overview import optional
from batch.planning.wording import PROMPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.job import Job
    from batch.core.linting.vocabulary import Vocabulary
    from batch.core.profile import ModelProfile
    from batch.core.yamltree import Path
    from batch.inputs.manifest import Manifest

_ALONE = frozenset(["html", "parameter", "vague", "gap"])
"""What can be mended in a part of a prompt: that something is missing is no fault of a part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMend:
    """A text of the job said otherwise."""

    path: Path
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMend:
    """A prompt of a row said otherwise; `file` is an index into the manifest's files."""

    file: int
    line: int
    old: str
    new: str


class Mender:
    """Makes safe mends.

    Args:
        vocabulary: The words that findings look for.
    """

    def __init__(self, job: Job, profile: ModelProfile, vocabulary: Vocabulary) -> None:
        self._job = job
        self._profile = profile
        self._vocabulary = vocabulary
        self._reviewer = Reviewer(vocabulary)
        self._safe = frozenset(name for name, rule in RULES.items() if rule.safe) - frozenset(job.lint.ignore)

    def of_the_job(self) -> Iterator[TextMend]:
        """Mend `defaults.prompt`, or the parts that the job says otherwise than the library."""
        template, keys = self._job.defaults.prompt, self._job.prompt
        if template is not None:
            yield from self._mended(("defaults", "prompt"), template, self._safe)
        for part in PARTS if keys is not None else ():
            text = keys.own(part) if keys is not None else None
            if text is not None:
                yield from self._mended(("prompt", part), text, self._safe & _ALONE)

    def of_the_rows(self, manifest: Manifest) -> Iterator[RowMend]:
        """Mend the prompts that stand in the manifest's own column."""
        names = {PROMPT: PROMPT, "duration": "duration", IGNORE_COLUMN: IGNORE_COLUMN}
        known: dict[tuple[str, str | None, str | None], str] = {}
        for batch in manifest.batches():
            rows = batch.filter(pl.col(FLAW).is_null()).select(
                FILE, LINE, *(optional(manifest, name).alias(f"own_{name}") for name in names)
            )
            for file, line, prompt, duration, ignore in rows.filter(pl.col(f"own_{PROMPT}").is_not_null()).iter_rows():
                key = (prompt, duration, ignore)
                if key not in known:
                    known[key] = self._mended_prompt(prompt, duration, ignore or "")
                if known[key] != prompt:
                    yield RowMend(file=file, line=line, old=prompt, new=known[key])

    def _mended(self, path: Path, text: str, ids: frozenset[str]) -> Iterator[TextMend]:
        setting = setting_for(self._profile, self._job, None)

        def review(template: str) -> list[str]:
            bare = bare_texts(template, self._job)
            return [found.id for one in bare for found in self._reviewer.review(one, setting)]

        new = mend_template(text, ids & frozenset(review(text)), self._vocabulary, review)
        if new != text:
            yield TextMend(path=path, new=new)

    def _mended_prompt(self, prompt: str, duration: str | None, ignore: str) -> str:
        setting = setting_for(self._profile, self._job, duration)

        def review(text: str) -> list[str]:
            return [found.id for found in self._reviewer.review(text, setting)]

        ids = (self._safe - frozenset(ids_in(ignore))) & frozenset(review(prompt))
        return mend(prompt, ids, self._vocabulary, review)
