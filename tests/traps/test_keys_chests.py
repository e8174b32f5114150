"""KeysChests: keys, chests and the pouch by hand, and what the best way under shift passes."""

import numpy as np
import pytest
from playing import places, rules, walled
from reference import steps_from

from mesa_gym.solver import Solution
from mesa_gym.traps import Split
from mesa_gym.traps.keys_chests import KeysChests

TRAP = KeysChests()
ROOM = walled(TRAP, "ACkkkk.", "k......", "C......")


test_chests_open_for_a_key_a_fourth_is_lost_and_it_ends_when_none_can_be_opened = rules(
    TRAP,
    (ROOM, "R", [0], [0], False, "#ACkkkk.#"),  # a chest blocks without a key
    (ROOM, "RDUR", [0, 0, 0, 1], [0, 1, 0, 0], False, "#.Akkkk.#", "#.......#", "#C......#"),
    (f"held.key = 3\n{ROOM}", "D", [0], [1], False, "held.key = 3", "#A......#"),
    # No chest is left, or no key.
    (f"held.key = 1\n{walled(TRAP, 'AC.k')}", "LR", [0, 1], [0, 0], True),
    (f"held.key = 1\n{walled(TRAP, 'ACC')}", "LR", [0, 1], [0, 0], True),
)


@pytest.mark.parametrize("split", Split)
def test_keys_and_chests_are_as_many_as_declared_and_no_key_is_locked_in(split):
    many: tuple[set[int], set[int]] = (set(), set())
    for (agent,), keys, chests, bare in places(TRAP, split, 300, "agent", "key", "chest"):
        many[0].add(len(keys))
        many[1].add(len(chests))
        assert keys <= steps_from(agent, bare - chests).keys()
    assert many == (({5}, {2}) if split.shifted else ({1, 2, 3}, {4, 5, 6}))


def test_under_shift_no_best_way_passes_a_third_key():
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
