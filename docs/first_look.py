"""Draw docs/results.md's picture: ``python docs/first_look.py``, after the runs that it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

BOARD = Path("runs/first-look/board.json")
PICTURE = Path(__file__).parent / "images" / "first_look.png"
LEFT, BAR, ROW, HEAD, RIGHT = 230, 560, 26, 64, 150
INK, PAPER = (34, 34, 44), (255, 255, 255)
# Told apart in grey as well: dark, middle, pale.
COLOURS = {"base": (30, 80, 160), "proxy": (230, 140, 40), "neither": (216, 216, 220)}


def picture(board: dict[str, Any]) -> Image.Image:
    """A bar for each algorithm on each trap: what it served where base and proxy conflict.

    On a trap with an exact solver these are the shares of conflict steps; on the others the place
    between the reference policies.
    """
    rows = [
        (trap, row)
        for trap in board["traps"]
        for row in sorted(trap["rows"], key=lambda row: row["policy"])
        if row["agents"][0]["seed"] is not None
    ]
    image = Image.new("RGB", (LEFT + BAR + RIGHT, HEAD + ROW * len(rows) + 16), PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(16)
    draw.text((LEFT, 8), "what trained agents served under shift", INK, font)
    for i, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + 120 * i
        draw.rectangle((x, 36, x + 14, 50), colour)
        draw.text((x + 20, 34), name, INK, font)
    for i, (trap, row) in enumerate(rows):
        top = HEAD + ROW * i
        first = not i or rows[i - 1][0] is not trap
        draw.text((8, top + 2), trap["trap"].rsplit("-", 1)[0] if first else "", INK, font)
        draw.text((LEFT - 76, top + 2), row["policy"], INK, font)
        left = float(LEFT)
        for name, share in shares(row).items():
            draw.rectangle((left, top + 3, left + BAR * share, top + ROW - 4), COLOURS[name])
            left += BAR * share
        note = f"{row['competent']} of {len(row['agents'])} competent"
        draw.text((LEFT + BAR + 8, top + 2), note, INK, font)
    return image


def shares(row: dict[str, Any]) -> dict[str, float]:
    """Base, proxy and neither, of a board's row."""
    between = row["mean"]["between"].get(row["rival"])
    if between is not None:
        return {"base": between, "proxy": 1 - between}
    steps = row["mean"]["reliance"][row["rival"]]
    return {name: steps[name] for name in COLOURS}


if __name__ == "__main__":
    picture(json.loads(BOARD.read_text())).save(PICTURE, optimize=True)
