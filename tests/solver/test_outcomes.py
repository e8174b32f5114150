"""The outcomes of a policy from every state: by hand, by matrices, by sampled episodes."""

from __future__ import annotations

import numpy as np
import pytest
from parameters import thorough
from playing import walled
from small_traps import SmallDish

from mesa_gym.engine.maps import from_map
from mesa_gym.policies import as_policy
from mesa_gym.scoring import score
from mesa_gym.scoring.rollout import rollout
from mesa_gym.solver import (
    PlacementGraph,
    Solution,
    expect_returns,
    share_first_contacts,
)
from mesa_gym.traps import find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner

LEFT, DOWN, RIGHT, UP, STAY = range(5)
CHEESE = CheeseCorner()


def draw_shares(n, seed=0):
    """Return probabilities that differ from state to state, none below 0.1; (n, 5)."""
    return 0.1 + 0.5 * np.random.default_rng(seed).dirichlet([0.4] * 5, n)


def shift_graph(trap, level=0):
    return PlacementGraph(trap, trap.levels("shift", [level]))


def contact_shares(graph, shares, horizon):
    return share_first_contacts(graph.successor, graph.find_contacts(), shares, horizon)


# -- by hand -------------------------------------------------------------------------------------


def test_a_corridor_by_hand():
    # The corner in column 1, the cheese in column 4, the agent in column 3: left or right.
    graph = PlacementGraph(CHEESE, from_map(CHEESE, walled(CHEESE, "x.Ac")))
    to_left, to_right = 0.25, 0.5
    shares = np.tile([to_left, 0, to_right, 0, 1 - to_left - to_right], (graph.going, 1))
    start = graph.start
    for horizon, cheese, corner in [
        (0, 0.0, 0.0),
        (1, to_right, 0.0),
        (2, to_right + 0.25 * to_right, to_left**2),
    ]:
        found = contact_shares(graph, shares, horizon)
        assert found[:, start] == pytest.approx([cheese, corner, 0], abs=1e-15)
    # Gambler's ruin with p(right) = 2 p(left), two steps from one end and one from the other:
    # (1 - 1/2**2) / (1 - 1/2**3).
    forever = contact_shares(graph, shares, 1000)
    assert forever[:, start] == pytest.approx([6 / 7, 1 / 7, 0], abs=1e-12)
    # Of 0.9 a step that is waited: p / (1 - 0.9 q), where only staying and the cheese are left.
    waits = np.tile([0, 0, 0.5, 0, 0.5], (graph.going, 1))
    earned = expect_returns(graph.successor, graph.paid["cheese"], waits, 1000, 0.9)
    assert earned[start] == pytest.approx(0.5 / (1 - 0.9 * 0.5), abs=1e-12)
    assert expect_returns(graph.successor, graph.paid["cheese"], waits, 2, 0.9)[start] == 0.725


def test_contacts_in_one_step_count_apart_and_later_ones_do_not_count():
    # 0 -> 1 -> 2, then the end; both are contacted by the first step, the second by both steps.
    successor = np.array([[1, 2]] * 5)
    both, second = [[True, False]] * 5, [[True, True]] * 5
    shares = np.full((2, 5), 0.2)
    one = share_first_contacts(successor, np.array([both, second]), shares, 5)
    assert one == pytest.approx(np.array([[0, 0], [0, 1], [1, 0]]))
    other = share_first_contacts(successor, np.array([second, both]), shares, 5)
    assert other == pytest.approx(np.array([[0, 1], [0, 0], [1, 0]]))


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
def test_first_contacts_are_those_of_the_chain_as_one_matrix(name, horizon):
    graph = shift_graph(find_trap(name)())
    shares = draw_shares(graph.going)
    after = np.linalg.matrix_power(draw_chain(graph, shares), horizon)
    wanted = after[: graph.going, graph.going : -1].T
    np.testing.assert_allclose(contact_shares(graph, shares, horizon), wanted, atol=1e-12)


def test_in_the_long_run_first_contacts_solve_a_linear_system():
    graph = shift_graph(SmallDish())
    n, shares = graph.going, draw_shares(graph.going)
    chain = draw_chain(graph, shares)
    wanted = np.linalg.solve(np.eye(n) - chain[:n, :n], chain[:n, n:-1]).T
    assert wanted.sum(axis=0) == pytest.approx(1)
    np.testing.assert_allclose(contact_shares(graph, shares, 5000), wanted, atol=1e-9)


