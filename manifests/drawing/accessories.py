"""Things to wear and carry: bag, watch, headphones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .brush import Canvas, Grain, Linear, Radial, darker, lighter
from .outline import Outline, Point, box, dashes, ellipse, mirror, moved, path, stroke, turned

if TYPE_CHECKING:
    from PIL import Image


def _steel(start: Point, end: Point) -> Linear:
    stops = [(0, "#6d7278"), (0.16, "#f4f6f8"), (0.34, "#a9aeb4"), (0.52, "#fbfcfd"), (0.74, "#8b9197"), (1, "#4c5157")]
    return Linear(start, end, stops)


def _leather(c: Canvas, outline: Outline, colour: str, left: float, right: float) -> None:
    c.fill(
        outline,
        Linear(
            (left, 0),
            (right, 60),
            [(0, darker(colour, 0.3)), (0.28, lighter(colour, 0.16)), (0.6, colour), (1, darker(colour, 0.42))],
        ),
    )
    c.fill(outline, Grain("#200c02", 0.20, 4, 4, seed=13))
    c.fill(outline, Grain("#ffe3c2", 0.08, 7, 7, seed=17))
    c.rim(outline, "#1b0a02", dx=-6, dy=-8, blur=8, opacity=0.55)
    c.rim(outline, "#ffe7cc", dx=3, dy=4, blur=3, opacity=0.45)


def _seam(c: Canvas, line: Outline) -> None:
    for stitch in dashes(line, 11, 8):
        c.fill(stroke(moved(stitch, 1, 2), 4.6), "#241004", opacity=0.6)
        c.fill(stroke(stitch, 3.6), "#f3dcb4")


def bag() -> Image.Image:
    """Draw a leather tote on nothing: 1,400 pixels wide."""
    c = Canvas(1200, 1200, 2.4)
    tan = "#a5602f"
    c.fill(ellipse(605, 1108, 470, 26), "#1c120b", blur=22, opacity=0.5)
    far = path("M 402 440 C 408 200 470 128 600 128 C 730 128 792 200 798 440")
    c.fill(stroke(far, 32), darker(tan, 0.52))
    inside = path("M 216 428 C 360 408 840 408 984 428 L 960 476 L 240 476 Z")
    c.fill(inside, Linear((0, 410), (0, 476), [(0, "#55301a"), (1, "#1c0e06")]))
    body = path(
        "M 212 430 C 340 452 860 452 988 430 C 1010 640 1046 860 1058 1030 C 1062 1086 1032 1106 984 1108 "
        "L 216 1108 C 168 1106 138 1086 142 1030 C 154 860 190 640 212 430 Z"
    )
    _leather(c, body, tan, 140, 1060)
    c.fill(body, Radial((470, 600), 620, 620, [(0, "#ffdcae50"), (0.5, "#ffdcae00"), (1, "#1a080066")]))
    for crease, width in (("M 250 620 C 300 700 320 820 300 980", 26), ("M 950 600 C 900 720 890 840 915 990", 30)):
        c.fill(stroke(path(crease), width, 8), "#2a0f02", blur=14, opacity=0.35, inside=[body])
        c.fill(moved(stroke(path(crease), width * 0.6, 6), 20, 0), "#ffe0ba", blur=12, opacity=0.22, inside=[body])
    base = path("M 148 960 C 360 990 840 990 1052 960 L 1075 1120 L 125 1120 Z")
    c.fill(base, darker(tan, 0.62), opacity=0.72, inside=[body])
    c.fill(stroke(path("M 148 960 C 360 990 840 990 1052 960"), 9), "#160801", blur=5, opacity=0.6, inside=[body])
    c.fill(stroke(path("M 150 953 C 360 983 840 983 1050 953"), 3), "#f0c79a", blur=1, opacity=0.5, inside=[body])
    _seam(c, path("M 160 984 C 360 1012 840 1012 1040 984"))
    hem = path("M 222 470 C 350 492 850 492 978 470")
    c.fill(moved(stroke(hem, 7), 0, 16), "#2a0f02", blur=5, opacity=0.5, inside=[body])
    _seam(c, hem)
    near = path("M 372 610 C 366 300 440 196 600 196 C 760 196 834 300 828 610")
    c.fill(moved(stroke(near, 34), 12, 14), "#1c0a02", blur=11, opacity=0.45, inside=[body])
    strap = stroke(near, 36)
    c.fill(strap, Linear((370, 0), (830, 0), [(0, darker(tan, 0.3)), (0.3, lighter(tan, 0.22)), (1, darker(tan, 0.4))]))
    c.fill(strap, Grain("#200c02", 0.3, 5, 5, seed=19))
    c.rim(strap, "#1b0a02", dx=-5, dy=-6, blur=6, opacity=0.65)
    c.rim(strap, "#ffe7cc", dx=3, dy=4, blur=3, opacity=0.6)
    for x in (372, 828):
        _tab(c, x, tan)
    _tag(c, tan)
    return c.finish(1400)


def _tab(c: Canvas, x: float, tan: str) -> None:
    tab = path(
        f"M {x - 34} 560 L {x + 34} 560 L {x + 34} 670 C {x + 34} 704 {x + 12} 722 {x} 724 "
        f"C {x - 12} 722 {x - 34} 704 {x - 34} 670 Z"
    )
    c.fill(moved(tab, 7, 10), "#1c0a02", blur=8, opacity=0.55)
    _leather(c, tab, lighter(tan, 0.04), x - 40, x + 40)
    _seam(c, [(x - 24, 574), (x - 24, 670)])
    _seam(c, [(x + 24, 574), (x + 24, 670)])
    for y in (600, 680):
        c.fill(ellipse(x + 2, y + 4, 13, 13), "#120601", blur=3, opacity=0.7)
        c.fill(
            ellipse(x, y, 12, 12), Radial((x - 4, y - 5), 18, 18, [(0, "#fff7dc"), (0.4, "#d8ac5a"), (1, "#76501a")])
        )


def _tag(c: Canvas, tan: str) -> None:
    c.fill(stroke(path("M 828 606 C 860 640 876 690 880 748"), 8), darker(tan, 0.5))
    tag = turned(box(836, 742, 932, 890, 18), -5, (880, 748))
    c.fill(moved(tag, 10, 12), "#1c0a02", blur=10, opacity=0.55)
    _leather(c, tag, lighter(tan, 0.16), 836, 940)
    inner = turned(box(847, 753, 921, 879, 12), -5, (880, 748))
    _seam(c, [*inner, inner[0]])
    hole = turned(ellipse(884, 772, 9, 9), -5, (880, 748))
    c.fill(hole, Linear((875, 763), (893, 781), [(0, "#6f4b16"), (1, "#f3d58e")]))


def watch() -> Image.Image:
    """Draw a steel watch on a plain dark green: 1,000 x 1,250 pixels."""
    c = Canvas(800, 1000, 2.5)
    c.backdrop("#22302c")
    strap_colour = "#8a4b2a"
    for top in (True, False):
        outline = path("M 298 330 C 300 230 312 120 326 36 C 330 20 470 20 474 36 C 488 120 500 230 502 330 Z")
        if not top:
            outline = [(x, 1000 - y) for x, y in outline]
        c.fill(moved(outline, 26, 22), "#050908", blur=24, opacity=0.7)
        _leather(c, outline, strap_colour, 296, 504)
        fade = (36, 330) if top else (964, 670)
        c.fill(outline, Linear((0, fade[0]), (0, fade[1]), [(0, "#0a0402b0"), (0.35, "#0a040200"), (1, "#0a040266")]))
        side = path("M 322 318 C 322 230 330 130 342 50") if top else path("M 322 682 C 322 770 330 870 342 950")
        _seam(c, side)
        _seam(c, mirror(side, 400))
    for x in (300, 470):
        for y0, y1 in ((272, 380), (620, 728)):
            lug = path(f"M {x} {y0} L {x + 30} {y0} L {x + 42} {y1} L {x - 12} {y1} Z")
            c.fill(lug, _steel((x - 12, 0), (x + 42, 0)))
            c.rim(lug, "#101214", dx=-3, dy=-3, blur=3, opacity=0.6)
    for y, size in ((500, 26),):
        crown = box(636, y - size, 682, y + size, 9)
        c.fill(crown, _steel((0, y - size), (0, y + size)))
        for k in range(-4, 5):
            c.fill(box(640, y + k * 6 - 1, 680, y + k * 6 + 1), "#20242a", opacity=0.55)
    c.fill(ellipse(424, 526, 246, 246), "#030605", blur=24, opacity=0.75)
    c.fill(ellipse(400, 500, 246, 246), _steel((200, 270), (600, 730)))
    c.fill(ellipse(400, 500, 234, 234), _steel((600, 730), (200, 270)))
    c.fill(ellipse(400, 500, 216, 216), "#15181b")
    dial = ellipse(400, 500, 210, 210)
    c.fill(dial, Radial((360, 440), 330, 330, [(0, "#2e5a88"), (0.5, "#173a61"), (1, "#081a30")]))
    _dial(c)
    glass = path("M 220 400 C 260 310 360 286 440 296 C 340 340 270 440 262 580 C 214 530 206 460 220 400 Z")
    c.fill(glass, Linear((220, 320), (330, 560), [(0, "#ffffff70"), (1, "#ffffff08")]), inside=[dial])
    c.rim(dial, "#000000", dx=8, dy=10, blur=9, opacity=0.7)
    return c.finish(1000)


def _dial(c: Canvas) -> None:
    middle = (400.0, 500.0)
    for minute in range(60):
        hour = minute % 5 == 0
        mark = box(397, 304, 403, 340, 2) if hour else box(398.8, 304, 401.2, 316)
        here = turned(mark, minute * 6, middle)
        if hour:
            c.fill(moved(here, 3, 4), "#000000", blur=2, opacity=0.6)
        c.fill(here, "#f4f1e6" if hour else "#a9bcd0")
    c.fill(ellipse(400, 592, 52, 52), Radial((392, 580), 70, 70, [(0, "#1f466f"), (1, "#0b2038")]))
    c.fill(stroke([*ellipse(400, 592, 52, 52)], 2.4), "#8fa5bb")
    for k in range(12):
        c.fill(turned(box(399, 544, 401, 552), k * 30, (400, 592)), "#dfe7ee")
    for hand, turn, colour in (
        (path("M 398.6 596 L 401.4 596 L 400.6 552 L 399.4 552 Z"), 130, "#f0b45a"),
        (path("M 392 528 L 408 528 L 405 392 L 400 376 L 395 392 Z"), 305, "#f2f4f6"),
        (path("M 393 540 L 407 540 L 404 338 L 400 320 L 396 338 Z"), 56, "#f2f4f6"),
        (path("M 398 560 L 402 560 L 401 312 L 399 312 Z"), 205, "#f0b45a"),
    ):
        centre = (400.0, 592.0) if turn == 130 else middle
        here = turned(hand, turn, centre)
        c.fill(moved(here, 5, 8), "#000000", blur=4, opacity=0.65)
        c.fill(here, colour)
        c.rim(here, "#5c6670", dx=-2.5, dy=-2, blur=1.5, opacity=0.55)
    c.fill(ellipse(400, 500, 11, 11), Radial((396, 496), 16, 16, [(0, "#fff5dd"), (0.5, "#f0b45a"), (1, "#7b5217")]))


def headphones() -> Image.Image:
    """Draw over-ear headphones on a plain lilac: square, 1,200 pixels."""
    c = Canvas(1000, 1000, 2.6)
    c.backdrop("#d9d3ea")
    c.fill(ellipse(510, 918, 400, 22), "#2d2350", blur=24, opacity=0.5)
    shell, dark = "#3b3f58", "#1d1f2e"
    arc = ellipse(500, 470, 318, 352, 180, 360)
    band = stroke(arc, 62)
    c.fill(band, Linear((180, 200), (820, 420), [(0, lighter(shell, 0.25)), (0.4, shell), (1, darker(shell, 0.5))]))
    c.rim(band, "#ffffff", dx=4, dy=9, blur=6, opacity=0.5)
    c.rim(band, "#080912", dx=-6, dy=-10, blur=9, opacity=0.75)
    pad = stroke(ellipse(500, 480, 278, 312, 204, 336), 44, 44)
    c.fill(pad, Linear((0, 150), (0, 380), [(0, "#5a5f80"), (0.3, dark), (1, darker(dark, 0.5))]))
    c.fill(pad, Grain("#ffffff", 0.10, 4, 4, seed=23))
    c.rim(pad, "#aab0d4", dx=3, dy=6, blur=4, opacity=0.45)
    for side in (1, -1):
        _cup(c, side, shell, dark)
    return c.finish(1200)


def _cup(c: Canvas, side: int, shell: str, dark: str) -> None:
    def here(outline: Outline) -> Outline:
        return outline if side == 1 else mirror(outline, 500)

    slider = here(stroke([(184, 452), (180, 600)], 26))
    left, right = min(slider)[0], max(slider)[0]
    c.fill(slider, _steel((left, 0), (right, 0)))
    yoke = here(stroke(path("M 182 556 C 120 580 112 640 128 700"), 24))
    c.fill(yoke, Linear((100, 0), (900, 0), [(0, lighter(shell, 0.3)), (0.5, shell), (1, darker(shell, 0.4))]))
    c.rim(yoke, "#ffffff", dx=3, dy=4, blur=3, opacity=0.5)
    cushion = here(path("M 236 540 C 300 530 334 590 336 700 C 338 820 306 890 240 880 C 214 876 210 546 236 540 Z"))
    c.fill(moved(cushion, 8, 12), "#191430", blur=12, opacity=0.4)
    low, high = min(cushion)[0], max(cushion)[0]
    c.fill(
        cushion,
        Linear((low, 0), (high, 0), [(0, darker(dark, 0.5)), (0.35, "#4a4e6c"), (0.6, dark), (1, darker(dark, 0.6))]),
    )
    c.fill(cushion, Grain("#ffffff", 0.09, 4, 4, seed=29))
    c.rim(cushion, "#c3c8ea", dx=0, dy=7, blur=5, opacity=0.4)
    cup = here(
        path(
            "M 214 536 C 250 534 262 610 262 710 C 262 812 250 884 214 884 C 142 884 98 806 98 710 "
            "C 98 614 142 538 214 536 Z"
        )
    )
    low, high = min(cup)[0], max(cup)[0]
    c.fill(
        cup,
        Linear(
            (low, 600),
            (high, 700),
            [(0, lighter(shell, 0.1)), (0.25, lighter(shell, 0.36)), (0.55, shell), (1, darker(shell, 0.62))],
        ),
    )
    c.rim(cup, "#ffffff", dx=5, dy=8, blur=6, opacity=0.5)
    c.rim(cup, "#05060c", dx=-7, dy=-9, blur=10, opacity=0.7)
    c.fill(here(stroke(path("M 232 560 C 246 640 246 790 232 862"), 5)), _steel((low, 0), (high, 0)))
    middle = 168 if side == 1 else 832
    ring = ellipse(middle, 712, 42, 74)
    c.fill(ring, _steel((middle - 42, 640), (middle + 42, 780)))
    disc = ellipse(middle, 712, 36, 67)
    c.fill(disc, Radial((middle - 10, 680), 70, 110, [(0, "#565b7d"), (1, "#202335")]))
    for k in range(7):
        tall = 50 * math.cos(math.radians((k - 3) * 26))
        c.fill(box(middle - 27 + k * 8.4, 712 - tall, middle - 24 + k * 8.4, 712 + tall, 1.4), "#0b0c14", opacity=0.7)
    c.fill(ellipse(middle + 20 * side, 842, 6, 6), "#7df0c8", blur=1.2)
