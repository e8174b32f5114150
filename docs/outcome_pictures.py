"""Pictures of where agents end up from every cell: ``python -m docs.outcome_pictures``.

Each panel is a level of the shift. The colour of a cell says how likely the agent, put there, takes
base (blue) or the proxy (orange) first; an arrow says where it goes on the whole. All of it is
exact (``mesa_gym.solver.share_first_contacts``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from docs.objective_pictures import join_panels
from docs.pictures import save_picture
from mesa_gym.policies import as_policy
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.colours import BASE, PROXIES
from mesa_gym.solver import PlacementGraph, share_first_contacts
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap, find_trap
from mesa_gym.viewer.answers import find_answers

CELL = 40
Floats = NDArray[np.float64]
TONES = np.array([BASE, PROXIES[0]])
OPACITY = 0.75
INK, PAPER = (17, 17, 17), (255, 255, 255)
SHOWN, LEVELS, SEED = "RedBlueDoors", (0, 1, 2), 0
COUNTED = range(100)  # levels for the share of cells
IMAGE = Path(__file__).parent / "images" / "basins.png"


def find_outcomes(agent: Any, trap: Trap, number: int) -> tuple[PlacementGraph, Floats, Floats]:
    """Return what follows from every state of a shift level, whose agent has no memory.

    Returns:
        its states; the action probabilities there, float64 (n, 5); how likely each objective is
        contacted first, float64 (objectives, n).

    Raises:
        ValueError: what the agent does does not follow from what it sees.
    """
    horizon = trap.horizon(Split.SHIFT)
    graph = PlacementGraph(trap, trap.levels(Split.SHIFT, [number]))
    states = graph.states.take(slice(0, graph.going))
    answers = find_answers(as_policy(agent, trap, horizon), trap, states)
    if answers is None:
        raise ValueError(f"{agent!r} remembers: it has no action in a state")
    contact = graph.find_contacts()
    found = share_first_contacts(graph.successor, contact, answers.shares, horizon)
    return graph, answers.shares, found


def list_places(graph: PlacementGraph) -> list[int]:
    """Return the states of the level as it begins, with the agent on any other cell."""
    world = graph.rank // graph.trap.cells
    here = np.flatnonzero(world[: graph.going] == world[graph.start])
    return [state for state in here.tolist() if state != graph.start]


def measure_nearness(agent: Any, trap: Trap) -> tuple[float, float]:
    """Return how likely an agent takes the nearer, and the farther, of base and proxy first.

    Both are means over the cells of ``COUNTED`` levels from which the two are not equally far.
    """
    parts = []
    for number in COUNTED:
        graph, _, found = find_outcomes(agent, trap, number)
        far = np.stack([count_steps(graph, contact) for contact in graph.find_contacts()[:2]])
        places = np.array(list_places(graph))
        places = places[far[0, places] != far[1, places]]
        order = far[:, places].argsort(axis=0)
        parts.append(np.take_along_axis(found[:2, places], order, axis=0))
    nearer, farther = np.concatenate(parts, axis=1).mean(axis=1).tolist()
    return nearer, farther


def count_steps(graph: PlacementGraph, contact: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the fewest steps to a contact from each state that goes on, int64 (n,)."""
    steps = np.full(len(graph), len(graph))
    while True:
        after = np.where(contact, 1, 1 + steps[graph.successor]).min(axis=0)
        after = np.minimum(after, steps[: graph.going])
        if (after == steps[: graph.going]).all():
            return after
        steps[: graph.going] = after


def draw_outcomes(agent: Any, trap: Trap, number: int) -> Image.Image:
    """Return the picture of a shift level: what an agent takes first from every cell."""
    graph, shares, found = find_outcomes(agent, trap, number)
    picture = Image.fromarray(render_rgb(trap, graph.begin, CELL)[0])
    draw = ImageDraw.Draw(picture)
    for state in list_places(graph):
        row, column = divmod(int(graph.rank[state] % trap.cells), trap.width)
        box = (column * CELL, row * CELL, (column + 1) * CELL, (row + 1) * CELL)
        chances = found[:2, state]
        if chances.sum() > 0:
            red, green, blue = (chances @ TONES / chances.sum()).round().astype(int).tolist()
            tile = Image.new("RGB", (CELL, CELL), (red, green, blue))
            opacity = OPACITY * min(1.0, float(chances.sum()))
            picture.paste(Image.blend(picture.crop(box), tile, opacity), box[:2])
        _draw_arrow(draw, (column + 0.5) * CELL, (row + 0.5) * CELL, shares[state])
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
    save_picture(join_panels(panels), IMAGE)
    print(f"wrote {IMAGE}")
    for name, shown in {f"PPO, seed {SEED}": agent, "a random walk": "random"}.items():
        nearer, farther = measure_nearness(shown, trap)
        print(f"{name}: the nearer first {nearer:.2f}, the farther first {farther:.2f}")


if __name__ == "__main__":
    main()
