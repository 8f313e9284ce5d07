"""Furniture: sofa, chair, desk lamp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .brush import Canvas, Grain, Linear, Radial, darker, lighter, round_body
from .outline import Outline, box, dashes, ellipse, mirror, moved, path, stroke

if TYPE_CHECKING:
    from PIL import Image


def _wood(c: Canvas, outline: Outline, colour: str, shade: Linear | None = None) -> None:
    c.fill(outline, shade or colour)
    c.fill(outline, Grain("#3a1f0d", 0.45, 3, 60, seed=11))
    c.rim(outline, "#fff1dc", dx=2.5, dy=3, blur=2, opacity=0.5)
    c.rim(outline, "#1d0d04", dx=-3, dy=-3, blur=3, opacity=0.5)


def _upholstery(c: Canvas, outline: Outline, colour: str, light: tuple[float, float], reach: float) -> None:
    """Paint a padded part: light on the upper left, shade along the lower right, a weave over all."""
    c.fill(outline, Radial(light, reach, reach, [(0, lighter(colour, 0.2)), (0.5, colour), (1, darker(colour, 0.36))]))
    c.fill(outline, Grain("#0d1626", 0.22, 2.2, 6, seed=4))
    c.fill(outline, Grain("#ffffff", 0.10, 6, 2.2, seed=9))
    c.rim(outline, darker(colour, 0.8), dx=-10, dy=-12, blur=14, opacity=0.65)
    c.rim(outline, lighter(colour, 0.7), dx=5, dy=7, blur=6, opacity=0.45)
    c.fill(stroke([*outline, outline[0]], 3), darker(colour, 0.62), blur=0.8, opacity=0.7)


def sofa() -> Image.Image:
    """Draw a three-seat sofa on a plain sand colour: wide and large, 3,000 pixels."""
    c = Canvas(1600, 800, 2.8)
    c.backdrop("#e9dfd0")
    c.fill(ellipse(815, 702, 720, 30), "#4d3a28", blur=24, opacity=0.55)
    for x in (210, 560, 1040, 1390):
        leg: Outline = [(x - 15, 630), (x + 15, 630), (x + 8, 704), (x - 8, 704)]
        c.fill(ellipse(x, 704, 22, 5), "#20140b", blur=4, opacity=0.6)
        _wood(c, leg, "#8a5a34", Linear((x - 15, 0), (x + 15, 0), [(0, "#a87245"), (0.3, "#c08a58"), (1, "#5c381d")]))
    blue = "#33597f"
    back = path("M 190 240 C 192 190 230 172 290 170 L 1310 170 C 1370 172 1408 190 1410 240 L 1410 560 L 190 560 Z")
    _upholstery(c, back, darker(blue, 0.12), (600, 150), 1250)
    for left in (236, 618, 1000):
        right = left + 364
        pad = path(
            f"M {left} 252 C {left + 8} 210 {left + 40} 204 {left + 80} 203 L {right - 80} 203 "
            f"C {right - 40} 204 {right - 8} 210 {right} 252 C {right + 7} 330 {right + 5} 400 {right - 4} 492 "
            f"L {left + 4} 492 C {left - 5} 400 {left - 7} 330 {left} 252 Z"
        )
        c.fill(moved(pad, 8, 10), "#0b1522", blur=14, opacity=0.5, inside=[back])
        _upholstery(c, pad, blue, (left + 130, 260), 380)
        c.fill(
            path(
                f"M {left + 40} 470 C {left + 120} 430 {right - 120} 430 {right - 40} 470 L {right - 40} 492 "
                f"L {left + 40} 492 Z"
            ),
            "#0b1522",
            blur=16,
            opacity=0.35,
            inside=[pad],
        )
    base = box(200, 560, 1400, 648, 18)
    _upholstery(c, base, darker(blue, 0.2), (600, 540), 1100)
    c.fill(box(200, 558, 1400, 590), Linear((0, 558), (0, 592), [(0, "#08111ccc"), (1, "#08111c00")]), inside=[base])
    for left in (236, 618, 1000):
        right = left + 364
        seat = path(
            f"M {left + 14} 470 C {left + 90} 458 {right - 90} 458 {right - 14} 470 C {right + 8} 478 {right + 10} 560 "
            f"{right - 2} 574 C {right - 90} 582 {left + 90} 582 {left + 2} 574 C {left - 10} 560 {left - 8} 478 "
            f"{left + 14} 470 Z"
        )
        _upholstery(c, seat, lighter(blue, 0.04), (left + 140, 470), 330)
        top = path(
            f"M {left + 14} 470 C {left + 90} 458 {right - 90} 458 {right - 14} 470 "
            f"C {right - 90} 500 {left + 90} 500 {left + 14} 470 Z"
        )
        c.fill(top, lighter(blue, 0.5), blur=9, opacity=0.42, inside=[seat])
        c.fill(
            stroke(path(f"M {left + 2} 520 C {left + 90} 530 {right - 90} 530 {right - 2} 520"), 3),
            darker(blue, 0.6),
            blur=1.2,
            opacity=0.6,
            inside=[seat],
        )
    arm = path(
        "M 130 402 C 128 350 160 330 200 330 C 242 330 262 354 262 402 L 258 622 C 257 640 250 648 232 648 "
        "L 160 648 C 142 648 135 640 134 622 Z"
    )
    for side in (arm, mirror(arm, 800)):
        c.fill(
            moved(side, 10 if side is arm else -10, 6),
            "#08111c",
            blur=14,
            opacity=0.5,
            inside=[path("M 200 200 L 1400 200 L 1400 648 L 200 648 Z")],
        )
        _upholstery(c, side, blue, (min(x for x, _ in side) + 50, 380), 330)
        middle = sum(x for x, _ in side) / len(side)
        c.fill(ellipse(middle - 6, 356, 44, 14), "#ffffff", blur=12, opacity=0.2)
    _pillow(c)
    return c.finish(3000)


def _pillow(c: Canvas) -> None:
    ochre = "#d59a3c"
    pillow = path(
        "M 286 300 C 340 318 420 306 470 276 C 468 340 492 420 524 468 C 450 470 380 486 326 506 "
        "C 322 440 310 360 286 300 Z"
    )
    c.fill(moved(pillow, 14, 12), "#08111c", blur=13, opacity=0.55)
    _upholstery(c, pillow, ochre, (370, 350), 210)
    for crease in (
        "M 292 306 C 330 340 350 352 372 360",
        "M 466 282 C 446 320 436 334 424 346",
        "M 518 464 C 480 446 462 436 450 426",
    ):
        c.fill(stroke(path(crease), 12, 2), darker(ochre, 0.7), blur=5, opacity=0.4, inside=[pillow])


def chair() -> Image.Image:
    """Draw a wooden chair with a moulded shell, cut out without its shadow: tall, 800 pixels wide."""
    c = Canvas(800, 1150, 2)
    oak = "#c68e56"
    for line, shade in (
        ([(300.0, 690.0), (262.0, 1040.0)], 0.42),
        ([(512.0, 690.0), (552.0, 1040.0)], 0.5),
    ):
        _wood(
            c,
            stroke(line, 30, 17),
            oak,
            Linear(
                (min(line)[0] - 20, 0),
                (max(line)[0] + 20, 0),
                [(0, darker(oak, shade - 0.1)), (1, darker(oak, shade + 0.1))],
            ),
        )
    _wood(c, stroke([(286, 850), (530, 850)], 15), darker(oak, 0.4))
    shell = "#e8e3d8"
    back = path(
        "M 236 150 C 300 112 500 112 564 150 C 592 170 598 220 594 300 C 590 420 580 520 566 610 "
        "L 234 610 C 220 520 210 420 206 300 C 202 220 208 170 236 150 Z"
    )
    c.fill(
        back,
        Linear(
            (206, 0),
            (596, 0),
            [
                (0, darker(shell, 0.28)),
                (0.16, shell),
                (0.4, lighter(shell, 0.7)),
                (0.75, darker(shell, 0.06)),
                (1, darker(shell, 0.4)),
            ],
        ),
    )
    c.fill(back, Linear((0, 300), (0, 620), [(0, "#5a493600"), (0.5, "#5a493628"), (1, "#5a4936b0")]))
    c.rim(back, "#ffffff", dx=3, dy=7, blur=4, opacity=0.95)
    c.rim(back, "#4b3d2e", dx=-7, dy=-3, blur=8, opacity=0.5)
    slot = box(316, 214, 484, 258, 22)
    c.fill(slot, Linear((0, 214), (0, 258), [(0, "#6d6052"), (0.4, "#8b7d6c"), (1, "#b9ad9c")]))
    c.rim(slot, "#2a2119", dx=0, dy=8, blur=6, opacity=0.7)
    c.rim(moved(slot, 0, 3), "#ffffff", dx=0, dy=-3, blur=1.5, opacity=0.9)
    for line in ([(262.0, 705.0), (192.0, 1092.0)], [(538.0, 705.0), (610.0, 1092.0)]):
        _wood(
            c,
            stroke(line, 38, 20),
            oak,
            Linear(
                (line[1][0] - 4, 900),
                (line[1][0] + 44, 908),
                [(0, lighter(oak, 0.25)), (0.4, oak), (1, darker(oak, 0.45))],
            ),
        )
    seat = path(
        "M 178 642 C 200 592 260 572 400 572 C 540 572 600 592 622 642 C 644 690 628 728 560 738 "
        "C 460 750 340 750 240 738 C 172 728 156 690 178 642 Z"
    )
    c.fill(moved(seat, 4, 26), "#2a1a0d", blur=16, opacity=0.45, inside=[box(240, 690, 560, 880)])
    c.fill(
        moved(seat, 0, 20),
        Linear((160, 0), (640, 0), [(0, darker(shell, 0.45)), (0.3, darker(shell, 0.18)), (1, darker(shell, 0.6))]),
    )
    c.fill(seat, Radial((350, 660), 330, 160, [(0, lighter(shell, 0.55)), (0.6, shell), (1, darker(shell, 0.2))]))
    c.rim(seat, "#ffffff", dx=0, dy=-5, blur=3, opacity=0.9)
    pad = path(
        "M 226 650 C 244 614 300 600 400 600 C 500 600 556 614 574 650 C 588 688 570 706 520 712 "
        "C 440 722 360 722 280 712 C 230 706 212 688 226 650 Z"
    )
    c.fill(moved(pad, 2, 9), "#4b3d2e", blur=8, opacity=0.55, inside=[seat])
    _upholstery(c, pad, "#7d8f6d", (350, 630), 300)
    inset = [(400 + (x - 400) * 0.94, 657 + (y - 657) * 0.86) for x, y in pad]
    for stitch in dashes([*inset, inset[0]], 7, 5):
        c.fill(stroke(stitch, 2.2), "#eef1e2", opacity=0.75)
    return c.finish(800)


def lamp() -> Image.Image:
    """Draw a desk lamp before a dusk gradient: 9:16, 1,080 pixels wide."""
    c = Canvas(900, 1600, 2)
    c.backdrop(Linear((0, 0), (0, 1600), [(0, "#27364a"), (0.55, "#46566b"), (0.82, "#65707c"), (1, "#4d5560")]))
    desk = box(0, 1330, 900, 1600)
    c.fill(desk, Linear((0, 1330), (0, 1600), [(0, "#8d6a4c"), (0.35, "#6f4f35"), (0.7, "#573c28"), (1, "#573c28")]))
    c.fill(box(0, 1326, 900, 1336), "#e5b98a", blur=2, opacity=0.35)
    warm = Radial((640, 640), 620, 800, [(0, "#ffdf9ccc"), (0.4, "#ffc86e66"), (1, "#ffc86e00")])
    c.fill(path("M 520 600 L 770 560 L 900 1000 L 900 1336 L 250 1336 Z"), warm, blur=45, opacity=0.75)
    c.fill(ellipse(610, 1420, 330, 66), "#ffdca0", blur=36, opacity=0.6)
    c.fill(ellipse(380, 1462, 230, 26), "#170c05", blur=16, opacity=0.75)
    brass, green = "#c9a15a", "#2f5d50"
    foot = path(
        "M 190 1420 C 190 1372 270 1352 360 1352 C 450 1352 530 1372 530 1420 L 530 1436 "
        "C 530 1478 450 1490 360 1490 C 270 1490 190 1478 190 1436 Z"
    )
    c.fill(foot, round_body(darker(green, 0.15), 190, 530, 0.8))
    top = ellipse(360, 1416, 170, 58)
    c.fill(top, Radial((400, 1400), 190, 80, [(0, lighter(green, 0.45)), (0.6, green), (1, darker(green, 0.3))]))
    c.rim(top, "#ffe9bd", dx=0, dy=-4, blur=3, opacity=0.5)
    _arm(c, [(360, 1410), (300, 930)], brass)
    _arm(c, [(300, 930), (610, 500)], brass)
    for x, y, size in ((360, 1408, 26), (300, 930, 32), (610, 500, 26)):
        c.fill(ellipse(x + 4, y + 6, size, size), "#120a04", blur=6, opacity=0.5)
        c.fill(
            ellipse(x, y, size, size),
            Radial(
                (x - size * 0.3, y - size * 0.35),
                size * 1.5,
                size * 1.5,
                [(0, "#fff4d6"), (0.35, brass), (1, darker(brass, 0.65))],
            ),
        )
        c.fill(ellipse(x, y, size * 0.36, size * 0.36), darker(brass, 0.55))
        c.fill(ellipse(x - 2, y - 2, size * 0.26, size * 0.26), lighter(brass, 0.3))
    _shade(c, green, brass)
    return c.finish(1080)


def _arm(c: Canvas, line: list[tuple[float, float]], brass: str) -> None:
    (x0, y0), (x1, y1) = line
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    across = (y1 - y0, x0 - x1)
    length = (across[0] ** 2 + across[1] ** 2) ** 0.5
    step = (across[0] / length * 11, across[1] / length * 11)
    ends = (middle[0] + step[0], middle[1] + step[1]), (middle[0] - step[0], middle[1] - step[1])
    left, right = sorted(ends)
    c.fill(
        stroke(line, 22),
        Linear(
            left, right, [(0, darker(brass, 0.5)), (0.3, lighter(brass, 0.7)), (0.5, brass), (1, darker(brass, 0.62))]
        ),
    )


def _shade(c: Canvas, green: str, brass: str) -> None:
    shade = path(
        "M 566 404 C 590 372 640 366 668 392 C 740 450 812 560 842 676 C 760 740 590 742 478 660 "
        "C 484 560 520 460 566 404 Z"
    )
    mouth = path("M 478 660 C 590 618 760 632 842 676 C 760 740 590 742 478 660 Z")
    c.fill(mouth, "#ffe1a0", blur=40, opacity=0.9)
    c.fill(
        shade,
        Linear(
            (480, 560),
            (800, 520),
            [
                (0, darker(green, 0.4)),
                (0.22, lighter(green, 0.28)),
                (0.34, lighter(green, 0.5)),
                (0.5, green),
                (1, darker(green, 0.55)),
            ],
        ),
    )
    c.rim(shade, "#bfe6d6", dx=4, dy=5, blur=4, opacity=0.4)
    c.fill(mouth, Radial((650, 672), 190, 60, [(0, "#fffdf2"), (0.5, "#ffeab5"), (1, "#f2b95a")]))
    c.fill(ellipse(655, 668, 54, 34), "#ffffff", blur=10)
    c.fill(stroke([*mouth, mouth[0]], 5), lighter(brass, 0.2), opacity=0.9)
    cap = path("M 574 408 C 560 380 590 350 624 352 C 656 354 676 376 664 400 C 640 420 600 424 574 408 Z")
    c.fill(cap, round_body(brass, 566, 668, 1))
