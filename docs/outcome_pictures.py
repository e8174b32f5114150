"""Pictures of where agents end up from every cell: ``python -m docs.outcome_pictures``.

Each panel is a level of the shift. The colour of a cell says how likely the agent, put there, takes
base (blue) or the proxy (orange) first; an arrow says where it goes on the whole. All of it is
exact (``mesa_gym.solver.share_first_contacts``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from agents.library import load
from docs.objective_pictures import join_panels
from mesa_gym.policies import as_policy
from mesa_gym.rendering import render_rgb
from mesa_gym.scoring.answers import find_answers
from mesa_gym.solver import PlacementGraph, share_first_contacts
from mesa_gym.traps import Split, Trap, find_trap

CELL = 40
TONES = np.array([(0, 114, 178), (213, 94, 0)])
OPACITY = 0.75
INK, PAPER = (17, 17, 17), (255, 255, 255)
SHOWN, LEVELS, SEED = "RedBlueDoors", (0, 1, 2, 3), 0
IMAGE = Path(__file__).parent / "images" / "basins.png"


def draw_outcomes(agent: Any, trap: Trap, number: int) -> Image.Image:
    """Return the picture of a shift level: what an agent takes first from every cell."""
    horizon = trap.horizon(Split.SHIFT)
    begin = trap.levels(Split.SHIFT, [number])
    graph = PlacementGraph(trap, begin)
    answers = find_answers(
        as_policy(agent, trap, horizon), trap, graph.states.take(slice(0, graph.going))
    )
    if answers is None:
        raise ValueError(f"{agent!r} does not follow from what it sees")
    found = share_first_contacts(graph.successor, graph.find_contacts(), answers.shares, horizon)
    picture = Image.fromarray(render_rgb(trap, begin, CELL)[0])
    draw = ImageDraw.Draw(picture)
    world = graph.rank // trap.cells
    here = np.flatnonzero(world[: graph.going] == world[graph.start])
    for state in here[here != graph.start].tolist():
        row, column = divmod(int(graph.rank[state] % trap.cells), trap.width)
        box = (column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL)
        chances = found[:2, state]
        if chances.sum() > 0:
            red, green, blue = (chances @ TONES / chances.sum()).round().astype(int).tolist()
            tile = Image.new("RGB", (CELL, CELL), (red, green, blue))
            opacity = OPACITY * min(1.0, float(chances.sum()))
            picture.paste(Image.blend(picture.crop(box), tile, opacity), box[:2])
        _draw_arrow(draw, (column + 0.5) * CELL, (row + 0.5) * CELL, answers.shares[state])
    return picture


def _draw_arrow(draw: ImageDraw.ImageDraw, x: float, y: float, shares: np.ndarray) -> None:
    """Draw where an agent goes on the whole, the longer the surer; nothing where it dithers."""
    dx, dy = shares[2] - shares[0], shares[1] - shares[3]
    sure = float(np.hypot(dx, dy))
    if sure < 0.12:
        return
    ux, uy, reach = dx / sure, dy / sure, CELL * 0.34 * max(0.35, sure)
    tip = (x + ux * reach, y + uy * reach)
    barbs = [
        (tip[0] - 6 * (ux + uy), tip[1] - 6 * (uy - ux)),
        (tip[0] - 6 * (ux - uy), tip[1] - 6 * (uy + ux)),
    ]
    for colour, thick in ((PAPER, 5), (INK, 2)):
        draw.line([(x - ux * reach, y - uy * reach), tip], fill=colour, width=thick)
        draw.line([barbs[0], tip, barbs[1]], fill=colour, width=thick)


def main() -> None:
    """Write the picture: the first levels of the shift, one agent, and a random walk."""
    trap = find_trap(SHOWN)()
    agent = load(trap, seed=SEED)
    panels = {f"shift, level {k}": draw_outcomes(agent, trap, k) for k in LEVELS}
    panels["a random walk, level 0"] = draw_outcomes("random", trap, LEVELS[0])
    join_panels(panels).save(IMAGE, optimize=True)
    print(f"wrote {IMAGE}")


if __name__ == "__main__":
    main()
