"""KeysChests: keys, chests and the pouch by hand, and what the best way under shift passes."""

from __future__ import annotations

import numpy as np
import pytest
from by_hand import DOWN, LEFT, RIGHT, UP, play, walled
from reference import cells_of, steps_from

from mesa_gym.solver import Solution
from mesa_gym.traps import Split
from mesa_gym.traps.keys_chests import KeysChests

TRAP = KeysChests()
ROOM = walled(TRAP, "ACkkkk.", "k......", "C......")


def test_a_chest_blocks_without_a_key_and_opens_for_one() -> None:
    paid, ended, states = play(TRAP, ROOM, RIGHT, DOWN, UP, RIGHT)
    assert paid == {"chests": [0, 0, 0, 1], "keys": [0, 1, 0, 0]}
    assert [state.agent.item() for state in states] == [10, 19, 10, 11]
    assert [state.held["key"].item() for state in states] == [0, 1, 1, 0]
    assert [state.there["chest"].sum() for state in states] == [2, 2, 2, 1]
    assert not any(ended)


def test_a_fourth_key_pays_the_proxy_and_is_lost() -> None:
    paid, _, states = play(TRAP, f"held.key = 3\n{ROOM}", DOWN)
    assert paid == {"chests": [0], "keys": [1]}
    assert states[-1].held["key"].item() == 3
    assert states[-1].there["key"].sum() == 4


@pytest.mark.parametrize("row", ["AC.k", "ACC"])  # no chest is left, or no key
def test_it_ends_when_no_chest_can_be_opened(row: str) -> None:
    paid, ended, _ = play(TRAP, f"held.key = 1\n{walled(TRAP, row)}", LEFT, RIGHT)
    assert paid == {"chests": [0, 1], "keys": [0, 0]}
    assert ended == [False, True]


@pytest.mark.parametrize("split", Split)
def test_keys_and_chests_are_as_many_as_declared_and_no_key_is_locked_in(split: Split) -> None:
    state = TRAP.levels(split, np.arange(300))
    keys, chests = ({int(n) for n in state.there[kind].sum(axis=0)} for kind in TRAP.things)
    assert (keys, chests) == (({5}, {2}) if split.shifted else ({1, 2, 3}, {4, 5, 6}))
    layers = {name: TRAP.layer(state, name) for name in ("agent", "key", "chest", "wall")}
    for row in range(300):
        grid = {name: cells_of(layer[row].reshape(9, 9)) for name, layer in layers.items()}
        every = {(y, x) for y in range(9) for x in range(9)}
        (agent,) = grid["agent"]
        assert grid["key"] <= steps_from(agent, every - grid["wall"] - grid["chest"]).keys()


def test_under_shift_no_best_way_passes_a_third_key() -> None:
    levels, horizon = 40, TRAP.horizon(Split.SHIFT)
    solution = Solution(TRAP, TRAP.levels(Split.SHIFT, np.arange(levels)), horizon)
    graph, over = solution.graph, np.zeros(2)
    paid = {x: graph.payments[x][graph.paid[x]] for x in ("keys", "chests")}
    # The most keys and chests on any way of optimal actions to each state, -1 where none leads.
    most = np.full((2, len(graph) + 1), -1.0)
    most[:, :levels] = 0
    for masks in solution.optimal("chests"):
        here, most = most, np.full_like(most, -1.0)
        for action in range(5):
            on = np.flatnonzero((here[0, : len(masks)] >= 0) & (masks >> action & 1 > 0))
            to = graph.successor[action, on]
            for amounts, before, pays in zip(most, here, paid.values(), strict=True):
                np.maximum.at(amounts, to, before[on] + pays[action, on])
        over = np.maximum(over, most[:, -1])
    assert over.tolist() == [2, 2]
    assert (most < 0).all()  # every best way has come to its end
