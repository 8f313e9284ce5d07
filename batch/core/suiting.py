"""Whether a clip suits a channel: rules held against what is known of it, before it is bought and when it is here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from batch.core.channel import (
    Channel,
    Frames,
    Lengths,
    Names,
    Numbers,
    Reading,
    Shapes,
    Sizes,
    Sound,
    Source,
    shape_ratio,
)
from batch.core.verdicts import Facts, Finding, Suitability, Verdict

if TYPE_CHECKING:
    from batch.core.media import Size

_SHAPE_TOLERANCE = 0.01
_LENGTH_TOLERANCE = 0.05
_RATE_TOLERANCE = 0.002
_UNITS = {"length": "s", "bitrate": "kbit/s", "frame_rate": "fps", "width": "pixels wide"}
_LARGEST_TERM = 99
_NEVER_ALIKE = frozenset({"bytes", "bitrate"})


def suits(channel: Channel, facts: Facts) -> Suitability:
    """Hold a clip against every rule of a channel."""
    return Judge(channel).judge(facts)


class Judge:
    """Holds many clips against one channel: what was said of a value is remembered, since most clips are alike.

    Args:
        channel: Whose rules count.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._rules = tuple(channel.rules.each())
        self._said: dict[tuple[str, Any], Finding | None] = {}

    def judge(self, facts: Facts) -> Suitability:
        """Hold a clip against every rule."""
        findings: list[Finding] = []
        unchecked: list[str] = []
        for rule, readings in self._rules:
            value = _value(rule, facts)
            if value is None:
                if not (rule == "audio_codec" and facts.has_audio is False):
                    unchecked.append(rule)
            elif finding := self._say(rule, value, readings):
                findings.append(finding)
        return Suitability(channel=self._channel.slug, findings=tuple(findings), unchecked=tuple(unchecked))

    def _say(self, rule: str, value: Any, readings: tuple[Reading, ...]) -> Finding | None:
        if rule in _NEVER_ALIKE:
            return _judge(rule, value, readings, self._channel)
        if (rule, value) not in self._said:
            self._said[rule, value] = _judge(rule, value, readings, self._channel)
        return self._said[rule, value]


def _judge(rule: str, value: Any, readings: tuple[Reading, ...], channel: Channel) -> Finding | None:
    fits = [_fits(value, reading) for reading in readings]
    if all(fits):
        return None
    first = readings[0]
    source = channel.sources[first.source]
    others = [reading for reading, fit in zip(readings, fits, strict=True) if fit is not fits[0]]
    differ = " and ".join(dict.fromkeys(_told(reading, rule, channel) for reading in others))
    though = f"although {differ}" if differ else ""
    if fits[0]:
        sources = tuple(channel.sources[reading.source] for reading in others)
        return Finding(rule=rule, verdict=Verdict.DISPUTED, value=_shown(rule, value), asked=though, sources=sources)
    by = "" if source.official else f" (says {_host(source)}, not the channel itself)"
    return Finding(
        rule=rule,
        verdict=Verdict.MISSED if source.official else Verdict.DISPUTED,
        value=_shown(rule, value),
        asked=", ".join(filter(None, (f"not {_asked(rule, first)}{by}", though))),
        sources=(source,),
    )


def _value(rule: str, facts: Facts) -> Any:
    match rule:
        case "length":
            return facts.seconds
        case "aspect" | "pixels":
            return facts.size
        case "width":
            return None if facts.size is None else facts.size.width
        case "bitrate":
            return None if facts.bytes is None or not facts.seconds else facts.bytes * 8 / 1000 / facts.seconds
        case "audio":
            return facts.has_audio
        case _:
            return getattr(facts, rule)


def _fits(value: Any, reading: Reading) -> bool:
    match reading:
        case Lengths():
            return _within(value, reading.min, reading.max, _LENGTH_TOLERANCE)
        case Numbers():
            near = any(abs(value - each) <= _RATE_TOLERANCE * each for each in reading.values)
            return near if reading.values else _within(value, reading.min, reading.max, _RATE_TOLERANCE * value)
        case Sizes():
            return _within(value, reading.min, reading.max, 0)
        case Shapes():
            return _fits_shape(value, reading)
        case Frames():
            return _fits_frame(value, reading)
        case Names():
            return value in reading.values
        case Sound():
            return bool(value) is (reading.value == "required")
    raise AssertionError(f"no such reading: {reading!r}")


