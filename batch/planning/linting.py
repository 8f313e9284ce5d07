"""The prompts of a whole manifest, looked through: a template's findings are told once, a row's with SKU and line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from batch.core.library import AUTO, PARTS
from batch.core.linting.reviewing import Reviewer, Setting
from batch.core.linting.rules import RULES, Finding, Level
from batch.core.order import aspects_of, place_order
from batch.core.profile import AudioSwitch
from batch.core.prompt import Text, parse_template
from batch.errors import JobProblem, RowProblem
from batch.inputs.columns import FILE, FLAW, LINE
from batch.planning.overview import optional
from batch.planning.wording import ENTRY, NEGATIVE, PROMPT, VARIANT, Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from batch.core.job import Job
    from batch.core.library import Library
    from batch.core.linting.vocabulary import Vocabulary
    from batch.core.profile import ModelProfile
    from batch.inputs.manifest import Manifest

IGNORE_COLUMN = "lint_ignore"
TEMPLATE = "defaults.prompt"
NEGATIVE_TEMPLATE = "defaults.negative_prompt"
OWN = ""
"""The origin of prompts that stand in the manifest."""

_MOST_WORDS = 200
_MOST_PLACES = 20
_REST = "(other words)"
_STAND_IN = "item"
_ITEMS, _REASON, _ORIGIN, _SAME = "items", "reason", "origin", "same"
_KEYS = (PROMPT, NEGATIVE, "duration", IGNORE_COLUMN, _ORIGIN, _REASON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A row: its manifest as a person calls it, the line, the SKU."""

    file: str
    line: int
    sku: str


@dataclass(slots=True, kw_only=True)
class Told:
    """A finding, and whom it concerns.

    Attributes:
        origin: `defaults.prompt`, or the name of the library's entry, whose words have it; empty: rows' own values.
        items: How many of the plan; 0 for an own entry that no row uses.
        places: The first rows; none where a template has it.
    """

    finding: Finding
    origin: str
    items: int = 0
    rows: int = 0
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """What was found.

    Attributes:
        rows: That were looked at.
        items: That are made of them.
        complete: Whether these were all rows.
        told: The worst first.
        ignored: Findings that the job or a row silences, counted by items.
    """

    rows: int
    items: int
    complete: bool
    told: tuple[Told, ...]
    ignored: int

    def count(self, level: Level) -> int:
        """Count the findings of a level."""
        return sum(one.finding.rule.level is level for one in self.told)


def lint_manifest(
    job: Job,
    profile: ModelProfile,
    manifest: Manifest,
    library: Library | None,
    vocabulary: Vocabulary,
    *,
    most_rows: int | None = None,
) -> LintReport:
    """Look through the prompts of a manifest; reads no picture.

    Args:
        library: What the job's prompts are taken from; None where it has a template.
        vocabulary: The words to look for.
        most_rows: Look at no more than these, from the first on.
    """
    linter = _Linter(job, profile, manifest, library, Reviewer(vocabulary))
    for batch in manifest.batches():
        left = batch.height if most_rows is None else most_rows - linter.rows
        if left <= 0:
            return linter.report(complete=False)
        linter.add(batch.head(left))
        if left < batch.height:
            return linter.report(complete=False)
    return linter.report(complete=True)


