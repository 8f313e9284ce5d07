"""What a job's channels would say of the clips, before they are bought: grouped by reason, never item by item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batch.core.counting import counted
from batch.core.profile import expects_audio
from batch.core.verdicts import BEFORE_BUYING, Facts, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from batch.core.channel import Channel
    from batch.core.order import Order
    from batch.core.profile import ModelProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A finding, and how many items it concerns."""

    finding: Finding
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How a plan stands with a channel.

    Attributes:
        items: Of the plan.
        fitting: Those that miss none of its rules that can be looked at before buying.
        reasons: Why the others do not fit, and about what the channel's sources disagree.
    """

    channel: Channel
    items: int
    fitting: int
    reasons: tuple[Reason, ...]

    @property
    def later(self) -> tuple[str, ...]:
        """The rules that can only be looked at when the clips are here."""
        return tuple(name for name, _ in self.channel.rules.each() if name not in BEFORE_BUYING)


def outlooks(
    channels: Iterable[Channel], counts: Sequence[tuple[Order, int]], profile: ModelProfile
) -> tuple[Outlook, ...]:
    """Hold a plan against channels.

    Args:
        channels: The job's.
        counts: How many items each order has: all clips of an order are alike as far as can be known.
        profile: The model's.
    """
    facts = [(_facts(order, profile), items) for order, items in counts if items]
    return tuple(_outlook(channel, facts) for channel in channels)


def _facts(order: Order, profile: ModelProfile) -> Facts:
    seconds = order.duration_seconds
    return Facts(
        seconds=None if seconds is None else float(seconds),
        size=order.frame,
        has_audio=expects_audio(profile, order.inputs),
    )


def _outlook(channel: Channel, facts: Iterable[tuple[Facts, int]]) -> Outlook:
    from batch.core.suiting import suits  # noqa: PLC0415 - start-up counts, and most jobs name no channel

    total = fitting = 0
    reasons: dict[Finding, int] = {}
    for one, items in facts:
        suitability = suits(channel, one)
        total += items
        fitting += items if suitability.verdict is not Verdict.MISSED else 0
        for finding in suitability.findings:
            reasons[finding] = reasons.get(finding, 0) + items
    return Outlook(
        channel=channel,
        items=total,
        fitting=fitting,
        reasons=tuple(Reason(finding=finding, items=items) for finding, items in reasons.items()),
    )


def outlook_lines(found: Sequence[Outlook]) -> Iterator[str]:
    """Say which channels all items suit, as far as can be known."""
    plain = [outlook.channel.slug for outlook in found if outlook.fitting == outlook.items and not outlook.reasons]
    if plain:
        yield f"channels: every item suits {', '.join(plain)}, as far as can be known before buying"


def outlook_warnings(found: Iterable[Outlook]) -> Iterator[str]:
    """Say what does not suit a channel, and about what its sources disagree: a sentence for each channel."""
    for outlook in found:
        missed = _told(outlook, Verdict.MISSED)
        disputed = _told(outlook, Verdict.DISPUTED)
        reasons = "; ".join(filter(None, (missed, f"in doubt: {disputed}" if disputed else "")))
        if reasons:
            yield f"{outlook.channel.slug} suits {outlook.fitting:,} of {counted(outlook.items, 'item')}: {reasons}"


def outlooks_json(found: Iterable[Outlook]) -> list[dict[str, Any]]:
    """Give the documented keys."""
    return [
        {
            "channel": outlook.channel.slug,
            "name": outlook.channel.name,
            "last_checked": outlook.channel.last_checked.isoformat(),
            "items": outlook.items,
            "suit": outlook.fitting,
            "reasons": [{**finding_json(one.finding), "items": one.items} for one in outlook.reasons],
            "checked_when_made": list(outlook.later),
            "unknown": dict(outlook.channel.unknown),
            "notes": list(outlook.channel.notes),
        }
        for outlook in found
    ]


def finding_json(finding: Finding) -> Mapping[str, Any]:
    """Give one finding under its documented keys."""
    return {
        "rule": finding.rule,
        "verdict": finding.verdict.value,
        "what": str(finding),
        "sources": [{"url": source.url, "read": source.read.isoformat()} for source in finding.sources],
    }


def _told(outlook: Outlook, verdict: Verdict) -> str:
    some = [reason for reason in outlook.reasons if reason.finding.verdict is verdict]
    return "; ".join(
        f"{reason.finding} ({'all' if reason.items == outlook.items else counted(reason.items, 'item')})"
        for reason in some
    )
