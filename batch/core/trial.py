"""Less than a job asks for: a few SKUs, shorter clips, or some items alone. The job's file stays as it is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple

from batch.core.counting import counted

WHOLE = "run {job}"
"""The command that buys what is left of the whole job."""


class Wanted(NamedTuple):
    """One item of a row that is wanted at whatever length the job says: in the words of one of its takes."""

    sku: str
    variant: int
    aspect: str
    take: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one call wants instead of the whole job.

    Attributes:
        sample: So many SKUs, as `manifest.sample` takes them; None: as the job says.
        duration: Seconds, before what rows and job say; None: as they say.
        only: No items but these; None: all.
    """

    sample: int | None = None
    duration: int | None = None
    only: frozenset[Wanted] | None = None

    @property
    def words(self) -> str:
        """What is tried, for a person."""
        parts = [
            "" if self.sample is None else f"{counted(self.sample, 'SKU')} at most",
            "" if self.duration is None else f"{self.duration} s each",
            "" if self.only is None else f"{counted(len(self.only), 'approved clip')} at full length",
        ]
        return ", ".join(part for part in parts if part)

    @property
    def command(self) -> str:
        """The command that buys what is left of it; `{job}` stands for the job."""
        if self.only is not None:
            return "promote {job}"
        sample = "" if self.sample is None else f" --sample {self.sample}"
        duration = "" if self.duration is None else f" --duration {self.duration}"
        return f"{WHOLE}{sample}{duration}"

    def mark(self, text_sha256: str) -> str:
        """Give what stands for the job's text where plans are told apart, in hex."""
        told = [text_sha256, self.sample, self.duration, None if self.only is None else sorted(self.only)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()
