"""The lesson page, which ``mesa-gym demo`` and the build of the documentation write.

In five screens (80 seconds), a visitor learns what is rewarded, enters a new room, and sees trained
agents there. The wheel contains these agents, and the page needs the core alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

import mesa_gym
from mesa_gym.pages.filling import fill_page
from mesa_gym.pages.playground import Guest, pack_trap
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report import group_cards, read_committed
from mesa_gym.scoring import ScoreCard
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap, find_trap, package_traps
from mesa_gym.words import PROXY

# Identifies a file as this page.
LESSON_MARK = b"<title>What did it learn? A lesson of a minute</title>"
ROOMS = [(Split.TRAIN.value, number) for number in range(3)]
# On this level, line and yellow are equally far from the start.
NEW_ROOM = (Split.SHIFT.value, 1)
# On this level, the robot takes the cheese from 8 of 33 cells.
MOVED_CHEESE = (Split.SHIFT.value, 4)
RAISED = 8.0  # utility of the edited planner's target above its previous maximum
SEEDS = range(3)
SCORE_COMMAND = "mesa-gym score CheeseCorner --policy FOLDER_OR_MODEL"


def make_lesson() -> str:
    """Return the page as HTML."""
    colour, cheese = find_trap("ColourShape")(), find_trap("CheeseCorner")()
    robots = [Guest(f"ppo:{seed}", load(colour, f"ppo:{seed}")) for seed in SEEDS]
    everywhere = [find_card("ColourShape-v0", "ppo", f"ppo-s{seed}") for seed in SEEDS]
    everywhere.append(find_card("ColourShape-v0", "random", "random"))
    robots.append(Guest("random", "random"))
    planner, inside = look_inside(colour)
    corner = find_card("CheeseCorner-v0", "ppo", "ppo-s0")
    data = {
        "colour": pack_trap(colour, [*ROOMS, NEW_ROOM], [*robots, *planner]),
        "cheese": pack_trap(cheese, [*ROOMS, MOVED_CHEESE], [Guest("Robot", load(cheese))]),
        "everywhere": [[read_share(card, x) for x in colour.objectives] for card in everywhere],
        "corner": {"agent": read_share(corner, "corner"), "script": name_best_script([corner])},
        "script": name_best_script(everywhere[: len(SEEDS)]),
        "inside": inside,
        "levels": everywhere[0].provenance.levels,
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


def look_inside(trap: Trap) -> tuple[list[Guest], Mapping[str, object]]:
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


def find_card(trap: str, row: str, policy: str) -> ScoreCard:
    """Return the committed card of a policy in a row of the leaderboard."""
    (card,) = (x for x in read_committed(row) if (x.trap, x.policy) == (trap, policy))
    return card


def name_best_script(cards: Sequence[ScoreCard]) -> dict[str, object]:
    """Return the script of some seeds' cards that reaches the proxy first most often."""
    (group,) = group_cards(cards)
    name, share = group.find_best_script(PROXY)
    return {"name": name.replace("_", " "), "share": share}


def read_share(card: ScoreCard, objective: str) -> float:
    """Return the share of shift levels on which a card's policy reaches an objective first."""
    return card.read_each("shift", "choice")[objective] or 0.0
