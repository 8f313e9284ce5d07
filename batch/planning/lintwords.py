"""Findings in words and as JSON. Nothing here prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batch.core.counting import counted
from batch.core.library import PARTS
from batch.core.linting.rules import Level
from batch.planning.linting import NEGATIVE_TEMPLATE, OWN, TEMPLATE, part_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.job import Job
    from batch.core.library import Library
    from batch.planning.linting import LintReport, Told

_OF_AN_ID = 5
_ROWS_SHOWN = 3
_IN_JSON = 1000
_IN_PLAN = 3
_WIDEST_WORDS = 80
_PARTS_OF = {
    "actions": "action",
    "audio": "audio",
    "camera-many": "camera",
    "camera-none": "camera",
    "keep": "constraints",
    "speech": "audio",
}
"""Where a finding belongs whose words are not those of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a job's templates stand, for findings in them.

    Attributes:
        file: The job, as a person calls it.
        lines: Of `defaults.prompt`, `prompt` and the parts below it, as far as the job has them.
    """

    job: Job
    library: Library | None
    file: str
    lines: dict[str, int]

    def where(self, told: Told) -> str:
        """Say where a template's finding stands; empty for those of rows."""
        if told.origin == OWN:
            return ""
        if told.origin == TEMPLATE:
            key = NEGATIVE_TEMPLATE if self._only_unwanted(told.finding.words) else TEMPLATE
            return f"{self.file}:{self.lines.get(key, 1)} {key}"
        assert self.library is not None
        part = self._part(told)
        if part is not None and (line := self.lines.get(f"prompt.{part}")):
            return f"{self.file}:{line} prompt.{part}"
        place = self.library.places[told.origin]
        line = place.lines[part or PARTS[0]]
        return f"{place.file}:{line} {told.origin}{f'.{part}' if part else ''}"

    def _only_unwanted(self, words: str) -> bool:
        defaults = self.job.defaults
        return bool(words) and words not in (defaults.prompt or "") and words in (defaults.negative_prompt or "")

    def _part(self, told: Told) -> str | None:
        assert self.library is not None
        words = told.finding.words.split(",")[0].split(" in ")[0].lower()
        texts = part_texts(self.job, self.library, told.origin)
        named = next((part for part, text in texts.items() if words and words in text.lower()), None)
        return named or _PARTS_OF.get(told.finding.id)


def lint_json(report: LintReport, source: Source) -> dict[str, Any]:
    """Give the documented keys; at most a thousand findings, with the first rows of each."""
    return {
        "job": source.job.name,
        "rows": report.rows,
        "items": report.items,
        "complete": report.complete,
        **{f"{level.value}s": report.count(level) for level in Level},
        "ignored_items": report.ignored,
        "findings": [
            {
                "id": told.finding.id,
                "level": told.finding.rule.level.value,
                "words": told.finding.words,
                "reason": told.finding.rule.reason,
                "mend": told.finding.rule.mend,
                "fixable": told.finding.rule.safe,
                "where": source.where(told),
                "items": told.items,
                "rows": told.rows if told.origin == OWN else 0,
                "first_rows": [{"file": one.file, "line": one.line, "sku": one.sku} for one in told.places],
            }
            for told in report.told[:_IN_JSON]
        ],
    }


def lint_text(report: LintReport, source: Source) -> Iterator[str]:
    """Give the lines that a person reads: what was looked at, then every kind of finding, the worst first."""
    looked_at = f"{counted(report.rows, 'row')}, {counted(report.items, 'item')}"
    yield f"{source.job.name}: {looked_at}: {counts_of(report) or 'no findings'}"
    if report.ignored:
        yield f"  silenced by `lint.ignore` or a row's `lint_ignore`: {report.ignored:,} in items"
    kinds: dict[str, list[Told]] = {}
    for told in report.told:
        kinds.setdefault(told.finding.id, []).append(told)
    for name, of_it in kinds.items():
        rule = of_it[0].finding.rule
        fix = " (`--fix` mends the plain cases)" if rule.safe else ""
        yield f"{rule.level.value:<8} {name}: {rule.reason}; {rule.mend}{fix}"
        yield from (f"  {_plain(_one(told, source))}" for told in of_it[:_OF_AN_ID])
        if len(of_it) > _OF_AN_ID:
            yield f"  and {len(of_it) - _OF_AN_ID:,} more: `--json` lists them"


def plan_lines(report: LintReport, source: Source) -> Iterator[str]:
    """Give the few lines that a plan has room for; none where nothing was found."""
    if not report.told:
        return
    part = "" if report.complete else f" in the first {report.rows:,} rows"
    yield f"lint:     {counts_of(report)}{part}; `sora-batch lint` tells all, and how to mend them"
    for told in report.told[:_IN_PLAN]:
        yield f"          {told.finding.rule.level.value} {told.finding.id}: {_plain(_one(told, source))}"


def counts_of(report: LintReport) -> str:
    """Count the findings by level; empty where there are none."""
    counts = [(report.count(level), level.value) for level in Level]
    return ", ".join(counted(count, word) for count, word in counts if count)


def _one(told: Told, source: Source) -> str:
    words = f'"{told.finding.words[:_WIDEST_WORDS]}" ' if told.finding.words else ""
    if told.origin != OWN:
        items = counted(told.items, "item") if told.items else "no row uses it yet"
        return f"{words}{source.where(told)} ({items})"
    named = [f"{one.file}:{one.line} {one.sku or '(no SKU)'}" for one in told.places[:_ROWS_SHOWN]]
    rest = told.rows - len(named)
    return f"{words}{', '.join(named)}{f' and {rest:,} more rows' if rest > 0 else ''}"


def _plain(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)


def brief_json(report: LintReport) -> dict[str, Any]:
    """Give the counts alone, as a plan has them."""
    counts = {f"{level.value}s": report.count(level) for level in Level}
    return {"rows": report.rows, "complete": report.complete, **counts}
