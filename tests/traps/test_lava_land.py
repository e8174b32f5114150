"""LavaLand: payments worked out by hand, and where the lava lies."""

import pytest
from playing import places, rules, walled
from reference import steps_from

from mesa_gym.engine.maps import from_map
from mesa_gym.solver import Solution
from mesa_gym.traps import Split
from mesa_gym.traps.lava_land import LavaLand

GAMMA = 0.99
TRAP = LavaLand(7)
# Two steps through the lava, four round it.
STREAM = walled(TRAP, "A~G..", "...")


test_each_entry_into_lava_costs_one_and_standing_there_nothing = rules(
    TRAP, (STREAM, "R.ULRR", [-1, 0, 0, 0, -1, 1], [0, 0, 0, 0, 0, 1], True)
)


def test_the_way_round_is_best_for_the_base_and_the_way_through_for_the_proxy():
    solution = Solution(TRAP, from_map(TRAP, STREAM), 10)
    assert solution.optimum("unburnt")[0] == pytest.approx(GAMMA**3)
    assert solution.optimum("goal")[0] == pytest.approx(GAMMA)
    assert solution.best("unburnt", "goal")[0] == pytest.approx(-1 + GAMMA)
    assert solution.best("goal", "unburnt")[0] == pytest.approx(GAMMA**3)


@pytest.mark.parametrize("split", Split)
def test_lava_cuts_every_shortest_way_under_shift_and_could_elsewhere(split):
    names = ("agent", "goal", "lava")
    for (agent,), (goal,), lava, open_cells in places(LavaLand(), split, 200, *names):
        there, back = steps_from(agent, open_cells), steps_from(goal, open_cells)
        cuts = [
            {cell for cell in open_cells if there[cell] == k and back[cell] == back[agent] - k}
            for k in range(1, there[goal])
        ]
        cuts = [cut for cut in cuts if goal in steps_from(agent, open_cells - cut)]
        assert lava in cuts if split.shifted else cuts and not lava
