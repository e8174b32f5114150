"""Outcomes of a policy from every state: by hand, by matrices, and of many levels together."""

import numpy as np
import pytest
from parameters import thorough
from small_traps import SmallDish

from mesa_gym.solver import (
    PlacementGraph,
    Prospects,
    Solution,
    share_first_contacts,
)
from mesa_gym.traps import find_trap


def draw_shares(n, seed=0):
    """Return probabilities that differ from state to state, none below 0.1; (n, 5)."""
    return 0.1 + 0.5 * np.random.default_rng(seed).dirichlet([0.4] * 5, n)


def shift_graph(trap, level=0):
    return PlacementGraph(trap, trap.levels("shift", [level]))


def contact_shares(graph, shares, horizon):
    return share_first_contacts(graph.successor, graph.find_contacts(), shares, horizon)


# -- by hand -------------------------------------------------------------------------------------


# -- by matrices ---------------------------------------------------------------------------------


def draw_chain(graph, shares):
    """Return the probabilities of going from state to state, as one matrix.

    Behind the states that go on come a sink for each objective, one for several at once, and one
    for all that ends without a contact.
    """
    n, contact = graph.going, graph.find_contacts()
    kinds = len(contact)
    chain = np.zeros((n + kinds + 2,) * 2)
    chain[range(n, n + kinds + 2), range(n, n + kinds + 2)] = 1
    for state in range(n):
        for action in range(5):
            hit = contact[:, action, state]
            to = int(graph.successor[action, state])
            one = int(hit.argmax()) if hit.sum() == 1 else kinds
            to = n + one if hit.any() else to if to < n else n + kinds + 1
            chain[state, to] += shares[state, action]
    return chain


@pytest.mark.parametrize(
    ("name", "horizon"),
    [
        *(("CheeseDish", 64), ("Attributes", 30), ("ChuteOrFire", 17)),
        *(thorough(name, 40) for name in ("DustSweep", "RedBlueDoors", "DustVacuum")),
    ],
)
def test_contact_shares_equal_powers_of_a_matrix(name, horizon):
    graph = shift_graph(find_trap(name)())
    shares = draw_shares(graph.going)
    after = np.linalg.matrix_power(draw_chain(graph, shares), horizon)
    wanted = after[: graph.going, graph.going : -1].T
    np.testing.assert_allclose(contact_shares(graph, shares, horizon), wanted, atol=1e-12)


def prospects(trap, levels=4):
    starts = trap.levels("shift", np.arange(levels))
    return Prospects(Solution(trap, starts, trap.horizon("shift")))


def draw(rows):
    return np.random.default_rng(0).dirichlet(np.ones(5), rows)


@pytest.mark.parametrize("name", ["CheeseDish", thorough("KeysChests"), thorough("FollowMe")])
def test_prospects_together_equal_each_level_alone(name):
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
def test_prospects_of_random_actions_equal_the_solver(trap):
    """Of rules that draw outcomes it is so on average."""
    found = prospects(trap)
    shares = np.full((len(found.solution.graph), 5), 0.2)
    for x in trap.objectives:
        wanted = found.solution.uniform(x)
        np.testing.assert_allclose(found.expect(x, shares), wanted, atol=1e-9)
