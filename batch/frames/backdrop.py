"""A plain background as a smooth surface: fitted to a picture's border, drawn to any extent.

Studio backgrounds are rarely one colour: light falls off to one side or to all corners. A surface of second
degree per channel follows both, tells the product from them, and goes on beyond the picture without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageMath

from batch.core.media import Box, Size

_SAMPLES = 40
_ROUNDS = (48.0, 16.0, 10.0)
_STEP = 24
_RIDGE = 1e-3
_FLAT = 2.0
_EVEN = 2.0
_EVEN_SHARE = 0.9
_BAYER_SIDE = 4
_BAYER = (0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5)

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The mean colour of a piece of border: where (-1 to 1 across and down), and which."""

    x: float
    y: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Surface:
    """Per channel the six coefficients of 1, x, y, xy, xx, yy; x and y go from -1 to 1 over the picture."""

    red: tuple[float, ...]
    green: tuple[float, ...]
    blue: tuple[float, ...]

    def at(self, x: float, y: float) -> Colour:
        """The colour at a point; outside the picture that of the nearest point on its edge."""
        terms = _terms(min(1.0, max(-1.0, x)), min(1.0, max(-1.0, y)))
        return _dot(self.red, terms), _dot(self.green, terms), _dot(self.blue, terms)

    def distance(self, sample: Sample) -> float:
        """The largest difference in any channel."""
        here = self.at(sample.x, sample.y)
        return max(abs(mine - theirs) for mine, theirs in zip(here, sample.colour, strict=True))

    @property
    def flat(self) -> bool:
        """Whether it is one colour throughout, to the eye."""
        return all(sum(map(abs, channel[1:])) < _FLAT for channel in (self.red, self.green, self.blue))

    def sketched(self, size: Size) -> Image.Image:
        """The surface under the whole picture, RGB, each channel to the nearest whole step or two."""
        grid = _Grid.over(Box(-1, -1, 1, 1), size)
        coarse = Image.new("RGB", (grid.columns, grid.rows))
        coarse.putdata([_bytes(self.at(x, y)) for x, y in grid.points])
        return coarse.resize((size.width, size.height), Image.Resampling.BILINEAR)

    def drawn(self, area: Box, size: Size) -> Image.Image:
        """An RGB picture of an area (-1 to 1 is the source), free of bands."""
        if self.flat:
            return Image.new("RGB", (size.width, size.height), _bytes(self.at(0, 0)))
        grid = _Grid.over(area, size)
        colours = [self.at(x, y) for x, y in grid.points]
        threshold = thresholds(size)
        channels = [_drawn([colour[channel] for colour in colours], grid, size, threshold) for channel in range(3)]
        return Image.merge("RGB", channels)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where a surface is computed; in between it is interpolated."""

    columns: int
    rows: int
    points: list[tuple[float, float]]

    @classmethod
    def over(cls, area: Box, size: Size) -> _Grid:
        columns, rows = max(2, size.width // _STEP), max(2, size.height // _STEP)
        return cls(
            columns,
            rows,
            [
                (_middle(area.left, area.right, column, columns), _middle(area.top, area.bottom, row, rows))
                for row in range(rows)
                for column in range(columns)
            ],
        )


def border_samples(image: Image.Image) -> list[Sample]:
    """Means along the four sides of an RGB picture, 40 to a side, a hundredth of the side deep."""
    width, height = image.size
    deep_x, deep_y = max(1, width // 100), max(1, height // 100)
    places = [2 * (index + 0.5) / _SAMPLES - 1 for index in range(_SAMPLES)]
    edge_x, edge_y = 1 - deep_x / width, 1 - deep_y / height
    samples: list[Sample] = []
    for y, box in ((-edge_y, (0, 0, width, deep_y)), (edge_y, (0, height - deep_y, width, height))):
        row = _means(image, box, (_SAMPLES, 1))
        samples += [Sample(x, y, colour) for x, colour in zip(places, row, strict=True)]
    for x, box in ((-edge_x, (0, 0, deep_x, height)), (edge_x, (width - deep_x, 0, width, height))):
        column = _means(image, box, (1, _SAMPLES))
        samples += [Sample(x, y, colour) for y, colour in zip(places, column, strict=True)]
    return samples


def median_colour(samples: list[Sample]) -> Colour:
    """The middle of each channel: the colour that most of a border is near to."""
    red, green, blue = (sorted(sample.colour[channel] for sample in samples) for channel in range(3))
    middle = len(samples) // 2
    return red[middle], green[middle], blue[middle]


def fitted(samples: list[Sample]) -> Surface:
    """The surface nearest to most samples: what lies far off (the product, at the border) has no say."""
    surface = _flat(median_colour(samples))
    if _is_even(samples, surface):
        return surface
    for reach in _ROUNDS:
        near = [sample for sample in samples if surface.distance(sample) <= reach]
        if len(near) < len(samples) // 4:
            return surface
        surface = _least_squares(near)
    return _flat(median_colour(samples)) if surface.flat else surface


def _is_even(samples: list[Sample], flat: Surface) -> bool:
    """Whether what is near one colour is that colour: a product at the border must not tint a white studio."""
    distances = [flat.distance(sample) for sample in samples]
    near = sum(distance <= _ROUNDS[-1] for distance in distances)
    return 2 * near >= len(samples) and sum(distance <= _EVEN for distance in distances) >= _EVEN_SHARE * near


def hexadecimal(colour: Colour) -> str:
    """As `#rrggbb`."""
    return "#{:02x}{:02x}{:02x}".format(*_bytes(colour))


def _drawn(values: list[float], grid: _Grid, size: Size, threshold: Image.Image) -> Image.Image:
    """One channel, interpolated as real numbers and dithered: a slow gradient in whole steps shows bands."""
    coarse = Image.new("F", (grid.columns, grid.rows))
    coarse.putdata(values)
    return dithered(coarse.resize((size.width, size.height), Image.Resampling.BILINEAR), threshold)


def dithered(fine: Image.Image, threshold: Image.Image) -> Image.Image:
    """A channel of real numbers (mode F) in whole steps (mode L), by thresholds from `thresholds`."""
    summed: Image.Image = ImageMath.lambda_eval(lambda args: args["fine"] + args["by"], fine=fine, by=threshold)
    return summed.convert("L")


def thresholds(size: Size) -> Image.Image:
    """Thresholds from 0 to 1 in a fixed order, tiled: the same for every picture, unlike noise."""
    tile = Image.new("F", (_BAYER_SIDE, _BAYER_SIDE))
    tile.putdata([(rank + 0.5) / len(_BAYER) for rank in _BAYER])
    row = Image.new("F", (size.width, _BAYER_SIDE))
    for left in range(0, size.width, _BAYER_SIDE):
        row.paste(tile, (left, 0))
    whole = Image.new("F", (size.width, size.height))
    for top in range(0, size.height, _BAYER_SIDE):
        whole.paste(row, (0, top))
    return whole


def _means(image: Image.Image, box: tuple[int, int, int, int], size: tuple[int, int]) -> list[Colour]:
    strip = image.resize(size, Image.Resampling.BOX, box=box)
    data = strip.tobytes()
    return [(data[at], data[at + 1], data[at + 2]) for at in range(0, len(data), 3)]


def _flat(colour: Colour) -> Surface:
    red, green, blue = ((value, 0.0, 0.0, 0.0, 0.0, 0.0) for value in colour)
    return Surface(red, green, blue)


def _terms(x: float, y: float) -> tuple[float, ...]:
    return 1.0, x, y, x * y, x * x, y * y


def _dot(weights: tuple[float, ...], terms: tuple[float, ...]) -> float:
    return sum(weight * term for weight, term in zip(weights, terms, strict=True))


def _middle(start: float, end: float, index: int, count: int) -> float:
    return start + (end - start) * (index + 0.5) / count


def _bytes(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, round(value))) for value in colour)
    return red, green, blue


def _least_squares(samples: list[Sample]) -> Surface:
    """Normal equations; a little ridge on all but the constant keeps a one-sided border from running away."""
    rows = [_terms(sample.x, sample.y) for sample in samples]
    size = len(rows[0])
    matrix = [[sum(row[i] * row[j] for row in rows) for j in range(size)] for i in range(size)]
    for i in range(1, size):
        matrix[i][i] += _RIDGE * len(rows)
    red, green, blue = (
        _solved(
            matrix,
            [
                sum(row[i] * sample.colour[channel] for row, sample in zip(rows, samples, strict=True))
                for i in range(size)
            ],
        )
        for channel in range(3)
    )
    return Surface(red, green, blue)


def _solved(matrix: list[list[float]], right: list[float]) -> tuple[float, ...]:
    """Gaussian elimination; the matrix is symmetric and positive, so no pivots have to be looked for."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        for j in range(i + 1, size):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [theirs - factor * mine for theirs, mine in zip(rows[j], rows[i], strict=True)]
    solution = [0.0] * size
    for i in reversed(range(size)):
        known = sum(rows[i][j] * solution[j] for j in range(i + 1, size))
        solution[i] = (rows[i][size] - known) / rows[i][i]
    return tuple(solution)
