"""Decodes a clip once and measures it; FFmpeg's own filters do the counting."""

from __future__ import annotations

import io
import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, cast

from batch.collect.c2pa import has_c2pa
from batch.core.quality import Measured
from batch.judge.errors import CannotJudge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from PIL.Image import Image

_SIDE: Final = 320
"""Width at which frames are compared: details that a viewer misses do not count."""
_COLOUR_SIDE: Final = 80
_STANDS_OUT: Final = 40
"""Distance from the background's colour, summed over three channels, from which a point is the product's."""
_SHARE_OF_PRODUCT: Final = 0.005
_SILENCE_FLOOR: Final = -200.0
STRIP: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Where in the clip the contact strip's pictures are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of a look: the figures, and frames for the strip and the poster (RGB, the clip's size)."""

    measured: Measured
    stills: tuple[Image, ...]


def look(clip: Path, sent: bytes | None = None) -> Looked:
    """Decode a clip once and measure it.

    Args:
        sent: The picture that the model was sent, as a file's bytes; None where it is not at hand.

    Raises:
        CannotJudge: PyAV is missing, or the clip cannot be decoded.
    """
    try:
        import av  # noqa: PLC0415 - 70 ms and an extra
    except ImportError as error:
        raise CannotJudge("PyAV is missing", hint="pip install 'sora-batch[video]'") from error
    try:
        with av.open(str(clip)) as container:
            video = _Video(av, container.streams.video[0], sent)
            sound = _Sound(av, container.streams.audio[0]) if container.streams.audio else None
            for packet in container.demux():
                for frame in packet.decode():
                    if isinstance(frame, av.VideoFrame):
                        video.take(frame)
                    elif sound is not None and isinstance(frame, av.AudioFrame):
                        sound.take(frame)
            video.end()
            if sound is not None:
                sound.end()
            return _looked(clip, video, sound)
    except (av.FFmpegError, IndexError, OSError, ValueError) as error:
        raise CannotJudge(f"{clip}: the clip cannot be decoded: {error}", hint="play it; fetch it again") from error


def _looked(clip: Path, video: _Video, sound: _Sound | None) -> Looked:
    if video.first is None or video.last is None:
        raise ValueError("it has no frames")
    first, last = video.first, video.last
    likeness, colour_shift = video.beside_sent()
    measured = Measured(
        seconds=round(video.seconds, 3),
        frames=video.frames,
        frames_a_second=round(video.frames / video.seconds, 3) if video.seconds else 0.0,
        likeness=likeness,
        colour_shift=colour_shift,
        drift=drift(first, last),
        black_seconds=round(video.black, 3),
        frozen_seconds=round(video.frozen, 3),
        flicker=round(flicker(video.brightness), 3),
        loudness=None if sound is None else sound.loudness,
        clipped=0.0 if sound is None else sound.clipped,
        c2pa=has_c2pa(clip),
    )
    return Looked(measured=measured, stills=tuple(video.stills))


@dataclass(slots=True)
class _Video:
    """The video's part of a look."""

    av: Any
    stream: Any
    sent: bytes | None
    frames: int = 0
    seconds: float = 0.0
    black: float = 0.0
    frozen: float = 0.0
    brightness: list[float] = field(default_factory=list)
    stills: list[Image] = field(default_factory=list)
    first: Image | None = None
    last: Image | None = None
    _graph: Any = None
    _black_since: float | None = None
    _frozen_since: float | None = None
    _pending: Any = None

    def __post_init__(self) -> None:
        self.stream.thread_type = "AUTO"
        self._graph = _chain(
            self.av,
            lambda graph: graph.add_buffer(template=self.stream),
            ("scale", f"{_SIDE}:-2:flags=area"),
            ("format", "yuv420p"),
            ("signalstats", None),
            ("freezedetect", "n=0.0005:d=0.4"),
            ("blackdetect", "d=0.05:pix_th=0.08:pic_th=0.98"),
            ("buffersink", None),
        )

    def take(self, frame: Any) -> None:
        """Look at the next frame."""
        self.frames += 1
        at = frame.time if frame.time is not None else self.seconds
        step = 1 / float(self.stream.average_rate or 25)
        wanted = STRIP[len(self.stills)] if len(self.stills) < len(STRIP) - 1 else None
        length = float(self.stream.duration * self.stream.time_base) if self.stream.duration else 0.0
        if wanted is not None and at + step / 2 >= wanted * length:
            self.stills.append(frame.to_image())
        if self.first is None:
            self.first = frame.to_image()
        self.seconds = max(self.seconds, at + step)
        self._pending = frame
        self._graph.push(frame)
        self._pull()

    def end(self) -> None:
        """Take in what the filters held back."""
        self._graph.push(None)
        self._pull()
        if self._black_since is not None:
            self.black += self.seconds - self._black_since
        if self._frozen_since is not None:
            self.frozen = max(self.frozen, self.seconds - self._frozen_since)
        if self._pending is not None:
            self.last = self._pending.to_image()
            self.stills = [*self.stills, *[self.last] * (len(STRIP) - len(self.stills))]

    def beside_sent(self) -> tuple[float | None, float | None]:
        """Compare the first frame to the picture that was sent: likeness and colour shift."""
        from PIL import Image  # noqa: PLC0415 - heavy

        if self.sent is None or self.first is None:
            return None, None
        with Image.open(io.BytesIO(self.sent)) as opened:
            sent = opened.convert("RGB")
        return likeness(self.av, sent, self.first), colour_shift(sent, self.first)

    def _pull(self) -> None:
        for frame in _pulled(self.av, self._graph):
            for name, value in frame.metadata.items():
                match name.removeprefix("lavfi."):
                    case "signalstats.YAVG":
                        self.brightness.append(float(value))
                    case "black_start":
                        self._black_since = float(value)
                    case "black_end" if self._black_since is not None:
                        self.black += float(value) - self._black_since
                        self._black_since = None
                    case "freezedetect.freeze_start":
                        self._frozen_since = float(value)
                    case "freezedetect.freeze_end" if self._frozen_since is not None:
                        self.frozen = max(self.frozen, float(value) - self._frozen_since)
                        self._frozen_since = None


