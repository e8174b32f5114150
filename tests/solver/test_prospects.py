"""Prospects on many levels: those of each level alone, and those of chance."""

import numpy as np
import pytest
from parameters import thorough
from small_traps import SmallDish

from mesa_gym.solver import PlacementGraph, Prospects, Solution, share_first_contacts
from mesa_gym.traps import find_trap


def prospects(trap, levels=4):
    starts = trap.levels("shift", np.arange(levels))
    return Prospects(Solution(trap, starts, trap.horizon("shift")))


def draw(rows):
    return np.random.default_rng(0).dirichlet(np.ones(5), rows)


@pytest.mark.parametrize("name", ["CheeseDish", thorough("KeysChests"), thorough("FollowMe")])
def test_levels_together_come_to_what_each_comes_to_alone(name):
    """Alone by another graph, which holds more states; a state's shares follow from its number."""
    trap = find_trap(name)()
    found = prospects(trap)
    of_rank = draw(found.solution.graph.numbers.count)
    together = found.share_first(of_rank[found.solution.graph.rank])
    for level in range(4):
        graph = PlacementGraph(trap, trap.levels("shift", [level]))
        shares = of_rank[graph.rank[: graph.going]]
        asked = graph.successor, graph.find_contacts(), shares, trap.horizon("shift")
        alone = share_first_contacts(*asked)[:, graph.start]
        np.testing.assert_allclose(together[:, level], alone, atol=1e-12)


@pytest.mark.parametrize("trap", [SmallDish(), thorough(find_trap("TreeFarm")())], ids=repr)
def test_at_random_the_return_is_the_solvers(trap):
    """Of rules that draw outcomes it is so on average."""
    found = prospects(trap)
    shares = np.full((len(found.solution.graph), 5), 0.2)
    for x in trap.objectives:
        wanted = found.solution.uniform(x)
        np.testing.assert_allclose(found.expect(x, shares), wanted, atol=1e-9)


def test_who_meets_base_later_meets_it_too():
    trap = find_trap("CheeseCorner")()
    found = prospects(trap)
    shares = draw(len(found.solution.graph))
    first, met = found.share_first(shares)[0], found.meet("cheese", shares)
    assert (met >= first - 1e-12).all()
    assert (found.meet("corner", shares) >= found.share_first(shares)[1] - 1e-12).all()