@pytest.mark.parametrize("name", ["CheeseDish", thorough("KeysChests"), thorough("FollowMe")])
def test_returns_are_those_of_a_linear_system(name):
    trap = find_trap(name)()
    graph = shift_graph(trap, 1)
    n, shares = graph.going, draw_shares(graph.going, 1)
    moves = np.zeros((n, n))
    for action in range(5):
        goes = graph.successor[action] < n
        np.add.at(moves, (goes.nonzero()[0], graph.successor[action][goes]), shares[goes, action])
    for x, paid in graph.paid.items():
        mean = (shares.T * paid).sum(axis=0)
        forever = expect_returns(graph.successor, paid, shares, 500, 0.9)
        wanted = np.linalg.solve(np.eye(n) - 0.9 * moves, mean)
        np.testing.assert_allclose(forever, wanted, atol=1e-12)
        in_time, before = np.zeros(n), mean
        for _ in range(12):
            in_time, before = in_time + before, trap.discount(x) * (moves @ before)
        found = expect_returns(graph.successor, paid, shares, 12, trap.discount(x))
        np.testing.assert_allclose(found, in_time, atol=1e-12)


def test_an_optimal_policy_expects_the_optimum():
    trap = SmallDish()
    start = trap.levels("shift", [3])
    graph, horizon = PlacementGraph(trap, start), 40
    for x in trap.objectives:
        # With this much time left, what is optimal does not depend on it any more.
        policy = as_policy(f"oracle:{x}", trap, horizon)
        shares = np.asarray(policy.act(np.empty(0), graph.states.take(slice(0, graph.going))))
        found = expect_returns(graph.successor, graph.paid[x], shares, horizon, trap.discount(x))
        wanted = Solution(trap, start, horizon).optimum(x)[0]
        assert found[graph.start] == pytest.approx(wanted, abs=1e-12)
        # What is nearer is taken on the way.
        first = contact_shares(graph, shares, horizon)[list(trap.objectives).index(x)]
        assert first[graph.start] == pytest.approx(1)


# -- by episodes ---------------------------------------------------------------------------------

EPISODES = 4000


@pytest.mark.parametrize(
    "name", ["CheeseCorner", *map(thorough, ("FollowMe", "KeysChests", "DustSweep", "Attributes"))]
)
def test_sampled_episodes_come_to_it_on_average(name):
    trap, level = find_trap(name)(), 2
    start, horizon = trap.levels("shift", [level]), trap.horizon("shift")
    policy = as_policy(lambda seen: choose_by_place(trap, seen), trap, horizon)
    graph = PlacementGraph(trap, start)
    states = graph.states.take(slice(0, graph.going))
    shares = choose_by_place(trap, trap.observe(states))
    starts = start.take(np.zeros(EPISODES, dtype=np.int64))
    record = rollout(policy, trap, starts, horizon, np.arange(EPISODES))
    reached = []
    for x, paid in record.paid.items():
        least = max(graph.paid[x].max(), 0) / 2
        hit = paid > least
        reached.append(np.where(hit.any(axis=0), hit.argmax(axis=0), horizon))
        discount = trap.discount(x)
        earned = (paid * discount ** np.arange(horizon)[:, None]).sum(axis=0)
        wanted = expect_returns(graph.successor, graph.paid[x], shares, horizon, discount)
        error = earned.std() / EPISODES**0.5
        assert abs(earned.mean() - wanted[graph.start]) < 4 * error
    earliest = np.min(reached, axis=0)
    at_once = [each == earliest for each in reached]
    several = np.sum(at_once, axis=0) > 1
    found = contact_shares(graph, shares, horizon)[:, graph.start]
    for share, first in zip(found, [*(each & ~several for each in at_once), several], strict=True):
        sampled = (first & (earliest < horizon)).mean()
        assert abs(sampled - share) < 4 * (share * (1 - share) / EPISODES) ** 0.5 + 1e-9
    assert found.max() > 0.1


def choose_by_place(trap, planes):
    """Return action probabilities that are drawn once for each cell, (n, 5)."""
    cell = planes[..., trap.channel["agent"]].reshape(len(planes), -1).argmax(axis=1)
    return draw_shares(trap.cells, 3)[cell]


@pytest.mark.thorough
def test_many_levels_come_to_what_is_scored():
    """At random, a first contact is nearly always a choice: no detour counts (``find_choices``)."""
    trap, levels = find_trap("CheeseDish")(), 300
    found = np.zeros(3)
    for level in range(levels):
        graph = shift_graph(trap, level)
        shares = np.full((graph.going, 5), 0.2)
        found += contact_shares(graph, shares, trap.horizon("shift"))[:, graph.start] / levels
    chosen = score("random", trap, levels=levels).choices.shift
    assert found[2] == 0  # no step contacts both
    for i, share in enumerate(found[:2]):
        sampled = (chosen == i).mean()
        assert abs(sampled - share) < 4 * (share * (1 - share) / levels) ** 0.5
