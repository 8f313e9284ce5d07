"""What a machine can see of a clip, and when it is worth a person's look."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.core.job import Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What decoding a clip showed.

    Attributes:
        seconds: Until the last frame ends.
        frames: How many were decoded.
        frames_a_second: As delivered, on average.
        likeness: Structural similarity of the first frame's brightness to the picture that was sent, 1 for the same;
            None where that is not at hand.
        colour_shift: Mean distance of their colours, of 255; None as above.
        drift: Share of the product's colours in the first frame that the last does not have; None where no product
            stands out from its background.
        black_seconds: Of black picture.
        frozen_seconds: The longest stretch in which nothing moves.
        flicker: Mean up and down of the brightness from frame to frame, of 255.
        loudness: Of the sound as a whole, in dB below full scale; None without an audio track or a single sample.
        clipped: Share of the samples that stand at the limit.
        c2pa: Whether the file carries provenance data; it is detected, not checked.
    """

    seconds: float
    frames: int
    frames_a_second: float
    likeness: float | None
    colour_shift: float | None
    drift: float | None
    black_seconds: float
    frozen_seconds: float
    flicker: float
    loudness: float | None
    clipped: float
    c2pa: bool

    def as_json(self) -> dict[str, Any]:
        """Give the measures under their names."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that a person should look at.

    Attributes:
        id: A short name that scripts may rely on.
        words: What was seen, with its figure.
    """

    id: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a machine's look at a clip came to.

    Attributes:
        score: 0 to 100; see `score`.
        strip, poster: The look's pictures, relative to the output folder, with forward slashes.
    """

    score: int
    measured: Measured
    remarks: tuple[Remark, ...]
    strip: str
    poster: str

    def as_json(self) -> dict[str, Any]:
        """Give it under the names that the report uses."""
        return {
            "score": self.score,
            "remarks": [asdict(remark) for remark in self.remarks],
            "measured": self.measured.as_json(),
            "strip": self.strip,
            "poster": self.poster,
        }


def remarks(measured: Measured, limits: Quality, *, wants_sound: bool) -> tuple[Remark, ...]:
    """Say what lies outside the job's limits.

    Args:
        wants_sound: Whether the clip was ordered with sound.
    """
    return tuple(_picture(measured, limits)) + tuple(_sound(measured, limits, wants_sound=wants_sound))


def score(measured: Measured, limits: Quality) -> int:
    """Give a clip 0 to 100 points: how far its worst measure is from the limit, which stands at 50.

    It sorts clips, the worst first; it does not say that one of them is good.
    """
    shares = [
        _points_above(measured.likeness, limits.likeness),
        *(
            _points_below(value, limit)
            for value, limit in (
                (measured.colour_shift, limits.colour_shift),
                (measured.drift, limits.drift),
                (measured.black_seconds, limits.black),
                (measured.frozen_seconds, limits.frozen),
                (measured.flicker, limits.flicker),
            )
        ),
    ]
    return round(100 * min(shares))


def _points_above(value: float | None, limit: float) -> float:
    """Give 0.5 at the limit, 1 at 1 and 0 at 0."""
    if value is None or limit <= 0:
        return 1.0
    if value < limit:
        return max(0.0, value / limit / 2)
    return 0.5 + (0.5 if limit >= 1 else (value - limit) / (1 - limit) / 2)


def _points_below(value: float | None, limit: float) -> float:
    """Give 1 at 0, 0.5 at the limit and 0 at twice of it."""
    if value is None:
        return 1.0
    if limit <= 0:
        return 1.0 if value <= 0 else 0.0
    return max(0.0, 1 - value / limit / 2)


def _picture(measured: Measured, limits: Quality) -> Iterator[Remark]:
    if measured.likeness is not None and measured.likeness < limits.likeness:
        yield Remark(
            id="first-frame",
            words=f"the first frame is not the picture that was sent (likeness {measured.likeness:.2f})",
        )
    if measured.colour_shift is not None and measured.colour_shift > limits.colour_shift:
        yield Remark(
            id="colours",
            words=f"the first frame has other colours than the picture ({measured.colour_shift:.0f} of 255)",
        )
    if measured.drift is not None and measured.drift > limits.drift:
        yield Remark(id="drift", words=f"at the end {measured.drift:.0%} of the product's colours are gone")
    if measured.black_seconds > limits.black:
        yield Remark(id="black", words=f"black for {measured.black_seconds:.1f} s")
    if measured.frozen_seconds > limits.frozen:
        yield Remark(id="frozen", words=f"nothing moves for {measured.frozen_seconds:.1f} s")
    if measured.flicker > limits.flicker:
        yield Remark(id="flicker", words=f"the brightness flickers ({measured.flicker:.1f} of 255 a frame)")
    if measured.frames_a_second < limits.frame_rate:
        yield Remark(id="frame-rate", words=f"{measured.frames_a_second:.3g} frames a second")


def _sound(measured: Measured, limits: Quality, *, wants_sound: bool) -> Iterator[Remark]:
    if wants_sound and (measured.loudness is None or measured.loudness < limits.loudness):
        level = "no sound at all" if measured.loudness is None else f"{measured.loudness:.0f} dB"
        yield Remark(id="silent", words=f"silent ({level})")
    if measured.clipped > limits.clipping:
        yield Remark(id="clipping", words=f"the sound is distorted: {measured.clipped:.1%} of it stands at the limit")
