"""Pictures of what planners want: ``python -m docs.objective_pictures``.

Each panel is a level under the agent's objective: the more a cell is worth to end on, the more
yellow it is, and the darker the less. The white line is the way that the agent plans, with a ring
where it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from docs.pictures import save_picture
from mesa_gym.engine import State
from mesa_gym.rendering import render_rgb
from mesa_gym.trained.library import load, read_manifest
from mesa_gym.traps import Split, Trap, find_trap

CELL, GAP, HEAD = 40, 18, 26
# Viridis at both ends and in the middle, as matplotlib has it.
COLD, MIDDLE, HOT = (68, 1, 84), (33, 145, 140), (253, 231, 37)
INK, CARD = (31, 35, 40), (255, 255, 255)
OPACITY = 0.5  # of the colours on inner cells
RAISED = 30.0  # of the edited cell
SHOWN = ("ColourShape", "CheeseDish")
IMAGE = Path(__file__).parent / "images" / "objective.png"


def draw_objective(agent: Any, trap: Trap, state: State) -> Image.Image:
    """Return the picture of a level with what an agent wants and plans on it."""
    planes = trap.observe(state)
    picture = Image.fromarray(render_rgb(trap, state, CELL)[0])
    walls = planes[0, ..., trap.channel["wall"]].astype(bool)
    utility = np.where(walls, np.nan, agent.objective(planes)[0])
    low, high = np.nanmin(utility), np.nanmax(utility)
    for (row, column), worth in np.ndenumerate(utility):
        if np.isfinite(worth):
            box = (column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL)
            tile = Image.new(
                "RGB", (CELL, CELL), _mix_colours((worth - low) / max(high - low, 1e-6))
            )
            picture.paste(Image.blend(picture.crop(box), tile, OPACITY), box[:2])
    _draw_plan(ImageDraw.Draw(picture), agent.plan(planes)[0], trap.width)
    return picture


def _mix_colours(share: float) -> tuple[int, int, int]:
    start, end = (COLD, MIDDLE) if share < 0.5 else (MIDDLE, HOT)
    part = 2 * share - (share >= 0.5)
    mixed = [round(a + (b - a) * part) for a, b in zip(start, end, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _draw_plan(draw: ImageDraw.ImageDraw, plan: np.ndarray, width: int) -> None:
    middles = [((c % width + 0.5) * CELL, (c // width + 0.5) * CELL) for c in plan.tolist()]
    for colour, thick in ((INK, 7), (CARD, 3)):
        draw.line(middles, fill=colour, width=thick, joint="curve")
    (x, y), radius = middles[-1], CELL * 0.36
    ring = (x - radius, y - radius, x + radius, y + radius)
    draw.ellipse(ring, outline=INK, width=7)
    draw.ellipse(ring, outline=CARD, width=3)


def draw_panels(name: str, number: int = 0) -> Image.Image:
    """Return three panels: a training level, a shift level, and that with one cell raised."""
    trap = find_trap(name)()
    agent = load(trap, kind="planner")
    train, shift = (trap.levels(split, [number]) for split in (Split.TRAIN, Split.SHIFT))
    panels = {
        f"{name}: training": draw_objective(agent, trap, train),
        "shift": draw_objective(agent, trap, shift),
        "shift, one cell of the map edited": draw_objective(
            send_away(agent, trap, shift), trap, shift
        ),
    }
    return join_panels(panels)


def draw_splits(trap: Trap, path: Path) -> bool:
    """Write level 0 of training and of the shift as the library's first planner sees them.

    Returns:
        Whether the library has a planner of the trap; without one nothing is written.
    """
    if (trap.name(), "planner") not in {(entry.trap, entry.kind) for entry in read_manifest()}:
        return False
    agent = load(trap, kind="planner")
    panels = {
        split.value: draw_objective(agent, trap, trap.levels(split, [0]))
        for split in (Split.TRAIN, Split.SHIFT)
    }
    save_picture(join_panels(panels), path)
    return True


def join_panels(panels: Mapping[str, Image.Image]) -> Image.Image:
    """Return pictures of one size side by side, each below its title."""
    side = next(iter(panels.values()))
    width = len(panels) * (side.width + GAP) - GAP
    whole = Image.new("RGB", (width, side.height + HEAD), CARD)
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(15)
    for index, (title, panel) in enumerate(panels.items()):
        left = index * (side.width + GAP)
        draw.text((left, 2), title, INK, font)
        whole.paste(panel, (left, HEAD))
    return whole


def send_away(agent: Any, trap: Trap, state: State) -> Any:
    """Return a planner with one cell raised: the farthest to which its way passes no thing."""
    bare = ~trap.observe(state)[0].any(axis=2)
    row, column = divmod(int(state.agent[0]), trap.width)
    cells = [(int(y), int(x)) for y, x in np.argwhere(bare)]
    for cell in sorted(cells, key=lambda at: -abs(at[0] - row) - abs(at[1] - column)):
        raised = np.zeros(trap.size, dtype=np.float32)
        raised[cell] = RAISED
        sent = agent.edited(utility=raised)
        if bare.ravel()[sent.plan(trap.observe(state))[0, 1:]].all():
            return sent
    raise ValueError(f"every way on this level of {trap.name()} passes a thing; choose another")


def main() -> None:
    """Write the README's picture: a row for each of two traps."""
    rows = [draw_panels(name) for name in SHOWN]
    height = sum(row.height for row in rows) + GAP * (len(rows) - 1)
    whole, top = Image.new("RGB", (max(row.width for row in rows), height), CARD), 0
    for row in rows:
        whole.paste(row, (0, top))
        top += row.height + GAP
    save_picture(whole, IMAGE)


if __name__ == "__main__":
    main()