class _Linter:
    def __init__(
        self, job: Job, profile: ModelProfile, manifest: Manifest, library: Library | None, reviewer: Reviewer
    ) -> None:
        self._job = job
        self._profile = profile
        self._manifest = manifest
        self._library = library if job.prompt is not None else None
        self._reviewer = reviewer
        self._wording = Wording(job, manifest, library)
        self._ignored_ids = frozenset(job.lint.ignore)
        self._settings: dict[str | None, Setting] = {}
        self._of_templates: dict[tuple[str, Setting], frozenset[Finding]] = {}
        self._told: dict[tuple[Finding, str], Told] = {}
        self._words: dict[str, set[str]] = {}
        self._clips: list[pl.DataFrame] = []
        self.rows = self._items = self._ignored = 0

    def add(self, batch: pl.DataFrame) -> None:
        self.rows += batch.height
        frame = self._prepared(batch.filter(pl.col(FLAW).is_null()))
        self._items += int(frame[_ITEMS].sum())
        self._clips.append(frame.select(_SAME, "sku", FILE, LINE, _ITEMS, IGNORE_COLUMN))
        count = pl.struct(FILE, LINE).n_unique() if self._wording.varies else pl.len()
        grouped = frame.group_by(_KEYS, maintain_order=True).agg(
            pl.col(_ITEMS).sum(),
            count.alias("rows"),
            pl.struct(FILE, LINE, "sku").head(_MOST_PLACES).alias("places"),
        )
        for prompt, negative, duration, ignore, origin, reason, items, rows, places in grouped.iter_rows():
            setting = self._setting(duration)
            found = self._found(prompt, negative, reason, setting)
            ignored = self._ignored_by(ignore) if ignore else self._ignored_ids
            if ignore:
                found = (*found, *_unknown_ids(ignore))
            if found:
                of_template = self._of_template(origin, setting)
                for finding in found:
                    if finding.id in ignored:
                        self._ignored += items
                    else:
                        self._tell(finding, origin if finding in of_template else OWN, items, rows, places)

    def report(self, *, complete: bool) -> LintReport:
        self._add_identical()
        self._add_unused_entries()
        told = sorted(self._told.values(), key=lambda one: (one.finding.rule.level.rank, -one.items, one.finding))
        return LintReport(rows=self.rows, items=self._items, complete=complete, told=tuple(told), ignored=self._ignored)

    def _prepared(self, batch: pl.DataFrame) -> pl.DataFrame:
        manifest = self._manifest
        frame = self._wording.prepared(batch)
        named = ("sku", "image", "duration", IGNORE_COLUMN)
        reasons = [one.reason for one in (*self._wording.checks, *self._wording.negative_checks)]
        template = pl.lit(TEMPLATE) if self._library is None else pl.col(ENTRY)
        frame = frame.with_columns(
            *(optional(manifest, name).alias(name) for name in named),
            self._items_of_row().alias(_ITEMS),
            pl.coalesce(*reasons, pl.lit(None, dtype=pl.String)).alias(_REASON),
            pl.when(optional(manifest, PROMPT).is_null()).then(template).otherwise(pl.lit(OWN)).alias(_ORIGIN),
        )
        if self._wording.varies:
            frame = frame.with_columns(pl.int_ranges(1, self._variants() + 1, dtype=pl.Int32).alias(VARIANT))
            frame = self._wording.varied(frame.explode(VARIANT)).with_columns(pl.col(_ITEMS) // self._variants())
        same = pl.struct(PROMPT, NEGATIVE, "image", "duration", optional(manifest, "aspect_ratio").alias("aspect"))
        return frame.with_columns(same.hash().alias(_SAME)).select(*_KEYS, "sku", FILE, LINE, _ITEMS, _SAME)

    def _variants(self) -> pl.Expr:
        text = optional(self._manifest, "variants")
        number = pl.when(text.str.contains(r"^([1-9][0-9]?|100)$")).then(text).cast(pl.Int64)
        most = len(self._job.defaults.variant_values) or 100
        return pl.min_horizontal(pl.coalesce(number, pl.lit(self._job.defaults.items_of_a_row)), pl.lit(most))

    def _items_of_row(self) -> pl.Expr:
        aspect = optional(self._manifest, "aspect_ratio")
        usual = len(aspects_of(self._profile, self._job))
        return self._variants() * (aspect.str.count_matches("[,|]") + 1).fill_null(usual).cast(pl.Int64)

    def _setting(self, duration: str | None) -> Setting:
        setting = self._settings.get(duration)
        if setting is None:
            setting = self._settings[duration] = setting_for(self._profile, self._job, duration)
        return setting

    def _found(
        self, prompt: str | None, negative: str | None, reason: str | None, setting: Setting
    ) -> tuple[Finding, ...]:
        if reason is not None:
            return (Finding(id="unresolved", words=reason),)
        if prompt is None:
            return (Finding(id="empty", words=""),)
        found = self._reviewer.review(prompt, setting)
        return found if negative is None else (*found, *self._reviewer.review_negative(negative))

    def _ignored_by(self, ignore: str) -> frozenset[str]:
        return self._ignored_ids | frozenset(ids_in(ignore))

    def _of_template(self, origin: str, setting: Setting) -> frozenset[Finding]:
        """Give what is found in a template whatever the rows put into it."""
        if origin == OWN:
            return frozenset()
        known = self._of_templates.get((origin, setting))
        if known is None:
            texts = [*self._bare(origin)]
            known = frozenset(one for text in texts for one in self._reviewer.review(text, setting))
            known |= {one for text in self._bare_negative() for one in self._reviewer.review_negative(text)}
            self._of_templates[origin, setting] = known
        return known

    def _bare(self, origin: str) -> Iterator[str]:
        if origin == TEMPLATE:
            yield from bare_texts(self._job.defaults.prompt or "", self._job)
            return
        assert self._library is not None
        yield from bare_texts(" ".join(part_texts(self._job, self._library, origin).values()), self._job)

    def _bare_negative(self) -> Iterator[str]:
        return bare_texts(self._job.defaults.negative_prompt or "", self._job)

    def _tell(
        self, finding: Finding, origin: str, items: int, rows: int, places: Iterable[Mapping[str, object]]
    ) -> None:
        words = self._words.setdefault(finding.id, set())
        if finding.words not in words and len(words) >= _MOST_WORDS:
            finding = Finding(id=finding.id, words=_REST)
        words.add(finding.words)
        told = self._told.setdefault((finding, origin), Told(finding=finding, origin=origin))
        told.items += items
        told.rows += rows
        if origin == OWN and len(told.places) < _MOST_PLACES:
            new = dict.fromkeys(self._place(one) for one in places)
            told.places += [one for one in new if one not in told.places][: _MOST_PLACES - len(told.places)]

    def _place(self, place: Mapping[str, object]) -> Place:
        file = self._manifest.files[int(str(place[FILE]))]
        return Place(file=file.label, line=int(str(place[LINE])), sku=str(place["sku"] or ""))

    def _add_identical(self) -> None:
        if not self._clips or "identical" in self._ignored_ids:
            return
        rows = pl.concat(self._clips).filter(pl.col(_SAME).is_duplicated()).unique([_SAME, "sku"], maintain_order=True)
        groups = rows.group_by(_SAME, maintain_order=True).agg(
            pl.col(_ITEMS).sum(),
            pl.len().alias("rows"),
            pl.struct(FILE, LINE, "sku").head(_MOST_PLACES).alias("places"),
            pl.col(IGNORE_COLUMN).str.contains("identical").fill_null(value=False).all().alias("ignored"),
        )
        for items, count, places, ignored in groups.filter(pl.col("rows") > 1).drop(_SAME).iter_rows():
            if ignored:
                self._ignored += items
            else:
                names = " = ".join(str(one["sku"] or "") for one in places[:3])
                self._tell(Finding(id="identical", words=names), OWN, items, count, places)

    def _add_unused_entries(self) -> None:
        """Look at the job's own entries even if no row uses them yet."""
        keys, library = self._job.prompt, self._library
        if keys is None or library is None:
            return
        setting = self._setting(None)
        for name, place in library.places.items():
            if place.file in keys.files and (keys.library in {AUTO, name}):
                for finding in self._of_template(name, setting):
                    if finding.id not in self._ignored_ids:
                        self._told.setdefault((finding, name), Told(finding=finding, origin=name))


def setting_for(profile: ModelProfile, job: Job, duration: str | None) -> Setting:
    """Say what the prompt of a row with this duration is written for."""
    audio = profile.audio
    return Setting(
        seconds=_seconds(profile, job, duration),
        most_characters=profile.prompt.max_characters,
        sounds=None if isinstance(audio, AudioSwitch) else {"always": True, "never": False}.get(audio),
        refuses_faces=profile.refuses_faces,
    )


def _seconds(profile: ModelProfile, job: Job, duration: str | None) -> float | None:
    try:
        order = place_order(profile, job, duration=duration, aspect=None)
    except (RowProblem, JobProblem):  # the plan says so
        return None
    return None if order.duration_seconds is None else float(order.duration_seconds)


def bare_texts(template: str, job: Job) -> Iterator[str]:
    """Give a template, once for each variant, with its own defaults where a row's values would stand."""
    for variant in job.defaults.variant_values or ["1"]:
        texts = [
            one.text if isinstance(one, Text) else variant if one.column == VARIANT else one.default or _STAND_IN
            for one in parse_template(template)
        ]
        yield "".join(texts).strip()


def part_texts(job: Job, library: Library, entry: str) -> Mapping[str, str]:
    """Give the templates of an entry's parts, with those that the job says otherwise."""
    assert job.prompt is not None
    return {part: job.prompt.own(part) or library.entries[entry].parts[part] for part in PARTS}


def ids_in(ignore: str) -> Iterator[str]:
    """Read a row's `lint_ignore`."""
    return (one for one in re.split(r"[,;\s]+", ignore) if one)


def _unknown_ids(ignore: str) -> Iterator[Finding]:
    return (Finding(id="unknown-id", words=one) for one in ids_in(ignore) if one not in RULES)