@dataclass(slots=True)
class _Sound:
    """The sound's part of a look."""

    av: Any
    stream: Any
    loudness: float | None = None
    samples: int = 0
    _at_limit: int = 0
    _graph: Any = None

    def __post_init__(self) -> None:
        self._graph = _chain(
            self.av,
            lambda graph: graph.add_abuffer(template=self.stream),
            ("aformat", "sample_fmts=s16:channel_layouts=mono"),
            ("astats", "metadata=1:reset=0:measure_perchannel=none:measure_overall=RMS_level"),
            ("abuffersink", None),
        )

    def take(self, frame: Any) -> None:
        """Listen to the next samples."""
        self._graph.push(frame)
        self._pull()

    def end(self) -> None:
        """Take in what the filters held back."""
        self._graph.push(None)
        self._pull()

    @property
    def clipped(self) -> float:
        """Share of the samples that stand at the limit."""
        return round(self._at_limit / self.samples, 5) if self.samples else 0.0

    def _pull(self) -> None:
        for frame in _pulled(self.av, self._graph):
            data = memoryview(bytes(frame.planes[0]))[: frame.samples * 2].cast("h")
            self.samples += frame.samples
            counted = Counter(data)
            self._at_limit += sum(count for level, count in counted.items() if not -32_600 < level < 32_600)
            level = frame.metadata.get("lavfi.astats.Overall.RMS_level")
            if level is not None:
                value = float(level)
                self.loudness = round(value, 1) if math.isfinite(value) else _SILENCE_FLOOR


def _chain(av: Any, source: Any, *filters: tuple[str, str | None]) -> Any:
    graph = av.filter.Graph()
    last = source(graph)
    for name, options in filters:
        following = graph.add(name, options) if options else graph.add(name)
        last.link_to(following)
        last = following
    graph.configure()
    return graph


