"""What the report says of channels: of each clip, and of all clips together, grouped by reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batch.core.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from batch.core.channel import Channel
    from batch.core.summary import ItemView
    from batch.core.verdicts import Finding, Suitability

LABELS = {Verdict.MET: "Suits", Verdict.DISPUTED: "In doubt", Verdict.MISSED: "Does not suit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How one clip stands with one channel, in words; `why` is empty where it suits."""

    channel: str
    verdict: str
    label: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What several clips have in common."""

    verdict: str
    what: str
    clips: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How all clips stand with a channel.

    Attributes:
        groups: The reasons, clips that fail alike together.
        unchecked: Rules that need a fact which was not measured of some clip.
    """

    channel: Channel
    met: int
    disputed: int
    missed: int
    groups: tuple[Group, ...]
    unchecked: tuple[str, ...]


_Alike = tuple[Verdict, str, str]
"""What clips that fail alike share: verdict, rule, and what is asked."""


@dataclass(slots=True)
class _Values:
    """What clips that fail alike are themselves."""

    first: str = ""
    several: bool = False
    clips: int = 0

    def add(self, value: str) -> None:
        self.first = self.first or value
        self.several = self.several or value != self.first
        self.clips += 1

    def __str__(self) -> str:
        return f"for example {self.first}" if self.several else self.first


class Standings:
    """Counts while the items are written.

    Args:
        channels: The job's.
    """

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = channels
        self._verdicts: dict[str, Counter[Verdict]] = {channel.slug: Counter() for channel in channels}
        self._reasons: dict[str, dict[_Alike, _Values]] = {channel.slug: {} for channel in channels}
        self._unchecked: dict[str, dict[str, None]] = {channel.slug: {} for channel in channels}

    def take(self, views: Iterable[ItemView]) -> Iterator[ItemView]:
        """Count each item and pass it on."""
        for view in views:
            for one in view.channels:
                self._verdicts[one.channel][one.verdict] += 1
                self._unchecked[one.channel].update(dict.fromkeys(one.unchecked))
                for finding in one.findings:
                    alike = (finding.verdict, finding.rule, finding.asked)
                    self._reasons[one.channel].setdefault(alike, _Values()).add(finding.value)
            yield view

    @property
    def all(self) -> tuple[Standing, ...]:
        """What was counted, in the job's order."""
        return tuple(self._of(channel) for channel in self._channels)

    def _of(self, channel: Channel) -> Standing:
        verdicts = self._verdicts[channel.slug]
        return Standing(
            channel=channel,
            met=verdicts[Verdict.MET],
            disputed=verdicts[Verdict.DISPUTED],
            missed=verdicts[Verdict.MISSED],
            groups=tuple(
                Group(verdict=verdict.value, what=f"{values}, {asked}", clips=values.clips)
                for (verdict, _, asked), values in self._reasons[channel.slug].items()
            ),
            unchecked=tuple(self._unchecked[channel.slug]),
        )


def marks(view: ItemView) -> tuple[Mark, ...]:
    """Put into words how an item's clip stands with each channel."""
    return tuple(
        Mark(channel=one.channel, verdict=one.verdict.value, label=LABELS[one.verdict], why=why(one))
        for one in view.channels
    )


def why(suitability: Suitability) -> str:
    """Join what is missed or disputed."""
    return "; ".join(str(finding) for finding in suitability.findings)


def those(view: ItemView, verdict: Verdict) -> str:
    """List an item's channels of one verdict for a cell: `pinterest: 3 s long, not 4 to 900 s | shopify: ...`."""
    chosen = [one for one in view.channels if one.verdict is verdict]
    if verdict is Verdict.MET:
        return ", ".join(one.channel for one in chosen)
    return " | ".join(f"{one.channel}: {why(one)}" for one in chosen)


def suitability_json(one: Suitability) -> dict[str, Any]:
    """Give one clip's standing under its documented keys."""
    return {
        "channel": one.channel,
        "verdict": one.verdict.value,
        "findings": [_finding(finding) for finding in one.findings],
        "unchecked": list(one.unchecked),
    }


def standing_json(standing: Standing) -> dict[str, Any]:
    """Give all clips' standing under its documented keys."""
    channel = standing.channel
    return {
        "channel": channel.slug,
        "name": channel.name,
        "last_checked": channel.last_checked.isoformat(),
        "met": standing.met,
        "disputed": standing.disputed,
        "missed": standing.missed,
        "reasons": [{"verdict": group.verdict, "what": group.what, "clips": group.clips} for group in standing.groups],
        "unchecked": list(standing.unchecked),
        "unknown": dict(channel.unknown),
        "sources": [
            {"url": source.url, "read": source.read.isoformat(), "official": source.official, "note": source.note}
            for source in channel.sources.values()
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "verdict": finding.verdict.value,
        "what": str(finding),
        "sources": [{"url": source.url, "read": source.read.isoformat()} for source in finding.sources],
    }
