"""Outlines as lists of points, in the picture's own units (x to the right, y down)."""

from __future__ import annotations

import math
from itertools import pairwise

Point = tuple[float, float]
Outline = list[Point]

_STEPS = 28  # points per curve segment: no corner is visible at the sizes drawn here


def path(commands: str) -> Outline:
    """Read an outline from the absolute SVG commands M, L, C, Q and Z.

    Args:
        commands: For instance `"M 0 0 C 10 0 20 10 20 20 L 0 20 Z"`; every letter stands alone.
    """
    points: Outline = []
    for command, numbers in _segments(commands.split()):
        corners = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command in "ML":
            points += corners
        size = {"C": 3, "Q": 2}.get(command)
        if size:
            for start in range(0, len(corners), size):
                points += bezier([points[-1], *corners[start : start + size]])
    return points


def _segments(tokens: list[str]) -> list[tuple[str, list[float]]]:
    segments: list[tuple[str, list[float]]] = []
    for token in tokens:
        if token.isalpha():
            segments.append((token, []))
        else:
            segments[-1][1].append(float(token))
    return segments


def bezier(controls: Outline) -> Outline:
    """Follow a Bezier curve of any degree, its first point left out."""
    degree = len(controls) - 1
    weights = [math.comb(degree, k) for k in range(degree + 1)]

    def at(t: float) -> Point:
        shares = [w * t**k * (1 - t) ** (degree - k) for k, w in enumerate(weights)]
        return (
            sum(s * x for s, (x, _) in zip(shares, controls, strict=True)),
            sum(s * y for s, (_, y) in zip(shares, controls, strict=True)),
        )

    return [at(step / _STEPS) for step in range(1, _STEPS + 1)]


def box(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Outline:
    """Draw a rectangle with round corners."""
    if not radius:
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    corners = [
        (right - radius, top + radius, -90),
        (right - radius, bottom - radius, 0),
        (left + radius, bottom - radius, 90),
        (left + radius, top + radius, 180),
    ]
    return [p for x, y, turn in corners for p in ellipse(x, y, radius, radius, turn, turn + 90)]


def ellipse(  # noqa: PLR0917 - centre, radii and angles, in the order of every drawing library
    x: float, y: float, rx: float, ry: float, start: float = 0, end: float = 360
) -> Outline:
    """Draw an ellipse, or its arc between two angles (degrees, clockwise from the right)."""
    count = max(12, round(abs(end - start) / 2.5))
    turns = [math.radians(start + (end - start) * k / count) for k in range(count + 1)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in turns]


def stroke(line: Outline, width: float, end_width: float | None = None) -> Outline:
    """Give a line a width (tapering to `end_width`) and round ends."""
    last = width if end_width is None else end_width
    left: Outline = []
    right: Outline = []
    for index, (x, y) in enumerate(line):
        half = (width + (last - width) * index / (len(line) - 1)) / 2
        before, after = line[max(index - 1, 0)], line[min(index + 1, len(line) - 1)]
        length = math.dist(before, after) or 1
        nx, ny = (before[1] - after[1]) / length, (after[0] - before[0]) / length
        left.append((x + nx * half, y + ny * half))
        right.append((x - nx * half, y - ny * half))
    return left + _cap(line[-2], line[-1], last / 2) + right[::-1] + _cap(line[1], line[0], width / 2)


def _cap(before: Point, end: Point, radius: float) -> Outline:
    angle = math.degrees(math.atan2(end[1] - before[1], end[0] - before[0]))
    return ellipse(*end, radius, radius, angle + 90, angle - 90)


def mirror(outline: Outline, axis: float) -> Outline:
    """Reflect an outline at the vertical line x = `axis`."""
    return [(2 * axis - x, y) for x, y in outline]


def lathe(profile: Outline, axis: float) -> Outline:
    """Close a right-hand profile (top to bottom) into a body that is symmetric about `axis`."""
    return profile + mirror(profile, axis)[::-1]


def turned(outline: Outline, degrees: float, centre: Point) -> Outline:
    """Rotate an outline about a point, clockwise."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    cx, cy = centre
    return [(cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos) for x, y in outline]


def moved(outline: Outline, dx: float, dy: float) -> Outline:
    """Shift an outline."""
    return [(x + dx, y + dy) for x, y in outline]


def dashes(line: Outline, dash: float, gap: float) -> list[Outline]:
    """Cut a line into stitches of length `dash`, `gap` apart."""
    pieces: list[Outline] = []
    travelled = 0.0
    next_start = 0.0
    for (x0, y0), (x1, y1) in pairwise(line):
        length = math.dist((x0, y0), (x1, y1))
        while length and next_start <= travelled + length:
            t = (next_start - travelled) / length
            x, y = x0 + (x1 - x0) * t, y0 + (y1 - y0) * t
            pieces.append([(x, y), (x + (x1 - x0) / length * dash, y + (y1 - y0) / length * dash)])
            next_start += dash + gap
        travelled += length
    return pieces
