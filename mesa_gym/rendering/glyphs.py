"""Glyphs: the printable characters of ASCII, five dots wide and seven high."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache, reduce

import numpy as np

from mesa_gym.engine import RGB
from mesa_gym.rendering.canvas import Canvas

# Characters from "!" on: the rows of each from top to bottom; a row is five bits, a base-32 digit.
LETTER_ROWS = """
4444404 aaa0000 aavavaa 4fke5u4 op248j3 8kk8lid 6648000 2488842 8422248 4level4
044v440 000066c 000v000 0000066 01248g0 ehjlphe 4c4444e eh1eggv v1261he 26aiv22
vgu11he 78guhhe v11248g ehhehhe ehhf12s 0040400 0040448 1248421 00v0v00 8421248
eh16404 ehlnmgf 4ahhvhh uhhuhhu ehggghe uhhhhhu vgguggv vgguggg fhggjhf hhhvhhh
e44444e 72222ic hikokih ggggggv hrlllhh hhpljhh ehhhhhe uhhuggg ehhhlid uhhukih
ehge1he vl44444 hhhhhhe hhhhha4 hhhllla hha4ahh hha4444 v12e8gv f88888f 0g84210
f11111f 4ah0000 000000v cc42000 00c2eif ggmphpm 00ehghe 11djhjd 00ehvge 254e444
00fhv1e ggmphhh 40c444e 20222ic ggikoki c44444e 00qllll 00mphhh 00ehhhe 00uhugg
00djf11 00mpggg 00fge1u 44v4452 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v
2448442 4440444 8442448 8l20000
"""
DOTS = LETTER_ROWS.split()
# Shares of the cell's side.
LEFT = 0.26
TOP = 0.16
DOT = 0.092


@cache
def glyph(character: str) -> Callable[[Canvas, RGB], None]:
    """Return the function that paints a character in the middle of a cell.

    An accented letter is painted without its accent. Other characters outside ASCII are left out.
    """
    code = ord(unicodedata.normalize("NFKD", character)[0]) - ord("!")
    rows = [int(row, 32) for row in DOTS[code]] if 0 <= code < len(DOTS) else []
    dots = [(x, y) for y, row in enumerate(rows) for x in range(5) if row >> (4 - x) & 1]

    def draw(canvas: Canvas, colour: RGB) -> None:
        boxes = [
            canvas.box(x, y, x + DOT, y + DOT)
            for x, y in ((LEFT + x * DOT, TOP + y * DOT) for x, y in dots)
        ]
        if boxes:
            canvas.paint(reduce(np.minimum, boxes), colour, grow=0.001)  # no seams between dots

    return draw
