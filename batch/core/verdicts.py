"""What is said of a clip and a channel: verdicts and findings. The rules themselves are heavy to load."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from batch.core.media import Size

if TYPE_CHECKING:
    from batch.core.channel import Source
    from batch.core.summary import ClipFacts

BEFORE_BUYING = ("length", "aspect", "pixels", "width", "audio")
"""The rules that a plan can tell of; the rest is known when the clip is here."""


class Verdict(StrEnum):
    """How a clip stands with a channel, or with one of its rules."""

    MET = "met"  # everything that could be looked at is as it should be
    DISPUTED = "disputed"  # sources disagree, or only somebody who is not the channel asks for something else
    MISSED = "missed"  # not as it should be


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a clip; None where it is not known (yet)."""

    seconds: float | None = None
    size: Size | None = None
    bytes: int | None = None
    container: str | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    frame_rate: float | None = None
    has_audio: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule that is missed or in doubt.

    Attributes:
        value: The clip's own, for example `4 s long`.
        asked: What is asked, and by whom where that is in doubt; the same for all clips that fail alike.
        sources: Where that was read.
    """

    rule: str
    verdict: Verdict
    value: str
    asked: str
    sources: tuple[Source, ...]

    def __str__(self) -> str:
        return f"{self.value}, {self.asked}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suitability:
    """How a clip stands with a channel.

    Attributes:
        channel: Its slug.
        findings: What is missed or disputed.
        unchecked: Rules that need a fact which is not known.
    """

    channel: str
    findings: tuple[Finding, ...]
    unchecked: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of the findings."""
        verdicts = {finding.verdict for finding in self.findings}
        return next((each for each in (Verdict.MISSED, Verdict.DISPUTED) if each in verdicts), Verdict.MET)


def facts_of(clip: ClipFacts) -> Facts:
    """Give what was measured of a clip; what an older version did not measure is not known."""
    return Facts(
        seconds=clip.seconds,
        size=Size(clip.width, clip.height),
        bytes=clip.bytes,
        container=clip.container or None,
        video_codec=clip.video_codec or None,
        audio_codec=clip.audio_codec or None,
        frame_rate=clip.frame_rate,
        has_audio=clip.has_audio,
    )
