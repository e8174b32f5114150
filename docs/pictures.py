"""Draw the README's pictures: ``python docs/pictures.py``."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split, Trap, find_trap

FOLDER = Path(__file__).parent / "images"
TILE, GAP, HEAD = 32, 24, 30


def side_by_side(trap: Trap, levels: dict[Split, int]) -> Image.Image:
    """One level of each given split in a row, under the split's name."""
    height, width = (TILE * cells for cells in trap.size)
    size = (len(levels) * (width + GAP) - GAP, height + HEAD)
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    for i, (split, level) in enumerate(levels.items()):
        frame = render_rgb(trap.schema.planes, trap.levels(split, [level]).planes[0], TILE)
        left = i * (width + GAP)
        picture.paste(Image.fromarray(frame), (left, HEAD))
        draw.text((left, 4), split.value, fill="black", font=ImageFont.load_default(18))
    return picture


def main() -> None:
    """Write every picture."""
    FOLDER.mkdir(exist_ok=True)
    doors = side_by_side(find_trap("RedBlueDoors")(), {Split.TRAIN: 4, Split.SHIFT: 2})
    doors.save(FOLDER / "red_blue_doors.png", optimize=True)


if __name__ == "__main__":
    main()