def _within(value: float, least: float | None, most: float | None, tolerance: float) -> bool:
    return (least is None or value >= least - tolerance) and (most is None or value <= most + tolerance)


def _fits_shape(size: Size, reading: Shapes) -> bool:
    def apart(shape: str) -> float:
        return size.aspect / shape_ratio(shape) - 1

    if reading.values:
        return any(abs(apart(shape)) <= _SHAPE_TOLERANCE for shape in reading.values)
    tall = reading.min is not None and apart(reading.min) < -_SHAPE_TOLERANCE
    wide = reading.max is not None and apart(reading.max) > _SHAPE_TOLERANCE
    return not tall and not wide


def _fits_frame(size: Size, reading: Frames) -> bool:
    if reading.values and size not in reading.values:
        return False
    if reading.min and not any(size.width >= each.width and size.height >= each.height for each in reading.min):
        return False
    return not reading.max or any(size.width <= each.width and size.height <= each.height for each in reading.max)


def _told(reading: Reading, rule: str, channel: Channel) -> str:
    """Say what one source asks for, and which one it is."""
    source = channel.sources[reading.source]
    kind = "" if source.official else "not the channel itself, "
    return f"{_host(source)} ({kind}read on {source.read.isoformat()}) asks for {_asked(rule, reading)}"


def _host(source: Source) -> str:
    return urlsplit(source.url).hostname or source.url


def _asked(rule: str, reading: Reading) -> str:
    match reading:
        case Sound():
            return "an audio track" if reading.value == "required" else "a clip without one"
        case Names():
            return _one_of(reading.values)
        case Frames():
            return _asked_frame(reading)
        case Shapes():
            return _one_of(reading.values) if reading.values else _asked_shape(reading)
        case Sizes():
            return _bounds(_bytes(reading.min), _bytes(reading.max))
        case Numbers() if reading.values:
            return f"{_one_of([f'{each:g}' for each in reading.values])} {_UNITS[rule]}"
        case Lengths() | Numbers():
            return f"{_bounds(_plain(reading.min), _plain(reading.max))} {_UNITS[rule]}"
    raise AssertionError(f"no such reading: {reading!r}")


def _asked_shape(reading: Shapes) -> str:
    return _bounds(reading.min, reading.max, "{} or wider", "{} or taller")


def _asked_frame(reading: Frames) -> str:
    if reading.values:
        return _one_of(reading.values)
    least = f"at least {_one_of(reading.min)}" if reading.min else ""
    most = f"at most {_one_of(reading.max)}" if reading.max else ""
    return " and ".join(filter(None, (least, most)))


def _bounds(least: str | None, most: str | None, low: str = "at least {}", high: str = "at most {}") -> str:
    if least and most:
        return f"{least} to {most}"
    return low.format(least) if least else high.format(most)


def _one_of(values: Any) -> str:
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _plain(number: float | None) -> str | None:
    return None if number is None else f"{number:g}"


def _bytes(number: int | None) -> str | None:
    if number is None:
        return None
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} B"


def _shown(rule: str, value: Any) -> str:
    match rule:
        case "length":
            return f"{value:.3g} s long"
        case "aspect":
            return shape_of(value)
        case "pixels":
            return str(value)
        case "bytes":
            return str(_bytes(value))
        case "audio":
            return "with an audio track" if value else "without an audio track"
        case "bitrate" | "frame_rate" | "width":
            return f"{value:.4g} {_UNITS[rule]}"
        case _:
            return str(value)


def shape_of(size: Size) -> str:
    """Name a picture's shape.

    >>> from batch.core.media import Size
    >>> shape_of(Size(width=720, height=1280)), shape_of(Size(width=1282, height=720))
    ('9:16', '1.78:1')
    """
    common = math.gcd(size.width, size.height)
    across, down = size.width // common, size.height // common
    return f"{across}:{down}" if max(across, down) <= _LARGEST_TERM else f"{size.aspect:.2f}:1"
