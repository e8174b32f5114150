"""Playing small maps by hand, tables of rules, and where things stand on drawn levels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from mesa_gym.engine import State
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.logs import record_plays, save_episodes
from mesa_gym.policies import as_policy
from mesa_gym.scoring import score_all
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.reference import cells_of

LEFT, DOWN, RIGHT, UP, ACT = range(5)
SMALL = "--size 640x420"
HEADLESS = f"watch CheeseCorner {SMALL} --headless"
LETTERS = {"L": LEFT, "D": DOWN, "R": RIGHT, "U": UP, ".": ACT}


def walled(trap, *lines):
    """Return a map with some rows in its top left corner, wall around them, and a legend."""
    rows = [line for line in lines if " = " not in line]
    wall = "#" * trap.width
    grid = [wall, *(f"#{row}".ljust(trap.width, "#") for row in rows)]
    return "\n".join([*grid, *[wall] * (trap.height - len(grid)), *lines[len(rows) :]])


def play_all(policy, trap, levels, seed=0, salt=""):
    """Return a policy's records as in scoring: play -> record."""
    records = {}
    makers = {"it": lambda horizon: as_policy(policy, trap, horizon)}
    score_all(makers, trap, levels, seed, salt, played=lambda name, plays: records.update(plays))
    return records


def save_plays(policy, path, salt=""):
    """Write the episodes of a policy on two levels of each play, and return them."""
    trap = CheeseCorner()
    episodes = [*record_plays(trap, policy, play_all(policy, trap, 2, salt=salt), salt)]
    save_episodes(path, episodes)
    return episodes


class PlayedMove(NamedTuple):
    """For each step of an episode: payments, whether it ended, the state after it (n = 1)."""

    paid: dict[str, list[float]]
    ended: list[bool]
    states: list[State]


def play(trap, text, actions):
    """Take some actions from the state of a map, even after an end.

    Args:
        actions: a letter a step, of L, D, R, U and a dot for acting or staying.
    """
    state = from_map(trap, text)
    played = PlayedMove({name: [] for name in trap.objectives}, [], [])
    for letter in actions:
        state, pays, ended = trap.step(state, np.array([LETTERS[letter]]))
        for name, amount in pays.items():
            played.paid[name].append(amount.item())
        played.ended.append(ended.item())
        played.states.append(state)
    return played


def rules(trap, *table):
    """Return a test of the rules that a table lists.

    A rule is a map, actions, what base and proxy are paid at each step, whether the last step ends
    the episode, and parts of the map that shows the state after it.
    """

    @pytest.mark.parametrize("rule", table, ids=lambda rule: rule[1])
    def test(rule):
        text, actions, base, proxy, ends, *rest = rule
        played = play(trap, text, actions)
        assert list(played.paid.values()) == [base, proxy]
        assert played.ended == [False] * (len(actions) - 1) + [ends]
        if rest:
            after = to_map(trap, played.states[-1])
            assert [part for part in rest if part not in after] == [], after

    return test


def places(trap, split, levels, *names):
    """Yield, for each of the first levels, the cells of each name, and last those without wall."""
    state = trap.levels(split, np.arange(levels))
    layers = [trap.layer(state, name) for name in names] + [~trap.layer(state, "wall")]
    for rows in zip(*layers, strict=True):
        yield [cells_of(row.reshape(trap.size)) for row in rows]