def _pulled(av: Any, graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return


def likeness(av: Any, one: Image, other: Image) -> float:
    """Give the structural similarity of two pictures' brightness at a viewer's distance, 1 for the same.

    Only where the first shows its product, if one stands out: a plain backdrop is like any other.
    """
    other = other.resize(one.size, reducing_gap=2.0) if other.size != one.size else other
    box = _product_box(one)
    one, other = one.crop(box), other.crop(box)
    size = (_SIDE, max(16, round(_SIDE * one.height / one.width / 2) * 2))
    graph = av.filter.Graph()
    sources = [graph.add_buffer(width=size[0], height=size[1], format="yuv420p", time_base="1/25") for _ in range(2)]
    ssim, sink = graph.add("ssim"), graph.add("buffersink")
    for index, source in enumerate(sources):
        source.link_to(ssim, 0, index)
    ssim.link_to(sink)
    graph.configure()
    for source, picture in zip(sources, (one, other), strict=True):
        frame = av.VideoFrame.from_image(picture.resize(size, reducing_gap=2.0)).reformat(format="yuv420p")
        frame.pts = 0
        source.push(frame)
    for source in sources:
        source.push(None)
    return round(max(0.0, *(float(frame.metadata["lavfi.ssim.Y"]) for frame in _pulled(av, graph)), 0.0), 4)


def colour_shift(one: Image, other: Image) -> float:
    """Give the mean distance of two pictures' colours (not of their brightness), of 255."""
    from PIL import ImageChops, ImageStat  # noqa: PLC0415 - heavy

    size = (_COLOUR_SIDE, _COLOUR_SIDE)
    difference = ImageChops.difference(
        one.resize(size, reducing_gap=2.0).convert("YCbCr"), other.resize(size, reducing_gap=2.0).convert("YCbCr")
    )
    _, blue, red = ImageStat.Stat(difference).mean
    return round(math.hypot(blue, red), 2)


def drift(first: Image, last: Image) -> float | None:
    """Give the share of the product's colours in the first frame that the last does not have.

    What stands out from the colour of the frame's border counts as the product. None where nothing does.
    """
    before, after = _product_colours(first), _product_colours(last)
    if not before:
        return None
    return round(1 - sum(min(share, after.get(colour, 0.0)) for colour, share in before.items()), 3)


def _product_box(picture: Image) -> tuple[int, int, int, int]:
    """Give the box around the product in pixels, with a little air; the whole picture where none stands out."""
    product = _product(picture)
    if not product:
        return (0, 0, picture.width, picture.height)
    rows, columns = [index // _COLOUR_SIDE for index in product], [index % _COLOUR_SIDE for index in product]
    air = _COLOUR_SIDE // 20
    return (
        max(0, min(columns) - air) * picture.width // _COLOUR_SIDE,
        max(0, min(rows) - air) * picture.height // _COLOUR_SIDE,
        min(_COLOUR_SIDE, max(columns) + 1 + air) * picture.width // _COLOUR_SIDE,
        min(_COLOUR_SIDE, max(rows) + 1 + air) * picture.height // _COLOUR_SIDE,
    )


def _product(picture: Image) -> dict[int, tuple[int, int]]:
    """Give the colours of the points that stand out from the border's, by their place; empty where too few do."""
    small = picture.resize((_COLOUR_SIDE, _COLOUR_SIDE), reducing_gap=2.0).convert("YCbCr")
    points = cast("Sequence[tuple[int, int, int]]", small.get_flattened_data())
    side = _COLOUR_SIDE
    border = [*points[:side], *points[-side:], *points[::side], *points[side - 1 :: side]]
    middle = [sorted(channel)[len(border) // 2] for channel in zip(*border, strict=True)]
    product = {
        index: (blue, red)
        for index, (brightness, blue, red) in enumerate(points)
        if abs(brightness - middle[0]) + 2 * abs(blue - middle[1]) + 2 * abs(red - middle[2]) > _STANDS_OUT
    }
    return product if len(product) >= _SHARE_OF_PRODUCT * len(points) else {}


def _product_colours(picture: Image) -> dict[tuple[int, int], float]:
    """Give how the product's points are spread over coarse colours; empty where no product stands out."""
    spread: Counter[tuple[int, int]] = Counter()
    for blue, red in _product(
        picture
    ).values():  # each point counts for the four coarse colours around it: no jump between two of them
        for a in (blue - 8, blue + 8):
            for b in (red - 8, red + 8):
                spread[a >> 4, b >> 4] += 1
    total = spread.total()
    return {colour: count / total for colour, count in spread.items()}


def flicker(brightness: Sequence[float]) -> float:
    """Give the mean up and down between frames: a fade counts for nothing, a lamp that blinks for all of it."""
    steps = [after - before for before, after in pairwise(brightness)]
    turns = [min(abs(one), abs(two)) if one * two < 0 else 0.0 for one, two in pairwise(steps)]
    return sum(turns) / len(turns) if turns else 0.0
