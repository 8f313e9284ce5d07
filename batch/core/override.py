"""What a redo changed of a row: it goes before what the row says, until the row's own text changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batch.core.decision import moment_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A further take of an item, and the words that it is asked for with.

    It holds for the row's item of this SKU, variant and aspect while the row, under the job, comes to the same prompt
    and negative prompt; of several, the highest take. Another picture, duration or model keeps it. Where a lower take
    was approved after it, it holds at those lengths alone at which it was tried: at others the approved one is wanted.

    Attributes:
        variant: 1 for the first.
        take: 1 or more.
        row_prompt: What the row comes to by itself.
        row_negative: Likewise its negative prompt; empty where it has none.
        prompt: What is asked for instead.
        before: Key of the item that this take was made in place of, in hex.
        note: Why, in that person's own words; may be empty.
        by: Who asked for it.
        at: When, in Unix seconds.
        durations: The lengths at which it holds, as the model wants them, as text; None: at all.
    """

    sku: str
    variant: int
    aspect: str
    take: int
    row_prompt: str
    row_negative: str
    prompt: str
    before: str
    note: str
    by: str
    at: float
    durations: frozenset[str] | None = None

    def __str__(self) -> str:
        words = "in other words" if self.prompt != self.row_prompt else "in the same words"
        why = f": {self.note}" if self.note else ""
        when = moment_text(self.at)[:16].replace("T", " ")
        return f"take {self.take}, {words}, in place of what the row says ({self.by}, {when} UTC{why})"

    def as_json(self) -> dict[str, Any]:
        """Give the documented keys."""
        return {
            "sku": self.sku,
            "variant": self.variant,
            "aspect_ratio": self.aspect,
            "take": self.take,
            "row_prompt": self.row_prompt,
            "prompt": self.prompt,
            "before": self.before,
            "note": self.note,
            "by": self.by,
            "at": moment_text(self.at),
        }
