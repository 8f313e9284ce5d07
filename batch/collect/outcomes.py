"""What a download can come to, as values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from decimal import Decimal

    from batch.collect.mp4 import Mp4Facts
    from batch.core.media import Size
    from batch.core.summary import ClipFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What was ordered; None where the order does not say.

    Attributes:
        seconds: Length of the clip.
        audio: Whether it has to have sound.
    """

    seconds: Decimal | float | None = None
    size: Size | None = None
    audio: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """What a download may take.

    Attributes:
        max_bytes: Of one clip.
        total: Seconds for one clip.
        window: Seconds over which the speed is judged.
        slowest: Bytes a second, on average over a window; slower ones are given up.
    """

    max_bytes: int = 2_000_000_000
    total: float = 1_800.0
    window: float = 30.0
    slowest: float = 4_096.0

    def for_clip(self, seconds: Decimal | float | None) -> DownloadLimits:
        """Give the limits for a clip of this length: no codec makes 200 Mbit of a second, and a disk is soon full."""
        if seconds is None:
            return self
        return replace(self, max_bytes=min(self.max_bytes, _ANY_CLIP + int(seconds * _A_SECOND)))


_ANY_CLIP: Final = 64_000_000
_A_SECOND: Final = 25_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """The clip lies under its name, whole, verified and synced.

    Attributes:
        facts: What it is, and where it differs from the order.
        url: Where it came from.
    """

    facts: ClipFacts
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """The URL no longer leads to a file (403, 404, 410); polling again gives a fresh one."""

    url: str
    http_status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenDownload:
    """Something arrived that is not a whole clip; fetching it again may help."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDownload:
    """The network brought nothing, or not all of it; fetching it again may help.

    Attributes:
        address_refused: The URL leads to an address that nothing is fetched from: the same URL will not help.
    """

    url: str
    message: str
    http_status: int | None = None
    address_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupied:
    """Another file has the clip's name; nothing of ours was written over it, and a person has to look."""

    path: str


Fetched = Clip | Expired | BrokenDownload | NoDownload | Occupied


def differences(expected: Expected, found: Mp4Facts) -> tuple[str, ...]:
    """Say, for a person, where a clip is not what was ordered; half a second is no difference."""
    said: list[str] = []
    if expected.seconds is not None and abs(found.seconds - float(expected.seconds)) > 0.5:
        said.append(f"the clip is {found.seconds:.1f} s long, {float(expected.seconds):g} s were ordered")
    if expected.size is not None and (found.width, found.height) != (expected.size.width, expected.size.height):
        said.append(f"the clip is {found.width}x{found.height}, {expected.size} was ordered")
    if expected.audio is True and not found.has_audio:
        said.append("the clip has no audio track")
    if expected.audio is False and found.has_audio:
        said.append("the clip has an audio track, none was ordered")
    return tuple(said)
