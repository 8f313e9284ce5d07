"""Friendly characters for the animation sample, full figures on nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .brush import Canvas, Grain, Linear, Radial, darker, lighter, round_body
from .outline import Outline, box, ellipse, mirror, moved, path, stroke

if TYPE_CHECKING:
    from PIL import Image


def _ball(c: Canvas, outline: Outline, colour: str) -> None:
    """Paint a soft round part, lit from the upper left."""
    left, right = min(x for x, _ in outline), max(x for x, _ in outline)
    top, bottom = min(y for _, y in outline), max(y for _, y in outline)
    light = (left + (right - left) * 0.36, top + (bottom - top) * 0.28)
    stops = [(0.0, lighter(colour, 0.34)), (0.45, colour), (1.0, darker(colour, 0.42))]
    c.fill(outline, Radial(light, (right - left) * 0.85, (bottom - top) * 0.9, stops))
    c.rim(outline, "#ffffff", dx=4, dy=5, blur=5, opacity=0.35)
    c.rim(outline, darker(colour, 0.8), dx=-6, dy=-7, blur=9, opacity=0.5)


def _eye(c: Canvas, x: float, y: float, size: float, iris: str) -> None:
    c.fill(
        ellipse(x, y, size, size * 1.12),
        Radial((x, y - size * 0.2), size * 1.5, size * 1.5, [(0, "#ffffff"), (0.7, "#f3f1f4"), (1, "#b9b4c4")]),
    )
    c.fill(
        ellipse(x + size * 0.1, y + size * 0.08, size * 0.68, size * 0.76),
        Radial((x, y + size * 0.5), size, size, [(0, lighter(iris, 0.45)), (0.6, iris), (1, darker(iris, 0.6))]),
    )
    c.fill(ellipse(x + size * 0.1, y + size * 0.08, size * 0.38, size * 0.44), "#17121a")
    c.fill(ellipse(x - size * 0.16, y - size * 0.28, size * 0.24, size * 0.26), "#ffffff")
    c.fill(ellipse(x + size * 0.34, y + size * 0.4, size * 0.1, size * 0.1), "#ffffff", opacity=0.85)


def robot() -> Image.Image:
    """Draw a small household robot: tall, 1,000 pixels wide."""
    c = Canvas(1000, 1300, 2)
    c.fill(ellipse(505, 1216, 300, 26), "#1a2230", blur=20, opacity=0.45)
    cream, coral, steel = "#f1ece2", "#ee7f5b", "#8d99a8"
    for x in (410, 590):
        c.fill(box(x - 24, 970, x + 24, 1160, 12), round_body(steel, x - 24, x + 24, 0.9))
        for y in (1010, 1046, 1082, 1118):
            c.fill(box(x - 27, y, x + 27, y + 9, 4), round_body("#5b6675", x - 27, x + 27, 0.8))
        _ball(
            c,
            path(
                f"M {x - 84} 1216 C {x - 92} 1150 {x - 44} 1128 {x} 1128 C {x + 44} 1128 {x + 92} 1150 {x + 84} 1216 Z"
            ),
            coral,
        )
        c.fill(box(x - 86, 1202, x + 86, 1222, 8), darker(coral, 0.55))
    for side in (1, -1):
        line = path("M 300 740 C 200 760 180 860 214 940") if side == 1 else path("M 700 740 C 800 720 850 640 836 560")
        c.fill(stroke(line, 40), Linear((180, 0), (880, 0), [(0, lighter(steel, 0.4)), (1, darker(steel, 0.35))]))
        c.rim(stroke(line, 40), "#20262e", dx=-5, dy=-6, blur=6, opacity=0.6)
        hand_x, hand_y = line[-1]
        for dx, dy in ((-30, 34), (4, 48), (34, 30)):
            c.fill(stroke([(hand_x, hand_y), (hand_x + dx, hand_y + dy * side)], 24), darker(cream, 0.16))
        _ball(c, ellipse(hand_x, hand_y, 44, 42), cream)
    body = path(
        "M 320 690 C 330 650 400 640 500 640 C 600 640 670 650 680 690 C 710 790 706 900 668 968 "
        "C 640 1002 570 1010 500 1010 C 430 1010 360 1002 332 968 C 294 900 290 790 320 690 Z"
    )
    _ball(c, body, cream)
    c.fill(path("M 280 900 C 400 940 600 940 720 900 L 720 1020 L 280 1020 Z"), coral, inside=[body])
    c.rim(body, "#6d5b4b", dx=-8, dy=-10, blur=16, opacity=0.6)
    panel = box(410, 716, 590, 846, 28)
    c.fill(panel, Linear((410, 716), (590, 846), [(0, "#44576b"), (1, "#1e2a38")]))
    c.rim(panel, "#05080c", dx=5, dy=7, blur=6, opacity=0.8)
    heart = path(
        "M 500 822 C 440 786 436 746 466 740 C 484 738 496 750 500 762 C 504 750 516 738 534 740 "
        "C 564 746 560 786 500 822 Z"
    )
    c.fill(heart, "#ff8d7a", blur=10, opacity=0.7)
    c.fill(heart, Radial((486, 760), 60, 60, [(0, "#ffd8cc"), (1, "#ff735c")]))
    c.fill(box(450, 596, 550, 652, 10), round_body("#5b6675", 450, 550, 0.8))
    c.fill(stroke([(500, 262), (500, 176)], 14, 10), round_body(steel, 492, 508, 1))
    c.fill(ellipse(500, 156, 60, 60), "#ffd36e", blur=20, opacity=0.55)
    _ball(c, ellipse(500, 156, 30, 30), "#ffc247")
    for x in (244, 756):
        _ball(c, box(x - 34, 380, x + 34, 500, 30), coral)
    head = path(
        "M 262 350 C 270 272 350 256 500 256 C 650 256 730 272 738 350 C 752 430 748 500 728 548 "
        "C 700 604 620 612 500 612 C 380 612 300 604 272 548 C 252 500 248 430 262 350 Z"
    )
    _ball(c, head, cream)
    face = path(
        "M 316 378 C 322 326 380 316 500 316 C 620 316 678 326 684 378 C 694 430 690 480 676 512 "
        "C 656 550 600 554 500 554 C 400 554 344 550 324 512 C 310 480 306 430 316 378 Z"
    )
    c.fill(face, Linear((0, 316), (0, 554), [(0, "#2b3a4b"), (1, "#111a24")]))
    c.rim(face, "#000000", dx=6, dy=9, blur=8, opacity=0.8)
    for x in (412, 588):
        c.fill(ellipse(x, 428, 44, 50), "#5be3e8", blur=14, opacity=0.6)
        c.fill(
            ellipse(x, 428, 34, 42), Radial((x - 6, 416), 50, 60, [(0, "#e9ffff"), (0.5, "#7ff2f2"), (1, "#2fb5c4")])
        )
        c.fill(ellipse(x - 10, 410, 9, 11), "#ffffff")
    smile = stroke(path("M 452 494 C 474 520 526 520 548 494"), 11)
    c.fill(smile, "#5be3e8", blur=8, opacity=0.7)
    c.fill(smile, "#a8f7f5")
    c.fill(
        path("M 330 372 C 340 336 400 328 520 328 L 400 540 C 340 536 322 470 330 372 Z"),
        Linear((330, 330), (480, 520), [(0, "#ffffff38"), (1, "#ffffff00")]),
        inside=[face],
    )
    return c.finish(1000)


def fox() -> Image.Image:
    """Draw a fox with a scarf: tall, 1,000 pixels wide."""
    c = Canvas(1000, 1300, 2)
    c.fill(ellipse(520, 1222, 330, 24), "#231509", blur=20, opacity=0.45)
    fur, cream, dark = "#e27a32", "#fbeedd", "#4a2a1c"
    tail = path(
        "M 610 1120 C 760 1140 900 1040 880 880 C 872 800 830 760 816 700 C 760 790 770 860 740 920 "
        "C 706 990 650 1010 600 1020 Z"
    )
    _ball(c, tail, fur)
    tip = path(
        "M 816 690 C 760 780 775 830 752 884 C 780 862 800 880 818 850 C 836 872 862 860 884 872 "
        "C 880 800 830 760 816 690 Z"
    )
    c.fill(tip, cream, inside=[tail])
    c.rim(tail, "#7a3410", dx=-8, dy=-10, blur=14, opacity=0.5)
    body = path(
        "M 400 660 C 340 780 300 920 320 1080 C 328 1180 400 1210 500 1210 C 600 1210 672 1180 680 1080 "
        "C 700 920 660 780 600 660 Z"
    )
    _ball(c, body, fur)
    belly = path(
        "M 440 700 C 400 820 380 960 400 1080 C 412 1160 450 1180 500 1180 C 550 1180 588 1160 600 1080 "
        "C 620 960 600 820 560 700 Z"
    )
    c.fill(belly, Linear((0, 700), (0, 1180), [(0, cream), (1, darker(cream, 0.16))]), blur=3)
    for x in (380, 620):
        thigh = ellipse(x, 1120, 92, 92)
        _ball(c, thigh, fur)
    for x in (425, 575):
        leg = path(
            f"M {x} 780 C {x - 40} 780 {x - 48} 1000 {x - 40} 1180 "
            f"L {x + 40} 1180 C {x + 48} 1000 {x + 40} 780 {x} 780 Z"
        )
        c.fill(leg, Linear((x - 46, 0), (x + 46, 0), [(0, lighter(fur, 0.16)), (0.5, fur), (1, darker(fur, 0.3))]))
        c.fill(
            path(f"M {x - 60} 1060 L {x + 60} 1060 L {x + 60} 1240 L {x - 60} 1240 Z"),
            Linear((0, 1060), (0, 1130), [(0, "#4a2a1c00"), (1, "#4a2a1cff")]),
            inside=[leg],
        )
        _ball(
            c,
            path(
                f"M {x - 58} 1216 C {x - 64} 1166 {x - 30} 1150 {x} 1150 C {x + 30} 1150 {x + 64} 1166 {x + 58} 1216 Z"
            ),
            dark,
        )
        for dx in (-18, 18):
            c.fill(stroke([(x + dx, 1186), (x + dx, 1214)], 5), "#1f100a", opacity=0.7)
    _fox_head(c, fur, cream, dark)
    return c.finish(1000)


def _fox_head(c: Canvas, fur: str, cream: str, dark: str) -> None:
    ear = path("M 262 380 C 236 260 240 160 280 118 C 350 150 420 220 452 300 Z")
    inner = path("M 288 340 C 270 260 272 206 290 176 C 338 206 380 256 400 300 Z")
    for outline, inside in ((ear, inner), (mirror(ear, 500), mirror(inner, 500))):
        _ball(c, outline, fur)
        c.fill(inside, Linear((0, 176), (0, 340), [(0, dark), (1, "#8a4f38")]), blur=4)
    scarf = path(
        "M 352 672 C 400 712 600 712 648 672 C 680 700 680 760 650 780 C 590 820 410 820 350 780 "
        "C 320 760 320 700 352 672 Z"
    )
    end = path(
        "M 560 770 C 600 760 640 770 650 790 C 660 870 664 930 650 990 C 620 1000 590 996 566 984 "
        "C 580 910 576 840 560 770 Z"
    )
    teal = "#2c8c8a"
    for part in (end, scarf):
        c.fill(moved(part, 5, 12), "#231509", blur=10, opacity=0.45)
        _ball(c, part, teal)
        c.fill(part, Grain("#0b2f2e", 0.3, 8, 4, seed=61))
    for y in (900, 940):
        c.fill(path(f"M 540 {y} L 680 {y + 6} L 680 {y + 24} L 540 {y + 18} Z"), cream, inside=[end], opacity=0.9)
    head = path(
        "M 500 250 C 620 246 740 310 772 430 C 806 470 836 520 850 570 C 800 580 776 590 740 640 "
        "C 690 700 600 730 500 730 C 400 730 310 700 260 640 C 224 590 200 580 150 570 "
        "C 164 520 194 470 228 430 C 260 310 380 246 500 250 Z"
    )
    c.fill(moved(head, 0, 18), "#231509", blur=14, opacity=0.35, inside=[scarf])
    _ball(c, head, fur)
    mask = path(
        "M 500 520 C 440 440 330 440 240 520 C 200 550 170 564 150 570 C 200 580 224 590 260 640 "
        "C 310 700 400 730 500 730 C 600 730 690 700 740 640 C 776 590 800 580 850 570 "
        "C 830 564 800 550 760 520 C 670 440 560 440 500 520 Z"
    )
    c.fill(mask, Radial((460, 540), 380, 240, [(0, "#ffffff"), (0.5, cream), (1, darker(cream, 0.22))]), inside=[head])
    c.rim(head, "#8a4a22", dx=-7, dy=-9, blur=12, opacity=0.45)
    for x in (372, 628):
        c.fill(ellipse(x, 486, 46, 52), "#3b1d10", blur=5, opacity=0.5)
        _eye(c, x, 486, 42, "#7b4a1e")
        brow = path(f"M {x - 40} 408 C {x - 16} 390 {x + 20} 392 {x + 42} 410")
        c.fill(stroke(brow, 13, 9), dark)
        c.fill(ellipse(x + (-62 if x < 500 else 62), 590, 46, 24), "#f2876a", blur=14, opacity=0.5)
    _ball(
        c, path("M 446 574 C 450 552 550 552 554 574 C 552 606 522 626 500 628 C 478 626 448 606 446 574 Z"), "#2a1a17"
    )
    c.fill(ellipse(484, 574, 18, 7), "#ffffff", blur=3, opacity=0.8)
    mouth = path("M 420 640 C 440 672 484 672 500 640 C 516 672 560 672 580 640")
    c.fill(stroke([(500, 626), (500, 642)], 7), "#4a2a1c")
    c.fill(stroke(mouth, 8), "#4a2a1c")


def astronaut() -> Image.Image:
    """Draw a child astronaut: tall, 900 pixels wide."""
    c = Canvas(900, 1600, 2)
    c.fill(ellipse(460, 1436, 290, 26), "#20425c", blur=22, opacity=0.5)
    suit, orange, grey = "#f4f2ee", "#f08a3c", "#77828f"
    _ball(c, box(250, 800, 650, 1130, 60), grey)
    for x in (365, 535):
        leg = path(
            f"M {x - 78} 1090 C {x - 84} 1220 {x - 78} 1300 {x - 70} 1370 L {x + 70} 1370 C {x + 78} 1300 "
            f"{x + 84} 1220 {x + 78} 1090 Z"
        )
        c.fill(leg, round_body(suit, x - 82, x + 82, 0.8))
        for y in (1230, 1310):
            c.fill(
                stroke(path(f"M {x - 80} {y} C {x - 40} {y + 18} {x + 40} {y + 18} {x + 80} {y}"), 10),
                "#6c727c",
                blur=5,
                opacity=0.5,
                inside=[leg],
            )
        c.fill(box(x - 74, 1330, x + 74, 1366, 14), round_body(orange, x - 74, x + 74, 0.8))
        _ball(
            c,
            path(
                f"M {x - 94} 1440 C {x - 100} 1376 {x - 50} 1360 {x} 1360 C {x + 50} 1360 {x + 100} 1376 "
                f"{x + 94} 1440 Z"
            ),
            grey,
        )
        c.fill(box(x - 96, 1424, x + 96, 1446, 8), "#343c46")
    for line in (path("M 270 850 C 190 900 160 1000 186 1090"), path("M 630 850 C 740 840 818 760 826 650")):
        arm = stroke(line, 116, 92)
        c.fill(arm, Linear((120, 0), (840, 0), [(0, lighter(suit, 0.5)), (0.5, suit), (1, darker(suit, 0.26))]))
        c.rim(arm, "#444b55", dx=-8, dy=-10, blur=14, opacity=0.55)
        hand_x, hand_y = line[-1]
        toward = 1 if hand_y > 900 else -1
        c.fill(ellipse(hand_x, hand_y - 8 * toward, 54, 24), orange)
        _ball(c, ellipse(hand_x, hand_y + 42 * toward, 52, 52), grey)
    body = path(
        "M 262 840 C 280 780 360 760 450 760 C 540 760 620 780 638 840 C 664 940 664 1060 640 1130 "
        "C 590 1180 310 1180 260 1130 C 236 1060 236 940 262 840 Z"
    )
    _ball(c, body, suit)
    c.fill(
        stroke(path("M 248 1070 C 340 1110 560 1110 652 1070"), 38), round_body(orange, 248, 652, 0.7), inside=[body]
    )
    _controls(c)
    _ball(c, ellipse(450, 800, 200, 46), grey)
    _helmet(c, suit, orange)
    return c.finish(900)


def _controls(c: Canvas) -> None:
    panel = box(352, 890, 548, 1020, 22)
    c.fill(moved(panel, 4, 8), "#343c46", blur=8, opacity=0.5)
    c.fill(panel, Linear((352, 890), (548, 1020), [(0, "#dfe4ea"), (1, "#9aa4b0")]))
    for x, colour in ((392, "#e8534a"), (450, "#f5c24a"), (508, "#53b878")):
        _ball(c, ellipse(x, 930, 18, 18), colour)
    for k in range(3):
        c.fill(box(376, 966 + k * 15, 524 - k * 30, 974 + k * 15, 4), "#4a5460")


def _helmet(c: Canvas, suit: str, orange: str) -> None:
    helmet = ellipse(450, 520, 300, 290)
    _ball(c, helmet, suit)
    for x in (152, 748):
        _ball(c, ellipse(x, 530, 40, 74), orange)
    visor = path(
        "M 226 520 C 226 380 320 330 450 330 C 580 330 674 380 674 520 C 674 660 590 720 450 720 "
        "C 310 720 226 660 226 520 Z"
    )
    frame = [(450 + (x - 450) * 1.07, 525 + (y - 525) * 1.08) for x, y in visor]
    c.fill(frame, "#7d8894")
    c.fill(visor, Linear((0, 330), (0, 720), [(0, "#294a72"), (1, "#14263f")]))
    skin = "#c98a62"
    face = ellipse(450, 560, 158, 150)
    c.fill(path("M 290 560 C 270 420 350 372 450 372 C 550 372 630 420 610 560 Z"), "#3a241a", inside=[visor])
    c.fill(
        face,
        Radial((410, 520), 210, 210, [(0, lighter(skin, 0.3)), (0.5, skin), (1, darker(skin, 0.35))]),
        inside=[visor],
    )
    fringe = path(
        "M 288 520 C 310 430 400 400 470 406 C 560 408 606 450 612 520 C 580 480 540 462 500 470 "
        "C 440 452 350 462 288 520 Z"
    )
    c.fill(fringe, Linear((0, 400), (0, 520), [(0, "#5b3a29"), (1, "#33201a")]), inside=[visor])
    for x in (392, 508):
        _eye(c, x, 562, 31, "#4d7a3f")
        c.fill(stroke(path(f"M {x - 30} 512 C {x - 10} 500 {x + 14} 500 {x + 32} 512"), 9), "#33201a")
        c.fill(ellipse(x + (-32 if x < 450 else 32), 618, 32, 20), "#e2704f", blur=10, opacity=0.5)
    c.fill(ellipse(450, 604, 15, 11), darker(skin, 0.25), blur=3)
    mouth = path("M 404 636 C 420 690 480 690 496 636 C 470 646 430 646 404 636 Z")
    c.fill(mouth, "#7a2f2a")
    c.fill(path("M 410 640 C 430 648 470 648 490 640 C 486 654 414 654 410 640 Z"), "#ffffff")
    c.rim(visor, "#04101c", dx=8, dy=12, blur=12, opacity=0.75)
    c.fill(
        path("M 258 500 C 262 410 320 360 400 350 C 320 400 290 460 288 590 C 266 570 256 540 258 500 Z"),
        Linear((260, 350), (330, 590), [(0, "#ffffffc0"), (1, "#ffffff10")]),
        blur=5,
    )
    c.fill(stroke(path("M 600 400 C 636 430 650 480 648 540"), 10, 4), "#ffffff", blur=4, opacity=0.55)
    c.fill(stroke([(610, 260), (656, 176)], 10), "#77828f")
    _ball(c, ellipse(660, 168, 20, 20), "#e8534a")
