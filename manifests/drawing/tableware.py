"""Small things for the house: mug, planted pot, cushion, perfume bottle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .brush import Canvas, Grain, Linear, Radial, darker, lighter, mix, round_body
from .outline import bezier, box, dashes, ellipse, lathe, moved, path, stroke, turned

if TYPE_CHECKING:
    from PIL import Image


def mug() -> Image.Image:
    """Draw a glazed stoneware mug on white: square, 1,400 pixels."""
    c = Canvas(1000, 1000, 2.8)
    c.backdrop("#ffffff")
    c.fill(ellipse(520, 842, 330, 34), "#3b3a3d", blur=26, opacity=0.42)
    c.fill(ellipse(470, 836, 215, 16), "#1d1c20", blur=9, opacity=0.55)
    glaze = "#1f7a7d"
    loop = path("M 655 400 C 740 350 862 378 866 498 C 870 622 768 690 640 690")
    handle = stroke(loop, 62, 54)
    c.fill(handle, Linear((700, 360), (800, 720), [(0, lighter(glaze, 0.16)), (1, darker(glaze, 0.5))]))
    c.rim(handle, darker(glaze, 0.85), dx=-10, dy=-12, blur=9, opacity=0.75)
    c.rim(handle, "#ffffff", dx=7, dy=9, blur=5, opacity=0.42)
    c.fill(stroke(path("M 690 383 C 750 357 822 380 842 450"), 9), "#ffffff", blur=4, opacity=0.8)
    profile = path("M 690 250 C 692 420 690 600 668 740 C 662 800 650 838 612 843")
    body = lathe([*profile, (470, 845)], 470)
    c.fill(body, round_body(glaze, 250, 690, 0.55))
    c.fill(body, Linear((0, 250), (0, 850), [(0, "#00000000"), (0.72, "#00000000"), (1, "#06191a99")]))
    foot = path("M 250 742 C 330 790 610 790 690 742 L 690 900 L 250 900 Z")
    clay = "#c9a888"
    c.fill(foot, round_body(clay, 255, 680, 0.4), inside=[body])
    c.fill(stroke(path("M 250 742 C 330 790 610 790 690 742"), 9), "#0b3335", blur=4, opacity=0.45, inside=[body])
    c.fill(foot, Grain("#5d4027", 0.34, 4, 4), inside=[body])
    c.fill(foot, Linear((0, 780), (0, 850), [(0, "#2a1a1000"), (1, "#2a1a10b0")]), inside=[body])
    c.fill(body, Grain("#0a2c2e", 0.16, 7, 7, seed=3))
    c.fill(
        path("M 316 330 C 304 460 308 580 328 690 C 350 700 352 690 348 676 C 334 560 332 450 340 332 Z"),
        Linear((0, 320), (0, 700), [(0, "#ffffffee"), (0.6, "#ffffffa0"), (1, "#ffffff20")]),
        blur=5,
    )
    c.fill(
        path("M 372 336 C 366 440 366 540 376 610 L 386 610 C 380 520 380 430 384 336 Z"),
        "#ffffff",
        blur=4,
        opacity=0.4,
    )
    rim = ellipse(470, 250, 220, 50)
    c.fill(rim, Linear((250, 0), (690, 0), [(0, darker(glaze, 0.2)), (0.3, lighter(glaze, 0.5)), (1, glaze)]))
    hollow = ellipse(470, 253, 204, 41)
    c.fill(hollow, Linear((266, 0), (674, 0), [(0, "#b5a893"), (0.55, "#efe6d6"), (1, "#fbf6ec")]))
    c.fill(moved(hollow, 0, 26), Linear((0, 250), (0, 320), [(0, "#6d604c00"), (1, "#6d604c70")]), inside=[hollow])
    c.rim(hollow, "#4c4233", dx=6, dy=12, blur=8, opacity=0.6)
    c.rim(rim, "#ffffff", dx=0, dy=5, blur=3, opacity=0.55)
    return c.finish(1400)


def plant() -> Image.Image:
    """Draw a rubber plant in a fluted pot before a warm gradient: exactly a frame, 1280 x 720."""
    c = Canvas(1600, 900, 2)
    c.backdrop(Linear((0, 0), (0, 900), [(0, "#f4e3d3"), (0.68, "#eccfb8"), (1, "#dcb599")]))
    c.fill(ellipse(560, 330, 760, 460), Radial((560, 330), 760, 460, [(0, "#fffaf2c0"), (1, "#fffaf200")]))
    c.backdrop(Linear((0, 660), (0, 720), [(0, "#c9987600"), (0.5, "#c9987640"), (1, "#c9987600")]))
    c.fill(ellipse(930, 812, 330, 24), "#5a3320", blur=26, opacity=0.5)
    c.fill(ellipse(815, 806, 150, 12), "#2e180d", blur=9, opacity=0.65)
    stem = path("M 802 560 C 800 400 814 300 797 130")
    c.fill(stroke(stem, 18, 7), Linear((790, 0), (812, 0), [(0, "#8a6a4a"), (1, "#4b3525")]))
    leaves = [  # where it leaves the stem, direction, length, width
        (797, 150, -84, 128, 84),
        (799, 205, -130, 232, 124),
        (801, 215, -46, 240, 126),
        (806, 300, -160, 300, 146),
        (807, 306, -18, 310, 150),
        (806, 405, -194, 280, 140),
        (805, 410, 16, 292, 142),
        (803, 484, -203, 178, 100),
        (803, 480, 27, 184, 102),
    ]
    for number, (x, y, turn, length, width) in enumerate(leaves):
        _leaf(c, (x, y), turn, (length, width), ["#2f6b45", "#3c7d50", "#28593b"][number % 3])
    pot = lathe([(930, 560), (925, 590), (884, 775), (872, 800), (850, 808), (800, 812)], 800)
    clay = "#e9e4da"
    c.fill(pot, round_body(clay, 668, 932, 0.6))
    for k in range(1, 22):
        top = 800 - 128 * math.cos(math.pi * k / 22)
        foot = 800 - 78 * math.cos(math.pi * k / 22)
        groove = stroke([(top, 590), ((top + foot) / 2, 700), (foot, 806)], 4, 3)
        c.fill(groove, "#6e6355", blur=1.6, opacity=0.45, inside=[pot])
        c.fill(moved(groove, -4.5, 0), "#ffffff", blur=1.6, opacity=0.55, inside=[pot])
    c.fill(box(660, 590, 940, 640), Linear((0, 592), (0, 640), [(0, "#3d342ba0"), (1, "#3d342b00")]), inside=[pot])
    c.fill(box(660, 740, 940, 815), Linear((0, 740), (0, 815), [(0, "#3d342b00"), (1, "#3d342b80")]), inside=[pot])
    collar = lathe(path("M 938 556 L 938 584 C 936 598 880 611 800 612"), 800)
    c.fill(collar, round_body(clay, 662, 938, 0.8))
    c.fill(ellipse(800, 557, 138, 21), round_body(lighter(clay, 0.3), 662, 938, 0.6))
    c.fill(ellipse(800, 559, 126, 16), Linear((0, 543), (0, 575), [(0, "#2a1c13"), (1, "#5a3f2b")]))
    c.fill(ellipse(800, 559, 126, 16), Grain("#a07a55", 0.5, 5, 3))
    c.fill(stroke([(803, 566), (802, 500)], 17, 15), Linear((793, 0), (811, 0), [(0, "#8a6a4a"), (1, "#4b3525")]))
    return c.finish(1280)


def _leaf(c: Canvas, base: tuple[float, float], turn: float, size: tuple[float, float], green: str) -> None:
    length, width = size
    x, y = base
    tip, half = x + length, width / 2
    start = x + 34
    blade = path(
        f"M {start} {y} C {start + length * 0.1} {y - half * 1.25} {tip - length * 0.3} {y - half * 1.2} {tip} {y} "
        f"C {tip - length * 0.3} {y + half * 1.2} {start + length * 0.1} {y + half * 1.25} {start} {y} Z"
    )
    lower = path(
        f"M {start} {y} L {tip} {y} C {tip - length * 0.3} {y + half * 1.2} {start + length * 0.1} "
        f"{y + half * 1.25} {start} {y} Z"
    )
    here = [turned(o, turn, base) for o in (blade, lower, [(x, y), (x + 17, y - 2), (start + 6, y)])]
    c.fill(moved(here[0], 8, 14), "#4a2c1b", blur=12, opacity=0.22)
    c.fill(stroke(here[2], 7, 5), "#8f9c55")
    root, end = turned([(start, y), (tip, y)], turn, base)
    c.fill(here[0], Linear(root, end, [(0, darker(green, 0.3)), (0.5, green), (1, lighter(green, 0.18))]))
    c.fill(here[1], "#08210f", opacity=0.26)
    for k in range(2, 9):
        at = start + (tip - start) * k / 9.5
        for side in (-1, 1):
            vein = bezier([(at, y), (at + 18, y + side * half * 0.5), (at + 34, y + side * half)])
            c.fill(
                stroke(turned([(at, y), *vein], turn, base), 2.4, 1), lighter(green, 0.4), opacity=0.3, inside=[here[0]]
            )
    c.fill(stroke([root, end], 5, 2), lighter(green, 0.5), opacity=0.8)
    c.rim(here[0], "#eaffd8", dx=3, dy=5, blur=4, opacity=0.5)
    shine = turned(ellipse(x + length * 0.55, y - half * 0.4, length * 0.24, half * 0.13), turn, base)
    c.fill(shine, "#f6ffe9", blur=7, opacity=0.45, inside=[here[0]])


def cushion() -> Image.Image:
    """Draw a piped linen cushion on white: square and small, 360 pixels."""
    c = Canvas(360, 360, 4)
    c.backdrop("#ffffff")
    c.fill(ellipse(184, 318, 128, 9), "#4a3b34", blur=10, opacity=0.55)
    cover = path(
        "M 38 46 C 110 62 250 62 322 44 C 304 110 306 250 326 314 C 250 300 112 300 34 316 C 54 250 56 112 38 46 Z"
    )
    rose = "#d8735c"
    c.fill(stroke([*cover, cover[0]], 9), darker(rose, 0.42))
    c.fill(cover, Radial((152, 142), 250, 240, [(0, lighter(rose, 0.28)), (0.45, rose), (1, darker(rose, 0.5))]))
    for k in range(-7, 12):
        band = path(
            f"M {k * 36} 20 C {k * 36 + 60} 130 {k * 36 + 60} 230 {k * 36} 340 "
            f"L {k * 36 + 12} 340 C {k * 36 + 72} 230 {k * 36 + 72} 130 {k * 36 + 12} 20 Z"
        )
        c.fill(band, mix("#fff3e4", rose, 0.12), opacity=0.75 if k % 2 else 0.35, inside=[cover])
    c.fill(cover, Radial((150, 140), 240, 230, [(0, "#ffffff30"), (0.5, "#40140800"), (1, "#401408a0")]))
    c.fill(cover, Grain("#5b2213", 0.22, 1.3, 5, seed=2))
    c.fill(cover, Grain("#ffffff", 0.16, 5, 1.3, seed=5))
    creases = [
        "M 42 50 C 80 84 100 96 122 104",
        "M 318 50 C 286 86 268 98 246 106",
        "M 40 310 C 72 280 92 266 112 258",
        "M 320 308 C 292 280 272 268 250 260",
    ]
    for crease in creases:
        c.fill(stroke(path(crease), 15, 2), "#4f1b10", blur=5, opacity=0.5, inside=[cover])
        c.fill(moved(stroke(path(crease), 8, 2), -3, -7), "#ffffff", blur=4, opacity=0.35, inside=[cover])
    edge = [*cover, cover[0]]
    c.fill(stroke(edge, 6), darker(rose, 0.24))
    c.fill(stroke(moved(edge, -0.8, -1), 2.4), lighter(rose, 0.42), blur=0.8, opacity=0.9)
    for stitch in dashes(edge, 1.6, 2.6):
        c.fill(stroke(stitch, 5.6), darker(rose, 0.6), opacity=0.25)
    return c.finish(360)


def perfume() -> Image.Image:
    """Draw a perfume bottle in greys on nothing: tall, 900 pixels wide."""
    c = Canvas(900, 1200, 2)
    c.fill(ellipse(462, 1108, 300, 22), "#000000", blur=24, opacity=0.45)
    glass = box(180, 400, 720, 1105, 62)
    c.fill(
        glass,
        Linear(
            (180, 0),
            (720, 0),
            [
                (0, "#6f6f6f"),
                (0.05, "#e9e9e9"),
                (0.12, "#b5b5b5"),
                (0.5, "#f4f4f4"),
                (0.88, "#a8a8a8"),
                (0.96, "#dedede"),
                (1, "#555555"),
            ],
        ),
    )
    c.fill(
        box(180, 1020, 720, 1105, 55),
        Linear((0, 1010), (0, 1105), [(0, "#ffffff00"), (0.4, "#ffffffd0"), (0.7, "#9a9a9aff"), (1, "#4a4a4aff")]),
    )
    inner = box(222, 452, 678, 1040, 40)
    c.fill(
        inner,
        Linear(
            (222, 0), (678, 0), [(0, "#7d7d7d"), (0.12, "#c8c8c8"), (0.5, "#efefef"), (0.9, "#b4b4b4"), (1, "#6c6c6c")]
        ),
    )
    juice = path(
        "M 222 560 C 360 570 540 570 678 560 L 678 1000 C 678 1030 660 1040 638 1040 L 262 1040 "
        "C 240 1040 222 1030 222 1000 Z"
    )
    c.fill(
        juice,
        Linear(
            (222, 0), (678, 0), [(0, "#4e4e4e"), (0.14, "#9a9a9a"), (0.5, "#c9c9c9"), (0.86, "#8a8a8a"), (1, "#3f3f3f")]
        ),
    )
    c.fill(juice, Linear((0, 560), (0, 1040), [(0, "#ffffff40"), (0.5, "#00000000"), (1, "#00000070")]))
    c.fill(ellipse(450, 561, 226, 9), "#f2f2f2", blur=2, opacity=0.75)
    c.fill(stroke([(450, 420), (452, 760), (470, 1015)], 11), "#ffffff", blur=1.5, opacity=0.35)
    c.fill(stroke([(455, 420), (457, 760), (475, 1015)], 3), "#333333", blur=1, opacity=0.35)
    c.rim(inner, "#202020", dx=12, dy=10, blur=9, opacity=0.5)
    c.rim(inner, "#ffffff", dx=-8, dy=-8, blur=6, opacity=0.7)
    c.rim(glass, "#ffffff", dx=7, dy=8, blur=4, opacity=0.9)
    c.rim(glass, "#1a1a1a", dx=-6, dy=-6, blur=4, opacity=0.7)
    _label(c)
    c.fill(
        path("M 246 470 L 300 470 L 262 1010 L 240 1000 Z"),
        Linear((0, 470), (0, 1010), [(0, "#ffffffd0"), (1, "#ffffff30")]),
        blur=5,
    )
    c.fill(path("M 640 480 L 652 480 L 652 1000 L 646 1000 Z"), "#ffffff", blur=4, opacity=0.7)
    neck = box(384, 348, 516, 402, 8)
    c.fill(neck, round_body("#b9b9b9", 384, 516, 0.9))
    for y in (362, 380):
        c.fill(box(384, y, 516, y + 5), "#303030", blur=1.5, opacity=0.5)
    cap = box(322, 92, 578, 352, 20)
    c.fill(
        cap,
        Linear(
            (322, 0),
            (578, 0),
            [
                (0, "#050505"),
                (0.1, "#3c3c3c"),
                (0.2, "#8e8e8e"),
                (0.27, "#3a3a3a"),
                (0.6, "#151515"),
                (0.9, "#2c2c2c"),
                (0.95, "#777777"),
                (1, "#0a0a0a"),
            ],
        ),
    )
    c.fill(
        box(322, 92, 578, 352, 20),
        Linear((0, 92), (0, 352), [(0, "#ffffff55"), (0.06, "#ffffff00"), (0.9, "#00000000"), (1, "#000000a0")]),
    )
    c.rim(cap, "#ffffff", dx=0, dy=4, blur=2, opacity=0.6)
    c.fill(box(322, 330, 578, 336), "#d0d0d0", opacity=0.65)
    return c.finish(900)


def _label(c: Canvas) -> None:
    """Engrave a label without letters: a sprig between two rules."""
    plate = box(318, 690, 582, 930, 6)
    c.fill(moved(plate, 4, 7), "#000000", blur=8, opacity=0.35)
    c.fill(plate, Linear((318, 690), (582, 930), [(0, "#fdfdfd"), (0.6, "#ececec"), (1, "#cfcfcf")]))
    ink = "#2b2b2b"
    frame = box(332, 704, 568, 916)
    c.fill(stroke([*frame, frame[0]], 2.4), ink)
    c.fill(stroke(path("M 450 862 C 446 820 454 790 450 742"), 4, 2), ink)
    for k in range(5):
        y, size = 842 - k * 21, 44 - k * 5
        for side in (-1, 1):
            leaf = path(
                f"M 450 {y} Q {450 + side * size * 0.4} {y - size * 0.75} {450 + side * size} {y - size * 0.5} "
                f"Q {450 + side * size * 0.7} {y + 4} 450 {y} Z"
            )
            c.fill(leaf, ink)
    for left, right, y in ((372, 528, 884), (404, 496, 898)):
        c.fill(box(left, y, right, y + 4), ink)
