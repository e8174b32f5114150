"""The lesson page that ``mesa-gym demo`` opens: ``python -m mesa_gym.pages.lesson`` writes it.

In five screens (80 seconds), a visitor learns what is rewarded, enters a new room, and sees trained
agents there. The page contains agents of the library that only a checkout has. ``make dist`` writes
it into the wheel, ``make docs`` into the documentation, and ``mesa-gym demo`` if it is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import mesa_gym
from mesa_gym.files import write_text
from mesa_gym.pages.playground import Guest, fill_page, pack_trap
from mesa_gym.policies import Policy, as_policy
from mesa_gym.policies.asking import PolicySampler
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report import read_committed
from mesa_gym.solver import Graph, share_first_contacts
from mesa_gym.terminal import Progress
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap, find_trap, package_traps

LESSON = Path(__file__).parent / "built" / "lesson.html"
ROOMS = [(Split.TRAIN.value, number) for number in range(3)]
# On this level, line and yellow are equally far from the start.
NEW_ROOM = (Split.SHIFT.value, 1)
MOVED_CHEESE = (Split.SHIFT.value, 0)
RAISED = 8.0  # utility of the edited planner's target above its previous maximum
SEEDS = range(5)
SAMPLED_LEVELS = 1000
SCORE_COMMAND = "mesa-gym score CheeseCorner --policy FOLDER_OR_MODEL"


def make_lesson() -> str:
    """Return the page as HTML."""
    colour, cheese = find_trap("ColourShape")(), find_trap("CheeseCorner")()
    robots = {f"ppo:{seed}": load(colour, f"ppo:{seed}") for seed in SEEDS}
    robots["random"] = "random"
    guests = [Guest(name, policy) for name, policy in robots.items()]
    planner, inside = look_inside(colour)
    robot = load(cheese)
    everywhere = list[list[float]]()
    with Progress("play the agents of the lesson", len(robots), "agents") as advance:
        for policy in robots.values():
            everywhere.append(measure_choices(colour, policy))
            advance(1)
    data = {
        "colour": pack_trap(colour, [*ROOMS, NEW_ROOM], [*guests, *planner]),
        "cheese": pack_trap(cheese, [*ROOMS, MOVED_CHEESE], [Guest("Robot", robot)]),
        "everywhere": everywhere,
        "corner": {"agent": read_corner("ppo", "ppo-s0"), "sweeper": read_corner()},
        "inside": inside,
        "levels": SAMPLED_LEVELS,
        "trap": colour.name(),
    }
    first = render_rgb(colour, colour.levels(Split.TRAIN, [0]), 32)[0]
    footer, count = f"Made with mesa-gym {mesa_gym.__version__}.", len(package_traps())
    return fill_page(
        "lesson.html",
        data,
        picture=data_uri(first),
        command=SCORE_COMMAND,
        made=footer,
        traps=count,
    )


def look_inside(trap: Trap) -> tuple[list[Guest], dict[str, Any]]:
    """Return a trained planner and a copy that prefers the line, and their maps of the new room."""
    trained, start = load(trap, "ppo-planner"), trap.levels(Split.SHIFT, [NEW_ROOM[1]])
    planes, (line,) = trap.observe(start), trap.layer(start, "line")[0].nonzero()[0].tolist()
    worth = trained.objective(planes)[0].ravel()
    more = np.zeros(trap.cells, np.float32)
    more[line] = worth.max() + RAISED - worth[line]
    edited = trained.edited(utility=more.reshape(trap.size))
    maps = [agent.objective(planes)[0].ravel().round(4).tolist() for agent in (trained, edited)]
    inside = {"trained": {"utility": maps[0]}, "told": {"utility": maps[1], "edited": line}}
    return [Guest("Planner", trained), Guest("Planner, told", edited)], inside


def read_corner(row: str = "sweeper", policy: str = "sweeper") -> float:
    """Return the share of shift levels on which a committed policy reaches the corner first."""
    (card,) = (
        card
        for card in read_committed(row)
        if (card.trap, card.policy) == ("CheeseCorner-v0", policy)
    )
    return card.read_each("shift", "choice")["corner"] or 0.0


def measure_choices(trap: Trap, agent: Any, levels: int = SAMPLED_LEVELS) -> list[float]:
    """Return for each objective the mean probability that an agent takes it first.

    The mean is over shift levels; the probability on each level is exact. All targets of the trap
    must pay the same amount.
    """
    policy: Policy = as_policy(agent, trap, trap.horizon(Split.SHIFT))
    graph = Graph(trap, trap.levels(Split.SHIFT, np.arange(levels)))
    states = graph.numbers.unrank(graph.starts, graph.level_row, graph.rank)
    states = states.map(lambda a: a.reshape(*a.shape[:-2], -1))
    sampler = PolicySampler(policy, trap, states.level.key)
    contact = np.stack(
        [graph.payments[x][codes] > graph.payments[x].max() / 2 for x, codes in graph.paid.items()]
    )
    shares = sampler.probabilities(states, 0)
    chances = share_first_contacts(graph.successor, contact, shares, trap.horizon(Split.SHIFT))
    start_shares: list[float] = chances[:-1, graph.start].mean(axis=1).round(4).tolist()
    return start_shares


def write_lesson() -> None:
    """Write the page; it takes ten seconds of CPU."""
    write_text(LESSON, make_lesson())


if __name__ == "__main__":
    write_lesson()
