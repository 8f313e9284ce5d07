"""Places for the real estate sample: a living room and a house, both 16:9."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from .brush import Canvas, Grain, Linear, Radial, darker, lighter, round_body
from .outline import Outline, box, ellipse, moved, path, stroke, turned

if TYPE_CHECKING:
    from PIL import Image


def _plank(c: Canvas, outline: Outline, colour: str, seed: int) -> None:
    c.fill(outline, colour)
    c.fill(outline, Grain("#2e1708", 0.32, 90, 3, seed=seed))


def living_room() -> Image.Image:
    """Draw a living room in afternoon light: 1,600 pixels wide."""
    c = Canvas(1600, 900, 2)
    c.backdrop(Linear((0, 0), (1600, 0), [(0, "#f1e7d8"), (0.6, "#e6d8c4"), (1, "#cbb89f")]))
    c.fill(box(0, 0, 1600, 60), Linear((0, 0), (0, 60), [(0, "#6b5a4655"), (1, "#6b5a4600")]))
    floor = box(0, 640, 1600, 900)
    c.fill(floor, "#b98a5c")
    edges = [640.0]
    while edges[-1] < 900:
        edges.append(edges[-1] + 14 + (edges[-1] - 640) * 0.16)
    for number, (top, bottom) in enumerate(pairwise(edges)):
        tone = ("#bb8c5e", "#c4966a", "#b08051")[number % 3]
        _plank(c, box(0, top, 1600, bottom), tone, number)
        c.fill(box(0, bottom - 1.4, 1600, bottom), "#4e2f17", opacity=0.6)
        for k in range(6):
            x = (k * 330 + number * 137) % 1900 - 100
            c.fill(box(x, top, x + 1.6, bottom), "#4e2f17", opacity=0.5)
    c.fill(floor, Linear((0, 0), (1600, 0), [(0, "#ffe0b030"), (0.5, "#00000000"), (1, "#2a140566")]))
    c.fill(box(0, 618, 1600, 642), Linear((0, 618), (0, 642), [(0, "#fdf8ef"), (1, "#cfc1ac")]))
    _window(c)
    for shape in ("M 330 700 L 620 690 L 900 900 L 520 900 Z", "M 640 688 L 780 684 L 1200 900 L 960 900 Z"):
        c.fill(path(shape), "#ffe6ae", blur=8, opacity=0.5, inside=[floor])
    _rug(c)
    _picture(c, (930, 150, 1110, 390), "#c9714d")
    _picture(c, (1140, 190, 1270, 360), "#41695c")
    _couch(c)
    _floor_lamp(c)
    _coffee_table(c)
    _greenery(c)
    c.fill(path("M 90 120 L 560 120 L 1250 900 L 420 900 Z"), "#fff0c8", blur=60, opacity=0.17)
    c.backdrop(Radial((700, 420), 1150, 760, [(0, "#00000000"), (0.65, "#00000000"), (1, "#2a170a66")]))
    return c.finish(1600)


def _window(c: Canvas) -> None:
    frame = box(110, 90, 590, 560)
    c.fill(moved(frame, 6, 8), "#4a3823", blur=14, opacity=0.4)
    c.fill(frame, "#fbf7ef")
    view = box(130, 110, 570, 540)
    c.fill(view, Linear((0, 110), (0, 540), [(0, "#8fc3e8"), (0.6, "#dceff5"), (1, "#f6efd4")]))
    for x, y, rx, ry in ((250, 190, 70, 16), (300, 176, 50, 18), (460, 240, 60, 13)):
        c.fill(ellipse(x, y, rx, ry), "#ffffff", blur=9, opacity=0.85)
    c.fill(
        path("M 130 440 C 220 380 300 410 370 430 C 450 390 520 400 570 420 L 570 540 L 130 540 Z"),
        "#9cb98c",
        inside=[view],
    )
    c.fill(path("M 130 490 C 240 450 380 480 570 460 L 570 540 L 130 540 Z"), "#78a067", inside=[view])
    for x, y, size in ((180, 430, 34), (215, 444, 26), (505, 420, 40), (540, 440, 28)):
        c.fill(
            ellipse(x, y, size, size * 1.2),
            Radial((x - 8, y - 14), size * 1.5, size * 1.7, [(0, "#8fbd73"), (1, "#3f6b41")]),
            inside=[view],
        )
    c.rim(view, "#5b4a36", dx=7, dy=9, blur=6, opacity=0.4)
    for bar in (box(343, 110, 357, 540), box(130, 306, 570, 318)):
        c.fill(moved(bar, 3, 4), "#5b4a36", blur=4, opacity=0.35)
        c.fill(bar, "#fbf7ef")
    c.fill(box(92, 556, 608, 580, 4), Linear((0, 556), (0, 580), [(0, "#ffffff"), (1, "#cfc2ad")]))
    for left, right in ((50, 170), (530, 650)):
        curtain = path(
            f"M {left} 66 L {right} 66 C {right - 12} 300 {right - 14} 480 {right + 4} 628 "
            f"L {left - 4} 628 C {left + 12} 460 {left + 10} 280 {left} 66 Z"
        )
        c.fill(moved(curtain, 10, 4), "#4a3823", blur=12, opacity=0.35)
        c.fill(curtain, "#efe6da")
        for k in range(5):
            fold = left + (right - left) * (k + 0.5) / 5
            c.fill(stroke([(fold, 66), (fold + 3, 628)], 10), "#8b775e", blur=5, opacity=0.4, inside=[curtain])
            c.fill(stroke([(fold - 11, 66), (fold - 8, 628)], 7), "#ffffff", blur=4, opacity=0.7, inside=[curtain])
    c.fill(stroke([(26, 64), (676, 64)], 10), Linear((0, 59), (0, 69), [(0, "#d8b27a"), (1, "#6e4c22")]))
    for x in (24, 678):
        c.fill(ellipse(x, 64, 12, 12), Radial((x - 4, 60), 18, 18, [(0, "#f6dcab"), (1, "#6e4c22")]))


def _rug(c: Canvas) -> None:
    for grow, colour in ((0, "#e8dcc8"), (16, "#a9583f"), (24, "#e8dcc8"), (60, "#c9a58a"), (66, "#e8dcc8")):
        rug = ellipse(940, 800, 500 - grow * 1.7, 82 - grow * 0.42)
        if not grow:
            c.fill(moved(rug, 4, 8), "#2a1505", blur=8, opacity=0.5)
        c.fill(rug, colour)
    c.fill(ellipse(940, 800, 500, 82), Grain("#6b4a2f", 0.3, 5, 2, seed=31))


def _picture(c: Canvas, corners: tuple[float, float, float, float], colour: str) -> None:
    left, top, right, bottom = corners
    frame = box(left, top, right, bottom)
    c.fill(moved(frame, 8, 12), "#3d2c18", blur=10, opacity=0.45)
    c.fill(frame, Linear((left, top), (right, bottom), [(0, "#7a5736"), (1, "#3e2814")]))
    c.fill(box(left + 9, top + 9, right - 9, bottom - 9), "#fbf8f1")
    art = box(left + 30, top + 34, right - 30, bottom - 34)
    c.fill(art, lighter(colour, 0.72))
    width, height = right - left, bottom - top
    c.fill(ellipse(left + width * 0.56, top + height * 0.42, width * 0.17, width * 0.17), colour)
    hill = path(
        f"M {left} {top + height * 0.66} Q {left + width * 0.4} {top + height * 0.46} {right} "
        f"{top + height * 0.7} L {right} {bottom} L {left} {bottom} Z"
    )
    c.fill(hill, darker(colour, 0.35), inside=[art])


def _couch(c: Canvas) -> None:
    green = "#71856a"
    c.fill(ellipse(1090, 742, 330, 20), "#1c0f05", blur=12, opacity=0.65)
    for x in (830, 1350):
        c.fill([(x - 10, 700), (x + 10, 700), (x + 5, 744), (x - 5, 744)], "#5b3a1e")
    parts = [
        (box(800, 470, 1380, 690, 40), darker(green, 0.16)),
        (box(838, 488, 1086, 640, 30), green),
        (box(1094, 488, 1342, 640, 30), green),
        (box(800, 640, 1380, 712, 16), darker(green, 0.2)),
        (box(836, 598, 1090, 662, 22), lighter(green, 0.12)),
        (box(1090, 598, 1344, 662, 22), lighter(green, 0.12)),
        (box(768, 548, 848, 714, 34), green),
        (box(1332, 548, 1412, 714, 34), darker(green, 0.1)),
    ]
    for outline, colour in parts:
        left, top = min(outline)[0], min(y for _, y in outline)
        c.fill(moved(outline, 3, 6), "#0f160d", blur=7, opacity=0.4)
        c.fill(
            outline,
            Linear(
                (left, top),
                (left + 260, top + 190),
                [(0, lighter(colour, 0.3)), (0.5, colour), (1, darker(colour, 0.28))],
            ),
        )
        c.fill(outline, Grain("#10180d", 0.2, 3, 3, seed=37))
        c.rim(outline, "#ffffff", dx=3, dy=4, blur=4, opacity=0.35)
        c.rim(outline, "#10180d", dx=-5, dy=-6, blur=8, opacity=0.5)
    for x, y, turn, colour in ((890, 560, -9, "#d8a04a"), (1290, 562, 10, "#f1ead9")):
        pillow = turned(box(x - 52, y - 52, x + 52, y + 52, 18), turn, (x, y))
        c.fill(moved(pillow, 5, 8), "#0f160d", blur=8, opacity=0.5)
        c.fill(pillow, Radial((x - 16, y - 20), 100, 100, [(0, lighter(colour, 0.3)), (1, darker(colour, 0.35))]))
        c.fill(pillow, Grain("#3d2c18", 0.2, 3, 3, seed=41))


def _floor_lamp(c: Canvas) -> None:
    c.fill(ellipse(1506, 736, 62, 11), "#1c0f05", blur=7, opacity=0.6)
    c.fill(ellipse(1500, 728, 54, 11), round_body("#b58a4a", 1446, 1554, 1))
    c.fill(stroke([(1500, 726), (1500, 330)], 10), Linear((1494, 0), (1506, 0), [(0, "#f4dca8"), (1, "#6a4718")]))
    c.fill(ellipse(1500, 330, 220, 220), Radial((1500, 330), 220, 220, [(0, "#ffe2a0aa"), (1, "#ffe2a000")]))
    shade = path("M 1444 236 L 1556 236 L 1590 372 L 1410 372 Z")
    c.fill(shade, Linear((1410, 0), (1590, 0), [(0, "#e9c98d"), (0.4, "#fff3d2"), (1, "#d8b272")]))
    c.fill(shade, Linear((0, 236), (0, 372), [(0, "#a8743000"), (0.8, "#fff6dc90"), (1, "#fff6dcd0")]))


def _coffee_table(c: Canvas) -> None:
    c.fill(ellipse(960, 842, 210, 18), "#1c0f05", blur=10, opacity=0.55)
    for x, lean in ((812, -10), (1088, 10), (900, -3), (1000, 3)):
        foot = 842 if abs(lean) == 10 else 818
        c.fill(
            stroke([(x, 768), (x + lean, foot)], 13, 8),
            Linear((x - 12, 0), (x + 12, 0), [(0, "#b57f4c"), (1, "#5a3517")]),
        )
    top = ellipse(950, 762, 190, 34)
    c.fill(moved(top, 0, 11), round_body("#8a5a30", 760, 1140, 0.5))
    c.fill(top, Linear((760, 730), (1140, 790), [(0, "#d7a671"), (0.5, "#c08c56"), (1, "#93622f")]))
    c.fill(top, Grain("#3a1d08", 0.35, 60, 3, seed=43))
    c.rim(top, "#fff0d8", dx=0, dy=-3, blur=2, opacity=0.6)
    for k, colour in enumerate(("#2f5f73", "#d9c8a8", "#b2523d")):
        y = 752 - k * 13
        c.fill(moved(box(860 + k * 4, y - 12, 960 - k * 6, y, 2), 3, 3), "#241204", blur=4, opacity=0.5)
        c.fill(
            box(860 + k * 4, y - 12, 960 - k * 6, y, 2),
            Linear((860, 0), (960, 0), [(0, lighter(colour, 0.2)), (1, darker(colour, 0.2))]),
        )
    vase = path(
        "M 1020 690 C 1020 700 1002 712 1002 736 C 1002 756 1018 764 1034 764 C 1050 764 1066 756 1066 736 "
        "C 1066 712 1048 700 1048 690 Z"
    )
    for x, y in ((1004, 600), (1036, 584), (1066, 604)):
        c.fill(stroke([(1034, 694), (x, y)], 3), "#5d7a4a")
        for k, colour in enumerate(("#e9b7a0", "#f4d6c2", "#dd9a80")):
            c.fill(ellipse(x + (k - 1) * 9, y - (k % 2) * 9, 12, 12), colour)
        c.fill(ellipse(x, y, 5, 5), "#c56f4f")
    c.fill(vase, round_body("#f0ece4", 1002, 1066, 1))


def _greenery(c: Canvas) -> None:
    c.fill(ellipse(702, 726, 70, 12), "#1c0f05", blur=8, opacity=0.6)
    for k in range(9):
        turn = -90 + (k - 4) * 21
        blade = path("M 700 640 C 740 600 820 590 900 640 C 820 664 740 668 700 640 Z")
        here = turned(blade, turn, (700, 640))
        green = ("#3f7349", "#2f5f3d", "#548a57")[k % 3]
        c.fill(moved(here, 4, 6), "#22180c", blur=7, opacity=0.3)
        tip = turned([(900, 640)], turn, (700, 640))[0]
        c.fill(here, Linear((700, 640), tip, [(0, darker(green, 0.35)), (1, lighter(green, 0.2))]))
        c.fill(stroke([(700, 640), tip], 3, 1), lighter(green, 0.4), opacity=0.7)
    pot = path("M 648 632 L 752 632 L 738 716 C 736 728 664 728 662 716 Z")
    c.fill(pot, round_body("#cdb79c", 648, 752, 0.7))
    c.fill(pot, Grain("#5a3d20", 0.25, 3, 3, seed=47))


def villa() -> Image.Image:
    """Draw a modern house at the golden hour: 1,600 pixels wide."""
    c = Canvas(1600, 900, 2)
    c.backdrop(Linear((0, 0), (0, 640), [(0, "#3f74a8"), (0.45, "#9cc0d6"), (0.8, "#f6d9b0"), (1, "#f7c48d")]))
    for x, y, rx, ry in (
        (260, 150, 180, 18),
        (340, 130, 120, 20),
        (1180, 96, 200, 16),
        (1260, 84, 110, 18),
        (760, 210, 150, 10),
    ):
        c.fill(ellipse(x, y, rx, ry), "#fff3e2", blur=15, opacity=0.75)
    c.fill(path("M 0 560 C 200 470 380 520 560 500 C 800 440 1100 520 1600 450 L 1600 700 L 0 700 Z"), "#86a28d")
    for x, y, size in ((80, 520, 92), (180, 560, 66), (1490, 500, 110), (1390, 560, 70), (1590, 570, 70)):
        c.fill(box(x - 7, y, x + 7, 680), "#54402c")
        for dx, dy, share in ((0, 0, 1), (-0.5, 0.35, 0.7), (0.5, 0.3, 0.72)):
            r = size * share
            cx, cy = x + dx * size, y + dy * size
            c.fill(
                ellipse(cx, cy, r, r * 1.05),
                Radial(
                    (cx - r * 0.4, cy - r * 0.5), r * 1.6, r * 1.7, [(0, "#a9bf6f"), (0.5, "#5d8150"), (1, "#2f4f38")]
                ),
            )
            c.fill(ellipse(cx, cy, r, r * 1.05), Grain("#12301c", 0.45, 7, 7, seed=round(r)))
    lawn = box(0, 660, 1600, 900)
    c.fill(lawn, Linear((0, 660), (0, 900), [(0, "#8fae5c"), (1, "#4c7a3a")]))
    c.fill(lawn, Grain("#1f3f1b", 0.35, 5, 12, seed=53))
    _house(c)
    _garden(c)
    c.backdrop(Linear((0, 0), (1600, 500), [(0, "#ffd08a44"), (0.5, "#ffd08a00"), (1, "#1c2a4430")]))
    return c.finish(1600)


def _house(c: Canvas) -> None:
    c.fill(ellipse(820, 694, 560, 24), "#142212", blur=20, opacity=0.6)
    for outline, colour in ((box(330, 430, 1260, 690), "#efe9df"), (box(640, 220, 1180, 440), "#f6f2ea")):
        c.fill(
            outline, Linear((330, 0), (1260, 0), [(0, lighter(colour, 0.4)), (0.6, colour), (1, darker(colour, 0.25))])
        )
        c.fill(outline, Grain("#6d5c46", 0.1, 4, 4, seed=59))
    wood = box(330, 452, 560, 690)
    for k in range(23):
        x = 330 + k * 10
        _plank(c, box(x, 452, x + 9, 690), ("#a5723f", "#96652f", "#b07d4a")[k % 3], k)
    c.fill(wood, Linear((330, 0), (560, 0), [(0, "#ffe0b030"), (1, "#2a140540")]))
    c.fill(box(640, 440, 1260, 500), Linear((0, 440), (0, 500), [(0, "#33271a99"), (1, "#33271a00")]))
    for left, top, right, bottom in ((620, 200, 1205, 226), (305, 428, 1290, 454)):
        c.fill(moved(box(left, top, right, bottom), 0, 8), "#1d160e", blur=8, opacity=0.5)
        c.fill(
            box(left, top, right, bottom),
            Linear((0, top), (0, bottom), [(0, "#5c6066"), (0.2, "#43474d"), (1, "#26292d")]),
        )
    for pane in ((680, 262, 900, 410), (930, 262, 1140, 410), (800, 490, 1010, 690), (1022, 490, 1230, 690)):
        _pane(c, pane)
    _pane(c, (590, 500, 640, 690))
    door = box(670, 492, 770, 690)
    c.fill(door, Linear((670, 0), (770, 0), [(0, "#3d5a52"), (1, "#22362f")]))
    c.rim(door, "#0c1512", dx=5, dy=6, blur=5, opacity=0.7)
    c.fill(box(750, 560, 757, 640, 3), Linear((0, 560), (0, 640), [(0, "#f8e6bb"), (1, "#a17a36")]))
    for x in (655, 785):
        c.fill(ellipse(x, 540, 44, 60), Radial((x, 540), 44, 60, [(0, "#ffe1a0"), (1, "#ffe1a000")]))
        c.fill(box(x - 5, 524, x + 5, 552, 3), "#fff7df")
    rail = box(1180, 372, 1290, 430)
    c.fill(rail, "#cfe3ea", opacity=0.45)
    c.fill(stroke([(1180, 372), (1290, 372)], 5), "#43474d")
    c.fill(stroke([(1288, 372), (1288, 430)], 5), "#43474d")


def _pane(c: Canvas, corners: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = corners
    glass = box(left, top, right, bottom)
    c.fill(box(left - 7, top - 7, right + 7, bottom + 4), "#33373c")
    c.fill(glass, Linear((0, top), (0, bottom), [(0, "#ffdf9f"), (0.5, "#ffc978"), (1, "#c98a4b")]))
    c.fill(
        ellipse((left + right) / 2, top + 40, (right - left) * 0.4, 60), "#fff6da", blur=18, opacity=0.7, inside=[glass]
    )
    for side in (left, right - (right - left) * 0.2):
        curtain = box(side, top, side + (right - left) * 0.2, bottom)
        c.fill(curtain, "#fff3dc", opacity=0.5, inside=[glass])
    if right - left > 120:
        c.fill(box(left + 50, bottom - 58, right - 50, bottom - 18, 10), "#7a4c28", opacity=0.7)
        c.fill(box((left + right) / 2 - 2, top, (left + right) / 2 + 2, bottom), "#33373c")
    shine = path(f"M {left} {bottom} L {left} {top + 30} L {left + (right - left) * 0.7} {top} L {right} {top} Z")
    c.fill(shine, Linear((left, top), (right, bottom), [(0, "#cfe6f4a0"), (0.7, "#cfe6f420"), (1, "#cfe6f400")]))
    c.rim(glass, "#1b120a", dx=5, dy=6, blur=5, opacity=0.5)


def _garden(c: Canvas) -> None:
    terrace = path("M 300 690 L 1290 690 L 1400 724 L 210 724 Z")
    c.fill(terrace, Linear((0, 690), (0, 724), [(0, "#d6cbb9"), (1, "#b8aa94")]))
    c.fill(box(210, 724, 1400, 736), "#8d806b")
    drive = path("M 660 736 L 800 736 L 960 900 L 520 900 Z")
    c.fill(drive, Linear((0, 736), (0, 900), [(0, "#cdc1ae"), (1, "#a89a84")]))
    for k in range(1, 6):
        y = 736 + k * k * 6.6
        c.fill(box(500, y, 980, y + 3), "#6d604c", opacity=0.6, inside=[drive])
    pool = path("M 980 776 L 1400 776 L 1520 866 L 1020 866 Z")
    c.fill(path("M 964 766 L 1408 766 L 1546 880 L 1006 880 Z"), "#efe7d9")
    c.fill(pool, Linear((0, 776), (0, 866), [(0, "#f2c58d"), (0.3, "#6cc3cf"), (1, "#2487a3")]))
    c.rim(pool, "#0f4255", dx=0, dy=9, blur=7, opacity=0.5)
    for left, y in ((1040, 796), (1070, 818), (1100, 842)):
        ripple = path(f"M {left} {y} Q {left + 80} {y - 6} {left + 160} {y} Q {left + 240} {y + 6} {left + 310} {y}")
        c.fill(stroke(ripple, 3), "#ffffff", blur=1.5, opacity=0.5)
    for x, y, size in (
        (250, 690, 44),
        (320, 700, 34),
        (400, 698, 38),
        (480, 704, 28),
        (1250, 694, 40),
        (1320, 700, 34),
    ):
        c.fill(ellipse(x, y + size * 0.8, size * 1.2, 8), "#16260f", blur=6, opacity=0.6)
        c.fill(
            ellipse(x, y, size, size),
            Radial(
                (x - size * 0.4, y - size * 0.5),
                size * 1.6,
                size * 1.6,
                [(0, "#b8cf7e"), (0.5, "#618a4c"), (1, "#2a4a2e")],
            ),
        )
        c.fill(ellipse(x, y, size, size), Grain("#10280f", 0.5, 5, 5, seed=round(x)))
